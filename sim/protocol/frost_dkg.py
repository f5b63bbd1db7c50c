"""The DKG of FROST: two rounds, no complaints to settle, abort with culprits.

Source: Komlo, Goldberg (SAC 2020), figure 1, as the published vectors have it; in the ceremony Φ,
which is empty there, is a digest of everything about the attempt. Round 1 is the deal: coefficient
commitments with a proof of knowledge, on the ledger. Round 2 is the shares. All must be well: a
fault, a silent dealer or a complaint ends the attempt, and the next one begins afresh. Culprits are
named where the ledger's bytes prove them; a complaint is a word against a word, a dispute, unless
complaints are provable.
"""

from __future__ import annotations

from typing import Final

from sim.base.codec import tuple_hash
from sim.base.secret import SecretScalar
from sim.crypto import ciphersuites, frost
from sim.crypto.ciphersuites import KnowledgeHash
from sim.protocol.ceremony import Ceremony
from sim.protocol.creation import Creation
from sim.protocol.entries import Dispute
from sim.protocol.feldman import proof_context
from sim.protocol.judge import CeremonyState
from sim.protocol.phases import Phase

NAME: Final = "frost"
ABORTED: Final = "aborted"
"""Why an attempt fails in which not all is well."""

SUITES: Final[dict[str, KnowledgeHash]] = {
    "ED25519": ciphersuites.ED25519_SHA512,
    "SECP256K1": ciphersuites.SECP256K1_SHA256,
    "BLS": ciphersuites.BLS12381_SHA256,
}
"""Whose hash makes the challenge, by scheme."""


class FrostCreation(Creation):
    """Members deal secrets of their own, and prove them as FROST does."""

    def prove(
        self,
        ceremony: Ceremony,
        committee: bytes,
        dealer: int,
        secret: SecretScalar,
        public: bytes,
        nonce: int,
    ) -> bytes:
        """Round 1, step 2: prove knowledge of a constant term."""
        suite, context = SUITES[ceremony.scheme], knowledge_context(ceremony, committee)
        return frost.prove_knowledge(suite, dealer, secret, public, nonce, context)

    def proven(
        self, ceremony: Ceremony, committee: bytes, dealer: int, public: bytes, proof: bytes
    ) -> bool:
        """Round 1, step 5: say whether the proof holds."""
        suite, context = SUITES[ceremony.scheme], knowledge_context(ceremony, committee)
        try:
            frost.verify_knowledge(suite, dealer, public, proof, context)
        except frost.KnowledgeError:
            return False
        return True


def knowledge_context(ceremony: Ceremony, committee: bytes) -> bytes:
    """Return Φ, 32 bytes."""
    return tuple_hash("K-chain/frost-dkg/v1", *proof_context(ceremony, committee))


class FrostState(CeremonyState):
    """The fold of a FROST DKG's entries: it goes on only while nothing is wrong with anybody."""

    @property
    def disputes(self) -> list[Dispute]:
        """The complaints that nothing decides, also if they ended the attempt."""
        return self.standing_complaints() if self.ended or self.qual else []

    def _end_deal(self, height: int) -> None:
        self._judge_all(height)
        if self.faults:
            self._abort(height)
        else:
            self.enter(Phase.RESPOND, height + 1, self.ceremony.lengths.respond)

    def _end_respond(self, height: int) -> None:
        if self.faults or self.complaints:
            self._abort(height)
        else:
            self._fix(height)

    def _abort(self, height: int) -> None:
        """End the attempt; say who is at fault, and whose word stands against whose."""
        culprits = [f"{fault.validator} ({fault.fault})" for fault in self.faults]
        words = [
            f"{dispute.accuser} says {dispute.kind} of {dispute.dealer}"
            for dispute in self.standing_complaints()
        ]
        self._fail(height, ABORTED, "; ".join([*culprits, *words]))
