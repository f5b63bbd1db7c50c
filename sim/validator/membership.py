"""Joining and leaving the registry: what a validator says of itself when its operator tells it to.

Its first word on the chain is its Register; so whoever has used no nonce is in no registry but
genesis, and has no `registration` if it is in that.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from sim.base.codec import encode
from sim.base.ids import Label
from sim.protocol.transactions import JOIN, LEAVE, REGISTER, Join, Leave, Register
from sim.validator.account import Account
from sim.validator.performing import Publish
from sim.validator.ports import Order


def obey(
    order: Order, account: Account, name: str, registration: Register | None
) -> Iterator[Publish]:
    """Yield the transactions by which the validator `name` does what `order` says."""
    match order.do:
        case "join":
            if registration is not None and not account.used:
                yield _publish(account, REGISTER, name, registration)
            yield _publish(account, JOIN, name, Join(name))
        case "leave":
            yield _publish(account, LEAVE, name, Leave(name))


def _publish(account: Account, kind: str, name: str, content: msgspec.Struct) -> Publish:
    payload = encode(content)
    return Publish(account.sign(kind, Label("", 0, kind, name), payload), None, len(payload), "")
