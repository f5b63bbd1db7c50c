"""What an account must not say: that a crash is a fault, that a sound key is broken or unheld."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sim import api
from sim.report import account_text

HEAD = """\
schema = 1
name = "accounts"
run = { seed = 3 }
validators = { n = 7 }
network = { profile = "ideal" }
keys.beacon = { scheme = "ED25519", threshold = 4 }
keys.pq = { scheme = "MLDSA", threshold = 1, committee = ["v02"] }

[[timeline]]
at = "0s"
do = "create-key"
key = "pq"

[[timeline]]
at = "0s"
do = "create-key"
key = "beacon"
"""


def entry(at: str, do: str, more: str = "") -> str:
    return f'\n[[timeline]]\nat = "{at}"\ndo = "{do}"\n{more}\n'


def run(folder: Path, *entries: str, changes: dict[str, Any] | None = None) -> api.Run:
    path = folder / "accounts.toml"
    path.write_text(HEAD + "".join(entries), encoding="utf-8")
    return api.run(api.load(path).with_(changes or {}))


def test_who_is_down_is_missed_once_in_a_rotation_and_never_blamed(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        entry("30s", "crash", 'nodes = ["v03", "v04", "v05", "v06"]'),
        entry("60s", "refresh", 'key = "beacon"'),
        entry("50s", "sign", 'key = "beacon"'),
    )

    (rotation,) = ran.keys["beacon"].rotations
    assert (rotation.outcome, rotation.attempts, rotation.blamed) == ("aborted", 3, ())
    assert [(out.validator, out.reason) for out in rotation.excluded] == [
        (name, "no-deal") for name in ("v03", "v04", "v05", "v06")
    ]
    told = account_text(ran.summary)
    assert "without v03, v04, v05, v06: no deal" in told
    assert "blamed v0" not in told
    assert told.index("0:50.0") < told.index("1:00.0"), "by time, whatever the file's order"


def test_a_liar_is_blamed_in_the_timeline(tmp_path: Path) -> None:
    lie = '\n[[adversary]]\nnodes = ["v03"]\nbehaviour = "refresh-nonzero-sum"\n'
    ran = run(tmp_path, entry("60s", "refresh", 'key = "beacon"'), lie)

    generation = ran.keys["beacon"].generations[1]
    assert [(b.validator, b.fault) for b in generation.blamed] == [("v03", "wrong-constant")]
    assert generation.excluded == ()
    assert "blamed v03: its constant term" in account_text(ran.summary)


def test_a_single_partys_key_is_sound_and_held_in_every_era(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        entry("60s", "rekey", 'key = "pq"'),
        entry("90s", "sign", 'key = "pq"'),
    )

    assert ran.summary["violations"] == []
    key = ran.keys["pq"]
    assert (key.era, key.shareless, key.sessions.complete) == (2, (), 1)
    told = account_text(ran.summary)
    assert "1,952 bytes" in told
    assert "3,309 bytes" in told
    assert "One validator holds the whole key." in told
    assert max(map(len, told.splitlines())) <= 100


def test_a_single_party_that_lost_its_key_is_said_to_be_without(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        entry("60s", "crash", 'node = "v02"\nlose = "all"\nrestart = "after 5s"'),
        entry("90s", "refresh", 'key = "beacon"'),
    )

    assert ran.keys["pq"].shareless == ("v02",)


def test_two_members_that_lose_their_shares_at_once_are_both_repaired_at_once(
    tmp_path: Path,
) -> None:
    lost = 'nodes = ["v01", "v04"]\nlose = "all"\nrestart = "after 5s"'
    ran = run(tmp_path, entry("60s", "crash", lost))

    repairs = ran.keys["beacon"].rotations
    assert [(r.target, r.outcome, r.attempts) for r in repairs] == [
        ("v01", "activated", 1),
        ("v04", "activated", 1),
    ]
    assert all(r.excluded == () for r in repairs)
    assert "crash" in account_text(ran.summary)
    assert "v01, v04, losing all, for 5s" in account_text(ran.summary)


@pytest.mark.parametrize(("asked", "code"), [(False, 0), (True, 4)], ids=["a rule", "a principal"])
def test_the_end_may_cut_off_what_a_rule_began_but_nothing_that_was_asked_for(
    tmp_path: Path, asked: bool, code: int
) -> None:
    rule = {"keys.beacon.rotate.every": "1m"}
    wish = [entry("60s", "refresh", 'key = "beacon"')]

    ran = run(
        tmp_path,
        *(wish if asked else []),
        changes={"run.duration": "65s"} if asked else {"run.duration": "77s", **rule},
    )

    assert ran.keys["beacon"].status == "Rotating"
    assert ran.exit_code == code


def test_a_rotation_that_is_given_up_says_why_in_words(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        entry("60s", "refresh", 'key = "beacon"'),
        entry("62s", "rollback", 'key = "beacon"'),
        entry("90s", "refresh", 'key = "beacon"'),
        entry("92s", "repair", 'key = "beacon"\nnode = "v03"'),
        entry("93s", "retire", 'key = "beacon"'),
    )

    told = account_text(ran.summary)
    assert "rolled back: by request" in told
    assert "rolled back: the key was retired" in told
    assert "dropped: the key was retired" in told
    assert "rolled-back" not in told
    assert "0 messages" not in told
