"""What one participant computes by itself."""

from __future__ import annotations

from typing import Any

from sim.base.meters import Meter, metering


class Metered:
    """A machine whose every call is charged to its own meter."""

    def __init__(self, machine: Any) -> None:
        self.machine = machine
        self.meter = Meter()

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.machine, name)
        if not callable(value):
            return value

        def call(*args: Any) -> Any:
            with metering(self.meter):
                return value(*args)

        return call
