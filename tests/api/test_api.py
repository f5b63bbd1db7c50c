"""The public surface: what it returns, what it raises, and where it works."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import nacl.signing
import pytest

from sim import api
from tests.support.tiny import write_tiny


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> api.Scenario:
    return api.load(write_tiny(tmp_path_factory.mktemp("tiny")))


@pytest.fixture(scope="module")
def run(tiny: api.Scenario, tmp_path_factory: pytest.TempPathFactory) -> api.Run:
    return api.run(tiny, out=tmp_path_factory.mktemp("results"))


def test_everything_promised_exists_and_is_documented() -> None:
    assert len(api.__all__) == len(set(api.__all__))
    for name in api.__all__:
        assert getattr(api, name).__doc__, name


def test_a_run_has_a_key_that_signs(run: api.Run) -> None:
    key = run.keys["beacon"]

    assert (run.verdict, run.exit_code) == ("pass", 0)
    assert (key.status, key.threshold, key.size, key.attempts) == ("Active", 2, 3, 1)
    assert key.qual == key.committee == ("v00", "v01", "v02")
    assert len(key.verification_shares) == 3
    assert key["public_key"] == key.public_key
    assert run.faults == ()
    assert run.disputes == ()
    assert key.public_key is not None
    assert key.test_signature is not None
    nacl.signing.VerifyKey(bytes.fromhex(key.public_key)).verify(
        bytes.fromhex(key.test_signature.message), bytes.fromhex(key.test_signature.signature)
    )


def test_the_ledger_of_a_run_verifies_from_memory_file_and_folder(run: api.Run) -> None:
    assert run.folder is not None

    found = [
        api.verify(source)
        for source in (
            run.ledger(),
            bytes(run.ledger()),
            run.folder / "ledger.msgpack",
            str(run.folder),
        )
    ]

    assert all(verified == found[0] for verified in found)
    (key,) = found[0].keys.values()
    assert key.public_key == run.keys["beacon"].public_key
    assert (key.status, key.generations, key.activations, key.sessions) == ("Active", 1, 1, 1)
    assert found[0].head == run.summary["head"]
    assert len(list(run.ledger())) == found[0].blocks
    api.verify(run.ledger(), expect_head=found[0].head)
    with pytest.raises(api.LedgerError):
        api.verify(run.ledger(), expect_head="00" * 32)


def test_a_stored_run_opens_as_it_was(run: api.Run) -> None:
    assert run.folder is not None

    opened = api.open_run(run.folder)

    assert opened.summary == run.summary
    assert opened.keys == run.keys
    assert list(opened.events()) == list(run.events())
    assert bytes(opened.ledger()) == bytes(run.ledger())


def test_a_run_without_a_folder_stores_nothing_until_it_is_saved(
    tiny: api.Scenario, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    run = api.run(tiny)

    assert list(tmp_path.iterdir()) == []
    assert run.save(tmp_path / "kept") == run.folder
    assert api.open_run(tmp_path / "kept").digest == run.digest


def test_the_seed_argument_replaces_that_of_the_scenario(tiny: api.Scenario, run: api.Run) -> None:
    other = api.run(tiny, seed=2)

    assert (other.summary["seed"], run.summary["seed"]) == (2, 1)
    assert other.digest != run.digest


def test_a_scenario_is_varied_and_never_changed(tiny: api.Scenario) -> None:
    three = tiny.with_({"keys.beacon.threshold": 3})

    assert api.resolve(three)[0].keys[0].threshold == 3
    assert api.resolve(tiny)[0].keys[0].threshold == 2


def test_the_resolved_scenario_runs_alike(tiny: api.Scenario, run: api.Run, tmp_path: Path) -> None:
    _, text = api.resolve(tiny)
    (tmp_path / "resolved.toml").write_text(text, encoding="utf-8")

    again = api.run(api.load(tmp_path / "resolved.toml"))

    assert again.digest == run.digest


def test_a_bad_scenario_raises_with_all_diagnostics(tmp_path: Path) -> None:
    path = write_tiny(tmp_path, '[[timeline]]\nat = "1s"\ndo = "partiton"\n[nonsense]\n')

    with pytest.raises(api.ScenarioError) as caught:
        api.load(path)

    assert len(caught.value.diagnostics) == 2


def test_nothing_is_printed(
    tiny: api.Scenario, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    api.run(tiny, out=tmp_path)

    assert capfd.readouterr() == ("", "")


def test_a_run_works_inside_a_running_event_loop(tiny: api.Scenario, run: api.Run) -> None:
    async def notebook() -> str:
        return api.run(tiny).digest

    assert asyncio.run(notebook()) == run.digest


def test_a_run_works_outside_the_main_thread(tiny: api.Scenario, run: api.Run) -> None:
    digests: list[str] = []

    thread = threading.Thread(target=lambda: digests.append(api.run(tiny).digest))
    thread.start()
    thread.join()

    assert digests == [run.digest]


def test_progress_is_told_and_its_errors_end_the_run(tiny: api.Scenario) -> None:
    reached: list[api.Progress] = []

    class EnoughError(Exception):
        pass

    def watch(progress: api.Progress) -> None:
        reached.append(progress)
        if len(reached) == 3:
            raise EnoughError

    with pytest.raises(EnoughError):
        api.run(tiny, progress=watch)

    assert len(reached) == 3
    assert [p.time_us for p in reached] == sorted(p.time_us for p in reached)


def test_a_replay_of_an_honest_run_finds_no_difference(run: api.Run) -> None:
    assert run.folder is not None

    replay = api.replay(run.folder)

    assert (replay.exit_code, replay.divergence) == (0, None)
    # Whoever works on the program may commit between the two; nothing else differs.
    assert [name for name, _, _ in replay.versions if not name.startswith("program.")] == []
    assert replay.events == len(list(run.events()))


@pytest.mark.parametrize(
    "kind", ["behaviours", "invariants", "profiles", "actions", "events", "schemes", "faults"]
)
def test_every_catalogue_has_names_and_sentences(kind: str) -> None:
    entries = api.catalogue(kind)

    assert entries
    assert all(name and sentence for name, sentence in entries.items())


def test_a_key_that_cannot_be_made_is_told_with_its_reason(tiny: api.Scenario) -> None:
    silent = tiny.with_(
        {
            "adversary": [{"nodes": ["v00"], "behaviour": "silent-dealer"}],
            "keys.beacon.threshold": 3,
            "keys.beacon.attempts": 1,
            "ledger.phases.deal": 5,
            "expect": [{"key": "beacon", "ceremony": "failed", "reason": "too-few-dealers"}],
        }
    )

    run = api.run(silent)

    key = run.keys["beacon"]
    assert run.exit_code == 0
    assert (key.status, key.public_key, key.reason) == ("Failed", None, "too-few-dealers")
    assert [(f.validator, f.fault, f.proof) for f in run.faults] == [("v00", "no-deal", False)]


@pytest.fixture
def failing(tiny: api.Scenario) -> api.Scenario:
    return tiny.with_({"expect": [{"key": "beacon", "ceremony": "failed"}]})


def test_a_failed_expectation_is_exit_code_1(failing: api.Scenario) -> None:
    run = api.run(failing)

    assert (run.exit_code, run.verdict) == (1, "expectation failed")
    assert [result["passed"] for result in run.summary["expectations"]] == [False]


def test_a_ceremony_cut_off_by_the_duration_is_a_liveness_violation(tiny: api.Scenario) -> None:
    run = api.run(tiny.with_({"run.duration": "5s", "expect": []}))

    assert (run.exit_code, run.verdict) == (4, "liveness violated")
    assert [v["invariant"] for v in run.summary["violations"]] == ["ceremonies-end"]


def test_a_message_limit_is_a_budget(tiny: api.Scenario) -> None:
    run = api.run(tiny.with_({"run.message_limit": 3}))

    assert (run.exit_code, run.verdict) == (7, "budget exceeded")
