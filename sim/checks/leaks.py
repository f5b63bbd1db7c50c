"""Secrets on the chain: a scan of its bytes for everything that must not be there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Final

from sim.base.codec import decode_canonical
from sim.base.ids import ShareIndex, ValidatorIndex
from sim.base.secret import Secret
from sim.checks.observation import KnownSecret, Observation, Publication
from sim.checks.registry import Finding, check
from sim.checks.sieve import WINDOW, Sieve
from sim.checks.statements import Said, statements
from sim.crypto.groups import get_group
from sim.crypto.polynomial import evaluate_all
from sim.crypto.sealing import SHARE_SIZE
from sim.protocol.ceremony import Ceremony
from sim.protocol.messages import Justification, OpenReply
from sim.protocol.variant_messages import Expose, Reconstruct

_ONE_TIME: Final = "one-time/"
_POLYNOMIALS: Final = ("polynomial", "blinding")

_PUBLIC: Final = ("/envelope/", "/spent/")
"""Entries that no vault seals: envelopes are sealed already, and marks hold nothing."""

_NOT_SECRET: Final = ("deal", "outgoing", "delivery")
"""Entries that a vault seals, with nothing in them that is secret and not looked for elsewhere: a
deal is on its way to the ledger, the others are sealed envelopes."""

Needles = dict[bytes, list[bytes]]
"""First 16 bytes → the whole secrets that begin with them."""


@check
def no_secret_on_the_chain(observation: Observation) -> Iterator[Finding]:
    """No share, coefficient or seed stands on the chain, save those published on purpose.

    [kchain, zero-secret invariant; published are a Justification's clear share, an OpenReply's
    seeds, and what GJKR exposes.] A published secret may stand in the very field that is for it,
    and nowhere else. Scalars are looked for in both byte orders. What a corrupted validator knows
    it may tell anybody.
    """
    candidates = _candidates(observation)
    if not candidates:
        return
    owners: dict[bytes, tuple[str, str]] = {}
    needles: Needles = {}
    for name, what, value in _guarded(observation):
        if value[:WINDOW] in candidates and value not in owners:
            owners[value] = name, what
            needles.setdefault(value[:WINDOW], []).append(value)
    allowed = _published(observation)
    for block in observation.blocks:
        for value in _hits(block.raw, needles):
            if allowed[block.height, value]:
                allowed[block.height, value] -= 1
                continue
            name, what = owners[value]
            yield Finding(
                f"block {block.height} holds a secret of {name}: {what}", block.time_us, name
            )


def _guarded(observation: Observation) -> Iterator[tuple[str, str, bytes]]:
    """Yield (whose, what, bytes) of every secret of the honest, in both byte orders."""
    strangers = _corrupted_seats(observation)
    for validator in observation.honest:
        for secret in validator.secrets:
            at = secret.publication
            if at is not None and (at.session, at.attempt, at.holder) in strangers:
                continue
            value = secret.value.reveal()
            yield validator.name, secret.what, value
            yield validator.name, f"{secret.what}, reversed", value[::-1]


def _candidates(observation: Observation) -> set[bytes]:
    """Return the windows of the chain that may begin a secret: all that do, and few others.

    There are some n² secrets. Held all at once they would take more memory than the run itself.
    """
    members = sum(state.ceremony.size**2 for state in observation.ceremonies)
    sieve = Sieve(4 * members)
    for _, _, value in _guarded(observation):
        sieve.add(value)
    return {
        block.raw[start : start + WINDOW]
        for block in observation.blocks
        for start in sieve.passing(block.raw)
    }


def _corrupted_seats(observation: Observation) -> set[tuple[bytes, int, int]]:
    """Return (session, attempt, share index) of every corrupted member."""
    honest = {validator.name for validator in observation.honest}
    return {
        (state.ceremony.session, state.ceremony.attempt, member.index)
        for state in observation.ceremonies
        for member in state.ceremony.members
        if member.name not in honest
    }


def _hits(data: bytes, needles: Needles) -> Iterator[bytes]:
    """Yield every occurrence of a secret in `data`, in order."""
    found = []
    for values in needles.values():
        for value in values:
            start = data.find(value)
            while start >= 0:
                found.append((start, value))
                start = data.find(value, start + 1)
    yield from (value for _, value in sorted(found))


def _published(observation: Observation) -> Counter[tuple[int, bytes]]:
    """Count, by height, the secrets that stand where they are published on purpose."""
    publications = list(_publications(observation))
    asked = {publication for _, publication, _ in publications}
    meant: dict[Publication, set[bytes]] = {}
    for validator in observation.validators if asked else ():
        for secret in validator.secrets:
            if secret.publication in asked:
                meant.setdefault(secret.publication, set()).add(secret.value.reveal())
    allowed: Counter[tuple[int, bytes]] = Counter()
    for height, publication, data in publications:
        if data in meant.get(publication, ()):
            allowed[height, data] += 1
    return allowed


def _publications(observation: Observation) -> Iterator[tuple[int, Publication, bytes]]:
    """Yield (height, which, content) of every field that publishes something."""
    ceremonies = {
        (state.ceremony.session, state.ceremony.attempt): state.ceremony
        for state in observation.ceremonies
    }
    for said in statements(observation):
        place = (said.session, said.attempt)
        ceremony = ceremonies.get(place)
        if ceremony is None:
            continue
        dealt = isinstance(said.statement, Justification)
        seats = ceremony.dealer_by_identity if dealt else ceremony.by_identity
        speaker = seats.get(said.principal)
        if speaker is None:
            continue
        match said.statement:
            case Justification(replies):
                for reply in replies:
                    if reply.kind == "clear":
                        pair = speaker.index, reply.accuser
                        yield from _halves(said, pair, reply.data)
            case Expose(shares) | Reconstruct(shares):
                for share in shares:
                    yield from _halves(said, (share.dealer, speaker.index), share.opening)
            case OpenReply(openings):
                for opening in openings:
                    seeds = Publication(*place, "seeds", opening.dealer, speaker.index)
                    yield said.height, seeds, opening.seeds
            case _:
                pass


def _halves(
    said: Said, pair: tuple[int, int], data: bytes
) -> Iterator[tuple[int, Publication, bytes]]:
    """Yield a published share and, where there is one, its blinding."""
    place = said.session, said.attempt
    yield said.height, Publication(*place, "share", *pair), data[:SHARE_SIZE]
    if len(data) > SHARE_SIZE:
        yield said.height, Publication(*place, "blinding", *pair), data[SHARE_SIZE:]


def stored_secrets(
    key: str,
    value: bytes,
    ceremony: Ceremony,
    validator: ValidatorIndex,
    dealt: bytes | None = None,
) -> list[KnownSecret]:
    """Return what an entry of a participant's store keeps from the chain.

    Args:
        key: Its key; it may have any prefix up to the last ``/`` before the machine's own name.
        value: Its value.
        ceremony: The attempt that it belongs to.
        validator: Whose store it is.
        dealt: What `dealt_by` gives for it, if the caller has it already.

    Returns:
        Seeds, a share, or a polynomial's coefficients and the shares dealt with it; nothing for
        envelopes, outboxes, markers and a deal that waits to be published. Any other entry is a
        secret as a whole: the vault seals whatever machines may come to keep. If it has fewer than
        16 bytes, it's nothing that can be looked for: such bytes stand anywhere by chance.

    """
    place = (ceremony.session, ceremony.attempt)
    name = key.rpartition("/")[2]
    if _ONE_TIME in key:
        holder = ceremony.by_validator[validator].index
        opened = Publication(*place, "seeds", int(name), holder)
        return [KnownSecret(f"seeds of the one-time key for dealer {name}", Secret(value), opened)]
    match name:
        case "share":
            return [KnownSecret("share of the key", Secret(value))]
        case "transport":
            return [KnownSecret("seeds of the transport key", Secret(value))]
        case "polynomial" | "blinding":
            dealer = ceremony.dealer_by_validator[validator].index
            shares = dealt_by(key, value, ceremony) if dealt is None else dealt
            return _polynomial(value, shares, ceremony, dealer, blinds=name == "blinding")
        case "masks":
            masks = decode_canonical(value, tuple[bytes, ...])
            return [KnownSecret(f"mask {k} of its share", Secret(m)) for k, m in enumerate(masks)]
        case _ if name in _NOT_SECRET or any(kind in f"/{key}" for kind in _PUBLIC):
            return []
        case _ if len(value) < WINDOW:
            return []
        case _:
            return [KnownSecret(f"its entry {name}", Secret(value))]


def dealt_by(key: str, value: bytes, ceremony: Ceremony) -> bytes:
    """Return the scalars that a polynomial gives holders 1..n, encoded one after the other.

    Nothing for an entry under another `key` than a polynomial's.
    """
    if key.rpartition("/")[2] not in _POLYNOMIALS:
        return b""
    group = get_group(ceremony.scheme)
    scalars = map(group.decode_scalar, decode_canonical(value, tuple[bytes, ...]))
    _, *shares = evaluate_all(list(scalars), ceremony.size, group.order)
    return b"".join(map(group.encode_scalar, shares))


def _polynomial(
    value: bytes, shares: bytes, ceremony: Ceremony, dealer: ShareIndex, *, blinds: bool
) -> list[KnownSecret]:
    """Return a polynomial's coefficients, and the share (or its blinding) of every holder."""
    size = get_group(ceremony.scheme).scalar_size
    scalars = decode_canonical(value, tuple[bytes, ...])
    coefficients = [
        KnownSecret(f"coefficient {k} of its polynomial", Secret(scalar))
        for k, scalar in enumerate(scalars)
        if any(scalar)  # a sharing of zero has a constant that is no secret
    ]
    return coefficients + [
        KnownSecret(
            f"the share that it dealt to holder {x}",
            Secret(shares[(x - 1) * size : x * size]),
            Publication(
                ceremony.session,
                ceremony.attempt,
                "blinding" if blinds else "share",
                dealer,
                x,
            ),
        )
        for x in range(1, ceremony.size + 1)
    ]
