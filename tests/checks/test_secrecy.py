"""How many points of each polynomial the adversary has: `sim.checks.secrecy`.

That the key really falls is shown by taking it, in the tests of the protocol.
"""

from __future__ import annotations

from sim.checks import check_all
from tests.checks.observing import observe, rehearse
from tests.support.cluster import Cluster

HONEST = [f"v{i}" for i in range(2, 8)]

QUIET: tuple[str, str, list[str]] = ("v1", "no-justification", [])
"""One corrupted member, which keeps to the protocol as far as anyone can tell."""

DROPPED = [
    (dealer, holder)
    for dealer in HONEST
    for holder in [other for other in HONEST if other != dealer][:4]
]
"""t − f = 4 links from every honest dealer to honest holders."""


def secrecy_of(cluster: Cluster) -> list[str]:
    return [v.detail for v in check_all(observe(cluster)) if v.invariant == "secrecy"]


def test_dropping_t_minus_f_links_of_every_honest_dealer_leaves_the_key_secret() -> None:
    cluster = rehearse(QUIET, lost=DROPPED)

    assert len(cluster.state.disputes) == len(DROPPED)
    assert check_all(observe(cluster)) == []


def test_answers_in_the_clear_give_the_key_away_and_the_check_says_so() -> None:
    details = secrecy_of(rehearse(QUIET, lost=DROPPED, justifications="clear"))

    assert len(details) == len(HONEST) + 1
    assert "no honest dealer in QUAL is hidden" in details[-1]


def test_one_point_fewer_is_no_violation() -> None:
    fewer = [link for link in DROPPED if link != DROPPED[0]]

    details = secrecy_of(rehearse(QUIET, lost=fewer, justifications="clear"))

    assert len(details) == len(HONEST) - 1
    assert not any("v2 is known" in detail for detail in details)
    assert not any("hidden" in detail for detail in details)


def test_a_flood_of_false_complaints_below_the_bound_exposes_nobody() -> None:
    cluster = rehearse(("v1", "false-complaint", HONEST))

    assert len(cluster.state.disputes) == len(HONEST)
    assert check_all(observe(cluster)) == []


def test_with_t_corrupted_holders_every_honest_dealer_is_known_once_it_has_dealt() -> None:
    cluster = rehearse(*((f"v{i}", "no-justification", []) for i in range(1, 6)))

    found = [v for v in check_all(observe(cluster)) if v.invariant == "secrecy"]

    assert [v.validator for v in found] == ["v6", "v7", ""]
    deal_end = cluster.state.deal_end
    assert deal_end is not None
    assert found[0].time_us == deal_end * 2_000_000


def test_the_ledger_is_read_again_and_the_judge_is_not_asked() -> None:
    cluster = rehearse(QUIET, lost=DROPPED, justifications="clear")
    cluster.state.published.clear()

    assert len(secrecy_of(cluster)) == len(HONEST) + 1
