"""The judge of a single-party key: one holder publishes a key that can't be shared.

There is one statement, within the deal's length: the public key, with a proof that the holder has
the secret. An ML-DSA-65 key signs the activation message (FIPS 204). An ML-KEM-768 key signs
nothing: its bytes are checked (FIPS 203's length and modulus check), possession isn't proven.
"""

from __future__ import annotations

from sim.base.codec import decode_canonical, tuple_hash
from sim.base.errors import DecodeError
from sim.base.memo import memoised
from sim.crypto import verification
from sim.protocol import activation, result
from sim.protocol.ceremony import Ceremony
from sim.protocol.deals import committee_digest
from sim.protocol.entries import Entry, Rejected
from sim.protocol.feldman import proof_context
from sim.protocol.judge import CeremonyState
from sim.protocol.messages import PublishKey
from sim.protocol.phases import Phase

HOLDER = 1
"""The share index of the one holder."""


class GenerateState(CeremonyState):
    """The fold of the entries that make a single-party key: active, or failed, in one phase.

    `verification` is the public key alone; `activation_signature` its proof, empty for ML-KEM.
    """

    @classmethod
    def open(cls, ceremony: Ceremony) -> GenerateState:
        """Begin an attempt: the key may be published from `ceremony.start` on."""
        state = cls(ceremony=ceremony)
        state.committee = committee_digest(ceremony, {})
        state.enter(Phase.DEAL, ceremony.start, ceremony.lengths.deal)
        return state

    def _dispatch(self, member: int, entry: Entry) -> None:
        if member in self.confirmed or member in self.excluded:
            raise Rejected("Duplicate" if entry.kind == "publish-key" else "WrongPhase")
        if entry.kind != "publish-key" or entry.height < self.phase_start or self.ended:
            raise Rejected("WrongPhase")
        fault = key_fault(self.ceremony, entry.body)
        if fault:
            self.exclude(member, fault)
            self.blame(self.ceremony.member(member), fault, entry.height, entry.raw)
            return
        published = decode_canonical(entry.body, PublishKey)
        self.settle(published.public_key)
        self.activation_message = activation.activation_message(self, 0)
        self.activation_signature = published.proof
        self.fixed_at = self.confirmed[member] = entry.height

    def settle(self, public_key: bytes) -> None:
        """Take `public_key` as the result."""
        self.qual, self.verification = (HOLDER,), (public_key,)
        self.transcript = tuple_hash(
            "K-chain/transcript/v1",
            *proof_context(self.ceremony, self.committee),
            self.qual,
            self.verification,
        )

    def _complete(self, height: int) -> bool:
        del height
        return bool(self.confirmed or self.excluded)

    def _end_phase(self, height: int) -> None:
        if self.confirmed:
            self._end(Phase.ACTIVE, height)
            return
        if not self.excluded:
            self.exclude(HOLDER, "no-deal")
            self.suspect(self.ceremony.member(HOLDER), "no-deal", height)
        self._fail(height, "too-few-dealers", result.shortfall(self))


def possession_message(ceremony: Ceremony, public_key: bytes) -> bytes:
    """Return what an ML-DSA key signs: the activation message, with 0 where Confirm would end.

    There is no ledger entry before it, so that its signer knows all of it.
    """
    state = GenerateState.open(ceremony)
    state.settle(public_key)
    return activation.activation_message(state, 0)


@memoised
def key_fault(ceremony: Ceremony, body: bytes) -> str:
    """Name what is wrong with a published key, ``""`` if nothing is.

    ``malformed-deal``: no PublishKey, no key of the scheme, or a proof for a key that has none;
    ``bad-proof``: not the key's signature over the activation message.
    """
    try:
        published = decode_canonical(body, PublishKey)
    except DecodeError:
        return "malformed-deal"
    if not verification.is_single_party_key(ceremony.scheme, published.public_key):
        return "malformed-deal"
    if ceremony.scheme not in verification.SIGNATURE_SIZES:
        return "malformed-deal" if published.proof else ""
    message = possession_message(ceremony, published.public_key)
    good = verification.verify(ceremony.scheme, published.public_key, message, published.proof)
    return "" if good else "bad-proof"
