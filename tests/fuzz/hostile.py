"""Bytes that an adversary might send: noise, real ones bent, real ones taken apart and rebuilt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgpack
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.base.codec import encode

T = TypeVar("T")

EXAMPLES = [200, pytest.param(2_000, marks=pytest.mark.slow)]
"""How many examples of each: few in every run, many with the slow tests."""

_SCRAPS: tuple[Any, ...] = (
    *(
        0,
        1,
        -1,
        2,
        5,
        255,
        1 << 20,
        (1 << 20) + 1,
        1 << 31,
        (1 << 63) - 1,
        -(1 << 63),
        (1 << 64) - 1,
    ),
    *(b"", b"\0", bytes(31), bytes(32), b"\xff" * 32, b"\x02" + bytes(32), b"\xc0" + bytes(47)),
    *(bytes(64), bytes(96), bytes(1168), bytes(1216), b"\xff" * 1216, b"\xc1", b"\x90"),
    *("", "a", "missing", "invalid", "clear", "sealed", "deal", "\0", "é" * 40, "x" * 200),
    *(None, True, 1.5, float("inf"), [], [[]], [[[[]]]], {}, {"a": 1}, [0] * 40, [b""] * 40),
)
"""Values that stand where others are expected."""


def explore(check: Callable[[T], None], strategy: st.SearchStrategy[T], examples: int) -> None:
    """Run `check` on so many values, the same ones every time."""
    limits = settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    limits(given(strategy)(check))()


def hostile(samples: Sequence[bytes]) -> st.SearchStrategy[bytes]:
    """Noise, or one of `samples` as it is, bent byte by byte, or rebuilt from other parts."""
    real = st.sampled_from(list(samples))
    shapes = [sample for sample in samples if _is_one_value(sample)]
    rebuilt = _rebuilt(st.sampled_from(shapes)) if shapes else _bent_bytes(real)
    return st.one_of(st.binary(max_size=300), real, _bent_bytes(real), rebuilt, rebuilt)


@st.composite
def _bent_bytes(draw: st.DrawFn, real: st.SearchStrategy[bytes]) -> bytes:
    data = bytearray(draw(real))
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(data)))
        match draw(st.sampled_from(["flip", "cut", "insert", "splice", "huge"])):
            case "flip" if place < len(data):
                data[place] ^= 1 << draw(st.integers(0, 7))
            case "cut":
                del data[place:]
            case "insert":
                data[place:place] = draw(st.binary(min_size=1, max_size=4))
            case "splice":
                data[place:] = draw(real)[place:]
            case "huge":  # a header that announces four billion elements
                data[place:place] = draw(st.sampled_from([b"\xdd", b"\xdf", b"\xc6", b"\xdb"]))
                data[place + 1 : place + 1] = b"\xff" * 4
            case _:
                pass
    return bytes(data)


@st.composite
def _rebuilt(draw: st.DrawFn, real: st.SearchStrategy[bytes]) -> bytes:
    """Bend the value behind the bytes, and encode it canonically: this gets past the decoder."""
    value = _unpacked(draw(real))
    for _ in range(draw(st.integers(1, 3))):
        value = _bent(draw, value, draw(real))
    return encode(value)


def _unpacked(data: bytes) -> Any:
    return msgpack.unpackb(data, strict_map_key=False)


def _is_one_value(data: bytes) -> bool:
    try:
        return isinstance(_unpacked(data), list | dict)
    except (ValueError, msgpack.UnpackException):
        return False


def _bent(draw: st.DrawFn, value: Any, other: bytes) -> Any:
    """Change one place, somewhere down in `value`."""
    if isinstance(value, dict) and value:
        key = draw(st.sampled_from(sorted(value)))
        return {**value, key: _bent(draw, value[key], other)}
    if isinstance(value, list):
        return _bent_list(draw, value, other)
    inner = _inner(value)
    if inner is not None and draw(st.booleans()):
        return encode(_bent(draw, inner, other))
    if isinstance(value, bytes) and value and draw(st.booleans()):
        place = draw(st.integers(0, len(value) - 1))
        return (
            value[:place]
            + bytes([value[place] ^ (1 << draw(st.integers(0, 7)))])
            + value[place + 1 :]
        )
    if isinstance(value, int) and draw(st.booleans()):
        return max(-(1 << 63), min(value + draw(st.integers(-3, 3)), (1 << 64) - 1))
    return draw(st.sampled_from(_SCRAPS))


def _bent_list(draw: st.DrawFn, value: list[Any], other: bytes) -> list[Any]:
    place = draw(st.integers(0, max(0, len(value) - 1)))
    match draw(st.sampled_from(["deeper", "deeper", "deeper", "drop", "twice", "swap", "scrap"])):
        case "deeper" if value:
            return [*value[:place], _bent(draw, value[place], other), *value[place + 1 :]]
        case "drop":
            return value[:place] + value[place + 1 :]
        case "twice":
            return value[: place + 1] + value[place:]
        case "swap":
            return value[place:] + value[:place]
        case _:
            return [*value, draw(st.sampled_from(_SCRAPS))]


def _inner(value: Any) -> Any:
    """Return the array that these bytes encode in turn, as payloads hold bodies."""
    return _unpacked(value) if isinstance(value, bytes) and _is_one_value(value) else None
