"""Behaviours in sessions of the T-chain: bad partials are proven, second uses of nonces refused."""

from __future__ import annotations

import dataclasses

import pytest

from sim.adversary import Adversary
from sim.base.ids import ValidatorIndex
from sim.protocol.effects import Send
from sim.protocol.judge import CeremonyState
from sim.protocol.messages import PartialSignature, Private, SigningPackage
from tests.adversary.test_filter import STATE
from tests.support.cluster import Corrupt
from tests.support.curves import SCHEMES
from tests.support.signers import Signers

STATE_OF = {
    scheme: CeremonyState.open(dataclasses.replace(STATE.ceremony, scheme=scheme))
    for scheme in SCHEMES
}


def corrupt(signers: Signers, who: int, behaviour: str, **params: str | int | bool) -> Adversary:
    """Let a behaviour bend what one signer sends, as the validator layer does."""
    identity = signers.machines[who].context.identity
    entry = Corrupt("c1", who, behaviour, params=dict(params))
    adversary = Adversary(1, ValidatorIndex(who), [entry], identity.sign)

    def change(message: Private) -> list[Private]:
        to = ValidatorIndex((who + 1) % 5)
        bent = adversary.filter([Send(to, "", message)], STATE_OF[signers.key.scheme], 0)
        return [effect.message for effect in bent if isinstance(effect, Send)]

    signers.changes[who] = change
    return adversary


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_bad_partial_over_the_list_is_proven_and_the_others_sign(scheme: str) -> None:
    signers = Signers(5, 3, scheme)
    culprit = signers.others()[0]
    adversary = corrupt(signers, culprit, "bad-partial-signature")

    signers.round(0)

    session = signers.verify()
    assert culprit + 1 not in session.signers
    (evidence,) = session.bad
    assert evidence.member == culprit + 1
    assert signers.task.is_bad(evidence)
    assert adversary.injections["c1"] == 1


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_partial_over_another_list_is_ignored(scheme: str) -> None:
    signers = Signers(5, 3, scheme)
    culprit = signers.others()[0]
    adversary = corrupt(signers, culprit, "bad-partial-signature", list="other")

    signers.round(0)
    signers.fire("try")

    session = signers.verify()
    assert culprit + 1 not in session.signers
    assert session.bad == ()
    assert adversary.injections["c1"] >= 1


@pytest.mark.parametrize("scheme", ["ED25519", "SECP256K1"])
def test_a_signer_refuses_to_use_its_nonces_for_a_second_list(scheme: str) -> None:
    signers = Signers(5, 3, scheme)
    coordinator = signers.coordinator()
    adversary = corrupt(signers, coordinator, "nonce-reuse")

    signers.round(0)

    signers.verify()
    packages = [m for v, _, m in signers.sent if isinstance(m, SigningPackage)]
    lists = {m.commitments for m in packages}
    answers = [(v, m.partial) for v, _, m in signers.sent if isinstance(m, PartialSignature)]
    assert adversary.injections["c1"] == 2  # each of the two others was asked twice
    assert len(lists) > 1
    assert len(set(answers)) == len({v for v, _ in answers}) == 2
