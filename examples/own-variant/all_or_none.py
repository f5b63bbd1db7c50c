"""A protocol of one's own: a DKG in which everybody counts, or nobody does.

Pedersen's DKG goes on without members that don't deal, or deal badly. Here an attempt fails unless
every member of the committee is in QUAL, and says whom it failed for; the next one begins afresh.
Whoever needs every department's randomness in a key wants this, and pays with liveness: one silent
member stops it.
"""

from typing import Any

from sim import extend

TAG = "examples/own-variant/possession/v1"
REASON = "not-unanimous"


class AllOrNone(extend.CeremonyState):
    """The judge: a function of the ledger's bytes, the same for everybody."""

    def _end_deal(self, height: int) -> None:
        """Judge all deals when the phase ends; go on only if every one is there and good."""
        self._judge_all(height)
        if self.excluded:
            self._give_up(height)
        else:
            self.enter(extend.Phase.RESPOND, height + 1, self.ceremony.lengths.respond)

    def _fix(self, height: int) -> None:
        """Settle QUAL once complaints are; a dealer that could not answer ends the attempt."""
        if self.excluded:
            self._give_up(height)
        else:
            super()._fix(height)

    def _give_up(self, height: int) -> None:
        missed = [f"{self.dealer(x).name} ({why})" for x, why in sorted(self.excluded.items())]
        self._fail(height, REASON, f"everybody must count; out: {', '.join(missed)}")


class Tagged(extend.Creation):
    """What dealers do: as in Pedersen's DKG, but their proofs hold in this protocol alone."""

    def prove(
        self,
        ceremony: extend.Ceremony,
        committee: bytes,
        dealer: int,
        secret: extend.Secret[int],
        public: bytes,
        nonce: int,
    ) -> bytes:
        """Prove knowledge of a dealer's constant term."""
        group = extend.get_group(ceremony.scheme)
        context = bound_to(ceremony, committee, dealer)
        return extend.schnorr.prove(group, secret, public, nonce, TAG, *context)

    def proven(
        self, ceremony: extend.Ceremony, committee: bytes, dealer: int, public: bytes, proof: bytes
    ) -> bool:
        """Say whether that proof holds."""
        group = extend.get_group(ceremony.scheme)
        try:
            context = bound_to(ceremony, committee, dealer)
            extend.schnorr.verify(group, public, proof, TAG, *context)
        except extend.schnorr.ProofError:
            return False
        return True


def bound_to(ceremony: extend.Ceremony, committee: bytes, dealer: int) -> tuple[Any, ...]:
    """Return everything that a proof is bound to: who makes it, in which attempt, among whom."""
    return ceremony.chain, ceremony.session, ceremony.attempt, committee, dealer


extend.variant(
    "all-or-none",
    "Pedersen's DKG, but every member of the committee is in QUAL or the attempt fails.",
    sharing=Tagged(),
    state=AllOrNone,
    reasons=[REASON],
)
