"""Keys through the timeline: committees, thresholds, registrations, policies, and who asks."""

from __future__ import annotations

import ast
import itertools
from pathlib import Path

import pytest

from sim.scenario.diagnostics import ScenarioError
from sim.scenario.load import load, load_text, resolve
from sim.scenario.orders import ROTATIONS
from sim.scenario.plan import ActionPlan, Plan, PolicyPlan, PrincipalPlan, RotatePlan, StorePlan
from sim.scenario.refusals import DROPPED, REFUSALS

ROOT = Path(__file__).parents[2]
VALID = ROOT / "tests" / "scenarios" / "valid"
CREATE = '[[timeline]]\nat = "0s"\ndo = "create-key"\nkey = "beacon"\n'


def plan(entries: str, head: str = "") -> Plan:
    """Return the plan of a key of seven of nine, threshold 4, and `entries`."""
    text = f'extends = "life.toml"\n{head}\n{CREATE}{entries}'
    return resolve(load_text(text, path=str(VALID / "x.toml")))


def order(do: str, rest: str = "", at: str = 'at = "1h"') -> str:
    return f'[[timeline]]\n{at}\ndo = "{do}"\nkey = "beacon"\n{rest}\n'


def only(do: str, rest: str = "", head: str = "") -> ActionPlan:
    return plan(order(do, rest), head).timeline[1]


def refused(entries: str, match: str, head: str = "") -> None:
    with pytest.raises(ScenarioError, match=match):
        plan(entries, head)


@pytest.fixture(scope="module")
def whole() -> Plan:
    return resolve(load(str(VALID / "whole-life.toml")))


# Committees and thresholds


def test_a_reshare_that_says_nothing_changes_nothing() -> None:
    found = only("reshare")

    assert (found.committee, found.drawn, found.joins, found.leaves) == (None, None, (), ())
    assert (found.threshold, found.faults, found.by) == (0, 1, "owner")


def test_a_committee_is_named_or_drawn() -> None:
    named = only("reshare", 'committee = ["v07", "v01", "v03", "v05"]')
    drawn = only("rekey", 'committee = { size = 5, select = "stake" }')

    assert (named.committee, named.drawn) == ((1, 3, 5, 7), None)
    assert (drawn.committee, drawn.drawn) == (None, 5)


def test_n_is_the_new_committees_size() -> None:
    half = 'threshold = "n/2+1"'

    assert only("reshare", f'join = ["v07", "v08"]\n{half}').threshold == 5
    assert only("reshare", f'leave = "v00"\njoin = "v08"\n{half}').threshold == 4
    assert only("rotate", f'committee = {{ size = 5, select = "stake" }}\n{half}').threshold == 3
    assert only("rekey", f'committee = "*"\n{half}').threshold == 5
    assert only("reshare", 'threshold = "N/3"').threshold == 3


def test_n_follows_rotations_as_if_each_were_activated() -> None:
    entries = (
        order("reshare", 'join = ["v07", "v08"]', 'at = "2h"')
        + order("reshare", 'threshold = "n-1"\nfaults = 0', 'at = "3h"')
        + order("reshare", 'leave = "v00"\nthreshold = 2', 'at = "1h"')
    )

    assert plan(entries).timeline[2].threshold == 7  # of 7 − 1 + 2


def test_faults_are_the_keys_own_or_the_most_that_is_possible() -> None:
    more = 'join = ["v07", "v08"]\nthreshold = 3'

    assert only("reshare", more).faults == 2
    assert only("reshare", more, "keys.beacon.faults = 1").faults == 1
    assert only("reshare", f"{more}\nfaults = 0", "keys.beacon.faults = 1").faults == 0


def test_what_depends_on_an_earlier_rotation_is_left_to_the_chain() -> None:
    """The second joins whom the first has, or hasn't, brought in."""
    once = order("reshare", 'join = "v07"')

    again = plan(once + order("reshare", 'join = "v07"', 'at = "2h"')).timeline[2]

    assert (again.joins, again.faults) == ((7,), None)
    refused(order("reshare", 'join = "v06"'), "already")


def test_crashes_for_good_count_unless_an_abort_is_expected() -> None:
    crashed = '[[timeline]]\nat = "10m"\ndo = "crash"\nnodes = ["v00", "v01", "v02"]\n'
    reshare = order("reshare", 'id = "doomed"')

    refused(crashed + reshare, r"n = 7 < t \+ f\* \+ crashes = 8")
    for expected in ("aborted", "either"):
        expect = f'[[expect]]\nkey = "beacon"\nrotation = "{expected}"\nof = "doomed"\n'
        assert plan(crashed + reshare + expect).expects[0].of == "doomed"
    assert plan(f'{crashed}restart = "after 3h"\n{reshare}')
    later = '[[timeline]]\nat = "3h"\ndo = "restart"\nnodes = ["v00", "v01"]\n'
    assert plan(crashed + reshare + later)


def test_adversaries_and_n_reckon_with_committees_that_change() -> None:
    """v08 sits nowhere at first: it may act once a reshare has brought it in, and not without."""
    liar = '[[adversary]]\nnodes = ["v08"]\nbehaviour = "silent-dealer"\n'

    refused(liar, "sits on no committee")
    assert plan(order("reshare", 'join = "v08"') + liar).corruptions[0].validator == 8


# Single parties


@pytest.mark.parametrize("scheme", ["MLDSA", "MLKEM"])
def test_a_single_party_key_is_one_of_one(scheme: str) -> None:
    one = f'[keys.beacon]\nscheme = "{scheme}"\nthreshold = 1\ncommittee = "v03"\n'

    (key,) = plan("", one).keys
    assert (key.scheme, key.threshold, key.faults, key.committee) == (scheme, 1, 0, (3,))
    refused("", "no threshold form", f'[keys.beacon]\nscheme = "{scheme}"\n')


@pytest.mark.parametrize("do", [do for do in ROTATIONS if do not in ("repair", "emergency")])
def test_what_a_single_party_key_cannot_do_is_the_chains_to_refuse(do: str) -> None:
    one = '[keys.beacon]\nscheme = "MLDSA"\nthreshold = 1\ncommittee = "v03"\n'

    assert only(do, head=one).do == do


# The registry


def test_standby_is_the_last_few_or_those_that_are_named() -> None:
    def standby(given: str) -> list[str]:
        return [v.name for v in plan("", f"validators.standby = {given}").validators if v.standby]

    assert standby("2") == ["v07", "v08"]
    assert standby('["v08", "v07"]') == ["v07", "v08"]
    assert standby("0") == []


def test_everybody_means_the_registered_on_a_committee_and_everybody_elsewhere() -> None:
    head = 'validators.standby = 2\n[keys.beacon]\ncommittee = "*"\n'
    naps = '[[timeline]]\nat = "1h"\ndo = "pause"\nnodes = {}\n'

    found = plan(naps.format('"*"') + naps.format('"standby"'), head)

    assert found.keys[0].committee == tuple(range(7))
    assert [action.nodes for action in found.timeline[1:]] == [tuple(range(9)), (7, 8)]


def test_a_newcomer_may_sit_from_the_epoch_after_it_joined() -> None:
    head = 'validators.standby = 1\nledger.epoch = "1h"\n'
    join = '[[timeline]]\nat = "30m"\ndo = "join"\nnode = "v08"\n'

    assert plan(join + order("reshare", 'join = "v08"', 'at = "61m"'), head)
    refused(join + order("reshare", 'join = "v08"', 'at = "59m"'), "next epoch", head)
    refused(order("reshare", 'join = "v08"', 'at = "61m"'), "isn't in the registry", head)


def test_what_waits_for_an_event_or_a_halted_ledger_leaves_open_who_is_registered() -> None:
    head = 'validators.standby = 1\nrun.duration = "9h"\nledger.epoch = "1h"\n'
    reshare = order("reshare", 'join = "v08"')
    halt = '[[timeline]]\nat = "1m"\ndo = "halt-ledger"\nresume = "after 1m"\n'

    refused(reshare, "registry", head)
    join = '[[timeline]]\nwhen = { event = "started" }\ndo = "join"\nnode = "v08"\n'
    assert plan(join + reshare, head)
    assert plan(halt + join.replace('when = { event = "started" }', 'at = "59m"') + reshare, head)


# Policies, principals, stores


def test_the_whole_of_a_key_is_in_the_plan(whole: Plan) -> None:
    beacon = whole.keys[0]

    assert beacon.policy == PolicyPlan(
        max_signings_per_epoch=50,
        contexts=("beacon", "test"),
        admins=("ops",),
        principals=("wallet",),
        expires_us=39 * 86_400_000_000,
        quorum=4,
    )
    heights = 86_400 // 2
    assert beacon.rotate == RotatePlan(
        on=("churn", "policy-violation"), every=7 * heights, max_age=9 * heights
    )


def test_the_owner_comes_first_and_always(whole: Plan) -> None:
    assert whole.principals == (
        PrincipalPlan(name="owner", algorithm="ML-DSA-65"),
        PrincipalPlan(name="ops"),
        PrincipalPlan(name="wallet", algorithm="ML-DSA-65", authorised=False),
    )
    assert plan("").principals == (PrincipalPlan(name="owner"),)


def test_vaults_are_locked_by_a_given_key_or_a_derived_one(whole: Plan) -> None:
    assert whole.store == StorePlan(kek="argon2id", t=2, m_kib=1024, p=2)
    assert plan("").store == StorePlan()
    assert plan("", 'validators.store = { kek = "given" }').store == StorePlan()
    usual = plan("", "validators.store = { argon2id = {} }").store
    assert usual == StorePlan(kek="argon2id", t=3, m_kib=65_536, p=4)


def test_a_message_is_text_or_bytes_and_a_context_the_first_that_is_allowed() -> None:
    head = '[keys.beacon]\npolicy = { contexts = ["a", "b"] }\n'

    assert only("sign", head=head).context == "a"
    assert only("sign").context == ""
    assert only("sign", 'context = "b"', head).context == "b"
    assert only("sign", 'message = "größer"').message == "größer".encode()
    assert only("sign", 'message = { hex = "00ff" }').message == b"\x00\xff"
    assert only("sign", 'id = "mine"').message == b"mine"


def test_orders_say_who_asks_and_about_whom(whole: Plan) -> None:
    by_do = {action.do: action for action in whole.timeline}

    assert (by_do["authorize"].principal, by_do["authorize"].role) == ("wallet", "admin")
    assert (by_do["revoke"].principal, by_do["revoke"].by) == ("wallet", "ops")
    assert by_do["set-policy"].policy == PolicyPlan(
        contexts=("test",), quorum=3, expires_us=38 * 86_400_000_000
    )
    assert (by_do["evict"].nodes, by_do["evict"].by) == ((1, 6), "ops")
    assert (by_do["join"].nodes, by_do["join"].by) == ((8, 9), "owner")
    assert whole.transport.keys == "long-lived"


# Mobile adversaries


def test_a_mobile_adversary_moves_every_period(whole: Plan) -> None:
    found = whole.corruptions
    day, hour = 86_400_000_000, 3_600_000_000
    starts = [hour + k * 10 * day for k in range(4)]

    assert sorted({(c.from_us, c.until_us) for c in found}) == [
        *itertools.pairwise(starts),
        (starts[3], None),
    ]
    by_period = {at: {c.validator for c in found if c.from_us == at} for at in starts}
    assert all(len(nodes) == 2 for nodes in by_period.values())
    assert len({frozenset(nodes) for nodes in by_period.values()}) > 1
    assert found[0].id.startswith("wanderer/1/")


def test_where_an_adversary_moves_to_goes_by_period() -> None:
    entry = (
        '[[adversary]]\nid = "x"\nnodes = { pick = "random", size = 1 }\n'
        'behaviour = "silent-dealer"\nevery = "1d"\nuntil = "%s"\n'
    )

    long, short = plan(entry % "20d").corruptions, plan(entry % "36h").corruptions

    assert [(c.id, c.validator) for c in short] == [(c.id, c.validator) for c in long[:2]]
    assert [c.until_us for c in short] == [86_400_000_000, 129_600_000_000]
    assert len({c.validator for c in long}) > 4


# Expectations


def test_shares_that_are_kept_are_pairs_in_order(whole: Plan) -> None:
    assert whole.expects[2].using == (("v0", 0), ("v0", 12), ("v1", 0))


def test_refusals_are_all_that_the_chain_says() -> None:
    said = {
        node.args[0].value
        for path in (ROOT / "sim").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "Rejected"
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }

    assert len(said) > 40
    assert said <= set(REFUSALS)
    assert not set(REFUSALS) & set(DROPPED)
