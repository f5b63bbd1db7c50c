"""Every row of the catalogue of faults as a scenario: in each ceremony in which it can happen.

A key, 3 of 5, is created at 0 s; a minute later comes the ceremony that the row is about, with the
fault beside it, and at last a signature, which says whether the key still works. Who misbehaves is
v02 and who suffers is v03, unless the row is about others: both are in every committee. In a repair
v00, v01 and v02 help v04.
"""

from __future__ import annotations

from typing import Final

from sim.adversary import BEHAVIOURS
from sim.adversary.catalogue import STAGES, Row, Stage

SCHEMES: Final = ("ED25519", "SECP256K1", "BLS")

SINCE: Final[dict[Stage, str]] = {"dkg": "0s", **dict.fromkeys(STAGES[1:], "40s")}
"""From when on faults happen: not before the key is there, unless they are about making it."""

CEREMONIES: Final[dict[Stage, str]] = {
    "dkg": "",
    "reshare": 'do = "reshare"\nkey = "beacon"\nleave = ["v00", "v01"]\njoin = ["v05", "v06"]',
    "refresh": 'do = "refresh"\nkey = "beacon"',
    "repair": 'do = "crash"\nnode = "v04"\nlose = "all"\nrestart = "after 2s"',
    "signing": 'do = "sign"\nkey = "beacon"',
}

_BASE: Final = """schema = 1
name = "{name}"

[run]
seed = {number}
duration = "{ends}"

[validators]
n = 8

[network]
profile = "aws-10"
loss = "{loss}"
{network}
[keys.beacon]
scheme = "{scheme}"
threshold = {threshold}
faults = {faults}
committee = ["v00", "v01", "v02", "v03", "v04"]
attempts = 2

[[timeline]]
at = "0s"
do = "create-key"
key = "beacon"
"""

_ENTRY: Final = "\n[[timeline]]\n{}\n"

WHO: Final[dict[str, str]] = {
    "unknown-sender": '["v07"]',
    "identity-group-key": '"committee:beacon"',
    "cancelled-leading-coefficient": '"committee:beacon"',
    "complaint-coalition": '["v02", "v03"]',
    "stalled-start": '["v00", "v01"]',
    "reshare-absent-dealers": '["v00", "v01"]',
    "reshare-too-few-dealers": '["v00", "v01"]',
    "reshare-leaver-accused": '["v05"]',
    "reshare-absent-newcomer": '["v05"]',
    "evicted-signer": '["v00"]',
    "nonce-reuse": '["v02", "v03"]',
}
"""Rows that aren't about v02."""

CONFIRMING: Final = frozenset(
    {
        "contradictory-confirmation",
        "withhold-confirmation",
        "duplicate-commit",
        "inconsistent-result",
        "off-polynomial-share",
    }
)
"""Rows about a confirmation: in a repair only the one whose share is repaired makes one."""

FOUR: Final = frozenset({"stalled-start", "reshare-too-few-dealers"})
"""Rows whose key is 4 of 5: two that stay away are then too many."""

UNTIL: Final = frozenset({"identity-group-key", "stalled-start"})
"""Rows that a second attempt is to end: what misbehaves stops when the first has failed."""

_SOLVED: Final = {
    "identity-group-key": dict.fromkeys(STAGES, "7s"),
    "stalled-start": {"dkg": "150s", **dict.fromkeys(STAGES[1:], "200s")},
}

_TWO: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "complaint-about-absent": (("v02", "complaint-about-absent"), ("v03", "silent-dealer")),
    "false-opening": (("v02", "silent-to-some"), ("{victim}", "false-opening")),
}
"""Rows of two validators, and what each does."""

_CRASH: Final = 'when = {{ event = "{}", node = "v02", nth = {} }}\ndo = "crash"\nnode = "v02"\n'

FAULTS: Final[dict[str, tuple[str, ...]]] = {
    "response-delayed": (
        'at = "{since}"\ndo = "delay-ledger"\nnodes = ["v02"]\nkinds = ["response"]\nby = "60s"',
    ),
    "early-message": (
        'at = "{since}"\ndo = "link"\nfrom = ["ledger"]\nto = ["{victim}"]\nadd_latency = "5s"',
    ),
    "share-after-deadline": (
        'at = "{since}"\ndo = "hold"\nfrom = ["v02"]\nto = ["{victim}"]\nrelease = "after 90s"',
    ),
    "partition-heal": (
        'at = "{soon}"\ndo = "partition"\ngroups = [["v01", "v02", "v03"], ["v00", "v04", "v05",'
        ' "v06", "v07", "ledger"]]\nheal = "after 20s"',
    ),
    "honest-retry": (_CRASH + 'lose = "unsynced"\nrestart = "after 2s"',),
    "crash-before-deal": (_CRASH + 'lose = "unsynced"\nrestart = "after 2s"',),
    "crash-after-deal": (_CRASH + 'lose = "unsynced"\nrestart = "after 2s"',),
    "crash-before-save": (_CRASH + 'lose = "all"\nrestart = "after 2s"',),
    "reshare-partial-save": (_CRASH + 'lose = "all"\nrestart = "after 2s"',),
    "total-shutdown": (
        'at = "{soon}"\ndo = "crash"\nnodes = ["*"]\nlose = "unsynced"\nrestart = "after 10s"',
    ),
    "clock-skew": ('at = "{since}"\ndo = "skew"\nnodes = ["v01", "v02", "v03"]\ndrift = -400_000',),
    "censored-transaction": ('at = "{since}"\ndo = "censor"\nnodes = ["v02"]\nkinds = ["deal"]',),
    "reshare-cancelled": ('at = "{soon}"\ndo = "rollback"\nkey = "beacon"',),
    "reshare-fails-repeatedly": (
        'at = "50s"\ndo = "isolate"\nnodes = ["v00", "v01", "v02"]\nheal = "after 460s"',
    ),
    "bad-partial-signature": (
        # Whoever answers first signs, so the others are late: else the draws decide if it's v02.
        'at = "{since}"\ndo = "link"\nfrom = ["v00", "v01", "v03", "v04", "v05", "v06", "v07"]\n'
        'to = ["*"]\nadd_latency = "500ms"',
    ),
    "slow-and-paused": (
        'at = "{since}"\ndo = "slow"\nnode = "v01"\nservice = "20ms"',
        'at = "{soon}"\ndo = "pause"\nnode = "v02"\nresume = "after 6s"',
        'at = "{since}"\ndo = "disk-fault"\nnode = "v03"\nlose = "unsynced"\nrestore = "after 90s"',
    ),
}
"""Timeline entries of rows that no behaviour plays, or none alone."""

_EVENTS: Final = {
    "honest-retry": "deal-submitted",
    "crash-before-deal": "announce-submitted",
    "crash-after-deal": "deal-submitted",
    "crash-before-save": "confirm-submitted",
    "reshare-partial-save": "sign-submitted",
}


def scheme_of(row: Row, stage: Stage) -> str:
    """Return the scheme of a cell: pairwise, each meets every row and every ceremony in turn."""
    absent = {name for play in row.plays if play in BEHAVIOURS for name in BEHAVIOURS[play].absent}
    able = [scheme for scheme in SCHEMES if scheme not in absent]
    return able[(row.number + STAGES.index(stage)) % len(able)]


def staged(row: Row, stage: Stage, *, control: bool = False) -> str:
    """Return the scenario of a cell, TOML; as `control` the same without the fault."""
    duplicated = row.name == "duplicate-and-reorder" and not control
    text = _BASE.format(
        name=f"row-{row.number}-{stage}",
        number=row.number,
        scheme=scheme_of(row, stage),
        threshold=4 if row.name in FOUR else 3,
        faults=0 if row.name in FOUR else 1,
        loss="30%" if row.name == "clock-skew" else "0%",
        network='duplicate = "30%"\nreorder = { rate = "30%", by = "1s" }\n' if duplicated else "",
        ends="620s" if stage != "dkg" else "420s",
    )
    if row.name == "reshare-stale-share":
        text += _ENTRY.format('at = "20s"\ndo = "refresh"\nkey = "beacon"')
    if stage != "dkg":
        text += _ENTRY.format(f'id = "it"\nat = "60s"\n{CEREMONIES[stage]}')
    text += _ENTRY.format(
        'id = "after"\nat = "{}"\ndo = "sign"\nkey = "beacon"'.format(
            "400s" if stage == "dkg" else "600s"
        )
    )
    if control:
        return text
    return text + "".join(_adversaries(row, stage)) + "".join(_faults(row, stage))


def _adversaries(row: Row, stage: Stage) -> list[str]:
    if row.how != "behaviour":
        return []
    if row.name in _TWO:
        victim = "v01" if stage == "repair" else "v03"
        pairs = [(who.replace("{victim}", victim), name) for who, name in _TWO[row.name]]
        return [_adversary(row, stage, f'["{who}"]', (name,)) for who, name in pairs]
    plays = ("grinder",) if row.name == "key-bias-rusher" else row.plays
    repaired = stage == "repair" and row.name in CONFIRMING
    nodes = '["v04"]' if repaired else WHO.get(row.name, '["v02"]')
    return [_adversary(row, stage, nodes, plays)]


def _adversary(row: Row, stage: Stage, nodes: str, plays: tuple[str, ...]) -> str:
    behaviours = ", ".join(f'"{name}"' for name in plays)
    text = (
        f'\n[[adversary]]\nnodes = {nodes}\nbehaviour = [{behaviours}]\nfrom = "{SINCE[stage]}"\n'
    )
    if row.name in UNTIL:
        text += f'until = "{_SOLVED[row.name][stage]}"\n'
    if row.name == "complaint-coalition":
        return text + 'params = { kind = "missing" }\n'
    if any(BEHAVIOURS[name].targeted for name in plays) and row.name != "bad-share-many":
        victim = "v01" if stage == "repair" else "v03"
        text += f'params = {{ victims = ["{victim}"] }}\n'
    return text


def _faults(row: Row, stage: Stage) -> list[str]:
    later = stage not in ("dkg", "signing")
    event = _EVENTS.get(row.name, "")
    soon = {"dkg": "3s", "repair": "65s", "signing": "60s"}.get(stage, "62s")
    return [
        _ENTRY.format(
            entry.format(event, 1 + later)
            if event
            else entry.replace("{since}", SINCE[stage])
            .replace("{soon}", soon)
            .replace("{victim}", "v01" if stage == "repair" else "v03")
        )
        for entry in FAULTS.get(row.name, ())
    ]
