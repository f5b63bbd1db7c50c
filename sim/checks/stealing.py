"""Everything that a mobile adversary gets hold of, as forms of what dealers drew.

It reads the whole store of whoever it corrupts, for as long as it does. It has a recording of every
sealed share that travelled and of the ledger, and opens what stolen keys open. Every scalar that it
finds is checked against public points before it counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from sim.base.codec import decode_canonical
from sim.base.secret import Secret, SecretBytes
from sim.checks.algebra import Form, Knowledge, at
from sim.checks.forms import SHARING, Parts
from sim.checks.observation import Kept, Observation, ValidatorView, id_of
from sim.checks.statements import Said, by_attempt
from sim.crypto import sealing
from sim.crypto.groups import get_group
from sim.protocol.complaints import SEEDS_SIZE, open_reply
from sim.protocol.judge import CeremonyState
from sim.protocol.messages import (
    Answer,
    Expose,
    Justification,
    OpenReply,
    Reconstruct,
    ShareEnvelope,
)
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
        if state.ceremony.operation in SHARING or state.ceremony.operation == "repair":
            heist = _Heist(observation, state, found)
            heist.take_stores()
            heist.open_recorded(envelopes)
            heist.read_ledger(said.get(id_of(state), ()))
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
        self._parts = Parts(state, found.generations)
        if state.phase is Phase.ACTIVE and state.ceremony.operation in SHARING:
            found.generations[state.ceremony.generation] = self._parts.made()

    def take_stores(self) -> None:
        """Take shares, polynomials and masks out of the stores of the corrupted."""
        for validator, kept in self._stolen():
            match kept.name:
                case "share":
                    self._learn_share(validator, kept.value)
                case "polynomial":
                    self._learn_polynomial(validator, kept.value)
                case "masks":
                    self._learn_masks(validator, kept.value)
                case _:
                    pass

    def _stolen(self) -> Iterator[tuple[ValidatorView, Kept]]:
        for validator in self._observation.validators:
            for kept in stolen(validator):
                if (kept.session, kept.attempt) == id_of(self._state):
                    yield validator, kept

    def open_recorded(self, envelopes: Sequence[ShareEnvelope]) -> None:
        """Open recorded envelopes of this attempt with stolen transport keys."""
        keys = self._transport_keys()
        for envelope in envelopes:
            key = keys.get(envelope.recipient)
            if (envelope.session, envelope.attempt) == id_of(self._state) and key is not None:
                scalar = self._opened(envelope, key)
                self._learn(envelope.dealer, envelope.recipient, scalar)

    def _transport_keys(self) -> dict[int, sealing.TransportKey]:
        """Return stolen transport keys that were announced in this attempt, by holder."""
        keys = {}
        for holder, seeds in self._transport_seeds():
            key = sealing.TransportKey.from_seeds(seeds)
            if key.public == self._state.transport.get(holder):
                keys[holder] = key
        return keys

    def _transport_seeds(self) -> Iterator[tuple[int, SecretBytes]]:
        seats = self._ceremony.by_validator
        for validator in self._observation.validators:
            if validator.transport is not None and validator.periods and validator.index in seats:
                # It serves for life: whenever it is stolen, it opens everything.
                yield seats[validator.index].index, validator.transport
        for validator, kept in self._stolen():
            if kept.name == "transport":
                yield seats[validator.index].index, kept.value

    def _opened(self, envelope: ShareEnvelope, key: sealing.TransportKey) -> bytes | None:
        try:
            return sealing.open_sealed(
                envelope.sealed,
                key,
                "share",
                self._ceremony.chain,
                envelope.session,
                envelope.attempt,
                envelope.dealer,
                envelope.recipient,
            )
        except sealing.SealError:
            return None

    def read_ledger(self, said: Sequence[Said]) -> None:
        """Read what stands in the clear, and open sealed replies with stolen or published seeds."""
        ceremony = self._ceremony
        seeds = self._one_time_seeds(said)
        for one in said:
            holder = ceremony.by_identity.get(one.principal)
            if holder is not None and isinstance(one.statement, Expose | Reconstruct):
                for exposed in one.statement.shares:
                    self._learn(exposed.dealer, holder.index, exposed.opening)
            dealer = ceremony.dealer_by_identity.get(one.principal)
            if dealer is None or not isinstance(one.statement, Justification | Answer):
                continue
            for reply in one.statement.replies:
                pair = dealer.index, reply.accuser
                if reply.kind == "clear":
                    self._learn(*pair, reply.data)
                elif pair in seeds:
                    key = sealing.TransportKey.from_seeds(seeds[pair])
                    self._learn(*pair, open_reply(ceremony, pair, key, reply.data))

    def _one_time_seeds(self, said: Sequence[Said]) -> dict[tuple[int, int], SecretBytes]:
        """Return the seeds of one-time keys by (dealer, accuser): stolen, or published."""
        seeds: dict[tuple[int, int], SecretBytes] = {}
        for validator, kept in self._stolen():
            kind, _, dealer = kept.name.partition("/")
            if kind == "one-time":
                holder = self._ceremony.by_validator[validator.index].index
                seeds[int(dealer), holder] = kept.value
        for one in said:
            accuser = self._ceremony.by_identity.get(one.principal)
            if accuser is None or not isinstance(one.statement, OpenReply):
                continue
            for opening in one.statement.openings:
                if len(opening.seeds) == SEEDS_SIZE:
                    seeds[opening.dealer, accuser.index] = Secret(opening.seeds)
        return seeds

    def _learn_share(self, validator: ValidatorView, value: SecretBytes) -> None:
        seat = self._ceremony.by_validator[validator.index]
        polynomial = self._found.generations.get(self._ceremony.generation)
        scalar = self._group.decode_scalar(value.reveal())
        if polynomial is None or not self._state.verification:
            return
        if self._group.base_mul(scalar) == self._state.verification[seat.index]:
            form = at(self._found.order, polynomial, seat.index)
            self._found.knowledge.learn(form, scalar)

    def _learn_polynomial(self, validator: ValidatorView, value: SecretBytes) -> None:
        dealer = self._ceremony.dealer_by_validator[validator.index].index
        scalars = self._scalars(value)
        blinding = self._blinding(validator)
        for holder in self._ceremony.members:
            parts = [self._at(scalars, holder.index)]
            if blinding is not None:
                parts.append(self._at(self._scalars(blinding), holder.index))
            self._learn(dealer, holder.index, b"".join(parts))

    def _at(self, coefficients: Sequence[int], x: int) -> bytes:
        """Return a polynomial's value at x, encoded."""
        order = self._found.order
        terms = (c * pow(x, k, order) for k, c in enumerate(coefficients))
        return self._group.encode_scalar(sum(terms) % order)

    def _blinding(self, owner: ValidatorView) -> SecretBytes | None:
        """Return the polynomial that blinds a stolen one, if it was stolen with it."""
        found = (k.value for v, k in self._stolen() if v is owner and k.name == "blinding")
        return next(found, None)

    def _learn_masks(self, validator: ValidatorView, value: SecretBytes) -> None:
        dealer = self._ceremony.dealer_by_validator[validator.index].index
        for holder, mask in zip(self._ceremony.helpers, self._scalars(value), strict=True):
            self._learn(dealer, holder, self._group.encode_scalar(mask))

    def _scalars(self, value: SecretBytes) -> list[int]:
        encoded = decode_canonical(value.reveal(), tuple[bytes, ...])
        return list(map(self._group.decode_scalar, encoded))

    def _learn(self, dealer: int, holder: int, data: bytes | None) -> None:
        """Learn what `dealer` sent to `holder`, if it is what it owes: of a blinded share, half."""
        if data is not None and self._parts.fits(dealer, holder, data):
            form = self._parts.form(dealer, holder)
            scalar = self._group.decode_scalar(data[: self._group.scalar_size])
            self._found.knowledge.learn(form, scalar)
