"""One transaction, and one height, applied to a draft of the state.

A transaction with a valid signature and its account's next nonce uses that nonce, whether it is
applied or rejected, and the nonce is the only thing that a rejection changes (and a line of the
audit log, for a refused request to sign). Reasons that use none: WrongChain (it was signed for
another chain and only repeated here), BadSignature, BadNonce.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from sim.kchain.attempts import end_attempts
from sim.kchain.creation import create_key
from sim.kchain.draft import Draft
from sim.kchain.membership import evict, join, leave, register
from sim.kchain.policy import authorize, revoke, set_policy
from sim.kchain.queueing import advance
from sim.kchain.rotating import retire_key, rollback, rotate_key
from sim.kchain.sessions import record_sign_session, request_sign
from sim.kchain.settling import expire_sessions, settle_sessions
from sim.kchain.state import ChainState
from sim.kchain.statements import apply_statement, note_second_deal, report_equivocation
from sim.kchain.triggers import fire, report_violation
from sim.protocol.entries import Rejected
from sim.protocol.messages import STATEMENTS
from sim.protocol.requests import (
    AUTHORIZE,
    CREATE_KEY,
    EVICT,
    JOIN,
    LEAVE,
    RECORD_SIGN_SESSION,
    REGISTER,
    REPORT_EQUIVOCATION,
    REPORT_VIOLATION,
    REQUEST_SIGN,
    RETIRE_KEY,
    REVOKE,
    ROLLBACK,
    ROTATE_KEY,
    SET_POLICY,
)
from sim.protocol.transactions import (
    Transaction,
    decode_transaction,
    is_signed,
)

_EFFECTS: Final[Mapping[str, Callable[[Draft, Transaction], None]]] = {
    CREATE_KEY: create_key,
    ROTATE_KEY: rotate_key,
    ROLLBACK: rollback,
    RETIRE_KEY: retire_key,
    REGISTER: register,
    JOIN: join,
    LEAVE: leave,
    EVICT: evict,
    REPORT_VIOLATION: report_violation,
    REPORT_EQUIVOCATION: report_equivocation,
    SET_POLICY: set_policy,
    AUTHORIZE: authorize,
    REVOKE: revoke,
    REQUEST_SIGN: request_sign,
    RECORD_SIGN_SESSION: record_sign_session,
}
"""What each kind of transaction does, ceremony statements aside."""


def execute(draft: Draft, raw: bytes) -> str:
    """Apply one canonically encoded transaction.

    Returns:
        The reason for which it was rejected, ``""`` when it was applied.

    Raises:
        DecodeError: `raw` is no transaction; such bytes can stand in no block.

    """
    transaction = decode_transaction(raw)
    if transaction.chain != draft.genesis.chain:
        return "WrongChain"
    if not is_signed(transaction):
        return "BadSignature"
    if transaction.nonce != draft.nonce(transaction.principal) + 1:
        note_second_deal(draft, transaction, raw)
        return "BadNonce"
    draft.consume_nonce(transaction.principal)
    try:
        _dispatch(draft, transaction, raw)
    except Rejected as rejected:
        return rejected.reason
    return ""


def _dispatch(draft: Draft, transaction: Transaction, raw: bytes) -> None:
    kind = transaction.kind
    if kind in STATEMENTS:
        apply_statement(draft, transaction, raw)
    elif kind in _EFFECTS:
        _EFFECTS[kind](draft, transaction)
    else:
        raise Rejected("UnknownKind")


def is_future(state: ChainState | Draft, raw: bytes) -> bool:
    """Say whether a transaction must wait for others of its account before it can be judged."""
    transaction = decode_transaction(raw)
    return (
        transaction.nonce > state.nonce(transaction.principal) + 1
        and transaction.chain == state.genesis.chain
        and is_signed(transaction)
    )


def finish(draft: Draft, *, transactions: int) -> bytes:
    """End the height after its `transactions`, and return the state root.

    If validators wait for finality, a height at which there is something to act on makes a later
    one due; that one in turn makes none.
    """
    acts = transactions > 0 or draft.before.rule_due == draft.height
    expire_sessions(draft)
    end_attempts(draft)
    fire(draft)
    advance(draft)
    settle_sessions(draft)
    finality = draft.genesis.finality
    echoes = tuple(height for height in draft.echoes if height > draft.height)
    draft.echoes = (*echoes, draft.height + finality) if acts and finality else echoes
    return draft.root()
