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
        "operation": "dkg",
        "dealers": COMMITTEE,
        "target": None,
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


def generation(**changes: Any) -> Record:
    """Return the first generation of 3 of 4."""
    first: Record = {
        "era": 1,
        "generation": 0,
        "operation": "dkg",
        "trigger": "create",
        "requested_us": 2_000_000,
        "started_us": 2_000_000,
        "height": 13,
        "time_us": 26_000_000,
        "attempts": 1,
        "threshold": 3,
        "committee": COMMITTEE,
        "joined": COMMITTEE,
        "left": [],
        "blamed": [],
        "excluded": [],
        "disputes": 0,
        "messages": 48,
        "bytes": 21_000,
        "unavailable_us": 0,
        "public_key": "ab" * 32,
        "test_signature": {"verified": True, "time_us": 30_000_000, "height": 15},
    }
    return {**first, **changes}


def rotation(**changes: Any) -> Record:
    """Return a refresh that was given up."""
    aborted: Record = {
        "request": None,
        "operation": "refresh",
        "trigger": "manual",
        "era": 1,
        "generation": 1,
        "outcome": "aborted",
        "reason": "too-few-dealers",
        "target": None,
        "requested_us": 40_000_000,
        "started_us": 42_000_000,
        "height": 300,
        "time_us": 600_000_000,
        "attempts": 3,
        "blamed": [],
        "excluded": [],
        "disputes": 0,
        "messages": 90,
        "bytes": 30_000,
    }
    return {**aborted, **changes}


def key(**changes: Any) -> Record:
    active: Record = {
        "scheme": "ED25519",
        "era": 1,
        "generation": 0,
        "generations": [generation()],
        "rotations": [],
        "retired_us": None,
        "sessions": {"complete": 0, "expired": 0, "failed": 0, "open": 0, "refused": {}},
        "available": 1.0,
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
        generations=[],
        available=None,
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
        "genesis_time_us": 1_767_225_600_000_000,
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
        "requests": [],
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


def rotated_key() -> Record:
    """Return a key with one of everything that can happen to one, in an hour."""
    five = ["v00", "v02", "v03", "v04", "v05"]
    minute = 60_000_000
    return key(
        status="Active",
        generation=3,
        threshold=2,
        committee=five,
        generations=[
            generation(),
            generation(
                generation=1,
                operation="reshare",
                trigger="churn",
                time_us=10 * minute,
                height=300,
                threshold=2,
                committee=five,
                joined=["v04", "v05"],
                left=["v01"],
                blamed=[{"validator": "v02", "fault": "equivocation"}],
                excluded=[{"validator": "v01", "reason": "no-deal"}],
                disputes=1,
                attempts=2,
                messages=1_204,
                bytes=210_000,
                unavailable_us=200_000_000,
            ),
            generation(
                generation=2,
                operation="refresh",
                trigger="schedule",
                time_us=20 * minute,
                height=600,
                threshold=2,
                committee=five,
                joined=[],
                test_signature={"verified": False, "time_us": 0, "height": 1},
            ),
            generation(
                generation=3,
                operation="refresh",
                trigger="emergency",
                time_us=50 * minute,
                height=1_500,
                threshold=2,
                committee=five,
                joined=[],
                test_signature=None,
            ),
        ],
        rotations=[
            rotation(outcome="activated", operation="reshare", generation=1),
            rotation(
                operation="repair",
                trigger="lost-share",
                generation=2,
                outcome="activated",
                reason=None,
                target="v04",
                height=800,
                time_us=26 * minute,
                attempts=1,
            ),
            rotation(generation=3, height=1_000, time_us=33 * minute),
            rotation(
                generation=3,
                outcome="rolled-back",
                reason=None,
                height=1_200,
                attempts=1,
                time_us=40 * minute,
            ),
            rotation(generation=4, outcome=None, reason=None, height=None, time_us=None),
        ],
        sessions={
            "complete": 12,
            "expired": 1,
            "failed": 0,
            "open": 0,
            "refused": {"PolicyViolation": 2, "Unauthorized": 1},
        },
        available=0.99957,
    )


def old_key() -> Record:
    """Return a key of a year: a refresh every week, a reshare every month, some trouble."""
    week = 7 * 86_400_000_000
    generations, rotations, number = [generation()], [], 0
    for weeks in range(1, 53):
        monthly = weeks % 4 == 0
        if weeks == 30:
            rotations.append(
                rotation(generation=number + 1, time_us=weeks * week, height=9_072_000)
            )
        number += 1
        generations.append(
            generation(
                generation=number,
                operation="reshare" if monthly else "refresh",
                trigger="epoch" if monthly else "schedule",
                time_us=weeks * week + 600_000_000,
                height=weeks * 302_400 + 300,
                joined=["v04"] if monthly else [],
                left=["v01"] if monthly else [],
                excluded=[{"validator": "v01", "reason": "no-deal"}] if weeks == 17 else [],
                unavailable_us=weeks * 100_000_000 if weeks % 13 == 0 else 0,
            )
        )
    sessions = {"complete": 361, "expired": 3, "failed": 0, "open": 0, "refused": {}}
    return key(generation=number, generations=generations, rotations=rotations, sessions=sessions)


def rotated_summary() -> Record:
    return summary(keys={"beacon": rotated_key()})


def year_summary() -> Record:
    """Return a year of one key, with a crash a day and a signature asked for every day."""
    day = 86_400_000_000
    actions = [
        {"id": f"{do}/{n}", "do": do, "at_us": n * day + 5, **about}
        for n in range(365)
        for do, about in (
            ("sign", {"key": "beacon", "context": "daily"}),
            ("crash", {"nodes": [f"v{n % 4:02}"], "until_us": 3_600_000_000}),
        )
    ]
    sound = [attempt(attempt=n, disputes=[]) for n in range(52)]
    return summary(
        scenario="a-year",
        virtual_seconds=365 * 86_400.0,
        height=15_768_000,
        keys={"beacon": old_key()},
        ceremonies=[*sound, failed_attempt()],
        actions=[*actions, {"id": "e", "do": "emergency", "at_us": 100 * day, "key": "beacon"}],
    )


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


def partitioned_summary() -> Record:
    """Return a run with a partition of three committees; one of the keys ended badly."""
    zones = [f"zone-{place:02}" for place in range(3)]
    committees: dict[str, Record] = {
        name: {
            "members": [f"{name}-{i}" for i in range(4)],
            "stake": 1000 * (place + 1),
            "corrupted": 2 * place,
            "corrupted_stake": 500 * place,
        }
        for place, name in enumerate(zones)
    }
    figures = {
        name: {
            "round": 0,
            "status": "Active",
            "threshold": 3,
            "size": 4,
            "stake": committee["stake"],
            "corrupted": committee["corrupted"],
            "corrupted_stake": committee["corrupted_stake"],
            "to_capture": max(0, 3 - committee["corrupted"]),
            "captured": committee["corrupted"] >= 3,
            "to_block": 0,
        }
        for name, committee in committees.items()
    }
    drawn = {"round": 0, "height": 1, "index": 0, "seed": "5e" * 32, "committees": committees}
    shared = {"file": "zones.toml", "violates": None}
    met = [
        {
            "text": f"{name}: ceremony = completed",
            "passed": True,
            "detail": "",
            "line": 20,
            **shared,
        }
        for name in zones
    ]
    moved = [
        {
            "text": f"{name}: rotation = completed of anew/{name} within 1m",
            "passed": name != "zone-01",
            "detail": "" if name != "zone-01" else "rotation is refused: RotationPending",
            "line": 30,
            **shared,
        }
        for name in zones
    ]
    entries: list[Record] = [
        {"id": f"{stem}/{name}", "do": do, "at_us": at_us, "key": name, **more}
        for stem, do, at_us, more in (
            ("made", "create-key", 0, {}),
            ("renewed", "refresh", 30_000_000, {}),
            ("anew", "reshare", 60_000_000, {"repartition": "anew"}),
        )
        for name in zones
    ]
    requests = [
        {
            "id": entry["id"],
            "do": entry["do"],
            "key": entry["key"],
            "by": "owner",
            "asked_us": entry["at_us"],
            "height": entry["at_us"] // 2_000_000 + 1,
            "time_us": entry["at_us"] + 2_000_000,
            "refused": "RotationPending" if entry["id"] == "anew/zone-01" else None,
        }
        for entry in entries
    ]
    keys = {name: key(committee=committees[name]["members"]) for name in zones}
    keys["zone-01"] = {**keys["zone-01"], "shareless": ["zone-01-2"]}
    return summary(
        verdict="expectation failed",
        exit_code=1,
        keys=keys,
        ceremonies=[],
        actions=entries,
        requests=requests,
        expectations=[*met, *moved],
        partitions={"zone": {"keys": figures, "rounds": [drawn]}},
    )
