"""Joining and leaving the registry: what a validator says of itself when its operator tells it to.

An order is durable before anything is submitted, until everything that it takes is written ahead:
a validator that crashes in between carries it out after its restart.
"""

from __future__ import annotations

from typing import Final, TypeAlias

from sim.base.codec import encode
from sim.base.ids import Label
from sim.protocol.effects import Delete, Flush, Put
from sim.protocol.requests import (
    JOIN,
    LEAVE,
    REGISTER,
    Join,
    Leave,
    Register,
)
from sim.validator.account import Account
from sim.validator.performing import Action, Publish
from sim.validator.ports import Chain, Order

ORDER: Final = "order"
"""Store key of the order that is being carried out."""

Request: TypeAlias = Register | Join | Leave

_KINDS: Final[dict[type[Request], str]] = {Register: REGISTER, Join: JOIN, Leave: LEAVE}


def accepted(order: Order) -> list[Action]:
    """Return the writes that make an order durable."""
    return [Put(ORDER, order.do.encode()), Flush()]


def carried_out(
    do: str, chain: Chain, name: str, registration: Register | None, account: Account
) -> list[Action]:
    """Return what is still to be done about an order, ``join`` or ``leave``; then it is dropped.

    `name` is the validator's, `registration` what it registers with; None if it is in genesis.
    """
    standing = chain.standing(name)
    wanted: list[Request] = []
    if do == "join" and standing == "absent" and registration is not None:
        wanted.append(registration)
    if do == "join" and standing not in ("joining", "active"):
        wanted.append(Join(name))
    if do == "leave" and standing not in ("leaving", "left", "evicted"):
        wanted.append(Leave(name))
    requests = [request for request in wanted if not account.awaits(_KINDS[type(request)])]
    return [*(_request(request, name, account) for request in requests), Delete(ORDER), Flush()]


def _request(request: Request, name: str, account: Account) -> Publish:
    kind, payload = _KINDS[type(request)], encode(request)
    signed = account.sign(kind, Label("", 0, kind, name), payload)
    return Publish(signed, None, len(payload), "")
