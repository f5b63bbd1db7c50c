"""Your own behaviours, checks, network profiles and protocols, registered from outside.

    from sim import extend

    @extend.behaviour(extend.Param("nth", int, 1, "Which one."))
    def rusher(effect, how):
        # Its docstring says what it does, and "Expected:" what comes of it.
        yield effect

A scenario with ``use = ["./my_attack.py"]`` calls this ``my_attack:rusher``. An installed package
names its module in the entry-point group ``ksim.extensions``; the distribution's name qualifies
then. `docs/extending.md` tells the whole story.

These are the functions that register what is built in, and the types that they speak of; `profiles`
and `variants` have those that only outsiders need. What is in `__all__` is a promise, as that of
`sim.api` is.
"""

from __future__ import annotations

from sim.adversary.complaints import lying
from sim.adversary.registry import (
    Behaviour,
    Corruption,
    Memory,
    Occasion,
    Param,
    Received,
    behaviour,
)
from sim.base.randomness import Stream
from sim.base.secret import Secret
from sim.checks.observation import Observation, ValidatorView
from sim.checks.registry import Check, Finding, check, liveness_check
from sim.crypto import schnorr
from sim.crypto.groups import get_group
from sim.extend.profiles import profile
from sim.extend.variants import variant
from sim.protocol.ceremony import Ceremony, Member
from sim.protocol.creation import Creation
from sim.protocol.effects import (
    Effect,
    Packet,
    Post,
    Put,
    Record,
    Send,
    SendSealed,
    SendShares,
)
from sim.protocol.entries import Entry, Rejected
from sim.protocol.judge import CeremonyState
from sim.protocol.messages import (
    Announce,
    Complaint,
    Confirm,
    Deal,
    Justification,
    OpenReply,
    Reply,
    Response,
)
from sim.protocol.phases import Phase
from sim.protocol.responses import good_bits, good_dealers
from sim.protocol.sharing import SharingMachine

__all__ = [
    "Announce",
    "Behaviour",
    "Ceremony",
    "CeremonyState",
    "Check",
    "Complaint",
    "Confirm",
    "Corruption",
    "Creation",
    "Deal",
    "Effect",
    "Entry",
    "Finding",
    "Justification",
    "Member",
    "Memory",
    "Observation",
    "Occasion",
    "OpenReply",
    "Packet",
    "Param",
    "Phase",
    "Post",
    "Put",
    "Received",
    "Record",
    "Rejected",
    "Reply",
    "Response",
    "Secret",
    "Send",
    "SendSealed",
    "SendShares",
    "SharingMachine",
    "Stream",
    "ValidatorView",
    "behaviour",
    "check",
    "get_group",
    "good_bits",
    "good_dealers",
    "liveness_check",
    "lying",
    "profile",
    "schnorr",
    "variant",
]
