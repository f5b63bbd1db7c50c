"""Provable complaints: a bad share names its dealer, a false opening its accuser, nobody else.

Source: the complaint mode `provable`: the envelope is opened for everybody by what opens it alone.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable

import msgspec
import pytest

from sim.base.secret import Secret
from sim.crypto.group import Group
from sim.protocol.citations import PublicRecord
from sim.protocol.effects import Effect, Post, SendSealed, SendShares
from sim.protocol.envelopes import sign_envelopes
from sim.protocol.evidence import reverify
from sim.protocol.messages import Complaint, Response, ShareEnvelope
from sim.protocol.phases import Phase
from sim.protocol.provable import disclose
from sim.protocol.responses import good_bits, good_dealers
from sim.protocol.variant_messages import Disclosed
from tests.support.cluster import Cluster, holdings

PROTOCOLS = ("pedersen", "gjkr", "commit-reveal")


def made(size: int = 5, threshold: int = 3, **changes: object) -> Cluster:
    return Cluster(size, threshold, complaints="provable", **changes)  # type: ignore[arg-type]


def bending(*victims: int) -> Callable[[Effect], list[Effect]]:
    """Send the victims another scalar than their share."""

    def change(effect: Effect) -> list[Effect]:
        if isinstance(effect, SendShares):
            shares = {x: Secret(7) if x in victims else s for x, s in effect.shares.items()}
            return [SendShares(shares)]
        return [effect]

    return change


def garbling(victim: int, place: int) -> Callable[[Effect], list[Effect]]:
    """Sign and send the victim bytes of which one is flipped; past the end, one too few."""

    def change(effect: Effect) -> list[Effect]:
        if not isinstance(effect, SendSealed):
            return [effect]
        sealed = dict(effect.sealed)
        leaf = sealed[victim]  # type: ignore[index]  # an index is an int
        place_ = place % len(leaf)
        flipped = leaf[:place_] + bytes([leaf[place_] ^ 1]) + leaf[place_ + 1 :]
        sealed[victim] = leaf[:-1] if place > len(leaf) else flipped  # type: ignore[index]
        return [SendSealed(sealed)]

    return change


def shown(cluster: Cluster, accuser: int, dealer: int) -> Disclosed:
    """What the accuser can show of the dealer's envelope, good as it may be."""
    held = holdings(cluster.machines[accuser - 1])
    envelope = held._envelopes[dealer][0].envelope
    assert held._transport is not None
    disclosure = disclose(cluster.ceremony, envelope, held._transport, 99)
    assert disclosure is not None
    return disclosure


def accusing(
    cluster: Cluster, accuser: int, dealer: int, change: Callable[[Disclosed], Disclosed | None]
) -> None:
    """Let a holder complain about a good share, with a disclosure as `change` makes it."""
    everyone = [member.index for member in cluster.ceremony.members]

    def lie(effect: Effect) -> list[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, Response):
            good = good_dealers(effect.statement.good, everyone) - {dealer}
            told = Complaint(dealer, "invalid", b"", change(shown(cluster, accuser, dealer)))
            return [Post(Response(good_bits(good, everyone), (told,)))]
        return [effect]

    cluster.tamper(f"v{accuser}", lie)


def verdicts(cluster: Cluster) -> list[tuple[str, str]]:
    """The proven faults, each of which convinces a third party."""
    record = PublicRecord.of(cluster.state)
    for fault in cluster.state.faults:
        assert fault.proof
        assert reverify(record, fault)
        for name in (f"v{i}" for i in range(1, 6)):
            if name != fault.validator:
                assert not reverify(record, dataclasses.replace(fault, validator=name))
    return [(fault.validator, fault.fault) for fault in cluster.state.faults]


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_bad_share_proves_its_dealer_guilty_and_excludes_it(protocol: str) -> None:
    cluster = made(protocol=protocol)
    cluster.tamper("v2", bending(4))
    state = cluster.run()

    assert verdicts(cluster) == [("v2", "bad-share")]
    assert state.excluded == {2: "bad-share"}
    assert state.qual == (1, 3, 4, 5)
    assert state.phase is Phase.ACTIVE
    assert not state.disputes
    assert not state.justified
    assert not state.published
    assert len(cluster.kept()) == 5


def test_the_same_bad_share_is_a_dispute_without_proofs() -> None:
    """The control: the mode makes the difference."""
    cluster = Cluster(5, 3)
    cluster.tamper("v2", bending(4))
    state = cluster.run()

    assert not state.faults
    assert [(d.dealer, d.accuser) for d in state.disputes] == [("v2", "v4")]


def test_a_box_that_does_not_open_proves_its_dealer_guilty() -> None:
    cluster = made()
    cluster.tamper("v2", garbling(4, -1))
    state = cluster.run()

    assert verdicts(cluster) == [("v2", "bad-share")]
    assert state.phase is Phase.ACTIVE


def test_an_envelope_of_a_wrong_length_proves_its_dealer_guilty() -> None:
    cluster = made()
    cluster.tamper("v2", garbling(4, 5000))
    cluster.run()

    assert verdicts(cluster) == [("v2", "bad-share")]


@pytest.mark.parametrize("place", [0, 1000, 1088, 1110])
def test_what_is_not_provable_is_missing_and_answered_sealed(place: int) -> None:
    """Garbage in the KEM's part or the ephemeral: re-encryption fails, or there is no lift.

    An ephemeral that is flipped may still be in the subgroup: then the box doesn't open, and that
    is provable.
    """
    cluster = made()
    cluster.tamper("v2", garbling(4, place))
    state = cluster.run()

    if place < 1088 or not state.faults:
        assert not state.faults
        assert [(d.dealer, d.accuser, d.kind) for d in state.disputes] == [("v2", "v4", "missing")]
        assert [reply.kind for reply in state.replies.values()] == ["sealed"]
    else:
        assert verdicts(cluster) == [("v2", "bad-share")]
    assert state.phase is Phase.ACTIVE
    assert len(cluster.kept()) == 5


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_who_opens_a_good_share_convicts_itself(protocol: str) -> None:
    cluster = made(protocol=protocol)
    accusing(cluster, 4, 2, lambda disclosure: disclosure)
    state = cluster.run()

    assert verdicts(cluster) == [("v4", "false-opening")]
    assert state.qual == (1, 2, 3, 4, 5)
    assert state.phase is Phase.ACTIVE
    assert not state.disputes
    assert state.published == [(2, 4)]


@pytest.mark.parametrize(
    "change",
    [
        {"coins": bytes(32)},
        {"coins": b""},
        {"exchange": bytes(32)},
        {"exchange": b"\x01" + bytes(31)},
        {"proof": bytes(64)},
        {"proof": b""},
        {"signature": bytes(64)},
        {"path": ()},
        {"sealed": b""},
    ],
    ids=lambda change: f"{next(iter(change))}-{len(next(iter(change.values())))}",
)
def test_a_false_opening_convicts_the_accuser(change: dict[str, object]) -> None:
    cluster = made()
    accusing(cluster, 4, 2, lambda d: msgspec.structs.replace(d, **change))
    state = cluster.run()

    assert verdicts(cluster) == [("v4", "false-opening")]
    assert 2 in state.qual


def test_the_envelope_of_another_holder_or_dealer_convicts_nobody_but_who_shows_it() -> None:
    """v4 shows the envelope that v2 sent to v5, then v1's as if it were v2's."""
    for other, dealer in ((5, 2), (4, 1)):
        cluster = made()
        accusing(cluster, 4, 2, lambda _, c=cluster, o=other, d=dealer: shown(c, o, d))  # type: ignore[misc]
        cluster.run()

        assert verdicts(cluster) == [("v4", "false-opening")]


@pytest.mark.parametrize("kind", ["missing", "invalid"])
def test_a_complaint_with_or_without_what_belongs_to_it_is_malformed(kind: str) -> None:
    cluster = made()
    everyone = [1, 2, 3, 4, 5]

    def lie(effect: Effect) -> list[Effect]:
        if isinstance(effect, Post) and isinstance(effect.statement, Response):
            disclosure = shown(cluster, 4, 2) if kind == "missing" else None
            told = Complaint(2, kind, b"", disclosure)  # type: ignore[arg-type]
            return [Post(Response(good_bits([1, 3, 4, 5], everyone), (told,)))]
        return [effect]

    cluster.tamper("v4", lie)
    cluster.run()

    assert verdicts(cluster) == [("v4", "malformed-response")]


def test_disclosures_have_no_place_where_complaints_are_disputes() -> None:
    cluster = Cluster(5, 3)
    accusing(cluster, 4, 2, lambda disclosure: disclosure)
    cluster.run()

    assert verdicts(cluster) == [("v4", "malformed-response")]


def test_two_holders_of_one_bad_dealer_convict_it_once() -> None:
    cluster = made()
    cluster.tamper("v2", bending(3, 4, 5))
    state = cluster.run()

    assert verdicts(cluster) == [("v2", "bad-share")]
    assert state.excluded == {2: "bad-share"}


def test_one_response_may_convict_several_dealers() -> None:
    cluster = made()
    cluster.tamper("v1", bending(4))
    cluster.tamper("v2", bending(4))
    cluster.run()

    assert sorted(verdicts(cluster)) == [("v1", "bad-share"), ("v2", "bad-share")]


def test_the_best_of_two_signed_envelopes_counts_for_the_dealer() -> None:
    """Two roots are no fault: who has one good share doesn't complain."""
    cluster = made()
    cluster.until(Phase.RESPOND)
    held = holdings(cluster.machines[3])
    bad = sign_envelopes(cluster.ceremony, 2, cluster.keys[1], {4: bytes(1168)})  # type: ignore[arg-type,dict-item]
    cluster._perform(3, cluster.machines[3].on_message(1, bad[4]))  # type: ignore[arg-type,index]
    state = cluster.run()

    assert len(held._envelopes.get(2, {})) in (0, 2)
    assert not state.faults
    assert not state.complaints


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_lost_shares_blame_nobody(protocol: str) -> None:
    cluster = made(protocol=protocol)
    for source, target in (("v1", "v2"), ("v3", "v5"), ("v5", "v1")):
        cluster.drop(ShareEnvelope, source, target)
    state = cluster.run()

    assert not state.faults
    assert {d.kind for d in state.disputes} == {"missing"}
    assert len(cluster.kept()) == 5


@pytest.mark.parametrize("operation", ["refresh", "reshare"])
def test_rotations_are_provable_too(operation: str) -> None:
    cluster = made()
    cluster.run()
    rotation = cluster.rotation(operation)  # type: ignore[arg-type]
    rotation.tamper("v2", bending(4))
    state = rotation.run()

    assert verdicts(rotation) == [("v2", "bad-share")]
    assert state.phase is Phase.ACTIVE
    assert state.public_key == cluster.state.public_key


def test_a_bad_mask_of_a_repair_proves_its_helper_guilty() -> None:
    cluster = made(5, 3)
    cluster.run()
    repair = cluster.repair(5)
    repair.tamper("v2", bending(1))
    state = repair.run()

    assert verdicts(repair) == [("v2", "bad-share")]
    assert (state.phase, state.reason) == (Phase.FAILED, "too-few-dealers")


def test_a_bad_sum_of_a_repair_proves_its_helper_guilty() -> None:
    cluster = made(5, 3)
    cluster.run()
    repair = cluster.repair(5)
    repair.tamper("v2", bending(5))
    state = repair.run()

    assert verdicts(repair) == [("v2", "bad-share")]
    assert state.phase is Phase.FAILED


def test_without_faults_a_repair_ends_as_ever() -> None:
    cluster = made(5, 3)
    cluster.run()
    repair = cluster.repair(5)

    assert repair.run().phase is Phase.ACTIVE
    assert not repair.state.faults


def test_envelopes_are_the_same_in_every_run() -> None:
    """The ledger may come to hold them, so their coins are drawn."""
    runs = []
    for _ in range(2):
        cluster = made()
        cluster.tamper("v2", bending(4))
        cluster.run()
        runs.append([entry.raw for entry in cluster.entries])

    assert runs[0] == runs[1]


def test_a_restart_before_responding_discloses_all_the_same() -> None:
    cluster = made()
    cluster.tamper("v2", bending(4))
    cluster.until(Phase.DEAL)
    cluster.step()
    cluster.restart("v4")
    cluster.run()

    assert verdicts(cluster) == [("v2", "bad-share")]


def test_what_is_disclosed_opens_nothing_else(group: Group) -> None:
    """The KEM message is one envelope's; Z is the holder's with one dealer's ephemeral."""
    cluster = made()
    cluster.until(Phase.CONFIRM)
    mine = [shown(cluster, 4, dealer) for dealer in (1, 2, 3, 5)]

    assert len({disclosure.coins for disclosure in mine}) == 4
    assert len({disclosure.exchange for disclosure in mine}) == 4
    assert group.scalar_size == 32


def test_an_empty_place_in_a_repair_is_no_envelope_that_does_not_open() -> None:
    """A helper signs its masks with nothing at the target's place, and another helper holds what
    leads there: the target and that helper together can't make a share out of nothing, a bad one.
    """
    cluster = made(4, 3)
    cluster.run()
    repair = cluster.repair(4)

    def accuse(effect: Effect) -> list[Effect]:
        if not (isinstance(effect, Post) and isinstance(effect.statement, Response)):
            return [effect]
        mask = holdings(repair.machines[2])._envelopes[1][0].envelope
        path = (hashlib.sha256(b"\0" + mask.sealed).digest(), *mask.path[1:])
        nothing = Disclosed(b"", path, mask.signature, b"", b"", b"")
        told = Complaint(1, "invalid", b"", nothing)
        dealing = [dealer.index for dealer in repair.ceremony.dealers]
        good = good_dealers(effect.statement.good, dealing) - {1}
        return [Post(Response(good_bits(good, dealing), (told,)))]

    repair.tamper("v4", accuse)
    repair.run()

    assert verdicts(repair) == [("v4", "false-opening")]
