"""What one validator sent and computed, counted as the formulas in the literature count it.

Payload is what the protocol is about: scalars of shares, points of commitments, proofs of
possession, and the bodies of the other statements. Everything that carries it is overhead:
signatures, seals, paths, framing, acknowledgements and retransmissions.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sim.base.ids import Label, ValidatorIndex
from sim.base.meters import Meter
from sim.protocol.messages import Deal, Private, ShareAck, ShareEnvelope, Statement
from sim.protocol.transactions import RecordSignSession

SHARES: Final = "payload.shares"
COMMITMENTS: Final = "payload.commitments"
PROOFS: Final = "payload.proofs"
CONTROL: Final = "payload.control"
OVERHEAD: Final = "overhead"

BYTE_METERS: Final = (SHARES, COMMITMENTS, PROOFS, CONTROL, OVERHEAD)


class Tally:
    """Counters of one validator over the whole run, all incarnations.

    Attributes:
        bytes: By byte meter.
        messages: ``shares``, ``acks``, ``signing``, ``retransmissions``, ``reads``, and each kind
            of transaction, all as sent; ``blocks`` as received. No message counts twice.
        charged: Operations by stage of the ceremony and meter name.

    """

    def __init__(self) -> None:
        self.bytes = Meter(dict.fromkeys(BYTE_METERS, 0))
        self.messages = Meter()
        self.charged: dict[str, Meter] = {}
        self._shares_sent: set[tuple[ValidatorIndex, Label]] = set()

    def charge(self, stage: str, counts: Mapping[str, int]) -> None:
        """Add the operations of one step."""
        if counts:
            self.charged.setdefault(stage, Meter()).merge(counts)

    def sent(
        self, to: ValidatorIndex, label: Label, message: Private, size: int, scalar_size: int
    ) -> None:
        """Count a private message of `size` bytes on the wire; `scalar_size` is a share's.

        What leaves under a label that has left on this link before is a retransmission, even if a
        restart lies between the two.
        """
        payload = 0
        match message:
            case ShareEnvelope() if (to, label) in self._shares_sent:
                self.messages.add("retransmissions")
            case ShareEnvelope():
                self._shares_sent.add((to, label))
                self.messages.add("shares")
                payload = scalar_size
                self.bytes.add(SHARES, payload)
            case ShareAck():
                self.messages.add("acks")
            case _:
                self.messages.add("signing")
                payload = size
                self.bytes.add(CONTROL, payload)
        self.bytes.add(OVERHEAD, size - payload)

    def submitted(
        self, kind: str, statement: Statement | RecordSignSession, body: int, raw: int
    ) -> None:
        """Count a statement of `body` bytes in a transaction of `raw` bytes."""
        self.messages.add(kind)
        if isinstance(statement, Deal):
            points, proof = sum(map(len, statement.points)), len(statement.proof)
            self.bytes.add(COMMITMENTS, points)
            self.bytes.add(PROOFS, proof)
            self.bytes.add(OVERHEAD, raw - points - proof)
        else:
            self.bytes.add(CONTROL, body)
            self.bytes.add(OVERHEAD, raw - body)

    def again(self, raw: int) -> None:
        """Count a transaction of `raw` bytes that is sent once more, unchanged."""
        self.messages.add("retransmissions")
        self.bytes.add(OVERHEAD, raw)
