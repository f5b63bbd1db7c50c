"""What rotates keys without anybody's request: epochs, churn, schedules, age, and violations."""

from __future__ import annotations

from bisect import bisect_left

from sim.kchain.draft import Draft
from sim.kchain.due import age_due, is_boundary, renews, schedule_due
from sim.kchain.payloads import decoded
from sim.kchain.policy import key_in_use
from sim.kchain.queueing import enqueue
from sim.kchain.records import Key
from sim.kchain.rotation import Rotation, Trigger
from sim.protocol.ceremony import Operation
from sim.protocol.entries import Rejected
from sim.protocol.requests import ReportViolation
from sim.protocol.signing_events import VIOLATION
from sim.protocol.transactions import Transaction


def fire(draft: Draft) -> None:
    """Settle the registry if an epoch begins, then queue what every key's rules ask for."""
    boundary = is_boundary(draft.genesis, draft.height)
    if boundary:
        draft.settle_registry()
    for name, key in list(draft.keys.items()):
        if key.active is None:
            continue
        if boundary and renews(key, draft.registry.gone):
            trigger: Trigger = "epoch" if "epoch" in key.request.rotation.on else "churn"
            enqueue(draft, name, _automatic(draft, key, "reshare", trigger))
        if schedule_due(key, draft.height - 1) == draft.height:
            enqueue(draft, name, _automatic(draft, key, "refresh", "schedule"))
        if age_due(key, draft.height - 1) == draft.height:
            enqueue(draft, name, _automatic(draft, key, "refresh", "max-age"))


def report_violation(draft: Draft, transaction: Transaction) -> None:
    """Take surveillance's word for a refusal that the audit log has, once for each.

    The key is refreshed if its rules say so; if not, the report stands for itself.

    Raises:
        Rejected: Malformed, Unauthorized, KeyNotFound, KeyNotActive, KeyRetired, NoViolation or
            AlreadyReported.

    """
    said = decoded(transaction, ReportViolation)
    if transaction.principal not in draft.genesis.authorised:
        raise Rejected("Unauthorized")
    key, _ = key_in_use(draft, said.key)
    if not _was_refused(draft, said):
        raise Rejected("NoViolation")
    if (said.key, said.signing, said.height) in draft.reported:
        raise Rejected("AlreadyReported")
    draft.add_report(said.key, said.signing, said.height)
    if "policy-violation" in key.request.rotation.on:
        enqueue(draft, said.key, _automatic(draft, key, "refresh", "policy-violation"))


def _was_refused(draft: Draft, said: ReportViolation) -> bool:
    """Look for the refusal at its height alone: the audit log is long, and in order."""
    audit = draft.audit
    place = bisect_left(audit, said.height, key=lambda entry: entry.height)
    while place < len(audit) and audit[place].height == said.height:
        entry = audit[place]
        if (entry.key, entry.signing, entry.outcome) == (said.key, said.signing, VIOLATION):
            return True
        place += 1
    return False


def _automatic(draft: Draft, key: Key, operation: Operation, trigger: Trigger) -> Rotation:
    record = key.record
    assert record is not None, key.request.key
    return Rotation(operation, trigger, draft.height, record.era, record.generation)
