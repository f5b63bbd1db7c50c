"""A signing session of a single-party key: its one holder signs alone, and records.

ML-DSA-65 can't be shared here, so there is no message to exchange: in every round that begins while
the session is open the holder signs, with the one signature that FIPS 204's deterministic variant
gives, and posts it again.
"""

from __future__ import annotations

from sim.base.ids import ValidatorIndex
from sim.crypto import mldsa
from sim.protocol.effects import Effect, Record
from sim.protocol.messages import Private
from sim.protocol.requests import RecordSignSession
from sim.protocol.signing_task import SigningTask


class SoleMachine:
    """The holder's part in one session of its key.

    Args:
        task: The session, as the chain has it.
        key: The whole secret key.

    """

    def __init__(self, task: SigningTask, key: mldsa.SigningKey) -> None:
        self.task = task
        self._key = key
        self._round: int | None = None

    @property
    def label(self) -> str:
        """The scenario's name for the session."""
        return self.task.label

    def on_task(self, task: SigningTask, height: int) -> list[Effect]:
        """Sign and record once per round, while the session is open."""
        assert task.binding == self.task.binding, task.binding
        self.task = task
        number = task.round_at(height)
        if number is None or number == self._round or not task.is_proper:
            return []
        self._round = number
        record = RecordSignSession(
            key=task.key,
            generation=task.generation,
            signing=task.signing,
            context=task.context,
            message=task.message,
            signature=self._key.sign(task.message),
            signers=task.holders,
        )
        return [Record(record)]

    def close(self) -> list[Effect]:
        """End: there is nothing to stop or to erase."""
        return []

    def on_message(self, source: ValidatorIndex, message: Private) -> list[Effect]:
        """Ignore messages: nobody else has a part in this."""
        del source, message
        return []

    def on_timer(self, name: str) -> list[Effect]:
        """Ignore timers: none is ever set."""
        del name
        return []
