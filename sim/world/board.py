"""The K-chain as a validator's board: what it reads of the chain; it can change nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sim.kchain.blocks import genesis_state, unpack_blocks
from sim.kchain.genesis import Genesis
from sim.kchain.replica import follow
from sim.kchain.state import ChainState
from sim.protocol.ceremony import Ceremony
from sim.protocol.judge import CeremonyState
from sim.validator.ports import Chain


@dataclass(frozen=True, slots=True)
class ChainView:
    """One state of the chain, through the eyes of a validator."""

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
        """Return every attempt known so far, by key name and attempt."""
        return self.state.ceremonies()

    def contexts(self, key: str) -> Sequence[str]:
        """Return the contexts that the policy of an active key allows; empty for all."""
        record = self.state.record(key)
        return () if record is None else record.policy.contexts

    def has_signed(self, ceremony: Ceremony) -> bool:
        """Say whether a signing session of the generation that `ceremony` made is recorded."""
        return self.state.has_session(ceremony.key, ceremony.generation)


class KchainBoard:
    """Follows the K-chain by its own rules; blocks that break one are a bug of the simulation."""

    def __init__(self, genesis: Genesis) -> None:
        self._genesis = genesis

    def genesis(self) -> Chain:
        """Return the chain before its first block."""
        return ChainView(genesis_state(self._genesis))

    def unpack(self, payload: bytes) -> Sequence[tuple[int, bytes]]:
        """Return the blocks of a delivery, as (height, bytes), ascending."""
        return unpack_blocks(payload)

    def follow(self, chain: Chain, block: bytes) -> Chain:
        """Check `block` and return the chain after it."""
        assert isinstance(chain, ChainView)
        return ChainView(follow(chain.state, block))
