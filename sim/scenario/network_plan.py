"""The part of a resolved plan that is about the network; see `plan`.

Times are integer microseconds, rates parts per 2**32 or bits per second.
"""

from __future__ import annotations

from typing import Literal

import msgspec


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of a plan: immutable, and strict about what it is decoded from."""


class MatrixPlan(Part, frozen=True):
    """Latencies that the scenario brought along, for the regions in which there are validators.

    Attributes:
        regions: Their names.
        round_trips_us: (p50, p90) of the round trip, by [source][target].
    """

    regions: tuple[str, ...]
    round_trips_us: tuple[tuple[tuple[int, int], ...], ...]


class BandwidthPlan(Part, frozen=True):
    """Every validator's access to the network.

    Attributes:
        up: Bits per second, or None without limit.
        down: The same for what it receives.
        queue: Most bytes that wait or are on their way through, in each direction.
    """

    up: int | None = None
    down: int | None = None
    queue: int = 1 << 18


class LinkFigures(Part, frozen=True):
    """What is different about links; None leaves a figure as it is.

    Attributes:
        add_us: Added to the latency.
        loss: Loss rate in parts per 2**32.
        burst: Mean burst in slots of 20 ms; 0 loses each message by itself.
        rate: Bits per second of the link itself.
        queue: Most bytes that wait for it or are on their way through.
    """

    add_us: int = 0
    loss: int | None = None
    burst: int = 0
    rate: int | None = None
    queue: int = 1 << 18


class LinkPlan(Part, frozen=True):
    """What is different about the links from `sources` to `targets`, over the whole run.

    Attributes:
        sources: Registry positions; -1 is the ledger.
        targets: The same.
        latency_us: One-way latency without jitter, or None.
        figures: The rest.
    """

    sources: tuple[int, ...]
    targets: tuple[int, ...]
    latency_us: int | None = None
    figures: LinkFigures = LinkFigures()


class NetworkPlan(Part, frozen=True):
    """The network's profile and impairments; rates are in parts per 2**32.

    Attributes:
        profile: Name of a shipped profile, or ``matrix``.
        matrix: The figures of a profile called ``matrix``.
        transport: Whether loss loses messages, or delays all that follow on the link.
        loss: None keeps the profile's rate and bursts.
        burst: Mean burst in slots of 20 ms; 0 loses each message by itself.
        duplicate: Chance of a second copy.
        reorder: Chance that a message is held back.
        reorder_by_us: By exactly this long.
        bandwidth: None is no limit.
        links: What is different about some links.
    """

    profile: str
    matrix: MatrixPlan | None = None
    transport: Literal["datagram", "stream"] = "datagram"
    loss: int | None = None
    burst: int = 0
    duplicate: int = 0
    reorder: int = 0
    reorder_by_us: int = 20_000
    bandwidth: BandwidthPlan | None = None
    links: tuple[LinkPlan, ...] = ()
