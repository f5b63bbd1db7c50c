"""Everything that a mobile adversary gets hold of, as forms of what dealers drew.

It reads the whole store of whoever it corrupts, for as long as it does. It has a recording of every
sealed share that travelled and of the ledger, and opens what stolen keys open. Every scalar that it
finds is checked against public points before it counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sim.base.codec import decode_canonical
from sim.base.secret import Secret, SecretBytes
from sim.checks.algebra import Form, Knowledge, at, combine
from sim.checks.observation import Kept, Observation, ValidatorView, generation_of, id_of
from sim.checks.statements import Said, by_attempt
from sim.crypto import sealing
from sim.crypto.group import ScalarError
from sim.crypto.groups import get_group
from sim.crypto.polynomial import lagrange
from sim.protocol.ceremony import Ceremony
from sim.protocol.complaints import SEEDS_SIZE, open_reply, share_matches
from sim.protocol.deals import DEAL_FAULTS
from sim.protocol.judge import CeremonyState
from sim.protocol.messages import Justification, OpenReply, ShareEnvelope
from sim.protocol.phases import Phase


class Loot:
    """What is known of one public key.

    Args:
        order: q of its group.

    Attributes:
        knowledge: Forms of which the value is known.
        generations: The polynomial of each generation, as forms of its coefficients.

    """

    def __init__(self, order: int) -> None:
        self.order = order
        self.knowledge = Knowledge(order)
        self.generations: dict[int, list[Form]] = {}

    def secret(self) -> int | None:
        """Return the secret key if it follows from what is known, else None."""
        for polynomial in self.generations.values():
            return self.knowledge.value(polynomial[0])
        return None


def loot(observation: Observation, key: str, era: int) -> Loot:
    """Return what is stolen, recorded and published of one era of a key."""
    states = [s for s in observation.ceremonies if (s.ceremony.key, s.ceremony.era) == (key, era)]
    said = by_attempt(observation)
    envelopes = list(_envelopes(observation))
    found = Loot(get_group(states[0].ceremony.scheme).order)
    for state in states:
        if state.ceremony.operation in ("repair", "generate"):
            continue
        heist = _Heist(observation, state, found)
        heist.take_stores()
        heist.open_recorded(envelopes)
        heist.read_ledger(said.get(id_of(state), ()))
    for state in states:
        if state.ceremony.operation == "repair" and state.phase is Phase.ACTIVE:
            _repaired(observation, state, found)
    return found


def stolen(validator: ValidatorView) -> Iterator[Kept]:
    """Yield what of a validator's store was there while it was corrupted."""
    for kept in validator.kept:
        if any(kept.was_there(period) for period in validator.periods):
            yield kept


def _envelopes(observation: Observation) -> Iterator[ShareEnvelope]:
    for validator in observation.validators:
        for raw in validator.envelopes:
            yield decode_canonical(raw, ShareEnvelope)


class _Heist:
    """What one attempt gives away."""

    def __init__(self, observation: Observation, state: CeremonyState, found: Loot) -> None:
        self._observation = observation
        self._state = state
        self._ceremony = state.ceremony
        self._found = found
        self._group = get_group(state.ceremony.scheme)
        self._dealt = _dealt(state, found)
        if state.phase is Phase.ACTIVE:
            found.generations[state.ceremony.generation] = _summed(state, self._dealt, found)

    def take_stores(self) -> None:
        """Take shares and polynomials out of the stores of the corrupted."""
        for validator in self._observation.validators:
            for kept in stolen(validator):
                if (kept.session, kept.attempt) != id_of(self._state):
                    continue
                if kept.name == "share":
                    self._learn_share(validator, kept.value)
                elif kept.name == "polynomial":
                    self._learn_polynomial(validator, kept.value)

    def open_recorded(self, envelopes: Sequence[ShareEnvelope]) -> None:
        """Open recorded envelopes of this attempt with stolen transport keys."""
        keys = self._transport_keys()
        here = id_of(self._state)
        for envelope in envelopes:
            key = keys.get(envelope.recipient)
            if (envelope.session, envelope.attempt) == here and key is not None:
                self._learn_part(
                    envelope.dealer, envelope.recipient, _opened(envelope, key, self._ceremony)
                )

    def read_ledger(self, said: Sequence[Said]) -> None:
        """Read what stands in the clear, and open sealed replies with stolen or published seeds."""
        ceremony = self._ceremony
        seeds = self._one_time_keys()
        for one in said:
            holder = ceremony.by_identity.get(one.principal)
            if isinstance(one.statement, OpenReply) and holder is not None:
                for opening in one.statement.openings:
                    if len(opening.seeds) == SEEDS_SIZE:
                        seeds[opening.dealer, holder.index] = Secret(opening.seeds)
        for one in said:
            dealer = ceremony.dealer_by_identity.get(one.principal)
            if not isinstance(one.statement, Justification) or dealer is None:
                continue
            for reply in one.statement.replies:
                pair = dealer.index, reply.accuser
                if reply.kind == "clear":
                    self._learn_part(*pair, reply.data)
                elif pair in seeds:
                    key = sealing.TransportKey.from_seeds(seeds[pair])
                    self._learn_part(*pair, open_reply(ceremony, pair, key, reply.data))

    def _transport_keys(self) -> dict[int, sealing.TransportKey]:
        """Return stolen transport keys that were announced in this attempt, by holder."""
        keys = {}
        for validator in self._observation.validators:
            seat = self._ceremony.by_validator.get(validator.index)
            if seat is None:
                continue
            for seeds in self._transport_seeds(validator):
                key = sealing.TransportKey.from_seeds(seeds)
                if key.public == self._state.transport.get(seat.index):
                    keys[int(seat.index)] = key
        return keys

    def _transport_seeds(self, validator: ValidatorView) -> Iterator[SecretBytes]:
        if validator.transport is not None and validator.periods:
            yield validator.transport  # for life: whenever it is stolen, it opens everything
        for kept in stolen(validator):
            if (kept.session, kept.attempt) == id_of(self._state) and kept.name == "transport":
                yield kept.value

    def _one_time_keys(self) -> dict[tuple[int, int], SecretBytes]:
        seeds = {}
        for validator in self._observation.validators:
            seat = self._ceremony.by_validator.get(validator.index)
            for kept in stolen(validator) if seat else ():
                kind, _, dealer = kept.name.partition("/")
                if (kept.session, kept.attempt) == id_of(self._state) and kind == "one-time":
                    assert seat is not None
                    seeds[int(dealer), int(seat.index)] = kept.value
        return seeds

    def _learn_share(self, validator: ValidatorView, value: SecretBytes) -> None:
        seat = self._ceremony.by_validator.get(validator.index)
        polynomial = self._found.generations.get(self._ceremony.generation)
        if seat is None or polynomial is None or not self._state.verification:
            return
        scalar = self._group.decode_scalar(value.reveal())
        if self._group.base_mul(scalar) == self._state.verification[seat.index]:
            self._found.knowledge.learn(at(self._found.order, polynomial, seat.index), scalar)

    def _learn_polynomial(self, validator: ValidatorView, value: SecretBytes) -> None:
        seat = self._ceremony.dealer_by_validator.get(validator.index)
        if seat is None or seat.index not in self._dealt:
            return
        encoded = decode_canonical(value.reveal(), tuple[bytes, ...])
        scalars = list(map(self._group.decode_scalar, encoded))
        for holder in self._ceremony.members:
            terms = (c * pow(holder.index, k, self._found.order) for k, c in enumerate(scalars))
            share = self._group.encode_scalar(sum(terms) % self._found.order)
            self._learn_part(seat.index, holder.index, share)
        if self._ceremony.operation == "reshare":
            # Its constant is a share of the old generation, even with fewer holders than t'.
            form = self._dealt[seat.index][0]
            base = self._ceremony.base
            if base and self._group.base_mul(scalars[0]) == base.verification[seat.index]:
                self._found.knowledge.learn(form, scalars[0])

    def _learn_part(self, dealer: int, holder: int, scalar: bytes | None) -> None:
        """Learn what `dealer` dealt to `holder`, if it is what the deal commits to."""
        polynomial = self._dealt.get(dealer)
        if polynomial is None or scalar is None:
            return
        deal = self._state.deals[dealer].deal
        assert deal is not None
        if share_matches(self._ceremony, deal.points, holder, scalar):
            try:
                value = self._group.decode_scalar(scalar)
            except ScalarError:
                return
            self._found.knowledge.learn(at(self._found.order, polynomial, holder), value)


def _opened(envelope: ShareEnvelope, key: sealing.TransportKey, ceremony: Ceremony) -> bytes | None:
    try:
        return sealing.open_sealed(
            envelope.sealed,
            key,
            "share",
            ceremony.chain,
            envelope.session,
            envelope.attempt,
            envelope.dealer,
            envelope.recipient,
        )
    except sealing.SealError:
        return None


def _dealt(state: CeremonyState, found: Loot) -> dict[int, list[Form]]:
    """Return the polynomials that sound deals commit to: what is drawn is unknown."""
    ceremony = state.ceremony
    polynomials = {}
    for dealer, recorded in sorted(state.deals.items()):
        if recorded.deal is None or state.excluded.get(dealer) in DEAL_FAULTS:
            continue
        drawn: list[Form] = [
            {(ceremony.label, ceremony.attempt, dealer, k): 1} for k in range(ceremony.threshold)
        ]
        base = ceremony.base
        if ceremony.operation == "refresh":
            drawn[0] = {}
        elif ceremony.operation == "reshare" and base is not None:
            drawn[0] = at(found.order, found.generations[base.generation], dealer)
        polynomials[dealer] = drawn
    return polynomials


def _summed(state: CeremonyState, dealt: Mapping[int, Sequence[Form]], found: Loot) -> list[Form]:
    """Return the polynomial of the generation that an attempt made."""
    ceremony, base = state.ceremony, state.ceremony.base
    weights = [1] * len(state.qual)
    if ceremony.operation == "reshare":
        weights = lagrange(state.qual, 0, found.order)
    made = [
        combine(
            found.order,
            ((w, dealt[dealer][k]) for w, dealer in zip(weights, state.qual, strict=True)),
        )
        for k in range(ceremony.threshold)
    ]
    if ceremony.operation == "refresh" and base is not None:
        old = found.generations[base.generation]
        made = [combine(found.order, ((1, a), (1, b))) for a, b in zip(made, old, strict=True)]
    return made


def _repaired(observation: Observation, state: CeremonyState, found: Loot) -> None:
    """Take shares that were repaired out of the stores of the corrupted."""
    group, ceremony = get_group(state.ceremony.scheme), state.ceremony
    _, _, generation = generation_of(state)
    for validator in observation.validators:
        seat = ceremony.by_validator.get(validator.index)
        for kept in stolen(validator) if seat else ():
            if (kept.session, kept.attempt, kept.name) == (*id_of(state), "share"):
                assert seat is not None
                scalar = group.decode_scalar(kept.value.reveal())
                if group.base_mul(scalar) == state.verification[seat.index]:
                    form = at(found.order, found.generations[generation], seat.index)
                    found.knowledge.learn(form, scalar)
