"""What a height does to signing sessions once its transactions stand.

Sessions expire; endorsements that are signed or not let a re-key go on or end it; a generation that
has just become active takes the open sessions over and is asked for its first signature; and
sessions begin that find their seats free.
"""

from __future__ import annotations

import msgspec

from sim.kchain.audit import SignSession
from sim.kchain.binding import bound, close_session, open_session
from sim.kchain.draft import Draft
from sim.kchain.endorsing import awaited_endorsement, endorsed, unendorsed
from sim.kchain.records import Key, KeyRecord
from sim.protocol.requests import RequestSign
from sim.protocol.sampling import admitted
from sim.protocol.signing_events import EXPIRED, FAILED, SIGNED, Rebound
from sim.protocol.signing_task import DEFAULT_CONTEXT, NOBODY, PROTOCOLS, trial_message

RETIRED = "KeyRetired"
"""How the log says that a session ended with its key."""


def expire_sessions(draft: Draft) -> None:
    """Close the sessions whose time is up, then carry out what has become of endorsements."""
    for session in list(draft.open_sessions.values()):
        if draft.height >= session.expires_at:
            close_session(draft, session, EXPIRED)
    for closed in draft.closed_now:
        name = closed.session.key
        # A rollback in the same block leaves nothing to endorse.
        if awaited_endorsement(draft, name) != closed.session.message:
            continue
        if closed.outcome == SIGNED and closed.statement is not None:
            endorsed(draft, name, closed.statement.signature)
        else:
            unendorsed(draft, name)


def settle_sessions(draft: Draft) -> None:
    """At the very end of a height: let the sessions follow what has become of their keys."""
    for name, key in list(draft.keys.items()):
        before = draft.before.record(name)
        if key.record is None:
            continue
        if key.active is None:
            for session in draft.sessions_of(name):
                close_session(draft, session, RETIRED)
        elif before is None or _generation(before) != _generation(key.record):
            _take_over(draft, key.record)
        _await_endorsement(draft, name, key)
    _begin_sessions(draft)


def _generation(record: KeyRecord) -> tuple[int, int]:
    return record.era, record.generation


def _take_over(draft: Draft, record: KeyRecord) -> None:
    """Bind what is open to a generation that is active since now, and ask for its first signature.

    Rounds start afresh. Trials of an earlier generation, and endorsements by it, are nothing that
    another one could sign: they end.
    """
    for session in draft.sessions_of(record.name):
        if session.purpose == "request":
            _rebind(draft, record, session)
        else:
            close_session(draft, session, EXPIRED)
    if record.scheme not in PROTOCOLS:
        return
    context = record.policy.contexts[0] if record.policy.contexts else DEFAULT_CONTEXT
    chain, era, generation = draft.genesis.chain, record.era, record.generation
    message = trial_message(chain, record.name, era, generation, context)
    request = RequestSign(record.name, f"test-{era}-{generation}", context, message)
    open_session(draft, bound(draft, record, request, NOBODY, "test"))


def _rebind(draft: Draft, record: KeyRecord, session: SignSession) -> None:
    request = RequestSign(session.key, session.signing, session.context, session.message)
    fresh = bound(draft, record, request, session.requester, "request")
    if fresh.needed > len(fresh.holders):
        close_session(draft, session, FAILED)
        return
    fresh = msgspec.structs.replace(
        fresh, opened_at=session.opened_at, expires_at=session.expires_at
    )
    draft.set_session(fresh)
    draft.session_events.append(Rebound(draft.signing_task(fresh)))


def _await_endorsement(draft: Draft, name: str, key: Key) -> None:
    """Ask the old public key to endorse a staged one, once; end sessions for what was given up."""
    message, asked = awaited_endorsement(draft, name), False
    for session in draft.sessions_of(name):
        if session.purpose == "endorse":
            asked = asked or session.message == message
            if session.message != message:
                close_session(draft, session, EXPIRED)
    if message is None or asked:
        return
    assert key.record is not None, name
    assert key.pending is not None, name
    signing = f"endorse-{key.pending.era}"
    tries = sum(
        (over.session.key, over.session.era, over.session.purpose)
        == (name, key.record.era, "endorse")
        for over in draft.sessions.values()
    )
    if tries:  # an earlier re-key to this era was not endorsed
        signing = f"{signing}.{tries + 1}"
    request = RequestSign(name, signing, DEFAULT_CONTEXT, message)
    open_session(draft, bound(draft, key.record, request, NOBODY, "endorse"))


def _begin_sessions(draft: Draft) -> None:
    waiting, running = [], []
    for session in draft.open_sessions.values():
        task = draft.signing_task(session)
        number = task.round_at(draft.height)
        if number is None:
            waiting.append((session.id, task.seated(0)))
        else:
            running.append(task.seated(number))
    for name in admitted(running, waiting):
        begun = msgspec.structs.replace(draft.open_sessions[name], begins=draft.height)
        draft.set_session(begun)
