"""Every check passes a sound run and catches a violation planted for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from sim.base.codec import encode
from sim.base.errors import LocalError
from sim.base.ids import ValidatorIndex
from sim.base.secret import SecretScalar
from sim.checks import (
    CHECKS,
    AuditLine,
    BlockView,
    Observation,
    PartitionView,
    ValidatorView,
    Violation,
    check_all,
)
from sim.checks.leaks import stored_secrets
from sim.checks.registry import check
from sim.protocol.entries import Fault
from sim.protocol.judge import CeremonyState
from sim.protocol.messages import (
    Justification,
    Opening,
    OpenReply,
    Reply,
    Statement,
    kind_of,
)
from sim.protocol.signing_task import NOBODY
from sim.protocol.transactions import CeremonyPayload, Transaction
from tests.checks.observing import BLOCK_US, observe, rehearse
from tests.support.cluster import CHAIN, Cluster

SOUND = rehearse(("v3", "bad-share-one", ["v5"]))
"""v3 sent v5 a bad share; v5 complained, and the answer in the clear was good."""


def with_validator(position: int, **changes: Any) -> Observation:
    """Return the sound run, but for one validator."""
    seen = observe(SOUND)
    validators = list(seen.validators)
    validators[position] = replace(validators[position], **changes)
    return replace(seen, validators=tuple(validators))


def with_state(**changes: Any) -> Observation:
    """Return the sound run, but for the chain's fold of the attempt."""
    return replace(observe(SOUND), ceremonies=(changed(**changes),))


def changed(**changes: Any) -> CeremonyState:
    state = SOUND.state.copy()
    for name, value in changes.items():
        setattr(state, name, value)
    return state


def with_view(position: int, **changes: Any) -> Observation:
    """Return the sound run, but one validator has seen the attempt otherwise."""
    (view,) = observe(SOUND).validators[position].ceremonies
    return with_validator(position, ceremonies=(replace(view, **changes),))


def with_holding(position: int, **changes: Any) -> Observation:
    """Return the sound run, but one member holds something else."""
    return with_validator(position, holdings=(replace(held(position), **changes),))


def held(position: int) -> Any:
    (holding,) = observe(SOUND).validators[position].holdings
    return holding


def found(observation: Observation) -> list[tuple[str, str]]:
    return [(v.invariant, v.validator) for v in check_all(observation)]


def test_a_sound_run_passes_every_check() -> None:
    assert check_all(observe(SOUND)) == []


def test_a_key_that_one_honest_validator_alone_has_is_found() -> None:
    observation = with_view(3, public_key=b"\1" * 32)

    assert found(observation) == [("one-key-and-one-qual", "v4")]


def test_a_qual_that_one_honest_validator_alone_has_is_found() -> None:
    assert found(with_view(3, qual=(1, 2, 4, 5, 6))) == [("one-key-and-one-qual", "v4")]


def test_other_verification_shares_under_the_same_key_are_found() -> None:
    points = SOUND.state.verification

    assert found(with_view(3, verification=points[:-1])) == [("one-key-and-one-qual", "v4")]


def test_an_attempt_that_is_not_on_the_chain_is_found() -> None:
    assert found(with_view(3, attempt=2)) == [("one-key-and-one-qual", "v4")]


def test_a_validator_that_has_not_seen_qual_yet_contradicts_nobody() -> None:
    assert found(with_view(3, qual=(), public_key=b"", verification=())) == []


def test_what_a_corrupted_validator_claims_to_have_seen_is_nobodys_concern() -> None:
    assert found(with_view(2, public_key=b"\1" * 32)) == []


@pytest.mark.parametrize("height", [3, 99])
def test_a_followed_block_that_is_not_the_chains_is_found(height: int) -> None:
    observation = with_validator(3, heads=((height, b"\1" * 32, 5),))

    (violation,) = check_all(observation)
    assert (violation.invariant, violation.time_us) == ("ledger-prefix", 5)


def test_an_honest_share_off_the_polynomial_is_found() -> None:
    share = SecretScalar(held(3).share.reveal() + 1)

    # The sets of t shares that contain it give another key, too.
    assert ("shares-on-the-polynomial", "v4") in found(with_holding(3, share=share))
    assert ("threshold-is-exact", "") in found(with_holding(3, share=share))


def test_a_corrupted_members_share_is_its_own_affair() -> None:
    assert found(with_holding(2, share=SecretScalar(1))) == []


def test_a_live_holder_without_a_share_must_say_so() -> None:
    assert found(with_holding(3, share=None)) == [("shares-on-the-polynomial", "v4")]
    assert found(with_holding(3, share=None, shareless=True)) == []


def test_a_polynomial_of_lower_degree_is_found() -> None:
    # Every share lies on a constant polynomial: one of them is already the key.
    state = changed(verification=(SOUND.state.verification[1],) * 8)
    seen = observe(SOUND)
    validators = tuple(
        replace(v, holdings=(replace(held(v.index), share=held(0).share),), ceremonies=())
        for v in seen.validators
    )

    names = found(replace(seen, ceremonies=(state,), validators=validators))

    # Nobody wrote down the shares that such points ask for, which is found besides.
    assert set(names) == {("threshold-is-exact", ""), ("enough-honest-holders", "")}


def test_subsets_are_sampled_from_the_seed() -> None:
    observation = with_holding(3, share=SecretScalar(1))

    details = [v.detail for v in check_all(observation)]
    again = [v.detail for v in check_all(observation)]
    other = [v.detail for v in check_all(replace(observation, seed=8))]

    assert details == again
    assert details != other


def test_an_honest_dealer_that_is_excluded_is_found() -> None:
    excluded = with_state(excluded={4: "accused-by-t"})

    assert found(excluded) == [("honest-dealers-stay", "v4")]


def test_a_dealer_that_was_kept_away_may_be_missed_but_not_otherwise_excluded() -> None:
    def excluded_for(why: str) -> Observation:
        away = with_validator(3, disturbed=True)
        return replace(away, ceremonies=(changed(excluded={4: why}),))

    assert found(excluded_for("no-deal")) == []
    assert found(excluded_for("unjustified")) == []
    assert found(excluded_for("bad-proof")) == [("honest-dealers-stay", "v4")]


@pytest.mark.parametrize("why", ["no-deal", "unjustified"])
def test_a_dealer_that_was_merely_late_is_a_matter_of_liveness(why: str) -> None:
    (violation,) = check_all(with_state(excluded={4: why}))

    assert (violation.invariant, violation.kind) == ("honest-dealers-are-heard", "liveness")
    assert violation.validator == "v4"


def test_an_excluded_corrupted_dealer_is_no_violation() -> None:
    assert found(with_state(excluded={3: "unjustified"})) == []


PROVEN = rehearse(("v3", "degree-high", []))


def proven(**changes: Any) -> Observation:
    state = PROVEN.state.copy()
    state.faults = [replace(state.faults[0], **changes)]
    return replace(observe(PROVEN), ceremonies=(state,))


def test_a_proven_fault_of_a_corrupted_validator_is_no_violation() -> None:
    assert found(proven()) == []


def test_a_proven_fault_that_names_an_honest_validator_is_found_twice() -> None:
    # It is honest, and the evidence is another's deal.
    assert found(proven(validator="v4")) == [
        ("evidence-spares-the-honest", "v4"),
        ("evidence-reverifies", "v4"),
    ]


@pytest.mark.parametrize(
    "evidence",
    [(), (b"nonsense",), (PROVEN.state.deals[1].raw,), (PROVEN.state.faults[0].evidence[0][:-1],)],
    ids=["none", "nonsense", "an honest deal", "cut short"],
)
def test_evidence_that_does_not_reverify_is_found(evidence: tuple[bytes, ...]) -> None:
    assert found(proven(evidence=evidence)) == [("evidence-reverifies", "v3")]


def test_a_fault_that_claims_no_proof_needs_none() -> None:
    unproven = Fault("v4", "no-deal", proof=False, evidence=(), height=3)

    assert found(with_state(faults=[unproven])) == []


@pytest.mark.parametrize(("signer", "names"), [("v4", ["v4"]), ("v3", [])])
def test_a_proven_bad_partial_of_an_honest_signer_is_found(signer: str, names: list[str]) -> None:
    line = AuditLine(2, "beacon", "test-1-0", NOBODY, "test", "signed", (signer,))

    violations = check_all(replace(observe(SOUND), audit=(line,)))

    assert [v.validator for v in violations] == names
    assert {v.invariant for v in violations} <= {"evidence-spares-the-honest"}
    assert {v.time_us for v in violations} <= {2 * BLOCK_US}


def plant(value: bytes) -> Observation:
    seen = observe(SOUND)
    block = seen.blocks[2]
    return replace(
        seen,
        blocks=(*seen.blocks[:2], replace(block, raw=block.raw + value), *seen.blocks[3:]),
    )


@pytest.mark.parametrize("turn", [lambda value: value, lambda value: value[::-1]])
def test_a_secret_in_a_block_is_found_in_either_byte_order(turn: Callable[[bytes], bytes]) -> None:
    to_the_corrupted = "the share that it dealt to holder 3"
    for secret in observe(SOUND).validators[3].secrets:
        violations = check_all(plant(turn(secret.value.reveal())))

        if secret.what == to_the_corrupted:
            assert violations == []  # v3 may tell it to anybody
            continue
        (violation,) = violations
        assert (violation.invariant, violation.validator) == ("no-secret-on-the-chain", "v4")
        assert secret.what in violation.detail
        assert violation.time_us == 2 * BLOCK_US


def test_every_kind_of_secret_is_known() -> None:
    kinds = {secret.what for secret in observe(SOUND).validators[3].secrets}

    assert kinds == {
        "share of the key",
        "seeds of the transport key",
        *(f"coefficient {k} of its polynomial" for k in range(5)),
        *(f"the share that it dealt to holder {x}" for x in range(1, 8)),
    }
    assert "seeds of the one-time key for dealer 3" in {
        secret.what for secret in observe(UNSENT).validators[4].secrets
    }


UNSENT = rehearse(("v3", "silent-to-some", ["v5"]))
"""v3 sent v5 no share; v5 complained with a one-time key, and the answer is sealed to it."""


LOST = rehearse(lost=[("v3", "v5")], justifications="clear")
"""v3's share for v5 was lost, and v3 answered in the clear; both are honest."""


def clear_share() -> bytes:
    ((_, reply),) = LOST.state.replies.items()
    assert reply.kind == "clear"
    return reply.data


def test_what_the_vault_seals_is_looked_for_whatever_it_is() -> None:
    ceremony, index = SOUND.ceremony, ValidatorIndex(0)

    (unheard_of,) = stored_secrets("hint", bytes(32), ceremony, index)
    assert unheard_of.what == "its entry hint"
    assert stored_secrets("hint", bytes(15), ceremony, index) == []
    for key in ("deal", "outgoing", "delivery", "envelope/3", "spent/1/0/0/0"):
        assert stored_secrets(key, bytes(32), ceremony, index) == []
        assert stored_secrets(f"{'0' * 64}#1/{key}", bytes(32), ceremony, index) == []


def test_a_share_published_on_purpose_is_no_leak_but_a_second_copy_is() -> None:
    seen = observe(LOST)

    assert clear_share() in {secret.value.reveal() for secret in seen.validators[2].secrets}
    assert found(seen) == []
    copied = replace(seen, blocks=(*seen.blocks, BlockView(99, b"", 1, clear_share(), (), ())))
    assert found(copied) == [("no-secret-on-the-chain", "v3")]


def saying(cluster: Cluster, speaker: int, statement: Statement) -> Observation:
    """Return the cluster's run with one statement more, of seat `speaker`, in a last block."""
    seen, ceremony = observe(cluster), cluster.ceremony
    payload = encode(CeremonyPayload(ceremony.session, ceremony.attempt, encode(statement)))
    identity = ceremony.member(speaker).identity
    raw = encode(Transaction(CHAIN, kind_of(statement), identity, 99, payload, bytes(64)))
    return replace(seen, blocks=(*seen.blocks, BlockView(99, b"", 1, raw, (raw,), ("",))))


def secret(cluster: Cluster, seat: int, what: str) -> bytes:
    (known,) = (s for s in observe(cluster).validators[seat - 1].secrets if s.what == what)
    return known.value.reveal()


@pytest.mark.parametrize(
    ("what", "accuser", "leaks"),
    [
        ("the share that it dealt to holder 5", 5, False),
        ("the share that it dealt to holder 5", 6, True),
        ("coefficient 1 of its polynomial", 5, True),
        ("share of the key", 5, True),
    ],
)
def test_a_clear_answer_may_hold_the_accusers_share_alone(
    what: str, accuser: int, *, leaks: bool
) -> None:
    reply = Reply(accuser, "clear", secret(SOUND, 4, what))

    leaked = found(saying(SOUND, 4, Justification((reply,))))

    assert leaked == ([("no-secret-on-the-chain", "v4")] if leaks else [])


@pytest.mark.parametrize(
    ("what", "dealer", "leaks"),
    [
        ("seeds of the one-time key for dealer 3", 3, False),
        ("seeds of the one-time key for dealer 3", 4, True),
        ("seeds of the transport key", 3, True),
    ],
)
def test_an_opening_may_hold_the_one_time_seeds_for_its_dealer_alone(
    what: str, dealer: int, *, leaks: bool
) -> None:
    opening = Opening(dealer, secret(UNSENT, 5, what))

    leaked = found(saying(UNSENT, 5, OpenReply((opening,))))

    assert leaked == ([("no-secret-on-the-chain", "v5")] if leaks else [])


def test_anothers_answer_may_not_hold_it() -> None:
    reply = Reply(5, "clear", secret(SOUND, 4, "the share that it dealt to holder 5"))

    assert found(saying(SOUND, 2, Justification((reply,)))) == [("no-secret-on-the-chain", "v4")]


ZONES = (("v1", "v2", "v3"), ("v4", "v5", "v6"))


def partitioned(**changes: Any) -> Observation:
    """Return the sound run with a partition, both of whose committees have their keys."""
    seated = {"zone-00": (0, ZONES[0]), "zone-01": (1, ZONES[1])}
    fields = {"name": "zone", "round": 1, "height": 4, "committees": ZONES, "seated": seated}
    return replace(observe(SOUND), partitions=(PartitionView(**{**fields, **changes}),))


def test_a_validator_on_two_committees_of_a_partition_is_found() -> None:
    assert found(partitioned()) == []

    (violation,) = check_all(partitioned(committees=(("v1", "v2", "v3"), ("v3", "v4")), seated={}))
    assert violation.invariant == "disjoint-committees"
    assert violation.detail == "zone, round 1: v3 is drawn for committee 0 and for 1"
    assert violation.time_us == 4 * BLOCK_US


def test_a_key_that_others_hold_than_were_drawn_for_it_is_found() -> None:
    swapped = {"zone-00": (1, ZONES[0]), "zone-01": (1, ZONES[1])}

    (violation,) = check_all(partitioned(seated=swapped))
    assert violation.invariant == "disjoint-committees"
    assert "zone-00 isn't held by committee 1" in violation.detail


def test_violations_come_in_order_of_time() -> None:
    seen = with_validator(3, heads=((3, b"\1" * 32, 9), (4, b"\1" * 32, 8)))

    assert [violation.time_us for violation in check_all(seen)] == [8, 9]


def test_every_check_is_a_sentence_with_a_source() -> None:
    for known in CHECKS.values():
        assert known.sentence.endswith(".")
        assert known.source


def test_a_check_without_a_source_is_refused() -> None:
    def unfounded(_: Observation) -> Any:
        """Everything is well."""

    with pytest.raises(LocalError, match="source"):
        check(unfounded)


def test_a_violation_is_data() -> None:
    (violation,) = check_all(with_holding(3, share=None))

    assert isinstance(violation, Violation)
    assert violation.kind == "safety"
    assert isinstance(observe(SOUND).by_name["v4"], ValidatorView)
