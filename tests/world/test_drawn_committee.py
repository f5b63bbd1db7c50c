"""A committee that is drawn during the run: the same for every process, and for whoever checks."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from sim import api
from sim.api import Run
from sim.kchain.verify import verify_ledger
from sim.protocol.selection import SeedInputs, draw_committee, selection_seed

FILE = Path(__file__).parents[2] / "scenarios" / "stake-committee.toml"


@cache
def ran(processes: int = 1, seed: int = 1) -> Run:
    return api.run(api.load(FILE), seed=seed, processes=processes)


def test_a_drawn_committee_makes_its_key_whatever_the_number_of_processes() -> None:
    one, two = ran(1), ran(2)

    assert (one.verdict, one.digest, bytes(one.ledger())) == (
        two.verdict,
        two.digest,
        bytes(two.ledger()),
    )
    assert one.exit_code == 0
    assert {name: key.status for name, key in one.keys.items()} == {
        "beacon": "Active",
        "spare": "Active",
    }


def test_the_summary_has_all_that_it_takes_to_draw_again() -> None:
    run = ran()
    plan, _ = api.resolve(api.load(FILE), 1)
    weights = [validator.stake for validator in plan.validators]

    for key in run.keys.values():
        draw = key.draw
        assert draw is not None
        inputs = SeedInputs(
            bytes.fromhex(draw.block),
            bytes.fromhex(draw.signer_set),
            draw.p_chain_height,
            draw.epoch,
            bytes.fromhex(draw.policy),
        )
        assert selection_seed(inputs).hex() == draw.seed
        places = draw_committee(bytes.fromhex(draw.seed), draw.index, weights, key.size)
        names = tuple(plan.validators[place].name for place in places)
        assert names == draw.committee == key.committee
        assert set(key.qual) <= set(names)


def test_the_ledger_alone_tells_the_same() -> None:
    run = ran()

    verified = api.verify(run.ledger())
    state = verify_ledger(bytes(run.ledger())).state

    assert verified.draws == {name: key.draw for name, key in run.keys.items()}
    for name in ("beacon", "spare"):
        record = state.record(name)
        assert record is not None
        assert record.committee == run.keys[name].committee


def test_the_draw_follows_from_the_block_before() -> None:
    """The second request stands in a block whose parent holds messages of the first ceremony."""
    run = ran()
    draws = {name: key.draw for name, key in run.keys.items()}
    parents = {block["height"]: block["parent"].hex() for block in run.ledger()}

    assert draws["spare"] is not None
    assert draws["beacon"] is not None
    assert draws["spare"].block == parents[1]
    assert draws["beacon"].block == parents[4]
    assert draws["spare"].seed != draws["beacon"].seed


@pytest.mark.parametrize("scheme", ["SECP256K1", "BLS"])
def test_the_draw_does_not_depend_on_the_scheme(scheme: str) -> None:
    """The request itself isn't in the seed: only its policy, and what stood before."""
    scenario = api.load(FILE).with_({"keys.spare.scheme": scheme, "keys.beacon.scheme": scheme})

    run = api.run(scenario, seed=1)

    assert run.exit_code == 0
    assert run.keys["spare"].scheme == scheme
    assert run.keys["spare"].draw == ran().keys["spare"].draw


def test_another_seed_draws_others() -> None:
    assert ran(1, 2).keys["beacon"].committee != ran().keys["beacon"].committee


@pytest.mark.parametrize("victim_sits", [True, False])
def test_a_named_victim_without_a_seat_is_spared_and_nobody_takes_its_place(
    victim_sits: bool,
) -> None:
    """Nothing is sent off before the request, so the committee is that of the undisturbed run."""
    committee = ran().keys["beacon"].committee
    others = [f"v{i:02}" for i in range(12) if f"v{i:02}" not in ran().keys["beacon"].committee]
    liar = next(name for name in committee if name not in ran().keys["spare"].committee)
    victim = next(name for name in committee if name != liar) if victim_sits else others[0]
    entry = {"nodes": [liar], "behaviour": "bad-share-one", "params": {"victims": [victim]}}

    run = api.run(api.load(FILE).with_({"adversary": [entry]}), seed=1)

    assert run.keys["beacon"].committee == committee
    assert run.summary["corruptions"][0]["injected"] == int(victim_sits)
    disputes = [(d["dealer"], d["accuser"]) for d in run.summary["disputes"]]
    assert disputes == ([(liar, victim)] if victim_sits else [])


def test_a_key_that_is_never_asked_for_has_no_draw() -> None:
    """The duration ends before the second request."""
    scenario = api.load(FILE).with_({"run.duration": "7001ms", "expect": []})

    key = api.run(scenario, seed=1).keys["beacon"]

    assert (key.status, key.size, key.committee, key.draw) == ("Absent", 7, (), None)
