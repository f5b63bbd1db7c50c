"""Policies: who may ask for signatures, who may change what, until when, how often."""

from __future__ import annotations

import pytest

from sim.crypto.identity import Identity
from sim.protocol.requests import (
    AUTHORIZE,
    RETIRE_KEY,
    REVOKE,
    SET_POLICY,
    Authorize,
    Policy,
    RetireKey,
    Revoke,
    SetPolicy,
)
from tests.kchain.scene import ANY_POLICY, BLOCK_US, OWNER
from tests.kchain.signing import FRIEND, STRANGER, Signing, active

ADMIN = Identity(b"a" * 32)
GENESIS_US = 1_767_225_600_000_000
LONG_AGO = GENESIS_US + 1


def with_admin(**changes: object) -> Signing:
    return active(Policy(None, (), admins=(ADMIN.public,), **changes))  # type: ignore[arg-type]


def test_without_principals_whom_genesis_authorises_may_ask() -> None:
    signing = active(authorised=(OWNER.public, FRIEND.public))

    assert signing.request("s1", FRIEND) == ""
    assert signing.request("s2", STRANGER) == "Unauthorized"


def test_named_principals_shut_out_those_of_genesis_but_never_the_owner() -> None:
    policy = Policy(None, (), admins=(ADMIN.public,), principals=(STRANGER.public,))
    signing = active(policy, authorised=(OWNER.public, FRIEND.public))

    assert signing.request("s1", STRANGER) == ""
    assert signing.request("s2", FRIEND) == "Unauthorized"
    assert signing.request("s3", ADMIN) == ""
    assert signing.request("s4", OWNER) == ""


def test_expiry_blocks_everybody_but_the_owner() -> None:
    signing = with_admin(principals=(FRIEND.public,), expires_us=LONG_AGO)

    assert signing.request("s1", FRIEND) == "PolicyExpired"
    assert signing.request("s2", ADMIN) == "PolicyExpired"
    assert signing.transact(ADMIN, SET_POLICY, SetPolicy("beacon", ANY_POLICY)) == "PolicyExpired"
    assert signing.request("s3", OWNER) == ""
    assert signing.transact(OWNER, SET_POLICY, SetPolicy("beacon", ANY_POLICY)) == ""


def test_policy_expires_at_its_instant() -> None:
    signing = with_admin()
    at = signing.state.time_us + 3 * BLOCK_US
    expiring = Policy(None, (), admins=(ADMIN.public,), expires_us=at)
    signing.transact(OWNER, SET_POLICY, SetPolicy("beacon", expiring))

    outcomes = [signing.request(f"s{number}", ADMIN) for number in range(2)]

    assert outcomes == ["", "PolicyExpired"]
    assert signing.state.time_us == at


def test_signings_are_counted_per_epoch_when_they_are_let_through() -> None:
    """Epochs are 20 heights here; refused requests and the chain's own sessions don't count."""
    signing = active(Policy(2, ()))
    signing.scene.skip_to(-(-signing.scene.height // 20) * 20)
    outcomes = [signing.request(name) for name in ("a", "a", "b", "c")]
    signing.scene.skip_to(signing.scene.height + 20 - signing.scene.height % 20)
    outcomes += [signing.request(name) for name in ("d", "e", "f")]

    assert outcomes == ["", "Duplicate", "", "PolicyViolation", "", "", "PolicyViolation"]


def test_quorum_is_how_many_sign() -> None:
    signing = active(Policy(None, (), quorum=4))
    signing.request("s1")

    assert signing.task("s1").needed == 4
    assert signing.task("test-1-0").needed == 3
    assert signing.record(signing.statement("s1")) == "InvalidSigners"


def test_admins_change_the_policy_and_strangers_do_not() -> None:
    signing = with_admin()
    strict = Policy(5, ("drand",), admins=(ADMIN.public,))

    assert signing.transact(STRANGER, SET_POLICY, SetPolicy("beacon", strict)) == "Unauthorized"
    assert signing.transact(ADMIN, SET_POLICY, SetPolicy("beacon", strict)) == ""
    assert signing.key_record.policy == strict
    assert signing.request("s1", OWNER, context="other") == "PolicyViolation"


@pytest.mark.parametrize(
    ("key", "policy", "reason"),
    [("other", ANY_POLICY, "KeyNotFound"), ("beacon", Policy(None, (), quorum=5), "InvalidPolicy")],
)
def test_impossible_policies_are_refused(key: str, policy: Policy, reason: str) -> None:
    assert active().transact(OWNER, SET_POLICY, SetPolicy(key, policy)) == reason


def test_authorised_principals_may_ask_until_they_are_revoked() -> None:
    signing = with_admin(principals=(STRANGER.public,))

    assert signing.request("s1", FRIEND) == "Unauthorized"
    friend = Authorize("beacon", FRIEND.public, "principal")
    assert signing.transact(ADMIN, AUTHORIZE, friend) == ""
    assert signing.transact(ADMIN, AUTHORIZE, friend) == "AlreadyAuthorized"
    assert signing.request("s2", FRIEND) == ""
    assert signing.transact(ADMIN, REVOKE, Revoke("beacon", FRIEND.public)) == ""
    assert signing.request("s3", FRIEND) == "Unauthorized"


def test_admins_come_and_go_and_the_owner_stays() -> None:
    signing = with_admin()
    both = Authorize("beacon", FRIEND.public, "admin")

    assert signing.transact(ADMIN, REVOKE, Revoke("beacon", OWNER.public)) == "OwnerStays"
    assert signing.transact(FRIEND, AUTHORIZE, both) == "Unauthorized"
    assert signing.transact(ADMIN, AUTHORIZE, both) == ""
    assert signing.transact(FRIEND, REVOKE, Revoke("beacon", ADMIN.public)) == ""
    assert signing.transact(ADMIN, AUTHORIZE, both) == "Unauthorized"
    gone = Revoke("beacon", ADMIN.public)
    assert signing.transact(OWNER, REVOKE, gone) == "PrincipalNotFound"
    owner = Authorize("beacon", OWNER.public, "admin")
    assert signing.transact(OWNER, AUTHORIZE, owner) == "AlreadyAuthorized"


def test_revoking_the_last_principal_would_open_the_key_to_all_and_is_refused() -> None:
    signing = with_admin(principals=(FRIEND.public,))

    assert signing.transact(OWNER, REVOKE, Revoke("beacon", FRIEND.public)) == "LastPrincipal"


@pytest.mark.parametrize("kind", [SET_POLICY, AUTHORIZE, REVOKE])
def test_a_malformed_change_is_rejected(kind: str) -> None:
    signing = active()
    signing.scene.submit(signing.scene.sign(OWNER, kind, b"\xc1"))

    assert signing.scene.reasons() == ["Malformed"]


def test_a_retired_key_has_no_further_policy_and_signs_no_more() -> None:
    signing = active()
    assert signing.transact(OWNER, RETIRE_KEY, RetireKey("beacon")) == ""

    assert signing.request("s1") == "KeyRetired"
    assert signing.transact(OWNER, SET_POLICY, SetPolicy("beacon", ANY_POLICY)) == "KeyRetired"
    assert [line.outcome for line in signing.audit] == ["KeyRetired"]


def test_a_principal_that_a_policy_names_twice_is_still_its_last() -> None:
    signing = with_admin(principals=(FRIEND.public, FRIEND.public))

    assert signing.transact(OWNER, REVOKE, Revoke("beacon", FRIEND.public)) == "LastPrincipal"
    assert signing.key_record.policy.principals == (FRIEND.public, FRIEND.public)
