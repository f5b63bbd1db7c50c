"""Worker processes: they die loudly, print harmlessly, and never outlive the run."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pytest

from sim.base.errors import LocalError
from sim.engine.context import Context
from sim.engine.coordinator import run_simulation
from sim.engine.failure import WorkerError, cause
from sim.engine.ports import Hooks, Life, Progress, SimulationConfig
from tests.engine.stage import about, idle, play
from tests.engine.test_runs import ping_pong
from tests.engine.toy_ledger import ToyLedger
from tests.support.interrupts import heed_interrupts

ROOT: Final = Path(__file__).parents[2]


def children() -> set[int]:
    """Return the process ids of living children of this process, whichever thread began them."""
    listed = Path("/proc/self/task").glob("*/children")
    return {int(pid) for tasks in listed for pid in tasks.read_text().split()}


@pytest.fixture(autouse=True)
def no_process_is_left() -> object:
    before = children()
    yield
    assert children() == before


def dying(death: Life) -> Sequence[Life]:
    """Return two lives; the second, in the worker, dies at its first input."""

    async def life(context: Context) -> None:
        await context.sleep(20_000)
        await death(context)

    return [idle, life]


def raising() -> Sequence[Life]:
    async def death(context: Context) -> None:
        raise ValueError("a bug in the worker")

    return dying(death)


def test_an_exception_in_a_worker_ends_the_run_with_its_traceback() -> None:
    with pytest.raises(WorkerError) as caught:
        play(raising, processes=2)

    assert "worker 1 failed" in str(caught.value)
    assert 'raise ValueError("a bug in the worker")' in str(caught.value)
    assert "in validator 1 at 20000 µs of virtual time" in str(caught.value)


def exiting() -> Sequence[Life]:
    async def death(context: Context) -> None:
        os.write(2, b"last words\n")
        os._exit(7)

    return dying(death)


def test_a_worker_that_just_ends_is_reported_with_its_last_words(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(WorkerError, match="worker 1 ended with status 7:\nlast words"):
        play(exiting, processes=2)

    assert "last words" in capsys.readouterr().err


def test_a_killed_worker_ends_the_run_at_once() -> None:
    waits.clear()
    with pytest.raises(WorkerError, match="worker 1 ended with status -9"):
        play(slow_coordinator, processes=2)

    assert 0 < len(waits) < WAITS


WAITS = 1_000
waits: list[int] = []
"""Those of the slow validator, which lives in this process."""


def slow_coordinator() -> Sequence[Life]:
    """Every wait of the coordinator's own shard is a window; it would take a minute."""

    async def slow(context: Context) -> None:
        for number in range(WAITS):
            waits.append(number)
            await context.sleep(10)
            await context.work(lambda: time.sleep(0.06))
        await idle(context)

    async def death(context: Context) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    return [slow, death]


def printing() -> Sequence[Life]:
    async def life(context: Context) -> None:
        print("not a frame", flush=True)  # noqa: T201  # that is the point
        os.write(1, b"nor is this\n")
        context.record("input", about(sys.stdin.read()))
        await idle(context)

    return [idle, life]


def test_prints_in_a_worker_go_to_standard_error_and_its_input_is_empty(
    capsys: pytest.CaptureFixture[str],
) -> None:
    play(printing, processes=2)

    out, err = capsys.readouterr()
    assert out == ""
    assert err == "not a frame\nnor is this\n"


def test_an_unknown_factory_is_named() -> None:
    config = SimulationConfig(factory="tests.engine.stage:nothing", config=b"")

    with pytest.raises(LocalError, match=r"no factory 'tests\.engine\.stage:nothing'"):
        run_simulation(config, ToyLedger(1, 1))


def test_a_failing_hook_leaves_no_worker_behind() -> None:
    def fail(_: Progress) -> None:
        assert len(children()) == 2
        raise RuntimeError("enough")

    with pytest.raises(RuntimeError, match="enough"):
        play(ping_pong, processes=3, hooks=Hooks(progress=fail))


def test_an_interrupt_ends_the_run_and_its_workers() -> None:
    """In a process of its own, as by Ctrl-C: the whole process group is interrupted."""
    program = (
        "from tests.engine.stage import play\n"
        "from tests.engine.test_runs import ping_pong\n"
        "from sim.engine.ports import Hooks\n"
        "told = []\n"
        "def tell(progress):\n"
        "    told or print('running', flush=True)\n"
        "    told.append(progress)\n"
        "play(ping_pong, processes=2, until_us=None, hooks=Hooks(progress=tell))\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=heed_interrupts,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "running\n"

    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)

    assert process.returncode == -signal.SIGINT
    assert errors.rstrip().endswith("KeyboardInterrupt")
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)


def test_workers_end_when_the_coordinator_is_killed() -> None:
    program = (
        "import os\n"
        "from tests.engine.stage import play\n"
        "from tests.engine.test_runs import ping_pong\n"
        "from sim.engine.ports import Hooks\n"
        "def die(progress):\n"
        "    os.kill(os.getpid(), 9)\n"
        "play(ping_pong, processes=2, hooks=Hooks(progress=die))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, start_new_session=True)
    assert process.wait(timeout=30) == -signal.SIGKILL

    for _ in range(100):
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.1)
    pytest.fail("the worker outlives its coordinator")


def test_the_cause_of_a_failure_is_found_in_nested_groups() -> None:
    bug, interrupt = ValueError(), KeyboardInterrupt()

    assert cause(ExceptionGroup("", [ExceptionGroup("", [bug])])) is bug
    assert cause(BaseExceptionGroup("", [bug, interrupt])) is interrupt
