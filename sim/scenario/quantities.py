"""Durations, rates, sizes and thresholds as scenario files write them, exactly.

Every parser takes text and raises `QuantityError`; every `format_*` gives text that its parser
takes back to the same number. Fractions, never floats: no float reaches virtual time.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Final

UNITS_US: Final = {
    "us": 1,
    "ms": 1_000,
    "s": 1_000_000,
    "m": 60_000_000,
    "h": 3_600_000_000,
    "d": 86_400_000_000,
}
"""Microseconds per unit of time."""

SIZES: Final = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
"""Bytes per unit of size."""

BANDWIDTHS: Final = {"bit/s": 1, "kbit/s": 10**3, "Mbit/s": 10**6, "Gbit/s": 10**9}
"""Bits per second per unit of bandwidth."""

DURATION_MAX_US: Final = 10 * 365 * UNITS_US["d"]
"""Ten years: anything longer is a slip of the keyboard."""

RATE_ONE: Final = 1 << 32
"""Rates are parts per 2**32."""

_NUMBER: Final = r"\d{1,18}(?:\.\d{1,18})?"
DURATION_PATTERN: Final = rf"(?:{_NUMBER}(?:us|ms|s|m|h|d))+"
RATE_PATTERN: Final = rf"{_NUMBER}%"
SIZE_PATTERN: Final = rf"{_NUMBER}(?:B|KiB|MiB|GiB)"
BANDWIDTH_PATTERN: Final = rf"{_NUMBER}[kMG]?bit/s"
THRESHOLD_PATTERN: Final = r"(\d{1,6})?([nN])(?:/(\d{1,6}))?([+-]\d{1,6})?"


class QuantityError(ValueError):
    """Text is no such quantity.

    Attributes:
        suggestion: What was probably meant, or None.
    """

    def __init__(self, message: str, suggestion: str | None = None) -> None:
        self.suggestion = suggestion
        super().__init__(message)


def parse_duration(text: str) -> int:
    """Return the microseconds of a duration such as ``20ms``, ``1.5s``, ``3m30s`` or ``30d``."""
    if not re.fullmatch(DURATION_PATTERN, text, re.ASCII):
        raise QuantityError(
            f'"{text}" is no duration: a number and a unit of {", ".join(UNITS_US)}',
            _duration_meant(text),
        )
    parts = re.findall(rf"({_NUMBER})(us|ms|s|m|h|d)", text, re.ASCII)
    total = sum((Fraction(number) * UNITS_US[unit] for number, unit in parts), Fraction())
    if total.denominator != 1:
        raise QuantityError(f'"{text}" is finer than a microsecond')
    if total > DURATION_MAX_US:
        raise QuantityError(f'"{text}" is longer than ten years')
    return int(total)


def _duration_meant(text: str) -> str | None:
    if re.fullmatch(_NUMBER, text, re.ASCII):
        return f"{text}s"
    squeezed = text.replace(" ", "").replace("µs", "us").lstrip("-+").lower()
    for long, short in (("msec", "ms"), ("sec", "s"), ("min", "m"), ("hour", "h"), ("day", "d")):
        squeezed = re.sub(f"{long}(?:ond|ute)?s?", short, squeezed)
    if squeezed != text and re.fullmatch(DURATION_PATTERN, squeezed, re.ASCII):
        return squeezed
    return None


def format_duration(us: int) -> str:
    """Write `us` in the largest unit that takes it whole."""
    if us == 0:
        return "0s"
    unit = max((u for u in UNITS_US if us % UNITS_US[u] == 0), key=UNITS_US.__getitem__)
    return f"{us // UNITS_US[unit]}{unit}"


def parse_rate(text: str) -> int:
    """Return a percentage, ``0%`` to ``100%``, in parts per 2**32, rounded to the nearest."""
    if not re.fullmatch(RATE_PATTERN, text, re.ASCII):
        meant = f"{text}%" if re.fullmatch(_NUMBER, text, re.ASCII) else None
        raise QuantityError(f'"{text}" is no rate: a percentage such as "1%"', meant)
    share = Fraction(text[:-1]) / 100
    if share > 1:
        raise QuantityError(f'"{text}" is more than 100%')
    return round(share * RATE_ONE)


def format_rate(parts: int) -> str:
    """Write `parts` per 2**32 as the shortest percentage that stands for it."""
    for digits in range(11):
        scaled = round(Fraction(parts, RATE_ONE) * 100 * 10**digits)
        text = f"{scaled // 10**digits}"
        if digits:
            text += f".{scaled % 10**digits:0{digits}}"
        if parse_rate(f"{text}%") == parts:
            return f"{text}%"
    raise AssertionError(parts)


def parse_size(text: str) -> int:
    """Return the bytes of a size such as ``1MiB``."""
    found = re.fullmatch(rf"({_NUMBER})(B|KiB|MiB|GiB)", text, re.ASCII)
    if found is None:
        raise QuantityError(
            f'"{text}" is no size: a number and a unit of {", ".join(SIZES)}', _size_meant(text)
        )
    total = Fraction(found[1]) * SIZES[found[2]]
    if total.denominator != 1:
        raise QuantityError(f'"{text}" is no whole number of bytes')
    return int(total)


def _size_meant(text: str) -> str | None:
    found = re.fullmatch(rf"({_NUMBER}) *([kmg]?)i?b?", text, re.ASCII | re.IGNORECASE)
    if found is None:
        return None
    return f"{found[1]}{found[2].upper()}iB" if found[2] else f"{found[1]}B"


def format_size(size: int) -> str:
    """Write `size` bytes in the largest unit that takes it whole."""
    unit = max((u for u in SIZES if size % SIZES[u] == 0), key=SIZES.__getitem__)
    return f"{size // SIZES[unit]}{unit}"


def parse_bandwidth(text: str) -> int:
    """Return the bits per second of a bandwidth such as ``100Mbit/s``."""
    found = re.fullmatch(rf"({_NUMBER})([kMG]?bit/s)", text, re.ASCII)
    if found is None:
        raise QuantityError(
            f'"{text}" is no bandwidth: a number and a unit of {", ".join(BANDWIDTHS)}',
            _bandwidth_meant(text),
        )
    total = Fraction(found[1]) * BANDWIDTHS[found[2]]
    if total.denominator != 1 or total == 0:
        raise QuantityError(f'"{text}" is no whole number of bits per second, 1 or more')
    return int(total)


def _bandwidth_meant(text: str) -> str | None:
    pattern = rf"({_NUMBER}) *([kmg]?)(?:bits?/?p?s|bps)?"
    found = re.fullmatch(pattern, text, re.ASCII | re.IGNORECASE)
    if found is None:
        return None
    prefix = {"": "", "k": "k", "m": "M", "g": "G"}[found[2].lower()]
    return f"{found[1]}{prefix}bit/s"


def format_bandwidth(bits_s: int) -> str:
    """Write `bits_s` in the largest unit that takes it whole."""
    unit = max((u for u in BANDWIDTHS if bits_s % BANDWIDTHS[u] == 0), key=BANDWIDTHS.__getitem__)
    return f"{bits_s // BANDWIDTHS[unit]}{unit}"


def format_milliseconds(us: int) -> str:
    """Write `us` microseconds as a decimal number of milliseconds."""
    whole, rest = divmod(us, 1000)
    return f"{whole}.{rest:03}".rstrip("0").rstrip(".")


def parse_threshold(text: str, committee: int, validators: int) -> int:
    """Return the value of ``[k]VAR[/d][±c]``, as in ``2n/3+1``, with floor division.

    Args:
        text: The expression; ``n`` is the committee's size, ``N`` the number of validators.
        committee: n.
        validators: N.
    """
    found = re.fullmatch(THRESHOLD_PATTERN, text, re.ASCII)
    if found is None:
        meant = text.replace(" ", "").replace("*", "")
        fits = re.fullmatch(THRESHOLD_PATTERN, meant, re.ASCII) or re.fullmatch(r"\d+", meant)
        raise QuantityError(
            f'"{text}" is no threshold: a number, or [k]VAR[/d][±c] with n or N, as in "2n/3+1"',
            meant if fits else None,
        )
    k, variable, divisor, constant = found.groups()
    if divisor is not None and int(divisor) == 0:
        raise QuantityError(f'"{text}" divides by zero')
    value = int(k or 1) * (committee if variable == "n" else validators)
    return value // int(divisor or 1) + int(constant or 0)
