"""The ledger as the engine drives it: the K-chain, the links to it, and its principals.

It lives in the coordinating process alone. Both directions of every validator's link are computed
here, so that they are one FIFO stream whatever process the validator runs in.
"""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections import deque
from collections.abc import Mapping, Sequence
from typing import assert_never

from sim.base.codec import decode_canonical
from sim.base.ids import LEDGER, NEVER_US, Label, ValidatorIndex
from sim.engine.ports import LedgerDelivery, Submission
from sim.kchain.blocks import pack_blocks
from sim.kchain.ledger import Ledger
from sim.kchain.state import ChainState
from sim.network.ledger_links import Delivery, LedgerLinks
from sim.scenario.plan import ActionPlan
from sim.world.orders import Ask, Calm, Halt, LinkRule, Withhold, decode_order
from sim.world.principals import Principals
from sim.world.tchain_actor import TchainActor
from sim.world.withholding import Withholder


class KchainActor:
    """Drives one ledger.

    Args:
        ledger: The chain.
        links: Delays of both directions.
        principals: Sign what the timeline asks for.
        triggered: The entries that may be asked for by an order, by id.
        validators: How many there are.
        withhold: Turns entries into what blocks leave out.

    Attributes:
        principals: Who they are, and all that they have asked for.
        tchain: What the T-chain makes of it.

    """

    def __init__(
        self,
        ledger: Ledger,
        links: LedgerLinks[Submission],
        principals: Principals,
        triggered: Mapping[str, ActionPlan],
        validators: int,
        withhold: Withholder,
    ) -> None:
        self.ledger = ledger
        self.tchain = TchainActor()
        self._links = links
        self.principals = principals
        self._triggered = triggered
        self._withhold = withhold
        self._validators = tuple(map(ValidatorIndex, range(validators)))
        self._requests: list[tuple[int, int, ActionPlan]] = []
        self._requested = 0
        self._reads: dict[ValidatorIndex, deque[tuple[str, int]]] = {}
        self._heights = [0]
        self._held: dict[tuple[ValidatorIndex, Label, int], tuple[int, bytes]] = {}
        self._last_arrival_us = 0

    @property
    def state(self) -> ChainState:
        """The chain after its last block."""
        return self.ledger.state

    def ask(self, at_us: int, action: ActionPlan) -> None:
        """Let what a principal asks for arrive at `at_us`, before what validators send."""
        self._requested += 1
        heapq.heappush(self._requests, (at_us, self._requested, action))

    def withhold(self, at_us: int, action: ActionPlan) -> None:
        """Let blocks leave out what `action` says, from `at_us` on."""
        self.ledger.withhold(self._withhold(action, at_us))

    # Driven by the engine

    def accept(self, submissions: Sequence[Submission]) -> None:
        """Take submissions; each arrives over its sender's FIFO link."""
        for submission in sorted(submissions, key=lambda s: (s.sent_us, s.validator, s.sequence)):
            self._links.up(submission.sent_us, submission.validator, submission.label, submission)

    def next_block_us(self, after_us: int) -> int:
        """Return the time of the next block to materialise, at or after `after_us`, or NEVER_US."""
        arrival_us = self._links.earliest_us()
        if self._requests:
            arrival_us = min(arrival_us, self._requests[0][0])
        next_us = self.ledger.next_block_us(after_us)
        if arrival_us < NEVER_US:
            # A block takes what arrived strictly before it.
            next_us = min(next_us, self.ledger.next_tick_us(max(arrival_us, after_us - 1)))
        return next_us

    def next_tick_us(self, after_us: int) -> int:
        """Return the next block time after `after_us`, materialised or not."""
        return self.ledger.next_tick_us(after_us)

    def form(self, block_us: int) -> list[LedgerDelivery]:
        """Form the block at `block_us` and return what it sends to validators."""
        self._take_arrived(block_us)
        formed = self.ledger.form(block_us)
        if formed is None:
            return []
        for violation in self.tchain.on_block(self.state):
            raw = self.principals.report(violation, block_us)
            self.ledger.submit(block_us, LEDGER, raw)
        self._heights.append(formed.height)
        label = Label("", 0, "block", str(formed.height))
        payload = pack_blocks([formed.raw])
        sent = [self._deliver(block_us, v, formed.height, label, payload) for v in self._validators]
        for reader in map(ValidatorIndex, formed.readers):
            subject, known = self._reads[reader].popleft()
            later = self.ledger.blocks[bisect_right(self._heights, known) :]
            answer = Label("", 0, "catch-up", subject)
            sent.append(self._deliver(block_us, reader, formed.height, answer, pack_blocks(later)))
        return [delivery for delivery in sent if delivery is not None]

    def pending(self, block_us: int) -> Sequence[bytes]:
        """Return the transactions that a block at `block_us` would take by now."""
        self._take_arrived(block_us)
        return self.ledger.pending(block_us)

    def rush(self, block_us: int, submissions: Sequence[Submission]) -> None:
        """Take answers of rushing adversaries: they count as arrived just before `block_us`."""
        for submission in sorted(submissions, key=lambda s: (s.validator, s.sequence)):
            self.ledger.submit(block_us - 1, submission.validator, submission.payload)

    def apply(self, now_us: int, rule: bytes) -> list[LedgerDelivery]:
        """Carry out an encoded order that was triggered during the run.

        Returns:
            What a cut had held back and a heal now lets through.

        """
        order = decode_order(rule)
        match order:
            case Ask(action):
                self.ask(now_us, self._triggered[action])
            case Halt(for_us):
                self.ledger.halt(now_us, None if for_us is None else now_us + for_us)
            case Withhold(action):
                self.withhold(now_us, self._triggered[action])
            case Calm():
                self.ledger.quiet(now_us)
            case LinkRule(link_rule):
                return [self._released(d) for d in self._links.apply(now_us, link_rule)]
            case _:
                assert_never(order)
        return []

    def close(self, end_us: int) -> None:
        """Take what had arrived when the run ended, for the record: no block will hold it."""
        self._take_arrived(end_us)

    # What is still open

    def settled(self, now_us: int) -> bool:
        """Say whether nothing that the ledger knows of is open at `now_us`.

        Open are: a principal's request that stands in no block, a read, what a validator has sent
        and can still arrive, a ceremony or a rotation that waits for its turn, a signing session, a
        validator that joins or leaves at the next epoch, blocks on their way to a validator that
        they can reach. Schedules and epochs that only come round again don't count.
        """
        state = self.state
        return not (
            self._requests
            or self.principals.open(state)
            or any(self._reads.values())
            or self._links.earliest_us() < NEVER_US
            or state.open
            or state.open_sessions
            or state.registry.changing
            or state.echoes
            or now_us <= self._last_arrival_us
        )

    def _take_arrived(self, before_us: int) -> None:
        """Hand the ledger what has arrived strictly before `before_us`."""
        while self._requests and self._requests[0][0] < before_us:
            at_us, _, action = heapq.heappop(self._requests)
            for raw in self.principals.ask(action, at_us, self.state):
                self.ledger.submit(at_us, LEDGER, raw)
        for arrival_us, validator, submission in self._links.arrived(before_us):
            if submission.label.kind == "read":
                waiting = self._reads.setdefault(validator, deque())
                known = decode_canonical(submission.payload, int)
                waiting.append((submission.label.subject, known))
                self.ledger.read(arrival_us, validator)
            else:
                self.ledger.submit(arrival_us, validator, submission.payload)

    def _deliver(
        self, sent_us: int, validator: ValidatorIndex, height: int, label: Label, payload: bytes
    ) -> LedgerDelivery | None:
        """Send `payload` down a link; None while a cut without a known heal holds it back."""
        delivery = self._links.down(sent_us, validator, label)
        if delivery.arrival_us >= NEVER_US:
            self._held[validator, label, delivery.transmission] = (height, payload)
            return None
        return self._sent(delivery, height, payload)

    def _released(self, delivery: Delivery) -> LedgerDelivery:
        key = (delivery.validator, delivery.label, delivery.transmission)
        return self._sent(delivery, *self._held.pop(key))

    def _sent(self, delivery: Delivery, height: int, payload: bytes) -> LedgerDelivery:
        self._last_arrival_us = max(self._last_arrival_us, delivery.arrival_us)
        return LedgerDelivery(
            delivery.validator,
            delivery.arrival_us,
            height,
            delivery.label,
            delivery.transmission,
            payload,
        )
