"""What was sent, over the run and for each attempt of a ceremony alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sim.base.ids import Label, ValidatorIndex
from sim.base.memo import Memo, using
from sim.validator.tally import BYTE_METERS, SHARES, Tally
from tests.validator.town import Town
from tests.world.plans import key_plan, make_plan

TO = ValidatorIndex(1)


@pytest.fixture(scope="module", autouse=True)
def _memo() -> Iterator[None]:
    with using(Memo()):
        yield


def _label(kind: str, attempt: int = 1, session: str = "beacon/dkg/0") -> Label:
    return Label(session, attempt, kind, "v00")


def test_a_share_counts_once_and_its_repetition_is_overhead() -> None:
    tally = Tally()

    for _ in range(2):
        tally.sent(TO, _label("share"), 1500, 32)

    assert tally.attempts["beacon/dkg/0", 1].counts == {
        "shares": 1,
        "retransmissions": 1,
        "payload.shares": 32,
        "overhead": 2 * 1500 - 32,
    }


def test_signing_sessions_count_in_the_total_alone() -> None:
    tally = Tally()

    tally.sent(TO, _label("signing-package", 0, "beacon/sign/one"), 100, 0)

    assert tally.messages.counts == {"signing": 1}
    assert tally.attempts == {}


def test_what_is_over_frees_the_memory_of_its_first_transmissions() -> None:
    tally = Tally()
    tally.sent(TO, _label("share"), 100, 32)

    tally.forget(("beacon/dkg/0", 1))
    tally.sent(TO, _label("share"), 100, 32)

    assert tally.messages.counts == {"shares": 2}


@pytest.mark.parametrize(
    ("do", "label", "shares"),
    [
        ("create-key", "beacon/dkg/0", 3 * 2),
        ("refresh", "beacon/refresh/1", 3 * 2),
        ("reshare", "beacon/reshare/1", 3 * 3 - 2),  # every old one to every new one but itself
        ("repair", "beacon/repair/0/v01", 2 * 1 + 2),  # masks among t helpers, sums to the target
    ],
)
def test_an_attempt_costs_what_the_formula_says(do: str, label: str, shares: int) -> None:
    details = {"reshare": {"joins": (3,), "leaves": (0,)}, "repair": {"nodes": (1,)}}
    town = Town(make_plan(4, 2, keys=(key_plan(3, 2),)))
    town.start()
    town.ask("create-key")
    town.run(20)
    if do != "create-key":
        town.ask(do, **details.get(do, {}))
        town.run(30)

    tallies = [resident.validator.tally for resident in town.residents]
    mine = [tally.attempts[label, 1].counts for tally in tallies if (label, 1) in tally.attempts]

    assert sum(counts.get("shares", 0) for counts in mine) == shares
    assert sum(counts.get(SHARES, 0) for counts in mine) == 32 * shares
    for tally in tallies:
        for meter in BYTE_METERS:
            apart = sum(counts.counts.get(meter, 0) for counts in tally.attempts.values())
            assert apart <= tally.bytes.counts[meter]
