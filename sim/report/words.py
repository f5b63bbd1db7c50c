"""Times, names, numbers and phrases, the same in every report."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sim.scenario.refusals import DROPPED, REFUSALS

FAULTS: Final[dict[str, str]] = {
    "no-deal": "no deal came in time",
    "wrong-reveal": "its deal is not the one that it committed to",
    "malformed-deal": "its deal cannot be read",
    "wrong-point-count": "its commitment has the wrong number of points",
    "invalid-point": "its commitment holds an unacceptable point",
    "wrong-constant": "its constant term is not the one it had to share",
    "bad-proof": "its proof of possession does not hold",
    "degree-too-high": "its polynomial has more than t coefficients",
    "equivocation": "it signed two different deals",
    "malformed-response": "its response breaks the rules",
    "bad-share": "it sealed something else than the share that it owed",
    "bad-justification": "its answer to a complaint is no good share",
    "false-opening": "it disowned a good share",
    "bad-extraction": "what it extracted is not what it had dealt",
    "false-exposure": "it exposed a share that nobody dealt to it",
    "no-extraction": "it published no extraction in time",
    "unjustified": "a complaint was left unanswered",
    "accused-by-t": "at least t holders call the shares invalid",
    "contradictory-confirmation": "it confirmed two different results",
    "inconsistent-confirmation": "it confirmed another result",
    "bad-confirmation": "its confirmation does not prove its share",
    "bad-partial": "its partial signature is wrong",
    "no-partial": "it gave no partial signature in time",
    "bad-nonces": "its nonce commitments are unusable",
}
"""Verdict names in words: what the validator did, or what was missed of it."""

COMPLAINTS: Final[dict[str, str]] = {
    "missing": "no share arrived",
    "invalid": "a share arrived, and it does not fit the commitment",
}
"""Kinds of complaint in words."""

REASONS: Final[dict[str, str]] = {
    "too-few-dealers": "too few valid deals",
    "identity-key": "the deals cancelled out",
    "too-few-confirmations": "too few confirmations",
    "too-few-signers": "too few signers",
    "too-few-exposures": "too few shares to reconstruct a dealer",
    "aborted": "not all was well, which this protocol requires",
    "rolled-back": "rolled back",
    "unendorsed": "the old key did not endorse the new one",
    "other-public-key": "another public key came of it",
}
"""Why an attempt failed, in words."""

ENDS: Final[dict[str, str]] = {
    "requested": "by request",
    "emergency": "an emergency",
    **DROPPED,
    **REFUSALS,
}
"""Why a rotation was given up, or never began, in words."""


OPERATIONS: Final[dict[str, str]] = {
    "dkg": "created",
    "generate": "created by one party",
    "reshare": "reshare",
    "refresh": "refresh",
    "repair": "repair",
    "rekey": "new public key",
}
"""What gave a key its shares, in words."""

TRIGGERS: Final[dict[str, str]] = {
    "create": "",
    "manual": "asked for",
    "epoch": "as at every epoch",
    "churn": "a member was gone",
    "schedule": "on schedule",
    "max-age": "its shares were old",
    "policy-violation": "after a policy violation",
    "emergency": "emergency",
    "lost-share": "a share was lost",
}
"""Why the chain rotated a key, in words."""

OUTCOMES: Final[dict[str, str]] = {
    "activated": "done",
    "aborted": "aborted",
    "rolled-back": "rolled back",
    "dropped": "dropped",
}
"""How a rotation ended, in words; one that hasn't is still open."""

HEX_MOST: Final = 256
"""Most hex digits that are shown of one value."""

DAY_US: Final = 86_400_000_000


def moment(time_us: int | None, genesis_us: int, *, dated: bool) -> str:
    """Return a virtual time as `clock` does or, dated, as the UTC date and time of its ledger."""
    if time_us is None or not dated:
        return clock(time_us)
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=genesis_us + time_us)
    return f"{at:%Y-%m-%d %H:%M}"


def lasting(span_us: int) -> str:
    """Return a span in its two largest units: ``0``, ``12s``, ``3m 20s``, ``5h``, ``2d 4h``."""
    seconds = -(-span_us // 1_000_000)
    units = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)]
    for place, (unit, length) in enumerate(units):
        if seconds >= length:
            rest, below = seconds % length, units[place + 1 : place + 2]
            tail = "".join(f" {rest // size}{name}" for name, size in below if rest >= size)
            return f"{seconds // length}{unit}{tail}"
    return "0"


def percent(part: float) -> str:
    """Return a share of 1 in percent, never rounded up: 100 % means all of it."""
    return f"{int(part * 100_000) / 1_000:g} %"


def clock(time_us: int | None) -> str:
    """Return a virtual time as ``m:ss.s``, from an hour on ``h:mm:ss``, from a day on ``1d 02:03``.

    "–" for None.
    """
    if time_us is None:
        return "–"
    tenths = time_us // 100_000
    minutes, rest = divmod(tenths, 600)
    if minutes >= 1440:
        return f"{minutes // 1440}d {minutes // 60 % 24:02}:{minutes % 60:02}"
    if minutes >= 60:
        return f"{minutes // 60}:{minutes % 60:02}:{rest // 10:02}"
    return f"{minutes}:{rest // 10:02}.{rest % 10}"


def count(number: int, noun: str, plural: str = "") -> str:
    """Return ``1 deal``, ``2 deals``, ``3,000 deals``."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def names(listed: Sequence[str], everyone: Sequence[str] = (), most: int = 10) -> str:
    """List names, and shorten long lists: all of them, all but a few, or the first few.

    Args:
        listed: The names.
        everyone: Whom they are taken from.
        most: How many are written out.

    """
    if not listed:
        return "none"
    if len(listed) <= most and len(listed) < max(len(everyone), 1):
        return ", ".join(listed)
    rest = [name for name in everyone if name not in set(listed)]
    if everyone and not rest:
        return f"all {len(listed)}"
    if everyone and len(rest) <= most // 2:
        return f"all but {', '.join(rest)}"
    if len(listed) <= most:
        return ", ".join(listed)
    return f"{', '.join(listed[: most - 2])} and {len(listed) - most + 2} more"


def span(start: int, end: int | None) -> str:
    """Return a range of heights: ``3``, ``3–7``, ``3–``."""
    if end is None:
        return f"{start}–"
    return str(start) if start == end else f"{start}–{end}"


def size(number: int) -> str:
    """Return a number of bytes in the largest unit that leaves at least one of it."""
    if number < 10_000:
        return f"{number:,} B"
    if number < 10_000_000:
        return f"{number / 1000:,.1f} kB"
    return f"{number / 1_000_000:,.1f} MB"


def shortened(digits: str) -> str:
    """Return hex digits, or the first 64 and the size of what is longer than a shared key's parts.

    Post-quantum keys and signatures have thousands of digits; no account is read for those.
    """
    if len(digits) <= HEX_MOST:
        return digits
    return f"{digits[:64]}… {count(len(digits) // 2, 'byte')}"


def short(digest: str) -> str:
    """Return the first 12 hex digits of a digest."""
    return f"{digest[:12]}…" if len(digest) > 12 else digest
