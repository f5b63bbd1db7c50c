"""What a machine knows of the validator that runs it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from sim.base.ids import ValidatorIndex
from sim.base.randomness import Stream, stream
from sim.base.secret import SecretBytes
from sim.base.spool import Spool
from sim.crypto.identity import Identity


@dataclass(frozen=True, slots=True)
class MemberContext:
    """The validator behind a machine.

    Attributes:
        validator: Its place in the registry.
        name: Its name; secrets are drawn under it.
        identity: Its long-lived signing key.
        seed: The run's seed.
        incarnation: Rises with every restart, held outside the store: no secret is drawn twice.
        rto_us: First retransmission timeout towards a peer, µs.
        rto_max_us: Largest timeout.
        retransmissions: Most retransmissions of one message; None is unlimited.
        transport_seeds: Behind its long-lived transport key, 96 bytes; for ceremonies that use it.
        spool: Where machines may put what they hardly ever need again.

    """

    validator: ValidatorIndex
    name: str
    identity: Identity
    seed: int
    incarnation: int
    rto_us: Callable[[ValidatorIndex], int]
    rto_max_us: int
    retransmissions: int | None = None
    transport_seeds: SecretBytes | None = None
    spool: Spool = field(default_factory=Spool)

    def draw(self, purpose: str, *labels: str | int | bytes) -> Stream:
        """Return the stream for a secret of this incarnation."""
        return stream(self.seed, "secret", purpose, self.name, self.incarnation, *labels)
