"""Oracles: what the simulator measures, computed again by formulas that share nothing with it.

`cost_formulas`, `literature`, `cost` what fault-free ceremonies cost, exactly · `loss` what lost
packets do · `committees`, `capture` who gets a drawn committee · `mobile` an adversary that moves,
with refreshes and without · `bias` who can bend a key · `lines` one figure, its formula, and the
verdict · `trials` how samples are counted, and once more if they are off · `families` all of them.

Formulas are typed in from `costs.md` with their places.
"""
