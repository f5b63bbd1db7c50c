"""Charges go to whoever's context they happen in."""

from __future__ import annotations

import contextvars

import pytest

from sim.base.meters import Meter, charge, charge_all, metering


def test_charges_go_to_the_innermost_meter_alone() -> None:
    with metering(Meter()) as outer:
        charge("exp.base")
        with metering(Meter()) as inner:
            charge("exp.base", 3)
            charge_all({"seal": 2, "open": 1})
        charge("exp.full")

    assert inner.counts == {"exp.base": 3, "seal": 2, "open": 1}
    assert outer.counts == {"exp.base": 1, "exp.full": 1}


def test_charges_without_a_meter_vanish() -> None:
    charge("exp.base")
    charge_all({"exp.base": 5})

    with metering(Meter()) as meter:
        pass

    assert meter.counts == {}


def test_a_meter_is_put_back_when_its_body_raises() -> None:
    with metering(Meter()) as outer:
        with pytest.raises(KeyError), metering(Meter()):
            raise KeyError
        charge("after")

    assert outer.counts == {"after": 1}


def test_contexts_do_not_share_a_meter() -> None:
    """Validators are tasks with contexts of their own: none can charge another."""
    context = contextvars.copy_context()

    def run() -> None:
        charge("elsewhere")

    with metering(Meter()) as meter:
        context.run(run)

    assert meter.counts == {}


def test_meters_add_merge_and_sort() -> None:
    meter = Meter({"b": 1})

    meter.add("a")
    meter.merge({"b": 2, "c": 3})

    assert list(meter.sorted().items()) == [("a", 1), ("b", 3), ("c", 3)]


def test_a_meter_keeps_its_own_copy() -> None:
    given = {"a": 1}
    meter = Meter(given)

    meter.add("a")

    assert given == {"a": 1}
