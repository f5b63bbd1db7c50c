"""One validator as its shard sees it: its clock, its mailbox, and whether it is up."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import trio

from sim.base.ids import LEDGER, NEVER_US, Label, ValidatorIndex
from sim.engine.history import NO_LABEL, Extra, HistoryWriter
from sim.engine.inbox import Inbox
from sim.engine.mail import ARRIVAL, FROM_OPERATOR, FROM_VALIDATOR, OVERFLOWED, RANK, Mail, recorded
from sim.engine.ports import Message

if TYPE_CHECKING:
    from sim.base.spool import Spool
    from sim.engine.faults import DiskLoss, Loss
    from sim.engine.ports import Downlink, Life, Store


class Node:
    """The state of one validator; its shard and its context work on it.

    Attributes:
        index: Its place in the registry.
        life: Its code.
        store: What it keeps across restarts.
        history: Its records.
        now_us: Its local clock's virtual time: how far it has come. Ahead of nothing that it
            could still receive, behind the window's start while it has nothing to do.
        downlink: What messages from other validators share on their last stretch, or None.
        incoming: Mail that has not come to the downlink yet; without one, the same as `inbox`.
        inbox: Mail to come and mail not yet looked at.
        waiting: Mail that arrived while it was busy, in order.
        commands: What its operator told it while it was down, in order.
        commanded: Counts what its operator told it over the run.
        queued: Messages among `waiting`: at most `mailbox_max`.
        wake_us: When its waiting task must go on even if nothing arrives.
        listening: Whether arriving mail wakes it too.
        busy_us: Until when it sleeps; a pause moves it.
        limit_us: It must do nothing at or after this time: a fault of its own is due then.
        mark_us: The earliest time at which its shard will look at it.
        alive: Whether it is up.
        crashing: Whether its own trigger has just stopped it.
        retired: Whether it is down for good.
        paused_us: Since when it stands still, or None.
        incarnation: Counts its starts, from 0.
        sequence: Counts sends over the run.
        submissions: Counts submissions over the run.
        happenings: Counts watched events over the run.
        service_us: Time that every input takes.
        offset_us: How far its clock is ahead, at `skewed_us`.
        drift_ppm: How much faster its clock goes since.
        skewed_us: When its clock was last set.
    """

    __slots__ = (
        "alive",
        "busy_us",
        "commanded",
        "commands",
        "crashing",
        "downlink",
        "drift_ppm",
        "happenings",
        "history",
        "inbox",
        "incarnation",
        "incoming",
        "index",
        "life",
        "limit_us",
        "listening",
        "lot",
        "mailbox_max",
        "mark_us",
        "now_us",
        "offset_us",
        "paused_us",
        "queued",
        "retired",
        "scope",
        "sequence",
        "service_us",
        "skewed_us",
        "store",
        "submissions",
        "waiting",
        "wake_us",
    )

    def __init__(
        self,
        index: ValidatorIndex,
        life: Life,
        store: Store,
        *,
        mailbox_max: int,
        width_us: int,
        downlink: Downlink | None = None,
        keep: bool,
        spool: Spool,
    ) -> None:
        self.index = index
        self.life = life
        self.store = store
        self.history = HistoryWriter(keep=keep, spool=spool)
        self.mailbox_max = mailbox_max
        self.now_us = 0
        self.downlink = downlink
        self.inbox = Inbox(width_us)
        self.incoming = self.inbox if downlink is None else Inbox(width_us)
        self.waiting: deque[Mail] = deque()
        self.commands: list[Mail] = []
        self.commanded = 0
        self.queued = 0
        self.lot = trio.lowlevel.ParkingLot()
        self.scope = trio.CancelScope()
        self.wake_us = NEVER_US
        self.listening = False
        self.busy_us = 0
        self.limit_us = NEVER_US
        self.mark_us = NEVER_US
        self.alive = False
        self.crashing = False
        self.retired = False
        self.paused_us: int | None = None
        self.incarnation = -1
        self.sequence = 0
        self.submissions = 0
        self.happenings = 0
        self.service_us = 0
        self.offset_us = 0
        self.drift_ppm = 0
        self.skewed_us = 0

    def due_us(self) -> int:
        """Return when its shard must look at it next, or NEVER_US."""
        arrival = self.inbox.next_us()
        if self.downlink is not None:
            arrival = min(arrival, self.incoming.next_us())
        if not self.alive:
            return arrival
        if self.paused_us is not None:
            return NEVER_US
        due = min(self.wake_us, arrival) if self.listening else self.wake_us
        return max(due, self.now_us)

    def expect(self, mail: Mail) -> None:
        """Take in mail that is on its way here."""
        (self.incoming if mail[RANK] == FROM_VALIDATOR else self.inbox).put(mail)

    def draw_in(self, before_us: int) -> None:
        """Let through the downlink what comes to it before `before_us`.

        All of that must be known: later mail could come to it sooner. So the order in which it is
        asked doesn't depend on when this is called.
        """
        if self.downlink is None:
            return
        while self.incoming.next_us() < before_us:
            mail = self.incoming.pop()
            arrival_us, rank, source, sequence, copy, transmission, message, about = mail
            through_us = self.downlink.enter(arrival_us, len(message.payload))
            if through_us is None:
                rank = OVERFLOWED
            else:
                arrival_us = through_us
            self.inbox.put((arrival_us, rank, source, sequence, copy, transmission, message, about))

    def admit(self) -> None:
        """Move what has arrived by now into the bounded mailbox; record what found it full."""
        inbox = self.inbox
        now = self.now_us
        while inbox.next_us() <= now:
            mail = inbox.pop()
            if mail[RANK] == OVERFLOWED:
                self.record_mail(now, "overflow", mail)
                continue
            if mail[RANK] == FROM_VALIDATOR:
                if self.queued >= self.mailbox_max:
                    self.record_mail(now, "full", mail)
                    continue
                self.queued += 1
            self.waiting.append(mail)

    def take(self, deadline_us: int, end_us: int) -> Mail | None:
        """Return the next mail that is due by `deadline_us` and before `end_us`, or None."""
        if self.downlink is not None:
            self.draw_in(end_us)
        inbox = self.inbox
        while not self.waiting:
            mail = inbox.take(self.now_us, deadline_us, end_us)
            if mail is None:
                if inbox.next_us() > self.now_us:
                    return None
                self.admit()
            elif mail[RANK] == OVERFLOWED:
                self.record_mail(mail[ARRIVAL], "overflow", mail)
            else:
                return mail
        if inbox.next_us() <= self.now_us:
            self.admit()
        if self.waiting[0][ARRIVAL] > deadline_us:
            return None
        mail = self.waiting.popleft()
        self.queued -= mail[RANK] == FROM_VALIDATOR
        return mail

    def lose_mail(self, before_us: int, not_before_us: int = 0) -> None:
        """Record as lost what arrived before `before_us`, at its arrival or `not_before_us`.

        What its operator told it is kept for its next start.
        """
        while self.waiting:
            self._lose(self.waiting.popleft(), not_before_us)
        self.queued = 0
        self.draw_in(before_us)
        inbox = self.inbox
        while inbox.next_us() < before_us:
            mail = inbox.pop()
            self._lose(mail, max(mail[ARRIVAL], not_before_us))

    def _lose(self, mail: Mail, time_us: int) -> None:
        if mail[RANK] == FROM_OPERATOR:
            self.commands.append(mail)  # its operator sees that it is down, and waits
            return
        self.record_mail(time_us, "overflow" if mail[RANK] == OVERFLOWED else "down", mail)

    def record_mail(self, time_us: int, kind: str, mail: Mail) -> None:
        """Record what became of `mail`."""
        arrival_us, _, source, _, _, transmission, _, about = mail
        self.history.add(time_us, kind, source, about, transmission, "", (arrival_us,))

    def record_fault(self, time_us: int, kind: str, verdict: str = "", extra: Extra = ()) -> None:
        """Record a fault of the validator itself."""
        self.history.add(time_us, kind, LEDGER, NO_LABEL, 0, verdict, extra)

    def clock_us(self) -> int:
        """Return what its own clock shows: virtual time plus offset and drift."""
        gained = (self.now_us - self.skewed_us) * self.drift_ppm // 1_000_000
        return self.now_us + self.offset_us + gained

    def start(self, time_us: int) -> None:
        """Come up as the next incarnation, with what its store still holds."""
        self.lose_mail(time_us)
        self.alive = True
        self.incarnation += 1
        self.now_us = time_us
        self.wake_us = time_us
        self.busy_us = time_us
        self.listening = False
        self.scope = trio.CancelScope()
        self.record_fault(time_us, "start", extra=(self.incarnation,))
        for mail in self.commands:
            self.inbox.put((time_us, *mail[1:]))
        self.commands.clear()

    def stop(self, time_us: int, lose: Loss) -> None:
        """Go down: lose what `lose` says, and what has arrived.

        Mail that arrives at this very instant comes after a scheduled crash, but is lost in one
        that the validator itself triggered: it was already at work at this instant.
        """
        lost = self.store.crash(lose)
        self.record_fault(time_us, "crash", verdict=lost)
        self.lose_mail(time_us + self.crashing, time_us)
        self.crashing = False
        self.paused_us = None

    def pause(self, time_us: int) -> bool:
        """Stand still; return whether that is news."""
        if not self.alive or self.paused_us is not None:
            return False
        self.paused_us = time_us
        self.record_fault(time_us, "pause")
        return True

    def resume(self, time_us: int) -> None:
        """Go on: work that was in progress ends later by as long as it stood still."""
        if self.paused_us is None:
            return
        if self.listening:
            self.now_us = max(self.now_us, time_us)
        else:
            self.busy_us += time_us - self.paused_us
            self.wake_us = self.busy_us
        self.paused_us = None
        self.record_fault(time_us, "resume")

    def slow(self, time_us: int, service_us: int) -> None:
        """Take `service_us` for every input from now on."""
        self.service_us = service_us
        self.record_fault(time_us, "slow", extra=(service_us,))

    def skew(self, time_us: int, offset_us: int, drift_ppm: int) -> None:
        """Set the clock off from now on."""
        self.offset_us = offset_us
        self.drift_ppm = drift_ppm
        self.skewed_us = time_us
        self.record_fault(time_us, "skew", extra=(offset_us, drift_ppm))

    def disk(self, time_us: int, lose: DiskLoss | None) -> None:
        """Let its disk fail, or work again."""
        self.store.fail(lose)
        self.record_fault(time_us, "disk", verdict=lose or "mended")

    def mend(self, time_us: int) -> None:
        """Let its clock be right, its disk work and its inputs take no time, where they don't."""
        if self.service_us:
            self.slow(time_us, 0)
        if self.offset_us or self.drift_ppm:
            self.skew(time_us, 0, 0)
        if self.store.failing:
            self.disk(time_us, None)

    def command(self, time_us: int, order: str) -> None:
        """Put what its operator tells it before everything else that arrives now."""
        self.commanded += 1
        label = Label("", 0, "command", order)
        message, about = Message(LEDGER, label, b""), recorded(label)
        self.inbox.put((time_us, FROM_OPERATOR, LEDGER, self.commanded, 0, 0, message, about))

    def release(self) -> None:
        """Let it act again after a fault of its own, unless it stands still."""
        self.limit_us = NEVER_US if self.paused_us is None else self.paused_us
