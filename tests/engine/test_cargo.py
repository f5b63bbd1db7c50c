"""Cargo: what is packed comes out again, in pieces of bounded size, shared messages once."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sim.base.ids import LEDGER, Label, ValidatorIndex
from sim.engine import cargo
from sim.engine.cargo import Cargo, Packer
from sim.engine.frames import FrameBuffer, frame_bytes
from sim.engine.mail import FROM_LEDGER, Mail, recorded
from sim.engine.ports import Message

LABEL = Label("key/dkg/0", 1, "block", "17")
TO = ValidatorIndex(3)


def mail(number: int, message: Message) -> Mail:
    about = recorded(message.label)
    return 1_000 + number, FROM_LEDGER, message.source, number, number % 2, 1, message, about


def mails(*payloads: bytes) -> list[Mail]:
    messages = [Message(LEDGER, LABEL, payload) for payload in payloads]
    return [mail(number, message) for number, message in enumerate(messages)]


def packed(*posted: Mail) -> list[Cargo]:
    packer = Packer(2)
    for one in posted:
        packer.add(TO, one)
    return packer.take()


def crossed(pieces: list[Cargo]) -> list[tuple[ValidatorIndex, Mail]]:
    """Return the mails as they look on the other side."""
    data = b"".join(map(frame_bytes, pieces))
    frames = [frame for frame in FrameBuffer().feed(data) if isinstance(frame, Cargo)]
    assert {frame.shard for frame in frames} <= {2}
    return [received for frame in frames for received in frame.mails()]


@given(st.lists(st.binary(max_size=40), max_size=30))
def test_mail_crosses_unchanged(payloads: list[bytes]) -> None:
    posted = mails(*payloads)

    received = crossed(packed(*posted))

    assert [(target, one[:7], bytes(one[7])) for target, one in received] == [
        (TO, one[:7], bytes(one[7])) for one in posted
    ]


def test_a_message_that_many_share_crosses_once_and_is_shared_again() -> None:
    block = Message(LEDGER, LABEL, bytes(100_000))
    pieces = packed(*(mail(number, block) for number in range(500)))

    assert sum(len(frame_bytes(piece)) for piece in pieces) < 150_000
    assert len({id(one[6]) for _, one in crossed(pieces)}) == 1


def test_a_message_above_a_piece_s_size_crosses_once_for_all_who_share_it() -> None:
    block = Message(LEDGER, LABEL, bytes(2 * cargo.FRAME_BYTES))  # as one of hundreds of deals
    pieces = packed(*(mail(number, block) for number in range(500)))

    assert sum(len(frame_bytes(piece)) for piece in pieces) < 2 * cargo.FRAME_BYTES + 50_000
    assert len({id(one[6]) for _, one in crossed(pieces)}) == 1


def test_much_mail_is_cut_into_pieces_of_bounded_size() -> None:
    posted = mails(*(bytes(300_000) + bytes([number]) for number in range(40)))
    pieces = packed(*posted)

    assert max(len(frame_bytes(piece)) for piece in pieces) < cargo.FRAME_BYTES + 400_000
    assert [one[6] for _, one in crossed(pieces)] == [one[6] for one in posted]


def test_many_small_mails_are_cut_too() -> None:
    pieces = packed(*mails(*[b""] * (2 * cargo.FRAME_ITEMS + 1)))

    assert [len(piece.targets) for piece in pieces] == [cargo.FRAME_ITEMS] * 2 + [1]


def test_what_was_taken_is_not_packed_again() -> None:
    packer = Packer(2)
    first, second = mails(b"one", b"two")

    packer.add(TO, first)
    assert [one[6].payload for _, one in crossed(packer.take())] == [b"one"]
    packer.add(TO, second)
    assert [one[6].payload for _, one in crossed(packer.take())] == [b"two"]
    assert packer.take() == []
