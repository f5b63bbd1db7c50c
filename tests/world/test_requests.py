"""What principals ask for: entries of the timeline as signed transactions of a chain's accounts."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from sim.base.codec import decode_canonical
from sim.crypto.principals import Principal
from sim.kchain.blocks import genesis_state
from sim.kchain.state import ChainState
from sim.protocol import requests as tx
from sim.protocol.transactions import decode_transaction, is_signed
from sim.scenario.plan import ActionPlan, Plan, PolicyPlan, PrincipalPlan, RotatePlan
from sim.world.genesis import chain_id, make_genesis
from sim.world.principals import (
    SURVEILLANCE,
    Principals,
    authorised_keys,
    declared_principals,
    principal_key,
)
from tests.world.plans import key_plan, make_plan

BOARD = PrincipalPlan(name="board", authorised=False)
PLAN = msgspec.structs.replace(
    make_plan(7, 2, keys=(key_plan(4, 2, rotate=RotatePlan(on=("churn",), every=7, max_age=9)),)),
    principals=(PrincipalPlan(name="owner"), BOARD),
)
STATE = genesis_state(make_genesis(PLAN))


def account(name: str, plan: Plan = PLAN) -> Principal:
    declared = {principal.name: principal for principal in declared_principals(plan)}
    return principal_key(plan, declared[name])


def asked(do: str, state: ChainState = STATE, **fields: Any) -> Any:
    """Return the one payload by which the entry is asked for."""
    action = ActionPlan(id="entry", do=do, **{"key": "beacon", **fields})
    (raw,) = Principals(PLAN, chain_id(PLAN)).ask(action, 5, state)
    return payload(raw)


def payload(raw: bytes) -> Any:
    transaction = decode_transaction(raw)
    types: dict[str, Any] = {
        tx.CREATE_KEY: tx.CreateKey,
        tx.ROTATE_KEY: tx.RotateKey,
        tx.ROLLBACK: tx.Rollback,
        tx.RETIRE_KEY: tx.RetireKey,
        tx.SET_POLICY: tx.SetPolicy,
        tx.AUTHORIZE: tx.Authorize,
        tx.REVOKE: tx.Revoke,
        tx.REQUEST_SIGN: tx.RequestSign,
        tx.EVICT: tx.Evict,
        tx.REPORT_VIOLATION: tx.ReportViolation,
    }
    return decode_canonical(transaction.payload, types[transaction.kind])


def rotate(operation: Any, **fields: Any) -> tx.RotateKey:
    return tx.RotateKey(key="beacon", operation=operation, **fields)


@pytest.mark.parametrize(
    ("do", "fields", "wanted"),
    [
        ("rotate", {}, rotate("refresh")),
        ("rotate", {"threshold": 3}, rotate("reshare", threshold=3)),
        (
            "rotate",
            {"joins": (6, 4), "leaves": (1,)},
            rotate("reshare", committee=("v00", "v02", "v03", "v04", "v06")),
        ),
        ("refresh", {}, rotate("refresh")),
        ("reshare", {}, rotate("reshare")),
        (
            "reshare",
            {"committee": (5, 3, 4), "threshold": 2, "faults": 1},
            rotate("reshare", committee=("v03", "v04", "v05"), threshold=2, faults=1),
        ),
        ("reshare", {"drawn": 5}, rotate("reshare", committee=tx.ByStake(5))),
        ("reshare", {"joins": (0,)}, rotate("reshare", committee=("v00", "v01", "v02", "v03"))),
        ("rekey", {"drawn": 3}, rotate("rekey", committee=tx.ByStake(3))),
        ("repair", {"nodes": (2,)}, rotate("repair", target="v02")),
        (
            "emergency",
            {},
            rotate("reshare", reason="emergency", committee=tx.ByStake(4)),
        ),
        (
            "emergency",
            {"leaves": (3,)},
            rotate("reshare", reason="emergency", committee=("v00", "v01", "v02")),
        ),
        ("rollback", {}, tx.Rollback("beacon")),
        ("retire", {}, tx.RetireKey("beacon")),
        ("evict", {"nodes": (3,)}, tx.Evict("v03")),
        (
            "sign",
            {"context": "pay", "message": b"hello"},
            tx.RequestSign("beacon", "entry", "pay", b"hello"),
        ),
        (
            "authorize",
            {"principal": "board", "role": "admin"},
            tx.Authorize("beacon", account("board").public, "admin"),
        ),
        ("revoke", {"principal": "board"}, tx.Revoke("beacon", account("board").public)),
    ],
)
def test_an_entry_is_asked_for_by_its_transaction(
    do: str, fields: dict[str, Any], wanted: Any
) -> None:
    assert asked(do, **fields) == wanted


def test_a_key_is_created_with_its_policy_and_its_rotation_rules() -> None:
    created = asked("create-key")

    assert created.committee == ("v00", "v01", "v02", "v03")
    assert created.rotation == tx.RotationRules(("churn",), 7, 9)
    assert created.policy == tx.Policy(None, ())


def test_a_policy_names_principals_by_their_keys_and_expires_in_unix_time() -> None:
    policy = PolicyPlan(
        max_signings_per_epoch=3,
        contexts=("pay",),
        admins=("board",),
        principals=("owner",),
        expires_us=1_000_000,
        quorum=3,
    )

    assert asked("set-policy", policy=policy).policy == tx.Policy(
        max_signings_per_epoch=3,
        contexts=("pay",),
        admins=(account("board").public,),
        principals=(account("owner").public,),
        expires_us=PLAN.ledger.genesis_time_us + 1_000_000,
        quorum=3,
    )


def test_every_validator_that_an_entry_evicts_has_a_transaction_of_its_own() -> None:
    entry = ActionPlan(id="out", do="evict", nodes=(4, 2))
    raws = Principals(PLAN, chain_id(PLAN)).ask(entry, 5, STATE)

    assert [payload(raw).name for raw in raws] == ["v02", "v04"]
    assert [decode_transaction(raw).nonce for raw in raws] == [1, 2]


def test_principals_count_their_own_nonces_and_sign_with_their_own_keys() -> None:
    principals = Principals(PLAN, chain_id(PLAN))
    entries = [
        ActionPlan(id=f"e{n}", do="refresh", key="beacon", by=by)
        for n, by in enumerate(("owner", "board", "owner"))
    ]
    signed = [
        decode_transaction(raw) for entry in entries for raw in principals.ask(entry, 5, STATE)
    ]

    assert [t.nonce for t in signed] == [1, 1, 2]
    assert [t.principal for t in signed] == [
        account(name).public for name in ("owner", "board", "owner")
    ]
    assert all(map(is_signed, signed))
    assert principals.open(STATE)


def test_nothing_is_open_before_anything_was_asked_for() -> None:
    """The control of the above."""
    assert not Principals(PLAN, chain_id(PLAN)).open(STATE)


def test_surveillance_reports_under_a_name_of_its_own() -> None:
    principals = Principals(PLAN, chain_id(PLAN))
    violation = tx.ReportViolation("beacon", "s1", 7)
    signed = decode_transaction(principals.report(violation, 9))

    assert signed.principal == account(SURVEILLANCE).public
    assert decode_canonical(signed.payload, tx.ReportViolation) == violation
    assert [(a.by, a.do, a.arrival_us) for a in principals.asked] == [(SURVEILLANCE, "report", 9)]


def test_genesis_authorises_principals_that_are_and_surveillance_always() -> None:
    assert authorised_keys(PLAN) == (account("owner").public, account(SURVEILLANCE).public)


def test_a_principal_may_have_an_ml_dsa_account() -> None:
    lattice = PrincipalPlan(name="vault", algorithm="ML-DSA-65")
    plan = msgspec.structs.replace(PLAN, principals=(PrincipalPlan(name="owner"), lattice))

    assert len(account("vault", plan).public) == 1952
