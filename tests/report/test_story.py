"""One attempt as chapters: each event in its phase, in words, and nobody blamed without proof."""

from __future__ import annotations

from sim.report.grid import signs
from sim.report.story import Chapter, tell
from tests.report import summaries
from tests.report.summaries import fault, phase, statement


def chapter(attempt: summaries.Record, name: str) -> Chapter:
    (found,) = (c for c in tell(attempt) if c.phase == name)
    return found


def texts(attempt: summaries.Record, name: str) -> list[str]:
    return [note.text for note in chapter(attempt, name).notes]


def test_every_phase_has_a_chapter_in_order() -> None:
    assert [c.phase for c in tell(summaries.attempt())] == [
        "announce",
        "deal",
        "respond",
        "justify",
        "open",
        "confirm",
        "sign-1",
    ]


def test_complaints_say_who_about_whom_and_why() -> None:
    assert texts(summaries.attempt(), "respond") == [
        "v00 complains about v02: missing (no share arrived)",
        "v03 complains about v01: invalid (a share arrived, and it does not fit the commitment)",
    ]


def test_a_good_answer_in_the_clear_leaves_a_dispute_and_no_blame() -> None:
    first = chapter(summaries.attempt(), "justify").notes[0]

    assert first.mark == "good"
    assert "v01 answers v03 in the clear: the share is good" in first.text
    assert "nobody is blamed" in first.text


def test_a_bad_answer_in_the_clear_is_told_as_one() -> None:
    attempt = summaries.attempt(
        published=[],
        disputes=[],
        excluded=[{"validator": "v01", "reason": "bad-justification"}],
        faults=[fault("v01", "bad-justification", 10, "aa" * 32, "bb" * 32)],
    )

    bad = [note.text for note in chapter(attempt, "justify").notes if note.mark == "bad"]

    assert bad[0] == "v01 answers v03 in the clear: that is no good share"
    assert bad[1].startswith("v01 is out, bad-justification")
    assert "proven by aaaaaaaaaaaa…, bbbbbbbbbbbb…" in bad[1]


def test_published_seeds_are_told() -> None:
    opened = statement(11, "v00", "open-reply", openings=[{"dealer": "v02", "accepts": False}])
    attempt = summaries.attempt(statements=[opened])

    assert texts(attempt, "open") == ["v00 publishes the seeds that open the answer of v02"]


def test_silent_dealers_are_named_together_and_nothing_is_claimed() -> None:
    assert texts(summaries.failed_attempt(), "deal") == [
        "v00, v01 are out, no-deal: no deal came in time; not provable"
    ]


def test_a_fault_that_excludes_nobody_is_told_as_a_fault() -> None:
    attempt = summaries.attempt(faults=[fault("v03", "equivocation", 12, "aa" * 32)])

    assert texts(attempt, "confirm")[0].startswith("v03 is at fault, equivocation")


def test_a_complaint_about_a_dealer_that_was_out_already_is_no_complaint() -> None:
    attempt = summaries.attempt(
        excluded=[{"validator": "v01", "reason": "bad-proof"}],
        faults=[fault("v01", "bad-proof", 3, "aa" * 32)],
    )

    assert texts(attempt, "respond") == ["v00 complains about v02: missing (no share arrived)"]


def test_a_malformed_response_contains_no_complaint() -> None:
    sound = summaries.attempt()
    attempt = summaries.attempt(faults=[fault("v00", "malformed-response", 4, "aa" * 32)])

    assert any("v00 complains" in text for text in texts(sound, "respond"))
    assert not any("v00 complains" in text for text in texts(attempt, "respond"))


def test_a_refused_statement_is_told_with_its_reason() -> None:
    late = statement(9, "v02", "deal") | {"rejected": "WrongPhase"}
    attempt = summaries.attempt(statements=[late])

    assert texts(attempt, "respond") == ["the deal of v02 has no effect: WrongPhase"]


def test_a_refused_statement_that_is_evidence_is_told_once() -> None:
    second = statement(3, "v02", "deal") | {"rejected": "BadNonce"}
    attempt = summaries.attempt(
        statements=[second], faults=[fault("v02", "equivocation", 3, second["transaction"])]
    )

    assert len(texts(attempt, "deal")) == 1


def test_who_drops_out_of_signing_is_named_in_the_last_set() -> None:
    attempt = summaries.attempt(
        phases=[phase("sign-1", 13, 17), phase("sign-2", 18, 18)],
        excluded_from_signing=[{"validator": "v00", "reason": "no-partial"}],
    )

    assert texts(attempt, "sign-1") == []
    assert texts(attempt, "sign-2") == [
        "v00 signs no more, no-partial: it gave no partial signature in time"
    ]


def test_members_that_did_not_confirm_are_named() -> None:
    attempt = summaries.attempt(confirmed=["v00", "v01", "v02"])

    assert texts(attempt, "confirm") == ["no confirmation from v03"]


def test_the_grid_shows_who_holds_what() -> None:
    marks = signs(summaries.attempt())

    assert marks["v03", "v01"] == "◐"
    assert marks["v00", "v02"] == "◐"
    assert marks["v00", "v01"] == "●"


def test_the_grid_tells_an_unresolved_complaint_from_a_disputed_one() -> None:
    marks = signs(summaries.attempt(disputes=[]))

    assert marks["v03", "v01"] == "✗"


def test_the_grid_leaves_blank_what_nobody_said() -> None:
    heard = [s for s in summaries.attempt()["statements"] if s["validator"] != "v02"]
    marks = signs(summaries.attempt(statements=heard))

    assert marks["v02", "v01"] == " "
