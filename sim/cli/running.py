"""``ksim run`` and ``ksim replay``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

from sim import api
from sim.cli.live import progress
from sim.cli.output import (
    console,
    print_json,
    refuse,
    refuse_extension,
    refuse_scenario,
    say,
)
from sim.world.eventlog import Event
from sim.world.outcome import BadSwitchError, Switches

_WHICH: Final[dict[str, Literal["stored", "current"]]] = {"stored": "stored", "current": "current"}


def run_scenario(
    file: Path,
    seed: int | None,
    sets: Sequence[str],
    processes: int | Literal["auto"],
    out: Path,
    switches: Sequence[str],
    *,
    as_json: bool,
) -> int:
    """Run a scenario, store it, tell what happened; return the exit code."""
    try:
        scenario = api.load(file, sets)
        chosen = Switches.parse(switches)
        if scenario.swept:
            say(f"note: one run of the base scenario; its [sweep]: ksim sweep {file}")
        with progress(file.stem) as callback:
            done = api.run(scenario, seed, processes, out=out, progress=callback, switches=chosen)
    except api.ScenarioError as error:
        return refuse_scenario(error, as_json=as_json)
    except BadSwitchError as error:
        return refuse(str(error))
    except api.ExtensionError as error:
        return refuse_extension(error)
    except OSError as error:
        return refuse(f"{error.filename or out}: {error.strerror}")
    _tell(done, as_json=as_json)
    if done.spared is not None:
        say(f"note: {done.spared} failed with another digest and was left alone")
    if done.exit_code:
        say("\n".join(api.failure(done, file).lines))
    return done.exit_code


def _tell(done: api.Run, *, as_json: bool) -> None:
    if as_json:
        print_json(done.exported())
        return
    from sim.report.account import account, account_text

    folder = str(done.folder)
    if sys.stdout.isatty():
        console().print(account(done.summary, folder, machine=done.machine()))
    else:
        sys.stdout.write(account_text(done.summary, folder, machine=done.machine()))


def replay_run(
    folder: Path,
    processes: int | Literal["auto"],
    which: str | None,
    switches: Sequence[str],
    *,
    as_json: bool,
) -> int:
    """Execute a stored run again and compare; return 0 or 5."""
    try:
        extensions = None if which is None else _WHICH[which]
    except KeyError:
        return refuse(f'--extensions is stored or current, not "{which}"')
    try:
        chosen = Switches.parse(switches)
        with progress(f"replay {folder.name}") as callback:
            again = api.replay(
                folder,
                processes,
                extensions=extensions,
                progress=callback,
                switches=chosen,
            )
    except (BadSwitchError, api.FolderError) as error:
        return refuse(str(error))
    except api.ExtensionError as error:
        return refuse_extension(error)
    for note in again.notes:
        say(f"note: {note}")
    if as_json:
        print_json(_exported(again))
        return again.exit_code
    for name, then, now in again.versions:
        say(f"version differs: {name}: then {then}, now {now}")
    if again.divergence is None:
        print_line = (
            f"same: {again.events} events, ledger and summary; digest {again.stored.digest}"
        )
        console().print(print_line)
    else:
        say("\n".join(_divergence_lines(again, folder)))
    return again.exit_code


def _divergence_lines(again: api.Replay, folder: Path) -> list[str]:
    found = again.divergence
    assert found is not None
    if found.time_us is None:
        cause = f"every event is the same, but the {found.what} differs"
    else:
        cause = (
            f"first differing record: time {found.time_us} µs, validator {found.validator}, "
            f"sequence {found.sequence}"
        )
    return [
        f"{again.verdict} (exit {again.exit_code}): {again.stored.summary['scenario']}, "
        f"seed {again.stored.summary['seed']}",
        cause,
        *([] if found.time_us is None else _both(found.stored, found.replayed)),
        f"run: {again.stored.folder}",
        f"replay: {api.replay_command(folder)}",
    ]


def _both(stored: Event | None, replayed: Event | None) -> list[str]:
    return [f"  stored:   {_show(stored)}", f"  replayed: {_show(replayed)}"]


def _show(event: Event | None) -> str:
    if event is None:
        return "nothing"
    kind, subject, attempt = event.label
    return (
        f"{event.kind} {kind} {subject} (session {event.session or '–'}, attempt {attempt}) "
        f"peer {event.peer}, transmission {event.transmission}, {event.verdict or '–'} "
        f"{list(event.extra)}"
    )


def _exported(again: api.Replay) -> dict[str, object]:
    found = again.divergence
    return {
        "verdict": again.verdict,
        "exit_code": again.exit_code,
        "run": str(again.stored.folder),
        "events": again.events,
        "digest": {"stored": again.stored.digest, "replayed": again.run.digest},
        "versions": [
            {"name": name, "then": then, "now": now} for name, then, now in again.versions
        ],
        "divergence": None
        if found is None
        else {
            "what": found.what,
            "time_us": found.time_us,
            "validator": found.validator,
            "sequence": found.sequence,
            "stored": found.stored and found.stored._asdict(),
            "replayed": found.replayed and found.replayed._asdict(),
        },
    }
