"""Oracles: what the simulator measures, computed again by formulas that share nothing with it.

`cost_formulas`, `literature`, `cost` what fault-free ceremonies cost, exactly · `loss` what lost
packets do · `committees`, `capture` who gets a drawn committee · `mobile` an adversary that moves,
with refreshes and without · `bias` who can bend a key · `lines` one figure, its formula, and the
verdict · `trials` how samples are counted, and once more if they are off.

Formulas are typed in from `costs.md` with their places. Where scipy's or numpy's floats are used
they stay here: nothing of them reaches a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from typing import Final, Protocol

from sim.study.oracles import bias, capture, cost, loss, mobile
from sim.study.oracles.lines import OracleLine


class Family(Protocol):
    """What yields the lines of one oracle."""

    def __call__(
        self, pool: Executor, *, quick: bool = False, runs: int | None = None
    ) -> Iterator[OracleLine]:
        """Yield them, as they are known."""
        ...


FAMILIES: Final[Mapping[str, Family]] = {
    cost.FAMILY: cost.lines,
    loss.FAMILY: loss.lines,
    capture.FAMILY: capture.lines,
    mobile.FAMILY: mobile.lines,
    bias.FAMILY: bias.lines,
}
"""Every oracle by its name, in the order in which they are shown."""

Watcher = Callable[[OracleLine], None]
"""Told of every line as soon as it is known."""
