"""Your own behaviours, checks and network profiles, registered from outside.

    from sim import extend

    @extend.behaviour(extend.Param("nth", int, 1, "Which one."))
    def rusher(effect, how):
        # Its docstring says what it does, and "Expected:" what comes of it.
        yield effect

A scenario with ``use = ["./my_attack.py"]`` calls this ``my_attack:rusher``. An installed package
names its module in the entry-point group ``ksim.extensions``; the distribution's name qualifies
then. `docs/extending.md` tells the whole story.

These are the functions that register what is built in, and the types that they speak of. What is in
`__all__` is a promise, as that of `sim.api` is.
"""

from __future__ import annotations

from sim.adversary.registry import (
    Behaviour,
    Corruption,
    Memory,
    Occasion,
    Param,
    Received,
    behaviour,
)
from sim.base.secret import Secret
from sim.checks.observation import Observation, ValidatorView
from sim.checks.registry import Check, Finding, check, liveness_check
from sim.extend.profiles import profile
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

__all__ = [
    "Announce",
    "Behaviour",
    "Check",
    "Complaint",
    "Confirm",
    "Corruption",
    "Deal",
    "Effect",
    "Finding",
    "Justification",
    "Memory",
    "Observation",
    "Occasion",
    "OpenReply",
    "Packet",
    "Param",
    "Post",
    "Put",
    "Received",
    "Record",
    "Reply",
    "Response",
    "Secret",
    "Send",
    "SendSealed",
    "SendShares",
    "ValidatorView",
    "behaviour",
    "check",
    "liveness_check",
    "profile",
]
