"""What a liar shows of a good envelope where complaints are provable."""

from __future__ import annotations

from sim.adversary.registry import Corruption
from sim.base.codec import decode_canonical
from sim.base.secret import Secret
from sim.crypto import sealing
from sim.crypto.groups import get_group
from sim.protocol.messages import ShareEnvelope
from sim.protocol.provable import disclose
from sim.protocol.variant_messages import Disclosed

ENVELOPE = "envelope/"
"""Store keys under which a machine keeps envelopes; then the dealer."""

_HASH = 32
_SIGNATURE = 64


def opening_of(dealer: int, corruption: Corruption) -> Disclosed:
    """Return what opens an envelope of `dealer` for everybody; forged, if there is none to open."""
    for notebook in corruption.notebooks:
        if notebook.ceremony == corruption.ceremony:
            shown = _true_opening(dealer, notebook.written, corruption)
            if shown is not None:
                return shown
    drawn = corruption.draw("opening", dealer)
    return Disclosed(
        sealed=drawn.bytes(_HASH),
        path=(),
        signature=drawn.bytes(_SIGNATURE),
        coins=drawn.bytes(_HASH),
        exchange=drawn.bytes(_HASH),
        proof=drawn.bytes(_SIGNATURE),
    )


def _true_opening(
    dealer: int, written: dict[str, bytes], corruption: Corruption
) -> Disclosed | None:
    if "transport" not in written:
        return None
    key = sealing.TransportKey.from_seeds(Secret(written["transport"]))
    order = get_group("ED25519").order  # X25519's, whatever the key's own group is
    for name, stored in sorted(written.items()):
        if name.startswith(f"{ENVELOPE}{dealer}/"):
            envelope = decode_canonical(stored, ShareEnvelope)
            nonce = 1 + corruption.draw("nonce", dealer).below(order - 1)
            shown = disclose(corruption.ceremony, envelope, key, nonce)
            if shown is not None:
                return shown
    return None
