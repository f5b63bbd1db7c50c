"""The one way in which a ledger is refused."""

from __future__ import annotations


class LedgerError(Exception):
    """A block, or a ledger file, breaks a rule that anyone can check.

    Attributes:
        where: ``block 12``, ``offset 3456``, ``header`` or ``end``; ``after block 12`` for bytes
            that a replica can't decode.
        reason: What is wrong there.

    """

    def __init__(self, where: str, reason: str) -> None:
        self.where = where
        self.reason = reason
        super().__init__(f"{where}: {reason}")
