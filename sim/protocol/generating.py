"""The one holder of a single-party key, sans-I/O: it draws a seed, and publishes its key.

Nothing travels peer to peer. The seed is durable before the key is public, and never drawn twice
for one attempt.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from sim.base.errors import LocalError
from sim.base.ids import ValidatorIndex
from sim.base.secret import Secret, SecretBytes, SecretScalar
from sim.crypto import mldsa, mlkem
from sim.protocol.ceremony import Ceremony
from sim.protocol.effects import Delete, Effect, Flush, Post, Put, SendSealed, SendShares
from sim.protocol.generate import possession_message
from sim.protocol.judge import CeremonyState
from sim.protocol.member import MemberContext
from sim.protocol.messages import Private, PublishKey
from sim.protocol.phases import Phase


class GenerateMachine:
    """The holder in one attempt.

    Args:
        context: The validator that runs it.
        ceremony: The attempt; its scheme is ``MLDSA`` or ``MLKEM``.
        stored: What the store holds under this attempt's prefix.
        posted: Kinds of statements that the validator has already written ahead in this attempt.
        amnesiac: The store was lost in an attempt opened before the validator's first seen height:
            the machine publishes nothing, since it may have published a key that it forgot.

    Attributes:
        seed: The secret: 32 bytes (ML-DSA-65, ξ) or 64 (ML-KEM-768, d ‖ z); None before the key
            is published, and once it is erased or lost.

    """

    share: SecretScalar | None = None
    """Always None: the secret of a single-party key is `seed`."""

    def __init__(
        self,
        context: MemberContext,
        ceremony: Ceremony,
        stored: Mapping[str, bytes],
        posted: Collection[str] = (),
        *,
        amnesiac: bool = False,
    ) -> None:
        self.context = context
        self.ceremony = ceremony
        self.amnesiac = amnesiac
        self.seed: SecretBytes | None = Secret(stored["share"]) if "share" in stored else None
        self._published = "publish-key" in posted
        self._state: CeremonyState | None = None
        self._erased = False

    @property
    def shareless(self) -> bool:
        """Whether the key is active and its seed is lost: no one can repair it."""
        active = self._state is not None and self._state.phase is Phase.ACTIVE
        return active and self.seed is None

    def on_state(self, state: CeremonyState, height: int) -> list[Effect]:
        """Act on the ceremony as it stands after the last block received, at `height`."""
        self._state = state
        if state.phase is Phase.FAILED and not self._erased:
            self._erased = True
            return self.retire()
        if state.ended or self.amnesiac or self._published or height < state.phase_start - 1:
            return []
        return self._publish()

    def _publish(self) -> list[Effect]:
        """Draw the seed, if there is none yet; publish the key with its proof."""
        self._published = True
        if self.seed is None:
            draw = self.context.draw("generate", self.ceremony.label, self.ceremony.attempt)
            size = mldsa.SEED_SIZE if self.ceremony.scheme == "MLDSA" else mlkem.SEED_SIZE
            self.seed = Secret(draw.bytes(size))
        public, proof = self._key(self.seed)
        return [Put("share", self.seed.reveal()), Post(PublishKey(public, proof))]

    def _key(self, seed: SecretBytes) -> tuple[bytes, bytes]:
        if self.ceremony.scheme == "MLKEM":
            return mlkem.DecapsulationKey.from_seed(seed).public, b""
        key = mldsa.SigningKey.from_seed(seed)
        return key.public, key.sign(possession_message(self.ceremony, key.public))

    def on_message(self, source: ValidatorIndex, message: Private) -> list[Effect]:
        """Ignore it: nothing private belongs to this ceremony."""
        del source, message
        return []

    def on_timer(self, name: str) -> list[Effect]:
        """Do nothing: it sets no timers."""
        del name
        return []

    def seal(self, effect: SendShares) -> SendSealed:
        """Fail: a single-party key has no shares to send."""
        raise LocalError(f"{effect} of a single-party key")

    def dispatch(self, effect: SendSealed) -> list[Effect]:
        """Fail: a single-party key has no shares to send."""
        raise LocalError(f"{effect} of a single-party key")

    def retire(self) -> list[Effect]:
        """Erase the seed: another key has taken its place, or the key is retired."""
        self.seed = None
        return [Delete("share"), Flush()]
