"""Which block a validator acts on: its own receipt, finality, and the answer to a read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sim.base.codec import decode_canonical, encode
from sim.base.ids import ValidatorIndex
from sim.protocol.judge import CeremonyState
from sim.protocol.signing_task import SigningTask
from sim.validator.ledger import LedgerView
from sim.validator.ports import AttemptId, Chain, Membership, News, Repairs


@dataclass(frozen=True)
class _Chain:
    height: int

    @property
    def head(self) -> bytes:
        return bytes([self.height])

    def nonce(self, principal: bytes) -> int:
        return 0

    def ceremonies(self) -> Sequence[CeremonyState]:
        return ()

    def concerning(self, validator: ValidatorIndex) -> Sequence[CeremonyState]:
        return ()

    def live(self) -> frozenset[AttemptId]:
        return frozenset()

    def label(self, attempt: AttemptId) -> str:
        return ""

    def memberships(self, name: str) -> Sequence[Membership]:
        return ()

    def repairs(self, membership: Membership, name: str) -> Repairs:
        return Repairs(waiting=False, failed=0, ended_at=0)

    def standing(self, name: str) -> str:
        return "active"

    def signing_tasks(self, validator: ValidatorIndex) -> Sequence[SigningTask]:
        return ()


class _Board:
    """Blocks are their heights."""

    def genesis(self) -> Chain:
        return _Chain(0)

    def unpack(self, payload: bytes) -> Sequence[tuple[int, bytes]]:
        return [(height, bytes([height])) for height in decode_canonical(payload, list[int])]

    def follow(self, chain: Chain, block: bytes) -> Chain:
        assert block[0] > chain.height
        return _Chain(block[0])


def _news(*heights: int, catch_up: bool = False) -> News:
    return News(encode(heights), catch_up)


def _view(finality: int = 0, *, waiting: bool = False) -> LedgerView:
    return LedgerView(_Board(), finality, waiting=waiting)


def _followed(view: LedgerView, news: News) -> list[int]:
    return [chain.height for chain in view.receive(news)]


def test_without_finality_the_last_block_received_is_acted_on() -> None:
    view = _view()

    assert _followed(view, _news(3)) == [3]
    assert (view.final.height, view.acting_height) == (3, 3)


def test_a_block_is_final_once_its_height_plus_finality_is_received() -> None:
    view = _view(finality=2)
    finals = []
    for height in (3, 4, 5, 9):
        view.receive(_news(height))
        finals.append((view.final.height, view.acting_height))

    assert finals == [(0, 1), (0, 2), (3, 3), (5, 7)]


def test_a_restarted_validator_ignores_blocks_until_its_read_is_answered() -> None:
    view = _view(waiting=True)

    before = _followed(view, _news(4)), view.waiting
    after = _followed(view, _news(2, 3, 4, 5, catch_up=True)), view.waiting

    assert (before, after) == (([], True), ([2, 3, 4, 5], False))
    assert view.final.height == 5


def test_a_restarted_validator_goes_on_from_what_it_knew() -> None:
    before = _view(finality=2)
    for height in (3, 4, 5):
        before.receive(_news(height))
    view = LedgerView(_Board(), 2, waiting=True, known=before.known)

    assert view.head.height == 5
    assert _followed(view, _news(6, catch_up=True)) == [6]
    assert (view.final.height, view.acting_height) == (4, 4)


def test_blocks_that_came_live_and_in_an_answer_are_followed_once() -> None:
    view = _view(waiting=True)
    view.receive(_news(2, 3, catch_up=True))

    assert _followed(view, _news(3)) == []
    assert _followed(view, _news(2, 3, 4, catch_up=True)) == [4]


def test_finality_holds_for_an_answer_too() -> None:
    view = _view(finality=2, waiting=True)

    view.receive(_news(2, 3, 5, 6, catch_up=True))

    assert (view.final.height, view.acting_height) == (3, 4)
