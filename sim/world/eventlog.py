"""Every validator's records of a run, decoded only while somebody looks: a year has a million."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from sim.base.ids import ValidatorIndex
from sim.engine.history import History, Record, merged


class Event(NamedTuple):
    """One record of a validator's history, as `events.msgpack` holds it.

    Attributes:
        time_us: Virtual time.
        validator: Whose history it stands in; registry position.
        sequence: Its place in that history, from 0, over all incarnations.
        kind: What happened: ``send``, ``receive``, ``block``, ``crash`` …
        session: The label's session, or ``""``.
        peer: The other side: a registry position, -1 for the ledger.
        label: The rest of the label: (kind, subject, attempt).
        transmission: Count of sends of that label on that link; 0 where it means nothing.
        verdict: The fate of a send, or what became of an input.
        extra: What else the record carries: a send's arrival times in µs.

    """

    time_us: int
    validator: int
    sequence: int
    kind: str
    session: str
    peer: int
    label: tuple[str, str, int]
    transmission: int
    verdict: str
    extra: tuple[int | str, ...]


class EventLog(Collection[Event]):
    """The records of all validators, by (time, validator, sequence).

    Args:
        histories: By validator; their records were kept.

    """

    def __init__(self, histories: Mapping[ValidatorIndex, History]) -> None:
        self._histories = dict(sorted(histories.items()))

    def __len__(self) -> int:
        return sum(history.count for history in self._histories.values())

    def __contains__(self, event: object) -> bool:
        return any(event == known for known in self)

    def __iter__(self) -> Iterator[Event]:
        for time_us, validator, sequence, record in merged(self._histories):
            yield _event(time_us, validator, sequence, record)

    def of(self, validator: int) -> Iterator[Event]:
        """Yield the records of one validator, in order: much cheaper than all of them in order."""
        history = self._histories[ValidatorIndex(validator)]
        for sequence, record in enumerate(history):
            yield _event(record.time_us, validator, sequence, record)


def _event(time_us: int, validator: int, sequence: int, record: Record) -> Event:
    label = record.label
    return Event(
        time_us,
        validator,
        sequence,
        record.kind,
        label.session,
        record.peer,
        (label.kind, label.subject, label.attempt),
        record.transmission,
        record.verdict,
        record.extra,
    )
