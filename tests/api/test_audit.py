"""The audit log's queries: by key, requester, time, height and outcome."""

from __future__ import annotations

import pytest

from sim import api
from sim.protocol.requests import Policy
from tests.kchain.scene import BLOCK_US, OWNER
from tests.kchain.signing import FRIEND, STRANGER, Signing, active


@pytest.fixture(scope="module")
def signing() -> Signing:
    """The trial and one request signed, one failed, one expired, three refused."""
    signing = active(Policy(None, ("drand",), principals=(FRIEND.public,)))
    signing.record(signing.statement("test-1-0"))
    signing.request("s1", FRIEND)
    signing.record(signing.statement("s1"))
    signing.request("s2")
    task = signing.task("s2")
    bad = tuple(signing.evidence(task, member) for member in (2, 4))
    signing.record(signing.statement("s2", signature=b"", signers=(), bad=bad))
    signing.request("s3", STRANGER)
    signing.request("s4", OWNER, context="bridge")
    signing.request("s5", OWNER, key="other")
    signing.request("s6", OWNER)
    while signing.state.open_sessions:
        signing.scene.step()
    return signing


@pytest.fixture(scope="module")
def ledger(signing: Signing) -> bytes:
    return signing.scene.file()


def sessions(lines: list[api.AuditLine]) -> list[str]:
    return [line.session for line in lines]


def test_every_line_is_found_in_the_order_of_the_ledger(signing: Signing, ledger: bytes) -> None:
    lines = api.audit(ledger)

    assert sessions(lines) == ["test-1-0", "s1", "s2", "s3", "s4", "s5", "s6"]
    assert [line.outcome for line in lines] == [entry.outcome for entry in signing.state.audit]


def test_line_says_what_was_signed_when_by_whom_for_whom(signing: Signing, ledger: bytes) -> None:
    (line,) = api.audit(ledger, outcome="signed", by=FRIEND.public.hex())

    entry = next(entry for entry in signing.state.audit if entry.signing == "s1")
    assert line == api.AuditLine(
        height=entry.height,
        time_us=entry.height * BLOCK_US,
        at=line.at,
        key="beacon",
        era=1,
        generation=0,
        requester=FRIEND.public.hex(),
        by="",
        session="s1",
        context="drand",
        message_hash=entry.message_hash.hex(),
        signers=("v1", "v2", "v3"),
        outcome="signed",
        bad=(),
    )
    assert line.at.startswith("2026-01-01T00:0")
    assert line.at.endswith("Z")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"key": "beacon"}, ["test-1-0", "s1", "s2", "s3", "s4", "s6"]),
        ({"key": "other"}, ["s5"]),
        ({"by": "K-chain"}, ["test-1-0"]),
        ({"by": "owner"}, ["s2", "s4", "s5", "s6"]),
        ({"by": FRIEND.public.hex()[:8]}, ["s1"]),
        ({"by": STRANGER.public.hex().upper()}, ["s3"]),
        ({"outcome": "signed"}, ["test-1-0", "s1"]),
        ({"outcome": "expired"}, ["s6"]),
        ({"outcome": "failed"}, ["s2"]),
        ({"outcome": "refused"}, ["s3", "s4", "s5"]),
        ({"outcome": "PolicyViolation"}, ["s4"]),
        ({"outcome": "KeyRetired"}, []),
        ({"key": "beacon", "by": "owner", "outcome": "refused"}, ["s4"]),
    ],
)
def test_queries_combine(ledger: bytes, query: dict[str, str], found: list[str]) -> None:
    assert sessions(api.audit(ledger, **query)) == found


def test_ranges_are_inclusive_in_heights_virtual_time_and_dates(ledger: bytes) -> None:
    lines = api.audit(ledger)
    first, last = lines[2], lines[4]
    wanted = ["s2", "s3", "s4"]

    heights = api.audit(ledger, since=f"h{first.height}", until=f"h{last.height}")
    times = api.audit(ledger, since=f"{first.time_us}us", until=f"{last.time_us}us")
    dates = api.audit(ledger, since=first.at, until=last.at)

    assert [sessions(found) for found in (heights, times, dates)] == [wanted] * 3
    assert api.audit(ledger, since="2027-01-01") == []
    assert len(api.audit(ledger, since="2026-01-01")) == 7
    assert api.audit(ledger, until="2026-01-01T01:00+02:00") == []


@pytest.mark.parametrize(
    ("query", "option", "suggestion"),
    [
        ({"key": "becon"}, "key", "beacon"),
        ({"by": "K-chian"}, "by", "K-chain"),
        ({"by": "abc"}, "by", None),
        ({"outcome": "PolicyViolated"}, "outcome", "PolicyViolation"),
        ({"since": "1234"}, "since", "h1234"),
        ({"until": "3 days"}, "until", "3d"),
        ({"until": "yesterday"}, "until", None),
        ({"since": "h9", "until": "h8"}, "since", None),
    ],
)
def test_what_means_nothing_is_refused_with_what_could_be_meant(
    ledger: bytes, query: dict[str, str], option: str, suggestion: str | None
) -> None:
    with pytest.raises(api.AuditError) as refused:
        api.audit(ledger, **query)

    assert (refused.value.option, refused.value.suggestion) == (option, suggestion)
    assert suggestion is None or f'did you mean "{suggestion}"?' in str(refused.value)


def test_the_ledger_is_verified_first(ledger: bytes) -> None:
    with pytest.raises(api.LedgerError):
        api.audit(ledger.replace(b"hello", b"hullo", 1))
