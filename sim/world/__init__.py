"""Everything wired together: a plan in, a run's folder out.

Running: `runner` one run from plan to outcome · `shard` what every process builds · `genesis` who
exists before block 0 · `ledger_actor` the ledger as the engine drives it · `networking` links ·
`costing` what computing costs · `timeline`, `orders`, `openness` what happens when, and when
nothing is left · `board`, `witness`, `observing` what validators see of the chain, and the checks
of validators.

Telling: `outcome` what a run leaves behind · `chronicle`, `ceremonies`, `keys`, `partitions` the
chain's story · `expectations`, `verdicts` what was wanted, and the exit code · `summary` all of it,
deterministic.

Keeping: `folder` the run's folder · `inlined`, `machine` tables and versions · `replay` where two
runs part.
"""
