"""What a plan says: every pick, instant and default."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim.scenario.diagnostics import ScenarioError
from sim.scenario.load import Scenario, load, load_text, resolve
from sim.scenario.plan import ActionPlan, Plan

VALID = Path(__file__).parents[1] / "scenarios" / "valid"


@pytest.fixture
def small() -> Scenario:
    return load(str(VALID / "small.toml"))


@pytest.fixture
def everything() -> Plan:
    return resolve(load(str(VALID / "everything.toml")))


def extended(text: str) -> Plan:
    return resolve(load_text(f'extends = "small.toml"\n{text}', path=str(VALID / "x.toml")))


CREATE = '[[timeline]]\nat = "0s"\ndo = "create-key"\nkey = "beacon"\n'


def action(text: str) -> ActionPlan:
    return extended(f"{CREATE}[[timeline]]\n{text}\n").timeline[1]


def test_committees_are_in_the_order_of_the_registry(everything: Plan) -> None:
    beacon, spare = everything.keys

    assert beacon.committee == (0, 1, 2, 3, 5)
    assert spare.committee == tuple(range(8))


def test_thresholds_go_by_committee_or_registry(everything: Plan) -> None:
    assert [key.threshold for key in everything.keys] == [4, 4]


@pytest.mark.parametrize(
    ("n", "threshold", "faults"), [(7, 5, 1), (64, 43, 10), (256, 171, 42), (3, 2, 0), (1, 1, 0)]
)
def test_faults_default_to_what_a_ceremony_survives(
    small: Scenario, n: int, threshold: int, faults: int
) -> None:
    changed = small.with_({"validators.n": n, "keys.beacon.threshold": threshold})

    assert resolve(changed).keys[0].faults == faults


def test_validators_take_turns_through_the_profiles_regions(small: Scenario) -> None:
    plan = resolve(small.with_({"network.profile": "aws-10", "validators.n": 11}))

    regions = [validator.region for validator in plan.validators]
    assert regions[0] == regions[10] == "us-east-1"
    assert len(set(regions)) == 10


def test_names_follow_the_pattern(small: Scenario) -> None:
    plan = resolve(small.with_({"validators.names": "node-{:03}-x"}))

    assert plan.validators[4].name == "node-004-x"


def test_an_end_is_kept_as_a_duration(everything: Plan) -> None:
    crash = everything.timeline[2]

    assert (crash.at_us, crash.until_us) == (10_000_000, 20_000_000)
    assert (
        action('at = "1s"\ndo = "pause"\nnode = "v01"\nresume = "after 2s"').until_us == 2_000_000
    )


def test_the_ledger_is_a_node_of_partitions_alone() -> None:
    cut = action('at = "1s"\ndo = "partition"\ngroups = ["ledger", "v01"]')

    assert cut.groups == ((-1,), (1,))
    with pytest.raises(ScenarioError, match="no validator"):
        action('at = "1s"\ndo = "crash"\nnodes = ["ledger"]')


def test_selectors_mean_sets(everything: Plan) -> None:
    pause, slow, skew = (everything.timeline[i] for i in (5, 8, 9))

    assert pause.nodes == (0, 1, 2)  # the adversaries
    assert slow.nodes == (0, 6, 7)
    assert skew.nodes == (3, 4, 5, 6, 7)  # the others


def test_standby_and_committee_select_by_seat() -> None:
    seats = '[keys.beacon]\ncommittee = ["v00", "v01", "v02"]\n'
    crashes = (
        '[[timeline]]\nat = "1s"\ndo = "crash"\nnodes = "standby"\n'
        '[[timeline]]\nat = "1s"\ndo = "crash"\nnodes = "committee:beacon"\n'
    )

    plan = extended(seats + CREATE + crashes)

    assert [entry.nodes for entry in plan.timeline[1:]] == [(3, 4), (0, 1, 2)]


PICK = '[[adversary]]\nid = "{}"\nnodes = {{ pick = "random", size = {} }}\n{}\n'
SILENT = 'behaviour = "silent-dealer"'


@pytest.mark.parametrize(
    ("size", "count"),
    [('"one"', 1), ('"<1/3"', 1), ('"t-1"', 2), ('"t"', 3), ('"all"', 5), ("4", 4)],
)
def test_a_pick_has_the_size_it_names(size: str, count: int) -> None:
    assert len(extended(PICK.format("a", size, SILENT)).corruptions) == count


def test_a_pick_depends_on_seed_and_id_alone() -> None:
    def picked(text: str, seed: int) -> list[int]:
        path = str(VALID / "x.toml")
        plan = resolve(load_text(f'extends = "small.toml"\n{text}', path=path), seed)
        return [c.validator for c in plan.corruptions if c.id.startswith("a")]

    one = PICK.format("a", '"t-1"', SILENT)
    other = PICK.format("b", '"t-1"', SILENT)
    draws = {tuple(picked(one, seed)) for seed in range(20)}

    assert len(draws) > 3
    for seed in range(20):
        assert picked(one, seed) == picked(other + one, seed) == picked(one + other, seed)


def test_one_candidate_less_changes_a_pick_only_if_it_was_chosen(small: Scenario) -> None:
    everybody, fewer = (
        PICK.format("a", "2", SILENT).replace("size", f"from = {pool}, size")
        for pool in ('["v00", "v01", "v02", "v03"]', '["v00", "v01", "v02"]')
    )
    for seed in range(20):
        path = str(VALID / "x.toml")
        a, b = (
            {
                c.validator
                for c in resolve(load_text(f'extends = "small.toml"\n{t}', path), seed).corruptions
            }
            for t in (everybody, fewer)
        )
        assert b >= a - {3}


def test_ids_are_given_or_digests_of_the_content() -> None:
    pause = '[[timeline]]\nat = "1s"\ndo = "pause"\nnode = "v01"\nresume = "after 1s"\n'
    heal = '[[timeline]]\nid = "mine"\nwhen = { event = "started" }\ndo = "heal"\n'

    first = [entry.id for entry in extended(CREATE + pause + pause + heal).timeline]
    moved = [entry.id for entry in extended(heal + pause + CREATE).timeline]

    assert first[2] == f"{first[1]}-2"
    assert moved == [first[3], first[1], first[0]]


def test_two_behaviours_of_one_entry_share_its_victims() -> None:
    plan = extended(
        '[[adversary]]\nid = "x"\nnodes = ["v01"]\n'
        'behaviour = ["bad-share-one", "no-justification"]\nparams = { victims = ["v02", "v04"] }\n'
    )

    assert [(c.id, c.behaviour, c.victims) for c in plan.corruptions] == [
        ("x/v01/bad-share-one", "bad-share-one", (2, 4)),
        ("x/v01/no-justification", "no-justification", ()),
    ]


def test_a_rate_is_in_parts_of_2_to_the_32(everything: Plan) -> None:
    assert everything.network.loss == round(2**32 / 1000)
    assert everything.network.reorder == round(2**32 / 100)


def test_genesis_time_is_kept_to_the_microsecond(everything: Plan) -> None:
    assert everything.ledger.genesis_time_us == 1_803_895_200_250_000


def test_a_seed_can_make_picks_clash_and_that_is_a_scenario_error() -> None:
    text = (
        'extends = "small.toml"\n'
        + PICK.format("a", '"one"', SILENT)
        + CREATE
        + '[[timeline]]\nat = "1s"\ndo = "partition"\ngroups = ["adversary", "v00"]\n'
    )
    outcomes = set()
    for seed in range(30):
        try:
            resolve(
                load_text(text.replace("extends", f"run.seed = {seed}\nextends"), str(VALID / "x"))
            )
            outcomes.add("fine")
        except ScenarioError as error:
            outcomes.add(error.diagnostics[0].message)

    assert outcomes == {"fine", "v00 can't be in two groups"}
