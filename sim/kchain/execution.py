"""One transaction, and one height, applied to a draft of the state.

A transaction with a valid signature and its account's next nonce uses that nonce, whether it is
applied or rejected, and the nonce is the only thing that a rejection changes (and a line of the
audit log, for a refused request to sign). Reasons that use none: WrongChain (it was signed for
another chain and only repeated here), BadSignature, BadNonce.
"""

from __future__ import annotations

from sim.kchain.creation import create_key, end_height
from sim.kchain.policy import authorize, revoke, set_policy
from sim.kchain.sessions import (
    begin_sessions,
    expire_sessions,
    record_sign_session,
    request_sign,
)
from sim.kchain.state import ChainState, Draft
from sim.kchain.statements import apply_statement, note_second_deal, report_equivocation
from sim.protocol.entries import Rejected
from sim.protocol.messages import STATEMENTS
from sim.protocol.transactions import (
    AUTHORIZE,
    CREATE_KEY,
    RECORD_SIGN_SESSION,
    REPORT_EQUIVOCATION,
    REQUEST_SIGN,
    REVOKE,
    SET_POLICY,
    Transaction,
    decode_transaction,
    is_signed,
)


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
    elif kind == CREATE_KEY:
        create_key(draft, transaction)
    elif kind == REPORT_EQUIVOCATION:
        report_equivocation(draft, transaction)
    elif kind == REQUEST_SIGN:
        request_sign(draft, transaction)
    elif kind == RECORD_SIGN_SESSION:
        record_sign_session(draft, transaction)
    elif kind == SET_POLICY:
        set_policy(draft, transaction)
    elif kind == AUTHORIZE:
        authorize(draft, transaction)
    elif kind == REVOKE:
        revoke(draft, transaction)
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
    end_height(draft)
    begin_sessions(draft)
    finality = draft.genesis.finality
    echoes = tuple(height for height in draft.echoes if height > draft.height)
    draft.echoes = (*echoes, draft.height + finality) if acts and finality else echoes
    return draft.root()
