"""Sessions of single-party keys: the one holder signs, and records in every round until it counts.

The schemes of shared keys have no part in it; one run per scheme costs little.
"""

from __future__ import annotations

import dataclasses

import pytest
from pqcrypto.sign.ml_dsa_65 import verify

from sim.base.ids import ShareIndex, ValidatorIndex
from sim.crypto.mldsa import SigningKey
from sim.protocol.ceremony import Member
from sim.protocol.effects import Effect, Record
from sim.protocol.messages import NonceRequest
from sim.protocol.requests import RecordSignSession
from sim.protocol.signing import open_signing
from sim.protocol.signing_sole import SoleMachine
from sim.protocol.signing_task import SigningTask
from tests.support.signers import MESSAGE, OPENED, PACE, DealtKey, Signers, make_task

KEY = SigningKey(b"m" * 32)


@pytest.fixture(autouse=True, params=["MLDSA"])
def scheme(request: pytest.FixtureRequest) -> str:
    """These keys have a scheme of their own."""
    return str(request.param)


def sole_task(**changes: object) -> SigningTask:
    """Return a session of v1's own key."""
    member = Member(ShareIndex(1), ValidatorIndex(0), "v1", b"i" * 32)
    values: dict[str, object] = {
        "scheme": "MLDSA",
        "threshold": 1,
        "needed": 1,
        "spare": 0,
        "members": (member,),
        "holders": (1,),
        "verification": (KEY.public,),
    }
    return dataclasses.replace(
        make_task(DealtKey(3, 2, "ED25519")),
        **{**values, **changes},  # type: ignore[arg-type]  # fields chosen by tests
    )


def machine(task: SigningTask) -> SoleMachine:
    made = open_signing(Signers(3, 2, "ED25519").machines[0].context, task, KEY, {})
    assert isinstance(made, SoleMachine)
    return made


def recorded(effects: list[Effect]) -> list[RecordSignSession]:
    return [effect.session for effect in effects if isinstance(effect, Record)]


def test_holder_signs_alone_and_another_library_accepts_it() -> None:
    task = sole_task()

    (session,) = recorded(machine(task).on_task(task, OPENED))

    assert (session.message, session.signers) == (MESSAGE, (1,))
    verify(KEY.public, MESSAGE, session.signature)
    assert task.protocol == "ML-DSA"


def test_it_records_once_per_round_and_always_the_same() -> None:
    task = sole_task()
    holder = machine(task)

    first = recorded(holder.on_task(task, OPENED))
    again = recorded(holder.on_task(task, OPENED + 1))
    later = recorded(holder.on_task(task, OPENED + PACE))

    assert again == []
    assert first == later


@pytest.mark.parametrize(
    "changes", [{"begins": 0}, {"message": b"K-chain/activate/v1"}, {"expires": OPENED}]
)
def test_it_signs_nothing_that_it_should_not(changes: dict[str, object]) -> None:
    task = sole_task(**changes)

    assert machine(task).on_task(task, OPENED) == []


def test_it_has_nothing_to_say_to_others() -> None:
    holder = machine(sole_task())

    assert holder.on_message(ValidatorIndex(1), NonceRequest(bytes(32), 0, 0, 1)) == []
    assert holder.on_timer("try") == []
    assert holder.close() == []
