"""The run's folder: what is in it, and what is never lost."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import msgpack
import pytest

from sim.scenario.expect_plan import ExpectPlan
from sim.scenario.network_plan import NetworkPlan
from sim.scenario.plan import LedgerPlan, Plan, QuotaPlan, TransportPlan, ValidatorPlan
from sim.world.eventlog import Event
from sim.world.folder import FolderError, RunFiles, RunFolder, plan_id, write_run
from sim.world.verdicts import VERDICTS, Exit

EVENT = Event(10, 0, 0, "send", "beacon/dkg/0", 1, ("share", "v01", 1), 1, "ok", (15,))


def plan(seed: int = 7) -> Plan:
    return Plan(
        name="tiny",
        seed=seed,
        tags=(),
        duration_us=None,
        reaction_us=20_000,
        validators=(ValidatorPlan(name="v00", region=""), ValidatorPlan(name="v01", region="")),
        network=NetworkPlan(profile="ideal"),
        ledger=LedgerPlan(),
        transport=TransportPlan(),
        cost="instant",
        quotas=QuotaPlan(),
        keys=(),
        timeline=(),
        corruptions=(),
        expects=(ExpectPlan(file="tiny.toml", line=3, attempts=1),),
    )


def files(digest: str = "aa", exit_code: int = 0, scenario: str = "schema = 1\n") -> RunFiles:
    return RunFiles(
        scenario=scenario,
        plan=plan(),
        inlined={"profile": {"name": "ideal"}, "cost": {"name": "instant"}},
        ledger=msgpack.packb({"format": "kchain-ledger", "version": 1}),
        events=[EVENT],
        digests={"run": digest},
        summary={
            "scenario": "tiny",
            "seed": 7,
            "verdict": VERDICTS[Exit(exit_code)],
            "exit_code": exit_code,
            "digest": digest,
        },
        machine={"wall_seconds": 1.5},
    )


def test_every_file_begins_with_its_format_and_version(tmp_path: Path) -> None:
    folder = write_run(tmp_path, files()).path

    assert sorted(path.name for path in folder.iterdir()) == [
        "digests.json",
        "events.msgpack",
        "ledger.msgpack",
        "machine.json",
        "plan.json",
        "scenario.resolved.toml",
        "summary.json",
    ]
    for path in folder.glob("*.json"):
        content = json.loads(path.read_text())
        assert list(content)[:2] == ["format", "version"]
        assert content["format"] == f"kchain-{path.stem}"
    for path in folder.glob("*.msgpack"):
        with path.open("rb") as stream:
            header = next(iter(msgpack.Unpacker(stream)))
        assert (header["format"], header["version"]) == (f"kchain-{path.stem}", 1)


def test_the_folder_is_named_by_scenario_seed_and_plan(tmp_path: Path) -> None:
    folder = write_run(tmp_path, files()).path

    assert folder == tmp_path / "tiny" / f"7-{plan_id(files().scenario)}"
    assert len(plan_id("x")) == 8
    assert plan_id("schema = 1\n") != plan_id("schema = 1\nname = 'x'\n")


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    folder = RunFolder(write_run(tmp_path, files()).path)

    assert list(folder.events()) == [EVENT]
    assert folder.scenario() == "schema = 1\n"
    assert folder.summary()["digest"] == "aa"
    assert folder.plan() == plan()


def test_equal_runs_share_a_folder(tmp_path: Path) -> None:
    first = write_run(tmp_path, files(exit_code=3))
    second = write_run(tmp_path, files(exit_code=3))

    assert second == first
    assert len(list((tmp_path / "tiny").iterdir())) == 1


def test_a_failing_folder_is_never_overwritten_by_another_digest(tmp_path: Path) -> None:
    failed = write_run(tmp_path, files("aa", exit_code=3)).path
    before = {path.name: path.read_bytes() for path in failed.iterdir()}

    second = write_run(tmp_path, files("bb"))
    third = write_run(tmp_path, files("cc", exit_code=1))
    again = write_run(tmp_path, files("cc", exit_code=1))

    assert (second.path.name, second.beside) == (f"{failed.name}-2", failed)
    assert third.path == second.path  # the second run passed, so its folder may be replaced
    assert again.path == third.path
    assert {path.name: path.read_bytes() for path in failed.iterdir()} == before


def test_a_passing_folder_is_replaced(tmp_path: Path) -> None:
    first = write_run(tmp_path, files("aa"))
    second = write_run(tmp_path, files("bb"))

    assert second.path == first.path
    assert RunFolder(second.path).summary()["digest"] == "bb"


def test_a_folder_that_is_no_run_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "tiny" / f"7-{plan_id(files().scenario)}"
    mine.mkdir(parents=True)
    (mine / "notes.txt").write_text("mine")

    written = write_run(tmp_path, files())

    assert written.path != mine
    assert (mine / "notes.txt").read_text() == "mine"


def test_a_run_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    broken: Any = files()
    object.__setattr__(broken, "machine", {"clock": object()})  # no JSON

    with pytest.raises(TypeError):
        write_run(tmp_path, broken)

    assert list((tmp_path / "tiny").iterdir()) == []


def test_a_newer_version_is_refused_by_name(tmp_path: Path) -> None:
    folder = write_run(tmp_path, files()).path
    (folder / "summary.json").write_text('{"format": "kchain-summary", "version": 2}')

    with pytest.raises(FolderError, match=r"summary\.json: version 2"):
        RunFolder(folder).summary()


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"format": "kchain-plan"}', "\x00"])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    folder = write_run(tmp_path, files()).path
    (folder / "summary.json").write_text(content)

    with pytest.raises(FolderError, match=r"summary\.json"):
        RunFolder(folder).summary()


def test_what_a_damaged_file_lacks_is_named(tmp_path: Path) -> None:
    folder = write_run(tmp_path, files()).path
    (folder / "summary.json").write_text('{"format": "kchain-summary", "version": 1, "seed": 7}')
    (folder / "digests.json").write_text('{"format": "kchain-digests", "version": 1}')

    with pytest.raises(FolderError, match=r"summary\.json: .* no scenario, verdict, exit_code, di"):
        RunFolder(folder).summary()
    with pytest.raises(FolderError, match=r"digests\.json: is damaged: it has no run"):
        RunFolder(folder).digests()


@pytest.mark.parametrize("cut", [1, 20, 200])
def test_damaged_events_are_named(tmp_path: Path, cut: int) -> None:
    folder = write_run(tmp_path, files()).path
    path = folder / "events.msgpack"
    path.write_bytes(path.read_bytes()[:-cut])

    with pytest.raises(FolderError, match=r"events\.msgpack"):
        list(RunFolder(folder).events())


def test_what_a_killed_writer_left_is_no_run(tmp_path: Path) -> None:
    only = write_run(tmp_path, files()).path
    for name in (".7-0.99.tmp", ".7-0.99.old"):
        shutil.copytree(only, tmp_path / "tiny" / name)

    assert RunFolder.find(tmp_path).path == only


def test_a_run_that_cannot_take_its_place_leaves_what_stood_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    there = write_run(tmp_path, files("aa")).path
    rename = Path.rename

    def failing(path: Path, target: Path) -> Path:
        if path.suffix == ".tmp":
            raise PermissionError(13, "Permission denied")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(PermissionError):
        write_run(tmp_path, files("bb"))

    assert [path.name for path in (tmp_path / "tiny").iterdir()] == [there.name]
    assert RunFolder(there).digests()["run"] == "aa"


def test_numbers_stand_in_one_line_and_text_is_left_alone(tmp_path: Path) -> None:
    told: Any = files()
    object.__setattr__(told, "machine", {"numbers": [1, -2], "text": "of [ 1, 2 ] and [ 3 ]"})
    folder = write_run(tmp_path, told).path

    assert '"numbers": [1, -2]' in (folder / "machine.json").read_text()
    assert RunFolder(folder).machine()["text"] == "of [ 1, 2 ] and [ 3 ]"


def test_a_header_without_a_number_of_records_is_named(tmp_path: Path) -> None:
    folder = write_run(tmp_path, files()).path
    header = {"format": "kchain-events", "version": 1}
    (folder / "events.msgpack").write_bytes(msgpack.packb(header))

    with pytest.raises(FolderError, match=r"events\.msgpack"):
        RunFolder(folder).event_count()


def test_a_run_is_found_below_a_folder_if_it_is_the_only_one(tmp_path: Path) -> None:
    only = write_run(tmp_path, files()).path

    assert RunFolder.find(tmp_path).path == only

    write_run(tmp_path, files(scenario="schema = 1\nname = 'other'\n"))
    with pytest.raises(FolderError, match="2 runs"):
        RunFolder.find(tmp_path)
    with pytest.raises(FolderError, match="no such"):
        RunFolder.find(tmp_path / "nowhere")
