"""The holder's half of a participant: the envelopes it received, and the share they make."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sim.base.codec import decode_canonical
from sim.base.ids import ShareIndex
from sim.base.randomness import Stream
from sim.base.secret import Secret, SecretBytes, SecretScalar
from sim.crypto import sealing
from sim.crypto.group import ScalarError
from sim.crypto.groups import get_group
from sim.protocol.ceremony import Ceremony
from sim.protocol.complaints import open_reply
from sim.protocol.envelopes import MAX_PER_DEALER, Kept, signed_by_dealer
from sim.protocol.messages import ShareEnvelope
from sim.protocol.operations import making_of
from sim.protocol.promises import keeps_promise
from sim.protocol.provable import disclose
from sim.protocol.state import Notes
from sim.protocol.variant_messages import Disclosed


class NoRoom(Exception):  # noqa: N818  # nobody's mistake: a bound on memory
    """An envelope isn't kept, nor acknowledged: there are as many of its dealer's as may be."""


class Holdings:
    """What one holder holds in one attempt.

    Args:
        ceremony: The attempt.
        me: The holder's share index.
        stored: What the store holds for this attempt.
        base: Its share of the base generation; None in a DKG, or if it has none.

    """

    def __init__(
        self,
        ceremony: Ceremony,
        me: ShareIndex,
        stored: Mapping[str, bytes],
        base: SecretScalar | None,
    ) -> None:
        self._ceremony = ceremony
        self._me = me
        self._own_dealer = ceremony.own_dealer(me)
        self._base = base
        self._group = get_group(ceremony.scheme)
        self._envelopes: dict[int, tuple[Kept, ...]] = {}
        self._signed: set[int] = set()
        self._tried: set[str] = set()
        self._parts: dict[int, SecretScalar] = {}
        self._blinds: dict[int, SecretScalar] = {}
        self._one_time: dict[int, sealing.TransportKey] = {}
        self._seeds: dict[int, SecretBytes] = {}
        self._transport: sealing.TransportKey | None = None
        self.share: SecretScalar | None = None
        self._load(stored)

    def _load(self, stored: Mapping[str, bytes]) -> None:
        for key, value in sorted(stored.items()):
            if key.startswith("envelope/"):
                envelope = decode_canonical(value, ShareEnvelope)
                here = self._envelopes.get(envelope.dealer, ())
                self._envelopes[envelope.dealer] = (*here, Kept(key, value))
            elif key.startswith("one-time/"):
                self.use_one_time(int(key.removeprefix("one-time/")), Secret(value))
        if "transport" in stored:
            self.use_transport(Secret(stored["transport"]))
        if "share" in stored:
            self.share = Secret(self._group.decode_scalar(stored["share"]))

    def use_transport(self, seeds: SecretBytes) -> bytes:
        """Open envelopes with the transport key of these 96 bytes; return its public key."""
        self._transport = sealing.TransportKey.from_seeds(seeds)
        return self._transport.public

    def use_one_time(self, dealer: int, seeds: SecretBytes) -> bytes:
        """Expect a sealed reply from `dealer` to the key of these seeds; return its public key."""
        self._seeds[dealer] = seeds
        self._one_time[dealer] = sealing.TransportKey.from_seeds(seeds)
        return self._one_time[dealer].public

    def take(self, envelope: ShareEnvelope) -> Kept | None:
        """Keep `envelope` of a dealer; return how, or None if it is here already.

        Raises:
            NoRoom: As many of that dealer are kept already as there is room for.

        """
        here = self._envelopes.get(envelope.dealer, ())
        kept = Kept.of(envelope)
        if any(known.key == kept.key for known in here):
            return None
        if len(here) >= MAX_PER_DEALER:
            raise NoRoom
        self._envelopes[envelope.dealer] = (*here, kept)
        return kept

    def hold_own(self, share: SecretScalar | None, blind: SecretScalar | None = None) -> None:
        """Take the member's own part, which never travels; with its blinding, if it has one."""
        if share is not None:
            self._parts[self._own_dealer] = share
        if blind is not None:
            self._blinds[self._own_dealer] = blind

    def _keep(self, dealer: int, data: bytes) -> None:
        """Keep what `dealer` owes this holder: a scalar, and a second one if it is blinded."""
        size = self._group.scalar_size
        self._parts[dealer] = Secret(self._group.decode_scalar(data[:size]))
        if len(data) > size:
            self._blinds[dealer] = Secret(self._group.decode_scalar(data[size:]))

    def opening(self, dealer: int) -> tuple[SecretScalar, SecretScalar] | None:
        """Return the part of `dealer` and its blinding, if both are here."""
        if dealer not in self._parts or dealer not in self._blinds:
            return None
        return self._parts[dealer], self._blinds[dealer]

    def was_signed(self, dealer: int) -> bool:
        """Say whether any envelope that `dealer` validly signed has come."""
        return dealer in self._signed

    def has_good(self, notes: Notes, dealer: int) -> bool:
        """Say whether the share of a running `dealer` is here and matches its V_i.

        Every envelope is tried, each once, even after a good one: so what is charged doesn't depend
        on their order, which their unseeded ciphertexts decide.
        """
        for kept in sorted(self._envelopes.get(dealer, ())):
            if kept.key in self._tried:
                continue
            self._tried.add(kept.key)
            envelope = kept.envelope
            if not signed_by_dealer(self._ceremony, envelope):
                continue
            self._signed.add(dealer)
            scalar = self._open(envelope)
            if scalar is not None and keeps_promise(notes, dealer, self._me, scalar):
                self._keep(dealer, scalar)
        return dealer in self._parts

    def disclosure(self, dealer: int, draw: Stream) -> Disclosed | None:
        """Return what shows that `dealer` sent no good share; None if nothing is provable.

        For a dealer of which no envelope held a good one.
        """
        assert dealer not in self._parts
        if self._transport is None:
            return None
        order = get_group("ED25519").order  # X25519's, whatever the key's own group is
        for kept in sorted(self._envelopes.get(dealer, ())):
            envelope = kept.envelope
            if signed_by_dealer(self._ceremony, envelope):
                nonce = 1 + draw.below(order - 1)
                shown = disclose(self._ceremony, envelope, self._transport, nonce)
                if shown is not None:
                    return shown
        return None

    def _open(self, envelope: ShareEnvelope) -> bytes | None:
        if self._transport is None:
            return None
        try:
            return sealing.open_sealed(
                envelope.sealed,
                self._transport,
                "share",
                self._ceremony.chain,
                envelope.session,
                envelope.attempt,
                envelope.dealer,
                envelope.recipient,
            )
        except sealing.SealError:
            return None

    def open_sealed_reply(self, notes: Notes, dealer: int) -> SecretBytes | None:
        """Open a dealer's sealed reply: None if it is good, else the seeds that prove it bad."""
        if dealer in self._parts:
            return None  # the envelope came after the complaint: nothing is left to prove
        key = self._one_time.get(dealer)
        if key is None:
            return None  # the seeds were lost with the store: accuse nobody
        reply = notes.replies[dealer, self._me]
        scalar = open_reply(self._ceremony, (dealer, self._me), key, reply.data)
        if scalar is None or not keeps_promise(notes, dealer, self._me, scalar):
            return self._seeds[dealer]
        self._keep(dealer, scalar)
        return None

    def complete(self, notes: Notes) -> SecretScalar | None:
        """Make the share from the parts over QUAL, if all are here, and check it against V_i."""
        if self.share is None:
            parts = self.gather(notes, notes.qual)
            if parts is None:
                return None
            made = making_of(self._ceremony).share(self._ceremony, notes.qual, parts, self._base)
            # Every part that travelled matched its dealer's commitment. The own part doesn't match
            # only if somebody posted another deal than this machine made: then it holds no share.
            # In a refresh the old share may be lost, or not what it was.
            if made is None or self._group.base_mul(made) != notes.verification[self._me]:
                return None
            self.share = Secret(made)
        return self.share

    def gather(self, notes: Notes, dealers: Sequence[int]) -> dict[int, SecretScalar] | None:
        """Return the parts of `dealers`, sent or replied; None while one is missing."""
        for dealer in dealers:
            if not (self.has_good(notes, dealer) or self._take_reply(notes, dealer)):
                return None
        return {dealer: self._parts[dealer] for dealer in dealers}

    def _take_reply(self, notes: Notes, dealer: int) -> bool:
        """Take the part of `dealer` from its reply on the ledger."""
        reply = notes.replies.get((dealer, self._me))
        if reply is None:
            return False
        if reply.kind == "sealed":
            return self.open_sealed_reply(notes, dealer) is None and dealer in self._parts
        try:
            self._keep(dealer, reply.data)
        except ScalarError:
            raise AssertionError("a clear reply of a dealer in QUAL was judged good") from None
        return True

    def keys(self) -> list[str]:
        """Names of the store's entries that belong to these holdings, but for the share itself."""
        envelopes = [kept.key for here in self._envelopes.values() for kept in here]
        return sorted([*envelopes, *(f"one-time/{dealer}" for dealer in self._seeds), "transport"])

    def forget(self, *, keep_share: bool) -> None:
        """Drop everything that was only needed to get the share; the share too unless kept."""
        self._envelopes = {}
        self._parts = {}
        self._blinds = {}
        self._one_time = {}
        self._seeds = {}
        self._transport = None
        self._base = None
        if not keep_share:
            self.share = None
