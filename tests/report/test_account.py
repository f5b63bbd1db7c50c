"""The account of a run: complete, readable in 80 columns, and plain where there is no terminal."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from sim.report import account, account_text
from tests.report import summaries

PAGES = Path(__file__).parent / "pages"
"""Accounts as they should look; ``pytest --rewrite`` writes them anew, for someone to read."""

FOLDER = "results/first-key/7-0badc0de"


@pytest.mark.parametrize(
    ("page", "summary"),
    [
        ("completed", summaries.summary()),
        ("failed", summaries.failed_summary()),
        ("rotated", summaries.rotated_summary()),
        ("a-year", summaries.year_summary()),
        ("partitioned", summaries.partitioned_summary()),
    ],
)
def test_an_account_reads_as_the_page_beside_this_test(
    page: str, summary: Any, rewrite: bool
) -> None:
    told = account_text(summary, FOLDER)
    path = PAGES / f"{page}.txt"
    if rewrite:
        path.write_text(told, encoding="utf-8")

    assert told == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", [80, 100, 132])
@pytest.mark.parametrize(
    "summary",
    [
        summaries.summary(),
        summaries.failed_summary(),
        summaries.rotated_summary(),
        summaries.year_summary(),
        summaries.partitioned_summary(),
    ],
)
def test_no_line_is_wider_than_the_page(summary: Any, width: int) -> None:
    lines = account_text(summary, FOLDER, width).splitlines()

    assert max(map(len, lines)) <= width


@pytest.mark.parametrize("width", [80, 100])
def test_keys_and_signatures_are_shown_whole(width: int) -> None:
    told = account_text(summaries.summary(), FOLDER, width)

    assert "ab" * 32 in told
    assert told.count("ef" * 32) == 2
    assert "12" * 32 in told
    assert "34" * 32 in told


def test_nothing_but_text_reaches_a_pipe() -> None:
    page = io.StringIO()
    console = Console(file=page, soft_wrap=True, highlight=False)

    console.print(account(summaries.summary()))

    assert "\x1b" not in page.getvalue()
    assert "v01 answers v03 in the clear" in page.getvalue()


def test_a_terminal_shows_colours_and_the_same_words() -> None:
    page = io.StringIO()
    console = Console(file=page, width=100, force_terminal=True, color_system="standard")

    console.print(account(summaries.summary(), FOLDER))

    assert "\x1b[" in page.getvalue()
    assert "verifies" in page.getvalue()


def test_a_name_that_looks_like_markup_is_shown_as_it_is() -> None:
    odd = "[bold]v00"
    told = account_text(
        summaries.summary(
            ceremonies=[summaries.attempt(committee=[odd, "v01"], announced=["v01"])],
            actions=[{"id": "a", "do": "crash", "at_us": 0, "nodes": [odd]}],
            corruptions=[{"validator": odd, "behaviour": "silent-dealer", "injected": 1}],
        )
    )

    assert f"no transport key from {odd}" in told
    assert f"crash          {odd}" in told


def test_a_phase_that_goes_on_has_no_end() -> None:
    running = summaries.attempt(
        outcome="open",
        end=None,
        end_us=None,
        phases=[summaries.phase("announce", 2, 2), summaries.phase("deal", 3, None)],
    )

    told = account_text(summaries.summary(ceremonies=[running]))

    assert "still open" in told
    assert "h3–" in told


def test_an_attempt_that_never_began_has_no_bar() -> None:
    planned = summaries.attempt(
        outcome="open",
        start_us=None,
        end=None,
        end_us=None,
        phases=[{**summaries.phase("announce", 80, None), "start_us": None}],
    )

    told = account_text(summaries.summary(ceremonies=[planned]))

    assert "not begun" in told
    assert "still open" not in told
    assert "━" not in told


def test_a_key_without_a_test_signature_says_so() -> None:
    untested = summaries.summary(keys={"beacon": summaries.key(test_signature=None)})

    assert "no test signature is on the ledger" in account_text(untested)


def test_a_test_signature_that_fails_says_so() -> None:
    wrong = summaries.key()["test_signature"] | {"verified": False}
    told = account_text(summaries.summary(keys={"beacon": summaries.key(test_signature=wrong)}))

    assert "does not verify" in told


def test_members_without_a_share_are_named() -> None:
    told = account_text(summaries.summary(keys={"beacon": summaries.key(shareless=["v03"])}))

    assert "shareless   v03" in told
    assert "the key is lost" not in told


@pytest.mark.parametrize(
    ("number", "left"), [(2, "at most 2 shares are left"), (3, "at most 1 share is left")]
)
def test_a_key_with_fewer_shares_than_its_threshold_is_called_lost(number: int, left: str) -> None:
    lost = summaries.key(shareless=summaries.COMMITTEE[:number])
    told = account_text(summaries.summary(keys={"beacon": lost}))

    assert f"{left}, it takes 3: the key is lost" in told


def test_long_hex_is_shortened_and_its_size_told() -> None:
    long = summaries.key(public_key="ab" * 1952)
    told = account_text(summaries.summary(keys={"beacon": long}))

    assert "ab" * 32 + "… 1,952 bytes" in told
    assert "ab" * 33 not in told


def test_an_attempt_that_was_given_up_did_not_fail() -> None:
    given_up = summaries.failed_attempt() | {"reason": "rolled-back", "detail": "emergency"}
    told = account_text(summaries.summary(ceremonies=[given_up]))

    assert "3 of 4  given up" in told
    assert "rolled back: an emergency" in told


def test_a_run_without_a_ceremony_has_an_account_too() -> None:
    nothing = summaries.key(
        status="Absent", public_key=None, qual=[], attempts=0, activation=None, test_signature=None
    )
    told = account_text(
        summaries.summary(
            ceremonies=[], keys={"beacon": nothing}, actions=[], corruptions=[], expectations=[]
        )
    )

    assert "absent" in told
    assert "Arranged" not in told


def test_a_crowd_of_notes_is_cut_and_counted() -> None:
    names = [f"v{i:02}" for i in range(30)]
    crowd = summaries.attempt(
        committee=names,
        dealt=names,
        disputes=[],
        statements=[
            summaries.statement(
                9, name, "response", complaints=[{"dealer": "v00", "kind": "missing"}]
            )
            for name in names[1:]
        ],
    )

    told = account_text(summaries.summary(ceremonies=[crowd]))

    assert "29 complaints" in told
    assert "… and 17 more notes" in told
    assert "holder ╲ dealer" not in told


def test_a_refusal_is_told_in_words_beside_its_name() -> None:
    asked = {"id": "fresh", "do": "refresh", "key": "beacon", "at_us": 60_000_000}
    refused = {"id": "fresh", "do": "refresh", "refused": "RotationPending"}

    told = account_text(summaries.summary(actions=[asked], requests=[refused]), FOLDER)

    why = "refused: RotationPending (another rotation or repair of the key is under way)"
    assert why in " ".join(told.split())


@pytest.mark.parametrize("number", [1, 30], ids=["told-one-by-one", "summed"])
def test_what_waited_for_an_event_in_vain_says_so(number: int) -> None:
    when = {"event": "deal-submitted", "node": "v01", "nth": 9}
    waiting = [
        {"id": f"c{i}", "do": "crash", "nodes": ["v01"], "when": when, "fired": False}
        for i in range(number)
    ]

    told = account_text(summaries.summary(actions=waiting), FOLDER)

    assert ("never: its event didn't come" if number == 1 else "30 never: their events") in told


def test_sessions_without_a_signature_say_why() -> None:
    sessions = {"complete": 1, "expired": 2, "failed": 1, "open": 0, "refused": {}}
    key = summaries.key(sessions=sessions)

    told = account_text(summaries.summary(keys={"beacon": key}), FOLDER)

    assert "1 complete, 2 expired, 1 failed" in told
    assert "expired: no signature came within 5 minutes" in told
    assert "failed: fewer were left than it takes" in told
