"""``ksim`` as a program: standard output, standard error, exit codes, files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.interrupts import heed_interrupts
from tests.support.tiny import write_tiny

ROOT = Path(__file__).parents[2]


def ksim(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run ``python -m sim`` with `arguments` in `cwd`."""
    return subprocess.run(
        [sys.executable, "-m", "sim", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with ``tiny.toml`` and the run of it in ``results``."""
    folder = tmp_path_factory.mktemp("work")
    write_tiny(folder)
    return folder


@pytest.fixture(scope="module")
def ran(workplace: Path) -> dict[str, object]:
    """The object that ``run --json`` printed."""
    done = ksim("run", "tiny.toml", "--json", cwd=workplace)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return dict(json.loads(done.stdout))


def test_help_tells_exit_codes() -> None:
    done = ksim("--help")

    assert done.returncode == 0
    assert "Exit codes" in done.stdout


def test_help_imports_nothing_heavy() -> None:
    heavy = ["trio", "flint", "pydantic", "cryptography", "gmpy2", "tree_sitter", "numpy"]
    heavy += ["scipy", "polars", "matplotlib", "rich.progress"]
    code = (
        "import sys\nfrom sim.cli.app import invoke\n"
        "try: invoke(['--help'])\n"
        f"except SystemExit: print([m for m in {heavy} if m in sys.modules], file=sys.stderr)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stderr.strip() == "[]"


def test_run_json_prints_one_object_with_every_promised_key(ran: dict[str, object]) -> None:
    assert ran.keys() >= {
        "scenario",
        "seed",
        "digest",
        "verdict",
        "exit_code",
        "run",
        "virtual_seconds",
        "messages",
        "bytes",
        "disputes",
        "keys",
    }
    key = ran["keys"]["beacon"]  # type: ignore[index]  # parsed JSON
    assert key.keys() >= {
        "scheme",
        "threshold",
        "size",
        "status",
        "generation",
        "era",
        "public_key",
        "verification_shares",
        "committee",
        "qual",
        "attempts",
        "faults",
    }
    assert ran["messages"]["shares"] == 6  # type: ignore[index]  # n(n−1)
    assert ran["bytes"]["payload.shares"] == 6 * 32  # type: ignore[index]
    assert ran["run"] == f"results/tiny/1-{ran['plan']}"


def test_run_tells_the_story_and_where_the_files_are(workplace: Path) -> None:
    done = ksim("run", "tiny.toml", cwd=workplace)

    assert done.returncode == 0
    assert done.stderr == ""
    for word in ("tiny", "beacon", "results/tiny/1-", "deal", "confirm"):
        assert word in done.stdout


def test_two_equal_runs_differ_in_machine_json_at_most(workplace: Path) -> None:
    ksim("run", "tiny.toml", "--out", "a", cwd=workplace)
    ksim("run", "tiny.toml", "--out", "b", "--processes", "2", cwd=workplace)

    first, second = (next((workplace / root / "tiny").iterdir()) for root in "ab")

    differing = [
        path.name
        for path in sorted(first.iterdir())
        if path.read_bytes() != (second / path.name).read_bytes()
    ]
    assert differing == ["machine.json"]


def test_a_failed_expectation_ends_with_four_lines(tmp_path: Path) -> None:
    write_tiny(tmp_path, '[[expect]]\nkey = "beacon"\nattempts = 2\n')

    done = ksim("run", "tiny.toml", "--json", cwd=tmp_path)

    assert done.returncode == 1
    shown = json.loads(done.stdout)
    assert (shown["exit_code"], shown["verdict"]) == (1, "expectation failed")
    lines = done.stderr.splitlines()
    assert lines == [
        "expectation failed (exit 1): tiny, seed 1",
        "tiny.toml:27: expected beacon: attempts = 2; but attempts is 1",
        f"run: {shown['run']}",
        f"replay: ksim replay {shown['run']}",
    ]


def test_a_bad_scenario_is_exit_code_2_with_its_place(tmp_path: Path) -> None:
    write_tiny(tmp_path, '[[timeline]]\nat = "1s"\ndo = "partiton"\n')

    for command in ("run", "validate", "explain"):
        done = ksim(command, "tiny.toml", cwd=tmp_path)
        assert done.returncode == 2
        assert done.stdout == ""
        assert "tiny.toml:29:6" in done.stderr
        assert 'did you mean "partition"?' in done.stderr
        assert "Traceback" not in done.stderr


def test_a_bad_scenario_with_json_is_one_object_too(tmp_path: Path) -> None:
    write_tiny(tmp_path)

    done = ksim("run", "tiny.toml", "--set", "run.sed=3", "--json", cwd=tmp_path)

    shown = json.loads(done.stdout)
    assert (done.returncode, shown["exit_code"]) == (2, 2)
    assert shown["errors"][0]["suggestion"] == "seed"


@pytest.mark.parametrize(
    "arguments",
    [
        ("run",),
        ("run", "nowhere.toml"),
        ("runn",),
        ("run", "tiny.toml", "--processes", "0"),
        ("run", "tiny.toml", "--switch", "nonsense=1"),
        ("run", "tiny.toml", "--switch", "perturb=abc"),
        ("run", "tiny.toml", "--switch", "width_divisor=0"),
        ("run", "tiny.toml", "--switch", "memo=-1"),
        ("replay", "nowhere"),
        ("verify", "nowhere"),
        ("verify", "tiny.toml", "--expect-head", "xyz"),
        ("list", "profile"),
        ("init", "tiny.toml"),
        ("init", "no/such/folder.toml"),
    ],
)
def test_bad_usage_is_exit_code_2_without_a_traceback(
    workplace: Path, arguments: tuple[str, ...]
) -> None:
    done = ksim(*arguments, cwd=workplace)

    assert done.returncode == 2
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_brackets_and_colons_in_a_name_are_printed_as_they_are(tmp_path: Path) -> None:
    path = write_tiny(tmp_path).rename(tmp_path / "tiny[bold]:cat:.toml")

    done = ksim("validate", path.name, cwd=tmp_path)

    assert done.stdout == "tiny[bold]:cat:.toml: valid: tiny\n"


def test_init_writes_a_commented_scenario_that_passes(tmp_path: Path) -> None:
    assert ksim("init", "mine.toml", cwd=tmp_path).returncode == 0

    assert "#" in (tmp_path / "mine.toml").read_text()
    done = ksim("run", "mine.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_init_puts_the_schema_beside_the_file_and_never_over_another(tmp_path: Path) -> None:
    schema = tmp_path / "kchain-sim.schema.json"
    first = ksim("init", "mine.toml", cwd=tmp_path)
    assert (tmp_path / "mine.toml").read_text().startswith(f"#:schema ./{schema.name}\n")
    assert schema.read_text() == ksim("schema").stdout
    again = ksim("init", "yours.toml", cwd=tmp_path)
    schema.write_text("{}")
    late = ksim("init", "theirs.toml", cwd=tmp_path)

    assert (first.returncode, again.returncode, late.returncode) == (0, 0, 0)
    assert (first.stderr, again.stderr) == ("", "")
    assert "ksim schema > kchain-sim.schema.json" in late.stderr
    assert schema.read_text() == "{}"


def test_explain_ends_with_a_scenario_that_can_be_run(workplace: Path, tmp_path: Path) -> None:
    done = ksim("explain", "tiny.toml", "--seed", "5", cwd=workplace)

    assert done.returncode == 0
    _, mark, toml = done.stdout.partition("# kchain-sim scenario")
    (tmp_path / "explained.toml").write_text(mark + toml)
    assert ksim("validate", "explained.toml", cwd=tmp_path).returncode == 0


def test_schema_prints_json_schema() -> None:
    done = ksim("schema")

    assert done.returncode == 0
    assert "$schema" in json.loads(done.stdout)


def test_verify_accepts_the_ledger_and_names_a_flipped_byte(
    workplace: Path, ran: dict[str, object], tmp_path: Path
) -> None:
    ledger = workplace / str(ran["run"]) / "ledger.msgpack"

    good = ksim("verify", ledger, "--expect-head", str(ran["head"]))
    data = bytearray(ledger.read_bytes())
    data[len(data) // 2] ^= 1
    (tmp_path / "ledger.msgpack").write_bytes(data)
    bad = ksim("verify", tmp_path / "ledger.msgpack")

    assert good.returncode == 0, good.stderr
    assert str(ran["head"]) in good.stdout
    assert bad.returncode == 3
    assert "block" in bad.stderr or "offset" in bad.stderr
    assert "Traceback" not in bad.stderr


def test_replay_finds_no_difference(workplace: Path, ran: dict[str, object]) -> None:
    done = ksim("replay", str(ran["run"]), cwd=workplace)

    assert done.returncode == 0, done.stderr
    assert str(ran["digest"]) in done.stdout


def test_replay_names_the_versions_that_differ(
    workplace: Path, ran: dict[str, object], tmp_path: Path
) -> None:
    copy = tmp_path / "run"
    copy.mkdir()
    for path in (workplace / str(ran["run"])).iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    machine = json.loads((copy / "machine.json").read_text())
    machine["libraries"]["trio"] = "0.0.1"
    (copy / "machine.json").write_text(json.dumps(machine))

    done = ksim("replay", copy)

    assert done.returncode == 0
    assert "version differs: libraries.trio: then 0.0.1, now " in done.stderr


def children(pid: int) -> list[int]:
    """Process ids of the children of `pid`, started from any of its threads."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for path in lists for child in path.read_text().split()]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for children in /proc")
@pytest.mark.parametrize("workers", [0, 1])
def test_ctrl_c_ends_the_run_with_130_and_leaves_nobody_behind(
    tmp_path: Path, workers: int
) -> None:
    write_tiny(tmp_path)
    arguments = ["run", "tiny.toml", "--processes", str(workers + 1)]
    # Large enough not to be over when it is interrupted.
    arguments += ["--set", "validators.n=128", "--set", "keys.beacon.threshold=86"]
    process = subprocess.Popen(
        [sys.executable, "-m", "sim", *arguments],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=heed_interrupts,
        text=True,
    )
    deadline = time.monotonic() + 30
    while len(children(process.pid)) < workers and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(1.5)
    started = children(process.pid)

    os.killpg(process.pid, signal.SIGINT)  # to the whole group, as a terminal does
    _, stderr = process.communicate(timeout=30)

    assert len(started) == workers
    assert process.returncode == 130
    assert stderr == "interrupted\n"
    assert not any(Path(f"/proc/{child}").exists() for child in started)
    assert not (tmp_path / "results").exists()
