"""The T-chain beside the ledger: its book of sessions, and what its surveillance reports.

It lives where blocks are formed and sees each at once. A report is a principal's transaction: it
arrives at the instant of the block that shows the violation, so the next block takes it.
"""

from __future__ import annotations

from collections.abc import Sequence

from sim.kchain.state import ChainState
from sim.protocol.requests import ReportViolation
from sim.tchain.book import Book
from sim.tchain.surveillance import reports


class TchainActor:
    """Follows one ledger.

    Attributes:
        book: Every session that the ledger has told of.

    """

    def __init__(self) -> None:
        self.book = Book()

    def on_block(self, state: ChainState) -> Sequence[ReportViolation]:
        """Take the block after which the chain is in `state`; return what is to be reported."""
        self.book.on_block(state.height, state.time_us, state.session_events)
        # Both chains ask one rule which sessions begin; that they agree is part of the simulation.
        assert self.book.open_tasks() == state.tasks
        return reports(state.height, state.session_events)
