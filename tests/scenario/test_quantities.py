"""Durations, rates, sizes and thresholds: exact, and every written form reads back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.scenario.quantities import (
    DURATION_MAX_US,
    RATE_ONE,
    QuantityError,
    format_duration,
    format_rate,
    format_size,
    parse_duration,
    parse_rate,
    parse_size,
    parse_threshold,
)


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("0s", 0),
        ("1us", 1),
        ("20ms", 20_000),
        ("1.5s", 1_500_000),
        ("0.000001s", 1),
        ("3m30s", 210_000_000),
        ("2h", 7_200_000_000),
        ("30d", 2_592_000_000_000),
    ],
)
def test_a_duration_is_exact(text: str, us: int) -> None:
    assert parse_duration(text) == us


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("60", "60s"),
        ("2 sec", "2s"),
        ("5minutes", "5m"),
        ("10 µs", "10us"),
        ("1day", "1d"),
        ("soon", None),
        ("", None),
        ("1e3s", None),
        ("-5s", "5s"),
        ("٣s", None),
    ],
)
def test_what_is_no_duration_is_refused_with_what_was_meant(text: str, meant: str | None) -> None:
    with pytest.raises(QuantityError) as caught:
        parse_duration(text)

    assert caught.value.suggestion == meant


@settings(deadline=None)
@given(st.integers(0, DURATION_MAX_US))
def test_every_duration_reads_back(us: int) -> None:
    assert parse_duration(format_duration(us)) == us


@settings(deadline=None)
@given(st.integers(0, RATE_ONE))
def test_every_rate_reads_back(parts: int) -> None:
    assert parse_rate(format_rate(parts)) == parts


@settings(deadline=None)
@given(st.integers(0, 1 << 50))
def test_every_size_reads_back(size: int) -> None:
    assert parse_size(format_size(size)) == size


def test_a_written_quantity_is_as_short_as_what_people_write() -> None:
    assert format_duration(90_000_000) == "90s"
    assert format_duration(86_400_000_000) == "1d"
    assert format_rate(parse_rate("0.1%")) == "0.1%"
    assert format_rate(RATE_ONE) == "100%"
    assert format_size(1 << 20) == "1MiB"


@pytest.mark.parametrize("text", ["100.1%", "1", "%", "-1%", "1 %"])
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(QuantityError):
        parse_rate(text)


@pytest.mark.parametrize(
    ("text", "meant"), [("1MB", "1MiB"), ("10", "10B"), ("64k", "64KiB"), ("much", None)]
)
def test_what_is_no_size_is_refused_with_what_was_meant(text: str, meant: str | None) -> None:
    with pytest.raises(QuantityError) as caught:
        parse_size(text)

    assert caught.value.suggestion == meant


@pytest.mark.parametrize(
    ("text", "value"),
    [("n", 16), ("N", 20), ("2n/3+1", 11), ("n-2", 14), ("N/2+1", 11), ("3n/2", 24), ("n/3", 5)],
)
def test_a_threshold_rounds_down(text: str, value: int) -> None:
    assert parse_threshold(text, 16, 20) == value


@pytest.mark.parametrize("text", ["2*n/3", "n/0", "m", "n+", "n/3/2", "", "1.5n"])
def test_what_is_no_threshold_is_refused(text: str) -> None:
    with pytest.raises(QuantityError):
        parse_threshold(text, 16, 20)
