"""A member of an active generation without a share asks the chain to have it repaired.

It has none if its store was lost, or if the generation was activated while it lacked a part of its
share. It asks once; once more when a repair has failed; and then at ever longer intervals, since
whatever made two repairs in a row fail will not be gone at the next height.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sim.base.codec import encode
from sim.base.ids import Label
from sim.protocol.requests import ROTATE_KEY, RotateKey
from sim.validator.account import Account
from sim.validator.keyring import is_lost
from sim.validator.performing import Action, Publish
from sim.validator.ports import Chain, Membership
from sim.validator.seats import Seat
from sim.validator.store import Store

ASKED: Final = "asked/"
"""Store keys of requests for repair: key, era, generation, and how many repairs had failed."""

PAUSE_HEIGHTS: Final = 128
"""Heights from the second failure to the third request; twice as many after every other."""

_DOUBLINGS_MAX: Final = 16


def requested_repairs(
    chain: Chain, height: int, seats: Sequence[Seat], name: str, account: Account, store: Store
) -> list[Action]:
    """Return the requests for repair that are due at `height`, of every key that `name` serves."""
    actions: list[Action] = []
    for membership in chain.memberships(name):
        key, era, generation = membership
        if not is_lost(seats, key, era, generation):
            continue
        waiting, failed, ended_at = chain.repairs(membership, name)
        marker = f"{ASKED}{key}/{era}/{generation}/{failed}"
        if waiting or height < ended_at + _pause(failed) or store.get(marker) is not None:
            continue
        actions.append(_request(membership, name, account, marker))
    return actions


def _pause(failed: int) -> int:
    return 0 if failed < 2 else PAUSE_HEIGHTS << min(failed - 2, _DOUBLINGS_MAX)


def _request(membership: Membership, name: str, account: Account, marker: str) -> Publish:
    asked = RotateKey(membership.key, "repair", reason="lost-share", target=name)
    payload = encode(asked)
    signed = account.sign(ROTATE_KEY, Label(membership.key, 0, ROTATE_KEY, name), payload)
    return Publish(signed, asked, len(payload), marker)
