"""What happens to signing sessions on the ledger, in order: what the T-chain reads of a block."""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from sim.protocol.signing_task import SigningTask

SIGNED: Final = "signed"
FAILED: Final = "failed"
EXPIRED: Final = "expired"

OUTCOMES: Final = (SIGNED, FAILED, EXPIRED)
"""How a session that was let through ends by itself; its key's retirement ends it as well."""

VIOLATION: Final = "PolicyViolation"
"""The refusal that surveillance reports: somebody asked for what the policy forbids."""


class Opened(NamedTuple):
    """A session was let through, or the chain opened it; it begins once its seats are free."""

    task: SigningTask


class Rebound(NamedTuple):
    """A later generation is active: an open session starts afresh with that one."""

    task: SigningTask


class Closed(NamedTuple):
    """A session is over.

    Attributes:
        key: The key's name.
        signing: The session's id.
        outcome: One of `OUTCOMES`, or the reason for which its key is out of use.
        signature: Valid under the key, if it was signed; else empty.
        signers: Share indices, ascending.
        bad: Share indices of proven bad signers, with their partials.

    """

    key: str
    signing: str
    outcome: str
    signature: bytes = b""
    signers: tuple[int, ...] = ()
    bad: tuple[tuple[int, bytes], ...] = ()


class Refused(NamedTuple):
    """A request was not let through."""

    key: str
    signing: str
    requester: bytes
    context: str
    reason: str


SessionEvent: TypeAlias = Opened | Rebound | Closed | Refused
