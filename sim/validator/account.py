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
from sim.protocol.transactions import sign_transaction
from sim.validator.store import Store

OUTBOX: Final = "outbox/"


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
        self._pending: list[int] = []

    @property
    def used(self) -> bool:
        """Whether a nonce was ever given out, as far as the ledger or this incarnation knows."""
        return self._last > 0

    def sign(self, kind: str, label: Label, payload: bytes) -> Signed:
        """Give `payload` the next nonce and sign it. Nothing is written yet."""
        self._last += 1
        raw = sign_transaction(
            self._identity.sign, self._chain, kind, self._identity.public, self._last, payload
        )
        return Signed(self._last, label, raw)

    def write_ahead(self, signed: Signed) -> None:
        """Make `signed` durable, with everything written before it."""
        self._store.put(_key(signed.nonce), encode((tuple(signed.label), signed.raw)))
        self._store.flush()
        self._pending.append(signed.nonce)

    def resume(self, ledger_nonce: int) -> list[Signed]:
        """After a restart: go on from the ledger's nonce; return what must be sent again."""
        again = []
        for key, value in self._store.under(OUTBOX).items():
            label, raw = decode_canonical(value, tuple[Label, bytes])
            again.append(Signed(int(key), label, raw))
        self._pending = [signed.nonce for signed in again]
        self._last = max([ledger_nonce, *self._pending])
        self.included(ledger_nonce)
        return [signed for signed in again if signed.nonce > ledger_nonce]

    def included(self, ledger_nonce: int) -> None:
        """Forget what the ledger has: everything up to `ledger_nonce`."""
        while self._pending and self._pending[0] <= ledger_nonce:
            self._store.delete(_key(self._pending.pop(0)))


def _key(nonce: int) -> str:
    return f"{OUTBOX}{nonce:012d}"
