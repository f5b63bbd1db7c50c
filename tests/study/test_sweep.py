"""Sweeps: interrupted, divided, failing; their rows are those of one that nothing happened to."""

from __future__ import annotations

import errno
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from sim import api
from sim.base import extras
from sim.study import merging
from sim.study.merging import MergeError
from sim.study.sweep_folder import JOURNAL, MACHINE, ROWS, SWEEP
from sim.world.machine import describe
from tests.support.interrupts import heed_interrupts
from tests.support.tiny import TINY

polars = pytest.importorskip("polars")
from polars.testing import assert_frame_equal  # noqa: E402

ROOT = Path(__file__).parents[2]

SWEPT = f"""{TINY}
[[expect]]
sometimes = "share-sent"

[sweep]
"validators.n" = [3, 4]
"network.loss" = ["0%", "10%"]
seeds = 6
"""
RUNS = 24

FAILING = """
[[expect]]
key = "beacon"
attempts = 2
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("swept") / "swept.toml"
    path.write_text(SWEPT)
    return path


@pytest.fixture(scope="module")
def whole(file: Path) -> api.Sweep:
    """The sweep that nothing happened to."""
    return api.sweep(api.load(file), processes=2)


def ksim(*arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sim", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,
    )


def told(*arguments: object) -> tuple[int, str, str]:
    process = ksim(*arguments)
    out, err = process.communicate()
    return process.returncode, out, err


def lines(out: Path) -> list[dict[str, object]]:
    """The whole lines of the only journal below `out`."""
    found = [line for path in out.rglob(JOURNAL) for line in path.read_text().split("\n")[:-1]]
    return [json.loads(line) for line in found]


def stop_when(process: subprocess.Popen[str], out: Path, runs: int, how: int) -> int:
    """Send a signal once so many runs are in the journal."""
    while len(lines(out)) <= runs:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(how)
    process.communicate()
    return process.returncode


def test_a_sweep_has_a_row_for_every_run_with_the_digest_that_the_run_has(
    file: Path, whole: api.Sweep
) -> None:
    assert whole.exit_code == 0
    assert whole.rows.height == RUNS == whole.total
    assert whole.rows["point"].to_list() == [point for point in range(4) for _ in range(6)]
    assert whole.rows["seed"].to_list() == [*range(1, 7)] * 4
    row = whole.rows.row(6 + 2, named=True)  # the second point's third seed
    alone = api.run(api.load(file, ["validators.n=3", "network.loss=10%"]), seed=3)
    assert row["digest"] == alone.digest
    assert row["plan"] == alone.summary["plan"]
    assert row["messages"] == sum(alone.summary["messages"].values())
    assert row["meters.proof.verify"] == alone.summary["meters"]["proof.verify"]
    assert row["beacon.public_key"] == alone.keys["beacon"].public_key
    assert (row["validators.n"], row["network.loss"]) == (3, "10%")


def test_a_sweeps_runs_name_the_machine_that_did_them(tmp_path: Path) -> None:
    (tmp_path / "swept.toml").write_text(SWEPT.replace("seeds = 6", "seeds = 1"))

    done = api.sweep(api.load(tmp_path / "swept.toml"), processes=1)

    known = describe()
    names = ("host", "platform", "cpu", "cpus")
    assert done.machine.select(names).unique().rows() == [
        (platform.node(), known["platform"], known["cpu"]["model"], known["cpu"]["count"])
    ]


def test_an_interrupted_and_a_killed_sweep_go_on_and_end_with_the_same_rows(
    file: Path, whole: api.Sweep, tmp_path: Path
) -> None:
    command = ("sweep", file, "-j", 2, "--out", tmp_path)
    assert stop_when(ksim(*command), tmp_path, 4, signal.SIGINT) == 130
    interrupted = len(lines(tmp_path)) - 1
    assert not list(tmp_path.rglob(ROWS))
    assert stop_when(ksim(*command), tmp_path, interrupted + 4, signal.SIGKILL) == -signal.SIGKILL
    assert interrupted + 4 <= len(lines(tmp_path)) - 1 < RUNS

    code, out, err = told(*command, "--resume")

    assert (code, err) == (0, "")
    assert "24 runs" in out
    runs = [(line["point"], line["seed"]) for line in lines(tmp_path)[1:]]
    assert sorted(runs) == sorted(set(runs))  # nothing was done twice
    (rows,) = tmp_path.rglob(ROWS)
    assert_frame_equal(polars.read_parquet(rows), whole.rows)
    assert polars.read_parquet(rows.with_name(MACHINE)).height == RUNS


def test_merged_shards_are_the_undivided_sweep(
    file: Path, whole: api.Sweep, tmp_path: Path
) -> None:
    scenario = api.load(file)
    shards = [
        api.sweep(scenario, processes=1, shard=(number, 4), out=tmp_path / "parts")
        for number in (3, 1, 4, 2)
    ]

    assert [shard.total for shard in shards] == [6] * 4
    folders = [shard.folder for shard in shards if shard.folder is not None]
    merged = api.merge(folders, tmp_path / "all")
    assert_frame_equal(merged.rows, whole.rows)
    assert merged.exported()["sometimes"] == whole.exported()["sometimes"]
    assert merged.folder is not None
    assert_frame_equal(polars.read_parquet(merged.folder / ROWS), whole.rows)
    with pytest.raises(MergeError, match="is where the merged sweep would go"):
        api.merge([merged.folder], tmp_path / "all")
    assert_frame_equal(api.open_sweep(merged.folder).rows, whole.rows)
    with pytest.raises(MergeError, match="missing: shard 3/4"):
        api.merge(folders[1:], tmp_path / "all")
    with pytest.raises(MergeError, match="shard 1/4 is there 2 times"):
        api.merge([*folders, folders[1]], tmp_path / "all")
    journal = folders[0] / JOURNAL
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:-2]))
    with pytest.raises(MergeError, match="isn't finished: 2 of 6 runs are missing"):
        api.merge(folders, tmp_path / "all")


def test_shards_of_different_sweeps_are_no_sweep(file: Path, tmp_path: Path) -> None:
    one = api.sweep(api.load(file), {"seeds": 2}, processes=1, shard=(1, 2), out=tmp_path)
    other = api.sweep(
        api.load(file), {"network.loss": "3%"}, processes=1, shard=(2, 2), out=tmp_path
    )
    fewer = api.sweep(api.load(file), {"seeds": 3}, processes=1, shard=(2, 2), out=tmp_path)
    assert one.folder is not None
    assert other.folder is not None
    assert fewer.folder is not None

    with pytest.raises(MergeError, match="is of another sweep than"):
        api.merge([one.folder, other.folder], tmp_path)
    with pytest.raises(MergeError, match="has 3 seeds from 1 on"):
        api.merge([one.folder, fewer.folder], tmp_path)
    code, _, err = told("merge", one.folder, other.folder, "--out", tmp_path)
    assert code == 2
    assert err.startswith(f"error: {other.folder}: is of another sweep")


def test_more_seeds_keep_what_is_done(file: Path, tmp_path: Path) -> None:
    scenario = api.load(file)
    first = api.sweep(scenario, {"seeds": 2}, processes=1, out=tmp_path)
    more = api.sweep(scenario, {"seeds": 4}, processes=1, out=tmp_path)

    assert (first.folder, first.total, more.total) == (more.folder, 2, 4)
    assert [line["seed"] for line in lines(tmp_path)[1:]] == [1, 2, 3, 4]
    assert_frame_equal(more.rows.head(2), first.rows)


def test_failing_runs_keep_their_folders_and_these_replay(tmp_path: Path) -> None:
    (tmp_path / "failing.toml").write_text(TINY + FAILING)
    scenario = api.load(tmp_path / "failing.toml")

    done = api.sweep(scenario, {"expect.1.attempts": [2, 1]}, processes=1, out=tmp_path)

    assert (done.exit_code, done.verdicts) == (1, {"expectation failed": 1, "pass": 1})
    (failure,) = done.failures
    assert (failure.point, failure.seed, failure.exit_code) == (0, 1, 1)
    assert failure.folder is not None
    replayed = api.replay(failure.folder)
    assert replayed.exit_code == 0
    assert replayed.stored.digest == done.rows["digest"][0]
    bad, good = done.points
    assert (bad.passed, good.passed) == (0, 1)
    assert bad.interval == pytest.approx((0, 0.975))  # Clopper and Pearson for 0 of 1
    assert good.interval == pytest.approx((0.025, 1))
    assert [point["rate"] for point in done.exported()["points"]] == [0, 1]


def test_what_must_happen_in_some_run_is_judged_over_all(tmp_path: Path) -> None:
    (tmp_path / "hopes.toml").write_text(
        f'{TINY}\n[[expect]]\nsometimes = "complaint-sent"\n[[expect]]\nsometimes = "share-sent"\n'
        'validator = "v02"\n'
    )
    scenario = api.load(tmp_path / "hopes.toml")

    alone = api.run(scenario)
    done = api.sweep(scenario, {"seeds": 2}, processes=1)
    part = api.sweep(scenario, {"seeds": 2}, processes=1, shard=(1, 2))

    assert alone.exit_code == 0
    results = [r for r in alone.summary["expectations"] if "sometimes" in r]
    assert [(r["passed"], r["count"] > 0) for r in results] == [(True, False), (True, True)]
    assert [(hope.met, hope.runs) for hope in done.sometimes] == [(False, 0), (True, 2)]
    assert (done.exit_code, done.verdict) == (1, "expectation failed")
    assert all(count > 0 for count in done.rows["sometimes.share-sent@v02"])
    assert [hope.met for hope in part.sometimes] == [None, True]
    assert part.exit_code == 0


KILLER = """
import os

from sim import extend

@extend.behaviour()
def killer(effect, corruption):
    \"\"\"Kill the process that plays it. Applies to everybody.

    Expected: a sweep says which run it was.
    \"\"\"
    os._exit(7)
    yield effect
"""


def test_a_run_that_kills_its_worker_is_told_by_name_and_the_others_are_done(
    tmp_path: Path,
) -> None:
    (tmp_path / "bad.py").write_text(KILLER)
    (tmp_path / "killed.toml").write_text(
        f'use = ["./bad.py"]\n{TINY}\n[[adversary]]\nnodes = ["v01"]\nbehaviour = "copy-dealer"\n'
        '[sweep]\n"adversary.0.behaviour" = ["bad-share-one", "bad:killer", "late-complaint"]\n'
    )

    code, out, _ = told("sweep", tmp_path / "killed.toml", "-j", 1, "--out", tmp_path, "--json")

    done = json.loads(out)
    assert code == done["exit_code"] == 6
    assert done["done"] == 2
    (error,) = done["errors"]
    assert error["run"] == "tiny, seed 1 (adversary.0.behaviour = bad:killer)"
    assert "the worker ended: status 7" in error["error"]


def test_what_a_crash_left_of_a_last_line_is_cut_off(file: Path, tmp_path: Path) -> None:
    scenario = api.load(file)
    before = api.sweep(scenario, {"seeds": 3}, processes=1, out=tmp_path)
    (journal,) = tmp_path.rglob(JOURNAL)
    content = journal.read_bytes()
    journal.write_bytes(content[:-20])

    after = api.sweep(scenario, {"seeds": 3}, processes=1, out=tmp_path)

    assert_frame_equal(after.rows, before.rows)
    assert len(journal.read_bytes().splitlines()) == 4


def test_another_program_may_not_go_on_with_a_sweep(file: Path, tmp_path: Path) -> None:
    scenario = api.load(file)
    api.sweep(scenario, {"seeds": 1}, processes=1, out=tmp_path)
    (plan,) = tmp_path.rglob(SWEEP)
    content = json.loads(plan.read_text())
    content["versions"]["program"]["source"] = "0123456789abcdef"
    plan.write_text(json.dumps(content))

    with pytest.raises(api.FolderError, match=r"program.source: then 0123456789abcdef, now"):
        api.sweep(scenario, {"seeds": 1}, processes=1, out=tmp_path)
    api.sweep(scenario, {"seeds": 1}, processes=1, out=tmp_path, fresh=True)


def failing(folder: Path) -> Path:
    """A scenario whose only run fails."""
    (folder / "failing.toml").write_text(TINY + FAILING)
    return folder / "failing.toml"


def tree(folder: Path) -> dict[str, bytes]:
    """Every file below `folder`."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_failure_that_another_one_stood_in_the_way_of_is_found_beside_it(tmp_path: Path) -> None:
    command = ("sweep", failing(tmp_path), "--seeds", 1, "-j", 1, "--out", tmp_path)
    assert told(*command)[0] == 1
    (summary,) = tmp_path.rglob("summary.json")
    earlier = json.loads(summary.read_text())
    summary.write_text(json.dumps({**earlier, "digest": "of another program's run"}))
    (journal,) = tmp_path.rglob(JOURNAL)
    journal.unlink()

    code, out, err = told(*command)

    beside = summary.parent.with_name(f"{summary.parent.name}-2")
    assert code == 1
    assert err == f"note: {summary.parent} failed with another digest and was left alone\n"
    assert f"ksim replay {beside}" in out
    (failure,) = api.open_sweep(journal.parent).failures
    assert failure.folder == beside
    assert api.replay(beside).exit_code == 0


def test_a_journal_that_does_not_name_folders_is_read(tmp_path: Path) -> None:
    done = api.sweep(api.load(failing(tmp_path)), {"seeds": 1}, processes=1, out=tmp_path)
    assert done.folder is not None
    header, entry = lines(tmp_path)
    (failure,) = done.failures
    assert failure.folder is not None
    assert entry.pop("folder") == failure.folder.name
    (done.folder / JOURNAL).write_text(f"{json.dumps(header)}\n{json.dumps(entry)}\n")

    again = api.open_sweep(done.folder)

    assert again.failures == done.failures


def without(*keys: str) -> str:
    """A line of a journal in which one key is missing."""
    row: dict[str, object] = {"plan": "0123abcd", "verdict": "pass", "exit_code": 0, "height": 3}
    row |= {"virtual_seconds": 1.5, "messages": 1, "bytes": 1, "ledger_bytes": 1}
    taken = {"cpu_seconds": 1, "wall_seconds": 1.0, "peak_memory_mib": 50}
    whole: dict[str, object] = {"point": 0, "seed": 1, "row": row, "machine": taken}
    for key in keys:
        whole.pop(key, None)
        row.pop(key, None)
    return json.dumps(whole)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{}", "missing required field `point`"),
        ('{"point": 0}', "missing required field `seed`"),
        ("5", "Expected `object`, got `int`"),
        ("{", "Expecting property name"),
        (without("row"), "missing required field `row`"),
        (without("exit_code"), r"missing required field `exit_code` - at `\$.row`"),
        (without().replace('"exit_code": 0', '"exit_code": 99'), "Invalid enum value 99"),
        (without().replace('"height": 3', '"height": "high"'), r"got `str` - at `\$.row.height`"),
        (without("machine"), "missing required field `machine`"),
    ],
)
def test_a_damaged_line_of_a_journal_is_named(
    file: Path, line: str, said: str, tmp_path: Path
) -> None:
    scenario = api.load(file)
    done = api.sweep(scenario, {"seeds": 1}, processes=1, out=tmp_path)
    assert done.folder is not None
    journal = done.folder / JOURNAL
    good = journal.read_text()
    journal.write_text(f"{good}{without()}\n{line}\n")

    error = rf"journal\.jsonl:4: .*{said}"
    with pytest.raises(api.FolderError, match=error):
        api.open_sweep(done.folder)
    with pytest.raises(api.FolderError, match=error):
        api.sweep(scenario, {"seeds": 1}, processes=1, out=tmp_path)
    with pytest.raises(api.FolderError, match=error):
        api.merge([done.folder], tmp_path / "merged")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"shard": [0, 1]}, "there is no shard 0/1"),
        ({"shard": [1, 0]}, "there is no shard 1/0"),
        ({"shard": [3, 2]}, "there is no shard 3/2"),
        ({"keys": ["validators.n"]}, "point 0 has no validators.n"),
    ],
)
def test_a_plan_that_makes_no_sense_is_told(
    file: Path, change: dict[str, object], said: str, tmp_path: Path
) -> None:
    done = api.sweep(api.load(file), {"seeds": 1}, processes=1, out=tmp_path)
    assert done.folder is not None
    plan = done.folder / SWEEP
    plan.write_text(json.dumps({**json.loads(plan.read_text()), **change}))

    with pytest.raises(api.FolderError, match=rf"sweep\.json: is damaged: {said}"):
        api.open_sweep(done.folder)


@pytest.mark.parametrize("broken", ["copytree", "rename"])
def test_a_merge_that_fails_half_way_leaves_what_stood_there(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = api.load(failing(tmp_path))
    api.sweep(scenario, {"seeds": 2}, processes=1, out=tmp_path / "all")
    shards = [
        api.sweep(scenario, {"seeds": 2}, processes=1, shard=(number, 2), out=tmp_path / "parts")
        for number in (1, 2)
    ]
    folders = [shard.folder for shard in shards if shard.folder is not None]
    before = tree(tmp_path / "all")

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        if broken == "copytree":
            patched.setattr(shutil, "copytree", full)
        else:
            patched.setattr(merging, "swap", full)
        with pytest.raises(OSError, match="No space left"):
            api.merge(folders, tmp_path / "all")

    assert tree(tmp_path / "all") == before
    assert len(list((tmp_path / "all" / "tiny").iterdir())) == 1
    merged = api.merge(folders, tmp_path / "all")
    assert tree(tmp_path / "all").keys() == before.keys()
    assert [failure.folder.is_dir() for failure in merged.failures if failure.folder] == [True] * 2


def test_a_shard_without_runs_says_so(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(TINY)

    code, _, err = told(
        "sweep", tmp_path / "tiny.toml", "--seeds", 2, "--shard", "3/5", "--out", tmp_path
    )

    assert code == 0
    assert err == "note: shard 3/5 has nothing to do: there are fewer runs than shards\n"


def test_two_processes_can_not_be_at_one_sweep(file: Path, tmp_path: Path) -> None:
    done = api.sweep(api.load(file), {"seeds": 1}, processes=1, out=tmp_path)
    assert done.folder is not None
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import fcntl, sys\nf = open(sys.argv[1])\nfcntl.flock(f, fcntl.LOCK_EX)\n"
            "print(flush=True)\nsys.stdin.read()",
            str(done.folder / JOURNAL),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        holder.stdout.readline()

        for seeds, fresh in ((2, False), (1, True)):
            with pytest.raises(api.FolderError, match="another process is writing it"):
                api.sweep(api.load(file), {"seeds": seeds}, processes=1, out=tmp_path, fresh=fresh)
        part = api.sweep(
            api.load(file), {"seeds": 1}, processes=1, shard=(1, 1), out=tmp_path / "parts"
        )
        assert part.folder is not None
        with pytest.raises(api.FolderError, match="another process is writing it"):
            api.merge([part.folder], tmp_path)

        holder.kill()
    again = api.open_sweep(done.folder)
    assert (again.total, again.done) == (done.total, done.done)  # neither began nor forgot anything


def test_nothing_runs_before_every_point_is_known_to_be_right(file: Path, tmp_path: Path) -> None:
    code, _, err = told(
        "sweep", file, "--out", tmp_path, "--set", 'sweep."keys.beacon.threshold"=[2,9]'
    )

    assert code == 2
    assert "threshold 9 is above the committee's size, 3" in err
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--shard", "5/4"], '--shard is I/N with I from 1 to N, not "5/4"'),
        (["--resume"], "there is nothing to resume"),
        (["--cluster", "tcp://127.0.0.1:9"], "no Dask scheduler answers at tcp://127.0.0.1:9"),
    ],
)
def test_wrong_usage_is_told(
    file: Path, tmp_path: Path, arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, err = told("sweep", file, "--out", tmp_path, *arguments)

    assert (code, out) == (2, "")
    assert said in err


def test_a_file_without_a_sweep_needs_a_number_of_seeds(tmp_path: Path) -> None:
    (tmp_path / "tiny.toml").write_text(TINY)

    refused = told("sweep", tmp_path / "tiny.toml", "--out", tmp_path)
    code, out, _ = told("sweep", tmp_path / "tiny.toml", "--out", tmp_path, "--seeds", 2)

    assert refused[0] == 2
    assert "has no [sweep]" in refused[2]
    assert code == 0
    assert "2 runs" in out


def test_validate_and_explain_show_the_grid_and_run_says_that_it_ignores_it(
    file: Path, tmp_path: Path
) -> None:
    valid, explained = told("validate", file), told("explain", file)
    code, out, err = told("run", file, "--out", tmp_path, "--json")

    assert valid[:2] == (0, f"{file}: valid: tiny, a sweep of 4 points and 24 runs\n")
    assert "Sweep: 4 points, seeds 1 … 6 each: 24 runs" in explained[1]
    assert code == 0
    assert err == f"note: one run of the base scenario; its [sweep]: ksim sweep {file}\n"
    assert json.loads(out)["digest"] == api.run(api.load(file)).digest


def test_a_missing_library_is_told_with_its_extra(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda name: None)

    with pytest.raises(api.MissingExtraError, match=r"pip install 'kchain-sim\[report\]'"):
        api.sweep(api.load(file), processes=1)


def test_a_worker_of_another_program_refuses(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from sim.study import sweep_folder

    monkeypatch.setattr(sweep_folder, "source_hash", lambda: "another")

    done = api.sweep(api.load(file), {"seeds": 1}, processes=1)

    assert done.exit_code == 6
    assert "other versions" in done.exported()["errors"][0]["error"]
