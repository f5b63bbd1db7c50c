"""Replays of runs that did not go the same way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sim import api
from sim.world.outcome import Switches
from tests.support.tiny import write_tiny


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stored run over lossy links, so that there is something to replay."""
    place = tmp_path_factory.mktemp("lossy")
    scenario = api.load(write_tiny(place), ["network.profile=lan", "network.loss=5%"])
    return api.run(scenario, seed=1).save(place / "results")


def perturbed(folder: Path) -> tuple[api.Event, str]:
    """A send of the stored run, and the switch that changes the draw for it."""
    send = next(
        event
        for event in api.open_run(folder).events()
        if event.kind == "send" and event.label[0] == "share" and event.verdict == "ok"
    )
    kind, subject, attempt = send.label
    place = f"{send.session}#{attempt} {kind} {subject} {send.transmission}"
    return send, f"{send.validator}>{send.peer} {place}"


@pytest.mark.parametrize("processes", [1, 2])
def test_a_perturbed_draw_is_named_at_its_sender_at_that_send(folder: Path, processes: int) -> None:
    send, switch = perturbed(folder)

    replay = api.replay(folder, processes, switches=Switches(perturb=switch))

    found = replay.divergence
    assert replay.exit_code == 5
    assert found is not None
    assert (found.time_us, found.sequence) == (send.time_us, send.sequence)
    assert found.validator == f"v{send.validator:02}"
    assert found.stored == send
    assert found.replayed is not None
    assert found.replayed[:8] == send[:8]
    assert found.replayed.extra != send.extra


def test_a_replay_with_other_windows_schedules_and_caches_is_the_same(folder: Path) -> None:
    for switches in (
        Switches(width_divisor=5),
        Switches(shuffle=3),
        Switches(memo=0),
        Switches(memo=1),
    ):
        assert api.replay(folder, switches=switches).divergence is None


def test_a_tampered_record_is_named(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    events = (tmp_path / "events.msgpack").read_bytes()
    (tmp_path / "events.msgpack").write_bytes(events.replace(b"receive", b"receivf", 1))

    found = api.replay(tmp_path).divergence

    assert found is not None
    assert found.stored is not None
    assert found.stored.kind == "receivf"


def test_a_summary_of_another_program_is_a_divergence(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    digests = json.loads((tmp_path / "digests.json").read_text())
    digests["summary"] = "00" * 32
    (tmp_path / "digests.json").write_text(json.dumps(digests))

    replay = api.replay(tmp_path)

    assert replay.divergence == api.Divergence("summary")


def test_a_changed_table_is_told_as_a_version(folder: Path, tmp_path: Path) -> None:
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    plan = json.loads((tmp_path / "plan.json").read_text())
    plan["profile"]["floor_us"] += 1
    (tmp_path / "plan.json").write_text(json.dumps(plan))

    replay = api.replay(tmp_path)

    changed = [name for name, _, _ in replay.versions if not name.startswith("program.")]
    assert changed == ["profile"]
    assert replay.divergence is None


def test_a_run_cut_short_by_its_wall_limit_replays_as_far_as_it_got(tmp_path: Path) -> None:
    scenario = api.load(write_tiny(tmp_path), ["run.wall_limit=1us"])
    run = api.run(scenario, out=tmp_path)
    assert run.exit_code == 7
    assert run.folder is not None

    replay = api.replay(run.folder)

    assert replay.divergence is None
    assert replay.run.summary["ending"] == "finished"
