"""The principals of a run: accounts that ask for keys, signatures, rotations and evictions.

A principal is no validator: no link delays what it signs. Each counts its own nonces; a transaction
is signed when it arrives, so that nonces follow the order of arrival.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sim.base.codec import encode
from sim.base.randomness import stream
from sim.base.secret import SecretBytes
from sim.crypto.principals import SEED_SIZE, Principal, PrincipalScheme, principal_from_seed
from sim.kchain.state import ChainState
from sim.protocol.requests import REPORT_VIOLATION, ReportViolation
from sim.protocol.transactions import sign_transaction
from sim.scenario.plan import ActionPlan, Plan, PrincipalPlan
from sim.world.requests import Directory, Request, requests_of

SURVEILLANCE: Final = "surveillance"
"""Name of the principal by which the T-chain reports violations; it always exists."""


_SCHEMES: Final[dict[str, PrincipalScheme]] = {"Ed25519": "ED25519", "ML-DSA-65": "MLDSA"}


@dataclass(frozen=True, slots=True)
class Asked:
    """A transaction of a principal.

    Attributes:
        action: Id of the timeline entry that it comes from; empty for a report of surveillance.
        do: What the entry does.
        key: The key concerned, or empty.
        by: Name of the principal.
        kind: Of the transaction.
        arrival_us: When it reached the ledger.
        raw: The transaction.

    """

    action: str
    do: str
    key: str
    by: str
    kind: str
    arrival_us: int
    raw: bytes


def declared_principals(plan: Plan) -> tuple[PrincipalPlan, ...]:
    """Return the principals of `plan`, with surveillance, which needn't be declared."""
    if any(principal.name == SURVEILLANCE for principal in plan.principals):
        return plan.principals
    return (*plan.principals, PrincipalPlan(name=SURVEILLANCE))


def principal_key(plan: Plan, principal: PrincipalPlan) -> Principal:
    """Return the signing account of a principal, drawn from the run's seed under its name."""
    seed = stream(plan.seed, "identity", "principal", principal.name).bytes(SEED_SIZE)
    return principal_from_seed(_SCHEMES[principal.algorithm], SecretBytes(seed))


def principal_names(plan: Plan) -> dict[bytes, str]:
    """Return the name of every principal by its public key."""
    return {principal_key(plan, p).public: p.name for p in declared_principals(plan)}


def authorised_keys(plan: Plan) -> tuple[bytes, ...]:
    """Return the public keys of the principals that genesis authorises, surveillance included."""
    return tuple(
        principal_key(plan, principal).public
        for principal in declared_principals(plan)
        if principal.authorised or principal.name == SURVEILLANCE
    )


class Principals:
    """Signs for every principal of a run.

    Args:
        plan: Who they are.
        chain: The chain's id, part of every signature.

    Attributes:
        asked: Every transaction so far, in order of arrival.

    """

    def __init__(self, plan: Plan, chain: str) -> None:
        self._chain = chain
        self._keys = {p.name: principal_key(plan, p) for p in declared_principals(plan)}
        self._nonces = dict.fromkeys(self._keys, 0)
        self._directory = Directory(plan, {name: key.public for name, key in self._keys.items()})
        self.asked: list[Asked] = []

    def ask(self, action: ActionPlan, arrival_us: int, state: ChainState) -> list[bytes]:
        """Sign what the entry `action` asks of the chain, which is in `state` when it arrives."""
        requests = requests_of(action, self._directory, state)
        return [
            self._sign(action.by, request, action.id, action.do, action.key, arrival_us)
            for request in requests
        ]

    def report(self, violation: ReportViolation, arrival_us: int) -> bytes:
        """Sign what surveillance reports."""
        request = Request(REPORT_VIOLATION, encode(violation))
        return self._sign(SURVEILLANCE, request, "", "report", violation.key, arrival_us)

    def open(self, state: ChainState) -> bool:
        """Say whether something that was asked for stands in no block of the chain in `state`."""
        return any(state.nonce(key.public) < self._nonces[name] for name, key in self._keys.items())

    def _sign(
        self, by: str, request: Request, action: str, do: str, key: str, arrival_us: int
    ) -> bytes:
        self._nonces[by] += 1
        account = self._keys[by]
        raw = sign_transaction(
            account.sign,
            self._chain,
            request.kind,
            account.public,
            self._nonces[by],
            request.payload,
        )
        self.asked.append(Asked(action, do, key, by, request.kind, arrival_us, raw))
        return raw
