"""Plans for tests: small ones, written out rather than resolved from files."""

from __future__ import annotations

from typing import Any

import msgspec

from sim.protocol.ceremony import default_faults
from sim.scenario.network_plan import NetworkPlan
from sim.scenario.plan import (
    ActionPlan,
    KeyPlan,
    LedgerPlan,
    Plan,
    QuotaPlan,
    TransportPlan,
    ValidatorPlan,
)

CREATE = ActionPlan(id="create", do="create-key", at_us=0, key="beacon")


def key_plan(size: int, threshold: int, **changes: Any) -> KeyPlan:
    """Return the key "beacon" of the first `size` validators."""
    return KeyPlan(
        name="beacon",
        threshold=threshold,
        committee=tuple(range(size)),
        **{"scheme": "ED25519", "faults": default_faults(threshold, size), **changes},
    )


def make_plan(size: int, threshold: int, **changes: Any) -> Plan:
    """Return a plan on the ideal network in which one key is asked for at time 0."""
    plan = Plan(
        name="test",
        seed=1,
        tags=(),
        duration_us=None,
        reaction_us=20_000,
        validators=tuple(ValidatorPlan(name=f"v{i:02}", region="") for i in range(size)),
        network=NetworkPlan(profile="ideal"),
        ledger=LedgerPlan(),
        transport=TransportPlan(),
        cost="instant",
        quotas=QuotaPlan(),
        keys=(key_plan(size, threshold),),
        timeline=(CREATE,),
        corruptions=(),
        expects=(),
    )
    return msgspec.structs.replace(plan, **changes)
