"""``ksim sweep`` and ``ksim merge``."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sim import api
from sim.cli.live import counting
from sim.cli.output import print_json, refuse, refuse_scenario, say, wide

_WIDTH: Final = 160
"""Columns of what goes into a pipe: rows stay on one line, for whatever reads them."""


def run_sweep(
    file: Path,
    sets: Sequence[str],
    processes: int | None,
    shard: str | None,
    cluster: str | None,
    out: Path,
    *,
    fresh: bool,
    resume: bool,
    as_json: bool,
) -> int:
    """Do what is missing of a sweep, tell what came of it; return the exit code."""
    part = re.fullmatch(r"(\d{1,6})/(\d{1,6})", shard or "1/1", re.ASCII)
    numbers = (int(part[1]), int(part[2])) if part else (0, 0)
    if not 1 <= numbers[0] <= numbers[1]:
        return refuse(f'--shard is I/N with I from 1 to N, not "{shard}"')
    try:
        grid = api.load_grid(str(file), sets)
        if not grid.base.swept:
            return refuse(f"{file} has no [sweep]: give it one, or say --seeds N")
        with counting(file.stem, "runs") as progress:
            done = api.sweep(
                grid,
                processes=processes,
                cluster=cluster,
                shard=numbers,
                out=out,
                fresh=fresh,
                resume=resume,
                progress=progress,
            )
    except api.ScenarioError as error:
        return refuse_scenario(error, as_json=as_json)
    except (api.MissingExtraError, api.ClusterError, api.FolderError) as error:
        return refuse(str(error))
    except OSError as error:
        return refuse(f"{error.filename or out}: {error.strerror}")
    except KeyboardInterrupt:
        say("what is done is kept: the same command goes on from there")
        raise
    if not done.total:
        say(f"note: shard {done.shard} has nothing to do: there are fewer runs than shards")
    for folder in done.spared:
        say(f"note: {folder} failed with another digest and was left alone")
    return _tell(done, as_json=as_json)


def merge_shards(shards: Sequence[Path], out: Path, *, as_json: bool) -> int:
    """Put the shards of a sweep together, tell what came of it; return the exit code."""
    try:
        done = api.merge(shards, out)
    except api.MergeError as error:
        say("\n".join(f"error: {line}" for line in str(error).splitlines()))
        return int(api.Exit.USAGE)
    except (api.MissingExtraError, api.FolderError) as error:
        return refuse(str(error))
    except OSError as error:
        return refuse(f"{error.filename or out}: {error.strerror}")
    return _tell(done, as_json=as_json)


def _tell(done: api.Sweep, *, as_json: bool) -> int:
    if as_json:
        print_json(done.exported())
        return done.exit_code
    from sim.report.sweep import sweep

    wide(_WIDTH).print(sweep(done.exported()))
    return done.exit_code
