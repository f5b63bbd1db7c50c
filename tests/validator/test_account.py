"""Write-ahead: a nonce is given once, and what isn't on the ledger is sent again unchanged."""

import pytest

from sim.base.ids import Label
from sim.crypto.identity import Identity
from sim.protocol.transactions import decode_transaction, is_signed
from sim.validator.account import Account, Signed
from sim.validator.store import Lose, Store

IDENTITY = Identity(bytes(31) + b"\x01")


def _label(kind: str) -> Label:
    return Label("beacon/dkg/0", 1, kind, "v0")


def _account(store: Store) -> Account:
    return Account("chain", IDENTITY, store)


def _post(account: Account, kind: str) -> Signed:
    signed = account.sign(kind, _label(kind), kind.encode())
    entries = account.entries(signed)
    for entry in entries:
        account._store.put(entry.key, entry.value)
    account._store.flush()
    account.written(signed)
    return signed


def test_statements_are_signed_with_ascending_nonces() -> None:
    account = _account(Store())

    transactions = [decode_transaction(_post(account, kind).raw) for kind in ("announce", "deal")]

    assert [(t.nonce, t.kind, t.payload) for t in transactions] == [
        (1, "announce", b"announce"),
        (2, "deal", b"deal"),
    ]
    assert all(map(is_signed, transactions))


@pytest.mark.parametrize("lose", ["nothing", "unsynced"])
def test_after_a_restart_what_the_ledger_lacks_is_sent_again_unchanged(lose: Lose) -> None:
    store = Store()
    first = _account(store)
    sent = [_post(first, kind) for kind in ("announce", "deal", "response")]

    store.crash(lose)
    again = _account(store).resume(ledger_nonce=1)

    assert again == sent[1:]


def test_a_restarted_account_goes_on_after_its_last_written_nonce() -> None:
    store = Store()
    first = _account(store)
    _post(first, "a")
    _post(first, "b")

    store.crash("unsynced")
    second = _account(store)
    second.resume(ledger_nonce=1)

    assert second.sign("c", _label("c"), b"").nonce == 3


def test_with_its_store_lost_an_account_goes_on_from_the_ledger() -> None:
    store = Store()
    _post(_account(store), "a")

    store.crash("all")
    second = _account(store)

    assert second.resume(ledger_nonce=1) == []
    assert second.sign("b", _label("b"), b"").nonce == 2


def test_writing_ahead_makes_everything_before_it_durable() -> None:
    store = Store()
    store.put("polynomial", b"secret")

    _post(_account(store), "deal")
    store.crash("unsynced")

    assert store.get("polynomial") == b"secret"


def test_a_signed_statement_that_was_not_written_leaves_no_trace() -> None:
    store = Store()
    _account(store).sign("deal", _label("deal"), b"")

    assert _account(store).resume(ledger_nonce=0) == []


def test_what_the_ledger_has_leaves_the_outbox() -> None:
    store = Store()
    account = _account(store)
    _post(account, "a")
    _post(account, "b")

    account.included(1)

    assert list(store.under("outbox/")) == ["000000000002"]
