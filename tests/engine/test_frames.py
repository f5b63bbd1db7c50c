"""Frames: what is packed comes out again, in pieces of bounded size, shared payloads once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sim.base.ids import LEDGER, Label, ValidatorIndex
from sim.engine import frames
from sim.engine.exchange import Parcel
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
    Cargo,
    Done,
    Failed,
    Finish,
    Finished,
    Frame,
    FrameBuffer,
    Learn,
    Lived,
    Submitted,
    cargo,
    frame_bytes,
    submitted,
)
from sim.engine.history import History
from sim.engine.mail import FROM_LEDGER, recorded
from sim.engine.ports import Event, Message, Submission, Switches
from sim.engine.usage import Usage

V3 = ValidatorIndex(3)
LABEL = Label("key/dkg/0", 1, "block", "17")


def parcel(number: int, payload: bytes) -> Parcel:
    return share(number, Message(LEDGER, LABEL, payload))


def share(number: int, message: Message) -> Parcel:
    about = recorded(message.label)
    return ValidatorIndex(number), (
        1_000 + number,
        FROM_LEDGER,
        LEDGER,
        number,
        0,
        1,
        message,
        about,
    )


def unpacked(packed: list[Cargo]) -> list[Parcel]:
    """Return the parcels as they look on the other side."""
    buffer = FrameBuffer()
    data = b"".join(frame_bytes(frame) for frame in packed)
    crossed = [frame for frame in buffer.feed(data) if isinstance(frame, Cargo)]
    return [parcel for frame in crossed for parcel in frame.unpack()]


@given(st.lists(st.binary(max_size=40), max_size=30))
def test_parcels_cross_unchanged(payloads: list[bytes]) -> None:
    parcels = [parcel(number, payload) for number, payload in enumerate(payloads)]

    assert unpacked(list(cargo(parcels))) == parcels


def test_a_message_that_many_share_crosses_once_and_is_shared_again() -> None:
    block = Message(LEDGER, LABEL, bytes(100_000))
    packed = list(cargo([share(number, block) for number in range(500)]))

    assert sum(len(frame_bytes(frame)) for frame in packed) < 150_000
    assert len({id(mail[6]) for _, mail in unpacked(packed)}) == 1


def test_a_payload_above_a_frame_s_size_crosses_once_for_all_who_share_it() -> None:
    block = bytes(frames.CHUNK_BYTES + 1)
    packed = list(cargo([parcel(number, block) for number in range(500)]))

    assert sum(len(frame_bytes(frame)) for frame in packed) < frames.CHUNK_BYTES + 50_000
    assert len({id(mail.payload) for _, mail in unpacked(packed)}) == 1


def test_big_batches_are_cut_into_frames_of_bounded_size() -> None:
    parcels = [parcel(number, bytes(300_000) + bytes([number])) for number in range(40)]
    packed = list(cargo(parcels))

    assert max(len(frame_bytes(frame)) for frame in packed) < frames.CHUNK_BYTES + 400_000
    assert unpacked(packed) == parcels


def test_many_small_parcels_and_submissions_are_cut_too() -> None:
    count = 2 * frames.CHUNK_ITEMS + 1
    submissions = [Submission(n, V3, n, LABEL, b"") for n in range(count)]

    assert [len(f.targets) for f in cargo(parcel(n, b"") for n in range(count))][-1] == 1
    assert [len(f.submissions) for f in submitted(submissions)][-1] == 1


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
        Lived(V3, History(bytes(16), 0, 0, ())),
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
