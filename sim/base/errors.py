"""Three ways to go wrong, told apart by who is to blame.

A bug here is a `LocalError` and is never caught. What another party did wrong is a `RemoteError`
when nothing proves it, and a `ProvableFaultError` when a third party can re-verify the evidence
from ledger bytes alone.
"""

from __future__ import annotations


class LocalError(Exception):
    """This code, or its caller, broke the rules of an interface. A bug: never caught."""


class DecodeError(ValueError):
    """Bytes are not the canonical encoding of the expected type."""


class RemoteError(Exception):
    """Another party broke the protocol, but nothing proves who is at fault.

    Attributes:
        suspect: Name of the party that the message claims to come from.
    """

    def __init__(self, suspect: str, reason: str) -> None:
        self.suspect = suspect
        self.reason = reason
        super().__init__(f"{suspect}: {reason}")


class ProvableFaultError(RemoteError):
    """A signed statement broke the protocol: third parties can check the evidence."""
