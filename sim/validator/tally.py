"""What one validator sent and computed, counted as the formulas in the literature count it.

Payload is what the protocol is about: scalars of shares, points of commitments, proofs of
possession, and the bodies of the other statements. Everything that carries it is overhead:
signatures, seals, paths, framing, acknowledgements and retransmissions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from sim.base.ids import Label, ValidatorIndex
from sim.base.meters import Meter
from sim.protocol.messages import Deal, Extract
from sim.validator.events import Said

SHARES: Final = "payload.shares"
COMMITMENTS: Final = "payload.commitments"
PROOFS: Final = "payload.proofs"
CONTROL: Final = "payload.control"
OVERHEAD: Final = "overhead"

BYTE_METERS: Final = (SHARES, COMMITMENTS, PROOFS, CONTROL, OVERHEAD)


Attempt: TypeAlias = tuple[str, int]
"""(session label, attempt): which attempt of which ceremony something was sent for."""


class Tally:
    """Counters of one validator over the whole run, all incarnations.

    Attributes:
        bytes: By byte meter.
        messages: ``shares``, ``acks``, ``signing``, ``retransmissions``, ``reads``, and each kind
            of transaction, all as sent; ``blocks`` as received. No message counts twice.
        attempts: The same counters for each attempt of a ceremony alone: what one generation cost.
            Signing sessions have none of their own.
        charged: Operations by stage of the ceremony and meter name.

    """

    def __init__(self) -> None:
        self.bytes = Meter(dict.fromkeys(BYTE_METERS, 0))
        self.messages = Meter()
        self.attempts: dict[Attempt, Meter] = {}
        self.charged: dict[str, Meter] = {}
        self._shares_sent: dict[Attempt, set[tuple[ValidatorIndex, Label]]] = {}

    def charge(self, stage: str, counts: Mapping[str, int]) -> None:
        """Add the operations of one step."""
        if counts:
            self.charged.setdefault(stage, Meter()).merge(counts)

    def sent(self, to: ValidatorIndex, label: Label, size: int, scalar_size: int) -> None:
        """Count a private message of `size` bytes on the wire; `scalar_size` is a share's.

        What leaves under a label that has left on this link before is a retransmission, even if a
        restart lies between the two.
        """
        if label.kind == "share":
            known = self._shares_sent.setdefault((label.session, label.attempt), set())
            again = (to, label) in known
            known.add((to, label))
            payload = 0 if again else scalar_size
            self._count(label, "retransmissions" if again else "shares", SHARES, payload)
        elif label.kind == "ack":
            payload = 0
            self._count(label, "acks", CONTROL, payload)
        else:
            payload = size
            self._count(label, "signing", CONTROL, payload)
        self._add(label, OVERHEAD, size - payload)

    def submitted(self, label: Label, said: Said, body: int, raw: int) -> None:
        """Count a statement of `body` bytes in a transaction of `raw` bytes."""
        if isinstance(said, Deal | Extract):
            points = sum(map(len, said.points))
            proof = len(said.proof) if isinstance(said, Deal) else 0
            self._count(label, label.kind, COMMITMENTS, points)
            self._add(label, PROOFS, proof)
            self._add(label, OVERHEAD, raw - points - proof)
        else:
            self._count(label, label.kind, CONTROL, body)
            self._add(label, OVERHEAD, raw - body)

    def again(self, label: Label, raw: int) -> None:
        """Count a transaction of `raw` bytes that is sent once more, unchanged."""
        self._count(label, "retransmissions", OVERHEAD, raw)

    def forget(self, attempt: Attempt) -> None:
        """Free what only tells first transmissions of an attempt from later ones: it is over."""
        self._shares_sent.pop(attempt, None)

    def _count(self, label: Label, message: str, meter: str, size: int) -> None:
        self.messages.add(message)
        if label.attempt:
            self._of(label).add(message)
        self._add(label, meter, size)

    def _add(self, label: Label, meter: str, size: int) -> None:
        self.bytes.add(meter, size)
        if label.attempt:
            self._of(label).add(meter, size)

    def _of(self, label: Label) -> Meter:
        attempt = (label.session, label.attempt)
        found = self.attempts.get(attempt)
        if found is None:
            found = self.attempts[attempt] = Meter()
        return found
