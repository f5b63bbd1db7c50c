"""A sweep on a Dask cluster: a scheduler and two workers, each a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from sim import api
from sim.study.sweep_folder import JOURNAL
from tests.support.tiny import TINY

pytest.importorskip("distributed")
polars = pytest.importorskip("polars")
from polars.testing import assert_frame_equal  # noqa: E402

ROOT = Path(__file__).parents[2]

SWEPT = f"""{TINY}
[[expect]]
key = "beacon"
attempts = 1

[sweep]
"expect.1.attempts" = [1, 2]
seeds = 30
"""


def dask(tool: str, *arguments: str, cwd: Path) -> subprocess.Popen[bytes]:
    """Start the scheduler or a worker."""
    code = f"import sys; from distributed.cli.dask_{tool} import main; sys.exit(main())"
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The address of a scheduler, and its two workers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"tcp://127.0.0.1:{port}"
    with ExitStack() as stack:
        everyone = [
            dask(
                "scheduler",
                "--host",
                "127.0.0.1",
                "--port",
                str(port),
                "--no-dashboard",
                cwd=tmp_path,
            ),
            *(
                dask(
                    "worker",
                    address,
                    "--no-nanny",
                    "--no-dashboard",
                    "--nthreads",
                    "1",
                    "--memory-limit",
                    "0",
                    "--local-directory",
                    str(tmp_path / name),
                    cwd=tmp_path,
                )
                for name in ("one", "two")
            ),
        ]
        for process in everyone:
            stack.enter_context(process)
            stack.callback(process.kill)
        yield address, everyone[1:]


@pytest.mark.slow
def test_a_sweep_whose_worker_is_killed_completes_with_the_same_rows(
    cluster: tuple[str, list[subprocess.Popen[bytes]]], tmp_path: Path
) -> None:
    address, workers = cluster
    file = tmp_path / "swept.toml"
    file.write_text(SWEPT)
    command = [sys.executable, "-m", "sim", "sweep", str(file), "--cluster", address, "--json"]
    with subprocess.Popen(
        [*command, "--out", str(tmp_path / "out")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as sweeping:
        while not any(path.read_text().count("\n") > 8 for path in tmp_path.rglob(JOURNAL)):
            assert sweeping.poll() is None, sweeping.communicate()
            time.sleep(0.01)
        workers[0].send_signal(signal.SIGKILL)
        _, said = sweeping.communicate()

    assert sweeping.returncode == 1, said  # every run of the second point fails its expectation
    (folder,) = (path.parent for path in tmp_path.rglob(JOURNAL))
    found = api.open_sweep(folder)
    assert found.complete
    assert_frame_equal(found.rows, api.sweep(api.load(file), processes=2).rows)
    assert len(found.failures) == 30
    failure = found.failures[-1]
    assert failure.folder is not None
    assert api.open_run(failure.folder).digest == found.rows["digest"][-1]
