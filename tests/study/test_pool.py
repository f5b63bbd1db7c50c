"""The pool of workers: what comes back, what is told of failures, what stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from sim.scenario.load import load
from sim.study.playing import Job, play
from sim.study.pool import Pool, WorkerDiedError, completed, results
from sim.world.executing import Executed

SCENARIO = Path(__file__).parents[2] / "scenarios" / "first-key.toml"


def square(number: int) -> int:
    return number * number


def process_of(_: int) -> int:
    return os.getpid()


def fail_at_three(number: int) -> int:
    if number == 3:
        raise ValueError(f"not {number}")
    return number


def die_at_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def wait_long(number: int) -> int:
    time.sleep(600)
    return number


def digest(done: Executed) -> str:
    return str(done.summary["digest"])


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_every_job_comes_back_once_with_its_result() -> None:
    with Pool(2) as pool:
        found = sorted(results(pool, square, range(50)))

    assert found == [(number, number**2) for number in range(50)]


def test_workers_are_started_once_and_end_with_the_pool() -> None:
    with Pool(2) as pool:
        processes = {process for _, process in results(pool, process_of, range(40))}

    assert 1 <= len(processes) <= 2
    assert os.getpid() not in processes
    assert not any(map(alive, processes))


def test_an_error_in_a_worker_names_its_job_and_keeps_its_traceback() -> None:
    with pytest.raises(ValueError, match="not 3") as caught, Pool(2) as pool:
        list(results(pool, fail_at_three, range(10)))

    notes = "\n".join(caught.value.__notes__)
    assert "This was 3." in notes
    assert "in fail_at_three" in notes


def test_the_death_of_a_worker_names_its_job() -> None:
    with pytest.raises(WorkerDiedError, match=r"^3: the worker ended: signal 9$"), Pool(2) as pool:
        list(results(pool, die_at_three, range(10)))


def test_the_death_of_a_worker_takes_one_job_with_it_and_no_other() -> None:
    with Pool(2) as pool:
        found = {job: future.exception() for job, future in completed(pool, die_at_three, range(9))}

    assert [job for job, error in sorted(found.items()) if error is not None] == [3]
    assert isinstance(found[3], WorkerDiedError)


def test_jobs_are_read_as_they_are_handed_out() -> None:
    read: list[int] = []

    def jobs() -> Iterator[int]:
        for number in range(1_000):
            read.append(number)
            yield number

    with ThreadPoolExecutor(1) as pool:
        done = completed(pool, square, jobs(), ahead=3)
        next(done)
        del done

    assert len(read) == 3


def test_leaving_a_pool_with_an_error_ends_its_workers_in_the_middle_of_their_work() -> None:
    pool = Pool(2)
    futures = [pool.submit(wait_long, number) for number in range(4)]
    while not any(future.running() for future in futures):
        time.sleep(0.01)

    pool.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)

    assert all(future.done() for future in futures)


SCRIPT = """
import os, sys
from math import factorial
from sim.study.pool import Pool, results
print(sorted(results(pool := Pool(1), factorial, [3])), flush=True)
print(pool.submit(os.getpid).result(), flush=True)
sys.stdin.read()
"""


def test_an_unguarded_script_may_use_a_pool_and_its_death_ends_the_workers(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    parent = subprocess.Popen(
        [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "[(3, 6)]\n"
        worker = int(parent.stdout.readline())
        assert alive(worker)

        parent.kill()

    while alive(worker):  # for ever, if it is left behind
        time.sleep(0.01)


def test_a_run_in_a_worker_is_the_run_that_it_is_here() -> None:
    job = Job(load(str(SCENARIO)), 5)
    with Pool(1) as pool:
        ((done, found),) = results(pool, partial(play, digest), [job])

    assert str(done) == "first-key, seed 5"
    assert found == play(digest, job)
