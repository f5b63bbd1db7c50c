"""Histories: written to a file piece by piece, and read back as they were."""

from __future__ import annotations

from sim.base.ids import Label, ValidatorIndex
from sim.base.spool import Spool, Spooled
from sim.engine.frames import FrameBuffer, Lived, frame_bytes, lived
from sim.engine.history import History, HistoryWriter, Record, history_spool

V1 = ValidatorIndex(1)
LABEL = Label("key/dkg/0", 1, "share", "v01")


def written(count: int, spool: Spool | None = None) -> tuple[list[Record], History]:
    writer = HistoryWriter(keep=True, spool=spool or history_spool())
    records = [Record(at, "send", V1, LABEL, 1, "ok", (at + 10,)) for at in range(count)]
    for record in records:
        writer.add(*record)
    return records, writer.finish()


def test_a_long_history_lies_in_a_file_and_reads_as_it_was_written() -> None:
    records, history = written(5_000, Spool(1 << 13))

    assert sum(isinstance(chunk, Spooled) for chunk in history.chunks) > 10
    assert list(history) == records


def test_a_run_of_some_dozens_opens_no_file_for_its_histories() -> None:
    records, history = written(5_000)

    assert all(isinstance(chunk, bytes) for chunk in history.chunks)
    assert list(history) == records


def test_a_history_crosses_to_another_process_and_into_its_file() -> None:
    records, history = written(50_000)
    data = b"".join(map(frame_bytes, lived(V1, history)))
    spool, crossed, frames = Spool(1), None, 0
    for frame in FrameBuffer().feed(data):
        assert isinstance(frame, Lived)
        crossed = frame.history(spool, crossed)
        frames += 1

    assert frames > 1  # each of bounded size
    assert crossed == history
    assert crossed is not None
    assert any(isinstance(chunk, Spooled) for chunk in crossed.chunks)
    assert list(crossed) == records
