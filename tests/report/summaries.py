"""Hand-written summaries: what the world stores, small enough to read."""

from __future__ import annotations

from typing import Any

Record = dict[str, Any]

COMMITTEE = ["v00", "v01", "v02", "v03"]


def statement(height: int, validator: str, kind: str, **content: Any) -> Record:
    return {
        "height": height,
        "time_us": height * 2_000_000,
        "validator": validator,
        "kind": kind,
        "transaction": f"{height:02x}{kind.encode().hex()[:10]}{validator[1:]}" + "0" * 48,
        "rejected": None,
        **content,
    }


def phase(name: str, start: int, end: int | None) -> Record:
    return {
        "phase": name,
        "start": start,
        "end": end,
        "start_us": (start - 1) * 2_000_000,
        "end_us": None if end is None else end * 2_000_000,
    }


def fault(validator: str, name: str, height: int, *evidence: str) -> Record:
    return {
        "validator": validator,
        "fault": name,
        "proof": bool(evidence),
        "attempt": 1,
        "height": height,
        "time_us": height * 2_000_000,
        "evidence": list(evidence),
    }


def attempt(**changes: Any) -> Record:
    """Return an attempt of 3-of-4: v01 sent v03 a bad share, v02 no share to v00; both answered."""
    told = [
        statement(4, "v01", "response", complaints=[]),
        statement(4, "v02", "response", complaints=[]),
        statement(9, "v00", "response", complaints=[{"dealer": "v02", "kind": "missing"}]),
        statement(9, "v03", "response", complaints=[{"dealer": "v01", "kind": "invalid"}]),
        statement(10, "v01", "justification", replies=[{"accuser": "v03", "kind": "clear"}]),
        statement(10, "v02", "justification", replies=[{"accuser": "v00", "kind": "sealed"}]),
        statement(11, "v00", "open-reply", openings=[{"dealer": "v02", "accepts": True}]),
        *(statement(13, who, "sign") for who in COMMITTEE[:3]),
    ]
    sound: Record = {
        "key": "beacon",
        "session": "beacon/dkg/0",
        "era": 1,
        "generation": 0,
        "attempt": 1,
        "outcome": "active",
        "reason": None,
        "detail": None,
        "start": 2,
        "start_us": 2_000_000,
        "end": 13,
        "end_us": 26_000_000,
        "committee": COMMITTEE,
        "threshold": 3,
        "quorum": 3,
        "phases": [
            phase("announce", 2, 2),
            phase("deal", 3, 3),
            phase("respond", 4, 9),
            phase("justify", 10, 10),
            phase("open", 11, 11),
            phase("confirm", 12, 12),
            phase("sign-1", 13, 13),
        ],
        "announced": COMMITTEE,
        "dealt": COMMITTEE,
        "qual": COMMITTEE,
        "excluded": [],
        "faults": [],
        "disputes": [
            {"dealer": "v01", "accuser": "v03", "kind": "invalid"},
            {"dealer": "v02", "accuser": "v00", "kind": "missing"},
        ],
        "published": [{"dealer": "v01", "holder": "v03"}],
        "confirmed": COMMITTEE,
        "signing_sets": 1,
        "excluded_from_signing": [],
        "statements": told,
    }
    return {**sound, **changes}


def failed_attempt() -> Record:
    """Return an attempt in which two of four dealers were silent."""
    return attempt(
        outcome="failed",
        reason="too-few-dealers",
        detail="2 valid deals of 3 needed; out: v00 (no-deal), v01 (no-deal)",
        phases=[phase("announce", 2, 2), phase("deal", 3, 92)],
        end=92,
        end_us=184_000_000,
        dealt=["v02", "v03"],
        qual=[],
        excluded=[
            {"validator": "v00", "reason": "no-deal"},
            {"validator": "v01", "reason": "no-deal"},
        ],
        faults=[fault("v00", "no-deal", 92), fault("v01", "no-deal", 92)],
        disputes=[],
        published=[],
        confirmed=[],
        signing_sets=0,
        statements=[],
    )


def key(**changes: Any) -> Record:
    active: Record = {
        "scheme": "ED25519",
        "threshold": 3,
        "quorum": 3,
        "size": 4,
        "status": "Active",
        "public_key": "ab" * 32,
        "committee": COMMITTEE,
        "qual": COMMITTEE,
        "attempts": 1,
        "attempts_max": 3,
        "reason": None,
        "shareless": [],
        "activation": {"signature": "cd" * 64, "height": 13, "time_us": 26_000_000},
        "test_signature": {
            "message": "00ff",
            "signature": "ef" * 64,
            "signers": ["v00", "v01", "v02"],
            "verified": True,
            "height": 15,
            "time_us": 30_000_000,
        },
    }
    return {**active, **changes}


def failed_key() -> Record:
    return key(
        status="Failed",
        public_key=None,
        qual=[],
        attempts=3,
        reason="too-few-dealers",
        activation=None,
        test_signature=None,
    )


def summary(**changes: Any) -> Record:
    passed: Record = {
        "scenario": "first-key",
        "seed": 7,
        "plan": "0badc0de",
        "verdict": "pass",
        "exit_code": 0,
        "ending": "finished",
        "head": "12" * 32,
        "height": 15,
        "virtual_seconds": 30.25,
        "messages": {"shares": 12, "acks": 12, "deal": 4},
        "bytes": {"payload.shares": 14_016, "overhead": 500},
        "digest": "34" * 32,
        "keys": {"beacon": key()},
        "ceremonies": [attempt()],
        "actions": [
            {"id": "a", "do": "create-key", "at_us": 0, "key": "beacon"},
            {
                "id": "b",
                "do": "partition",
                "at_us": 5_000_000,
                "groups": [["v00", "v01"], ["v02", "ledger"]],
                "until_us": 20_000_000,
            },
            {
                "id": "c",
                "do": "crash",
                "when": {"event": "share-sent", "node": "v03", "nth": 2},
                "nodes": ["v03"],
            },
        ],
        "corruptions": [
            {"id": "c1", "validator": "v01", "behaviour": "bad-share-one", "injected": 1}
        ],
        "violations": [],
        "expectations": [
            {
                "file": "first-key.toml",
                "line": 40,
                "text": "beacon: ceremony = completed",
                "passed": True,
                "detail": "",
                "violates": None,
            }
        ],
    }
    return {**passed, **changes}


def failed_summary() -> Record:
    return summary(
        verdict="safety violated",
        exit_code=3,
        keys={"beacon": failed_key()},
        ceremonies=[failed_attempt()],
        violations=[
            {
                "invariant": "secrecy",
                "kind": "safety",
                "detail": "the polynomial of v02 is known",
                "time_us": 20_000_000,
                "validator": "v02",
            }
        ],
        expectations=[
            {
                "file": "first-key.toml",
                "line": 40,
                "text": "beacon: ceremony = completed",
                "passed": False,
                "detail": "ceremony is failed",
                "violates": None,
            }
        ],
    )
