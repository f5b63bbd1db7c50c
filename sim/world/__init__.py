"""Everything wired together: a plan in, a run's folder out.

Running: `executing` from a plan to its summary · `runner` one run from plan to outcome, in as many
processes as `hands` finds · `shard` what every process builds · `genesis` who exists before block
0, and `vaults` their keys · `ledger_actor`, `tchain_actor` the chains as the engine drives them ·
`networking` links · `costing` what computing takes · `timeline`, `orders`, `requests`,
`principals`, `phases`, `withholding`, `openness` what happens when, who asks for it, and when
nothing is left · `board`, `witness`, `observing` what validators see of the chain, and the checks
of validators.

Telling: `outcome` what a run leaves behind, with its `eventlog` · `chronicle`, `ceremonies`,
`keys`, `lives`, `partitions`, `availability` the chain's story, `views` of it at an instant ·
`expectations`, `predicates`, `happened`, `liveness`, `verdicts` what was wanted, and the exit
code · `summary` all of it, deterministic.

Keeping: `folder` the run's folder · `inlined`, `machine` tables and versions · `replay` where two
runs part.
"""
