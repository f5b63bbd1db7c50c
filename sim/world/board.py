"""The K-chain as a validator's board: what it reads of the chain; it can change nothing."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from sim.base.ids import ValidatorIndex
from sim.kchain.blocks import genesis_state, unpack_blocks
from sim.kchain.genesis import Genesis
from sim.kchain.replica import follow
from sim.kchain.state import ChainState
from sim.protocol.judge import CeremonyState
from sim.protocol.signing_task import SigningTask
from sim.validator.ports import AttemptId, Chain, Membership, Repairs

KEPT: Final = 64
"""Views that a board keeps: of the last blocks, where the validators of a run are."""


@dataclass(frozen=True)
class ChainView:
    """One state of the chain, through the eyes of the validators of one process."""

    state: ChainState

    @property
    def height(self) -> int:
        """Height of its last block."""
        return self.state.height

    @property
    def head(self) -> bytes:
        """Hash of its last block."""
        return self.state.head

    def nonce(self, principal: bytes) -> int:
        """Return the last nonce that `principal` has used; 0 for none."""
        return self.state.nonce(principal)

    def ceremonies(self) -> Sequence[CeremonyState]:
        """Return every attempt that counts: open, just ended, or behind an active share."""
        return self.state.ceremonies()

    def concerning(self, validator: ValidatorIndex) -> Sequence[CeremonyState]:
        """Return those of `ceremonies` in which `validator` has a seat, the ended ones first."""
        return self._concerning.get(validator, ())

    @cached_property
    def _concerning(self) -> Mapping[ValidatorIndex, Sequence[CeremonyState]]:
        found: dict[ValidatorIndex, list[CeremonyState]] = {}
        # A rotation deals shares of a generation whose own attempt has ended.
        for state in sorted(self.state.ceremonies(), key=lambda state: not state.ended):
            for seat in state.ceremony.participants:
                found.setdefault(seat.validator, []).append(state)
        return found

    def live(self) -> frozenset[AttemptId]:
        """Return the ids of `ceremonies`."""
        return self._live

    @cached_property
    def _live(self) -> frozenset[AttemptId]:
        ceremonies = (state.ceremony for state in self.state.ceremonies())
        return frozenset((ceremony.session, ceremony.attempt) for ceremony in ceremonies)

    def label(self, attempt: AttemptId) -> str:
        """Return the scenario's name for the session of any attempt that ever was."""
        return self.state.attempt(*attempt).ceremony.label

    def memberships(self, name: str) -> Sequence[Membership]:
        """Return the active generations in whose committees the validator `name` is."""
        return self._memberships.get(name, ())

    @cached_property
    def _memberships(self) -> Mapping[str, Sequence[Membership]]:
        found: dict[str, list[Membership]] = {}
        for key in self.state.keys.values():
            record = key.active
            if record is not None:
                membership = Membership(record.name, record.era, record.generation)
                for name in record.committee:
                    found.setdefault(name, []).append(membership)
        return found

    def repairs(self, membership: Membership, name: str) -> Repairs:
        """Return what has become of repairs of the share of `name`."""
        key = self.state.keys[membership.key]
        asked = key.queue if key.pending is None else (key.pending.rotation, *key.queue)
        ended = [
            entry.ended_at
            for entry in self.state.rotations(membership.key)
            if (entry.operation, entry.target) == ("repair", name)
            and (entry.era, entry.generation) == membership[1:]
            and entry.outcome != "activated"
        ]
        waiting = any((one.operation, one.target) == ("repair", name) for one in asked)
        return Repairs(waiting, len(ended), max(ended, default=0))

    def standing(self, name: str) -> str:
        """Return a validator's status in the registry; ``absent`` if it was never registered."""
        entry = self.state.registry.get(name)
        return "absent" if entry is None else entry.status

    def signing_tasks(self, validator: ValidatorIndex) -> Sequence[SigningTask]:
        """Return the open signing sessions of keys whose committees `validator` is in."""
        return self._signing_tasks.get(validator, ())

    @cached_property
    def _signing_tasks(self) -> Mapping[ValidatorIndex, Sequence[SigningTask]]:
        found: dict[ValidatorIndex, list[SigningTask]] = {}
        for task in self.state.tasks:
            for member in task.members:
                found.setdefault(member.validator, []).append(task)
        return found


class KchainBoard:
    """Follows the K-chain by its own rules; blocks that break one are a bug of the simulation.

    The validators of a process share it: what they look up in a state is found once for all.
    """

    def __init__(self, genesis: Genesis) -> None:
        self._genesis = genesis
        self._views: OrderedDict[bytes, ChainView] = OrderedDict()

    def genesis(self) -> Chain:
        """Return the chain before its first block."""
        return self._view(genesis_state(self._genesis))

    def unpack(self, payload: bytes) -> Sequence[tuple[int, bytes]]:
        """Return the blocks of a delivery, as (height, bytes), ascending."""
        return unpack_blocks(payload)

    def follow(self, chain: Chain, block: bytes) -> Chain:
        """Check `block` and return the chain after it."""
        assert isinstance(chain, ChainView)
        return self._view(follow(chain.state, block))

    def _view(self, state: ChainState) -> ChainView:
        view = self._views.get(state.head)
        if view is None:
            view = self._views[state.head] = ChainView(state)
            if len(self._views) > KEPT:
                self._views.popitem(last=False)
        return view
