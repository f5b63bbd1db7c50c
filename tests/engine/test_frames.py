"""Frames: whatever crosses comes out again, in pieces of bounded size."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sim.base.ids import Label, ValidatorIndex
from sim.engine import cargo
from sim.engine.faults import (
    Action,
    Command,
    Crash,
    Due,
    LedgerRule,
    NetworkRule,
    Pause,
    Restart,
    Resume,
    Skew,
    Slow,
)
from sim.engine.frames import (
    Advance,
    Advanced,
    Ask,
    Boot,
    Done,
    Failed,
    Finish,
    Finished,
    Frame,
    FrameBuffer,
    Learn,
    Lived,
    Submitted,
    frame_bytes,
    submitted,
)
from sim.engine.ports import Event, Submission, Switches
from sim.engine.usage import Usage

V3 = ValidatorIndex(3)
LABEL = Label("key/dkg/0", 1, "block", "17")


def test_many_submissions_are_cut_into_frames() -> None:
    count = 2 * cargo.FRAME_ITEMS + 1
    submissions = [Submission(n, V3, n, LABEL, b"") for n in range(count)]

    assert [len(frame.submissions) for frame in submitted(submissions)][-1] == 1


@given(st.integers(1, 50))
def test_frames_survive_any_cut_of_the_stream(step: int) -> None:
    actions: list[Action] = [
        Crash(V3, "all", 7),
        Restart(V3),
        Pause(V3, 1),
        Resume(V3),
        Slow(V3, 2),
        Skew(V3, -3, 4),
        Command(V3, "join"),
        NetworkRule(b"n"),
        LedgerRule(b"l"),
    ]
    dues = [Due(5, 1, 0, part, action) for part, action in enumerate(actions)]
    sent: list[Frame] = [
        Boot("m:f", b"\x00", 1, 2, frozenset({"e"}), True, Switches(shuffle=1)),
        Advance(10, dues),
        Submitted([Submission(1, V3, 2, LABEL, b"tx")]),
        Advanced(1, 2, 3, 0.5, [Event(1, V3, 2, "e")]),
        Lived(V3, bytes(16), 0, 0, []),
        Finish(),
        Ask("module:function", [b"one", b"two"]),
        Done([b"1", b"2"], 0.25),
        Learn(b"journal"),
        Finished(b"f", 1, 2, (3,), Usage(1.5, 1 << 20)),
        Failed("Traceback …"),
    ]
    data = b"".join(map(frame_bytes, sent))
    buffer = FrameBuffer()

    received = [
        frame
        for start in range(0, len(data), step)
        for frame in buffer.feed(data[start : start + step])
    ]

    assert received == sent
