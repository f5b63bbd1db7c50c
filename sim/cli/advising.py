"""``ksim advise``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from sim import api
from sim.base.extras import need
from sim.base.files import write_whole
from sim.cli.live import telling
from sim.cli.output import print_json, refuse, say, wide
from sim.scenario.load import load_text

_WIDTH: Final = 140
"""Columns of what goes into a pipe: rows stay on one line, for whatever reads them."""

MARKDOWN: Final = "advice.md"
HTML: Final = "advice.html"
SCENARIO: Final = "advised.toml"


def advise(options: Mapping[str, Any], out: Path | None, *, confirm: bool, as_json: bool) -> int:
    """Print a decision sheet; 1 if no committee meets the budgets, or what is run disagrees."""
    try:
        if out is not None:
            need("report", "matplotlib")
            out.mkdir(parents=True, exist_ok=True)  # before the work, which would be lost
        with telling("advise", "{} …".format) as progress:
            advice = api.advise(**options, progress=progress)
            shown = _confirmed(advice, out, confirm=confirm, progress=progress)
    except (api.AdviceError, api.MissingExtraError) as error:
        return refuse(str(error))
    except OSError as error:
        return refuse(f"{error.filename or out}: {error.strerror}")
    if as_json:
        print_json(shown)
    else:
        _print(shown)
    code = advice.exit_code
    if "ran" in shown and shown["ran"]["exit_code"]:
        code = int(api.Exit.EXPECTATION)
    return code


def _confirmed(
    advice: api.Advice,
    out: Path | None,
    *,
    confirm: bool,
    progress: Callable[[str], None] | None,
) -> dict[str, Any]:
    """Write what is to be written, run the scenario if asked to; return all of it as data."""
    shown = advice.exported()
    if out is not None and advice.scenario is not None:
        write_whole(out / SCENARIO, advice.scenario)
        shown["scenario_file"] = str(out / SCENARIO)
    elif out is not None:
        (out / SCENARIO).unlink(missing_ok=True)  # an older question's, beside this one's answer
    if confirm and advice.scenario is not None:
        if progress is not None:
            progress("running the ceremony of a drawn committee")
        shown["ran"] = _run(advice.scenario, out)
    if out is not None:
        from sim.report.advice import decision
        from sim.report.sheet import html, markdown

        sheet = decision(shown, plot=True)
        write_whole(out / MARKDOWN, markdown(sheet))
        write_whole(out / HTML, html(sheet))
        say(f"written: {out / MARKDOWN}, {out / HTML}")
    return shown


def _run(scenario: str, out: Path | None) -> dict[str, Any]:
    run = api.run(load_text(scenario, SCENARIO), out=None if out is None else out / "results")
    (key,) = run.keys.values()
    activated = key.activation
    return {
        "verdict": run.verdict,
        "exit_code": run.exit_code,
        "digest": run.digest,
        "members": len(key.qual),
        "seconds": None if activated is None else activated.time_us / 1e6,
    }


def _print(shown: Mapping[str, Any]) -> None:
    from sim.report.advice import decision
    from sim.report.sheet import terminal

    wide(_WIDTH).print(terminal(decision(shown, plot=False)))
