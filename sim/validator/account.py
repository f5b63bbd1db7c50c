"""A validator's account on the chain: statements are signed, written ahead, then sent.

A transaction carries the nonce that follows the last one, so a nonce must never be given to two
statements. A restarted validator reads its nonce from the ledger, and sends what it had written
but cannot find there once more, unchanged.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sim.base.codec import decode_canonical, encode
from sim.base.ids import Label
from sim.crypto.identity import Identity
from sim.protocol.effects import Put
from sim.protocol.transactions import sign_transaction
from sim.validator.store import Store

OUTBOX: Final = "outbox/"

LAST: Final = "last-nonce"
"""Store key of the last nonce that was given away: what the ledger has shows if it is too low."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A transaction ready to leave: its nonce, what network draws call it, its bytes."""

    nonce: int
    label: Label
    raw: bytes


class Account:
    """Signs for one principal and keeps what it signed until the ledger has it.

    Args:
        chain: The chain's id, part of every signature.
        identity: Whose account it is.
        store: Holds the outbox.

    """

    def __init__(self, chain: str, identity: Identity, store: Store) -> None:
        self._chain = chain
        self._identity = identity
        self._store = store
        self._last = 0
        self._pending: list[Signed] = []

    def sign(self, kind: str, label: Label, payload: bytes) -> Signed:
        """Give `payload` the next nonce and sign it. Nothing is written yet."""
        self._last += 1
        raw = sign_transaction(
            self._identity.sign, self._chain, kind, self._identity.public, self._last, payload
        )
        return Signed(self._last, label, raw)

    def entries(self, signed: Signed) -> tuple[Put, Put]:
        """Return what must be durable before `signed` leaves: itself, and its nonce."""
        return (
            Put(_key(signed.nonce), encode((tuple(signed.label), signed.raw))),
            Put(LAST, str(signed.nonce).encode()),
        )

    def written(self, signed: Signed) -> None:
        """Note that the entry of `signed` is durable."""
        self._pending.append(signed)

    def awaits(self, kind: str) -> bool:
        """Say whether a transaction of that kind is written ahead, and not on the ledger yet."""
        return any(signed.label.kind == kind for signed in self._pending)

    def resume(self, ledger_nonce: int) -> list[Signed]:
        """After a restart: go on from the ledger's nonce; return what must be sent again."""
        again = []
        for key, value in self._store.under(OUTBOX).items():
            label, raw = decode_canonical(value, tuple[Label, bytes])
            again.append(Signed(int(key), label, raw))
        self._pending = again.copy()
        self._last = max([ledger_nonce, *(signed.nonce for signed in again)])
        self.included(ledger_nonce)
        return [signed for signed in again if signed.nonce > ledger_nonce]

    def forgotten(self, ledger_nonce: int) -> bool:
        """Say whether the ledger has what this store knows nothing of: its disk has lost writes."""
        return ledger_nonce > int(self._store.get(LAST) or b"0")

    def included(self, ledger_nonce: int) -> None:
        """Forget what the ledger has: everything up to `ledger_nonce`."""
        while self._pending and self._pending[0].nonce <= ledger_nonce:
            self._store.delete(_key(self._pending.pop(0).nonce))


def _key(nonce: int) -> str:
    return f"{OUTBOX}{nonce:012d}"
