"""Keys of one party among adversaries: nobody to lie to, and a secret that is there or isn't."""

from __future__ import annotations

from pathlib import Path

import pytest

from sim import api

SCENARIO = """schema = 1
name = "paper"
[run]
seed = 1
duration = "2m"
[validators]
n = 4
[keys.paper]
scheme = "{scheme}"
threshold = 1
committee = ["v00"]
[keys.beacon]
scheme = "ED25519"
threshold = 3
[[timeline]]
at = "0s"
do = "create-key"
key = "paper"
[[timeline]]
at = "0s"
do = "create-key"
key = "beacon"
[[adversary]]
nodes = ["v00"]
behaviour = "{behaviour}"
{lasts}
[[expect]]
key = "beacon"
ceremony = "completed"
exposed = false
[[expect]]
key = "paper"
ceremony = "completed"
exposed = {exposed}
"""


def run(tmp_path: Path, **values: str) -> api.Run:
    path = tmp_path / "paper.toml"
    path.write_text(SCENARIO.format(**values), encoding="utf-8")
    return api.run(api.load(path))


@pytest.mark.parametrize("scheme", ["MLDSA", "MLKEM"])
@pytest.mark.parametrize("behaviour", ["bad-share-one", "silent-dealer"])
def test_lies_to_others_leave_a_key_of_one_party_alone(
    scheme: str, behaviour: str, tmp_path: Path
) -> None:
    values = {"scheme": scheme, "behaviour": behaviour, "lasts": 'until = "1s"'}

    assert run(tmp_path, **values, exposed="false").keys["paper"].status == "Active"


@pytest.mark.parametrize("scheme", ["MLDSA", "MLKEM"])
def test_whoever_reads_the_holders_store_has_the_whole_key(scheme: str, tmp_path: Path) -> None:
    values = {"scheme": scheme, "behaviour": "mobile-adversary", "lasts": 'from = "1m"'}

    done = run(tmp_path, **values, exposed="true")

    assert [line["passed"] for line in done.summary["expectations"]] == [True, True]
    told = {v["invariant"]: v["time_us"] for v in done.summary["violations"]}
    assert told["generations-stay-hidden"] == 60_000_000, "when it was read, not when it was made"
