"""Reports: text from stored results, for people. Nothing here runs, measures or decides anything.

Of runs: `words` times, names and phrases · `story` what happened in one attempt, phase by phase, as
data · `grid` who holds a good share from whom · `life`, `periods` a key's generations, a long life
in few lines · `account` the readable account of a run, with `keys`, `partitions`, `arranged` and
`layout` · `picture` it as SVG · `explain` (with `explained`, `explained_network`) a resolved plan,
before it runs.

Of the rest: `audit` the audit log · `netcheck` a network's figures · `oracle` measurements beside
formulas · `sweep` a sweep's points · `figures` benchmarks and sweeps, drawn · `advice`,
`advice_plot` a decision, on a `sheet`.

An account is made from a run's summary alone: a stored run reads like one that has just ended.
Renderables are rich's; without colours, or into a pipe, they come out as plain text.
"""

from __future__ import annotations

from sim.report.account import account, account_text
from sim.report.explain import explain

__all__ = ["account", "account_text", "explain"]
