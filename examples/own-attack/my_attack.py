"""An attack and a check of one's own: `own-attack.toml` uses them."""

from collections.abc import Iterator

from sim import extend


@extend.behaviour(
    extend.Param("victims", int, 1, "How many get a wrong share, if none are named.", least=1),
    extend.Param("by", int, 1, "What is added to their shares.", least=1),
    targeted=True,
    operations=["dkg", "reshare"],
)
def off_by(effect: extend.Occasion, how: extend.Corruption) -> Iterator[extend.Occasion]:
    """Add a constant to the shares of some holders. Applies to a dealer's shares.

    Expected: they complain, and the dealer's machine, which is honest, answers with good shares: a
    dispute with each of them, nobody is blamed, and the key is made.
    """
    match effect:
        case extend.SendShares(shares):
            victims = how.choose_holders(shares, how.count("victims"))
            wrong = {
                holder: extend.Secret((share.reveal() + how.count("by")) % how.group.order)
                for holder, share in shares.items()
                if holder in victims
            }
            yield extend.SendShares({**shares, **wrong})
        case _:
            yield effect


@extend.check
def honest_dealers_count(observation: extend.Observation) -> Iterator[extend.Finding]:
    """No honest dealer whose deal is recorded is left out of QUAL by an attempt at a new key.

    [The outcome that every row of the catalogue of faults promises to the honest.]
    """
    for state in observation.ceremonies:
        if state.ceremony.operation != "dkg" or not state.qual:
            continue
        for dealer in state.ceremony.dealers:
            honest = not observation.view(dealer).corrupted
            if honest and dealer.index in state.deals and dealer.index not in state.qual:
                when = observation.at_us(state.ended_at)
                yield extend.Finding(f"{dealer.name} is not in QUAL", when, dealer.name)


extend.profile("moon", (2564, 2570), loss="0.5%", source="the distance, at the speed of light")
