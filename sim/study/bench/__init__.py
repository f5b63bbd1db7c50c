"""Benchmarks: what ceremonies cost, by size, threshold, scheme, protocol, network and cost model.

`grid` which points there are · `scenarios` the scenario that a point is · `measuring` one run in a
process of its own · `points` from runs to a point's figures · `fits` how figures grow with n ·
`store` the folder · `running` all of it, resumable.

Every figure is counted, derived or measured, and says which. *Counted*: messages, bytes,
operations, heights, virtual latencies: a function of scenario and seed, the same on every machine.
*Derived*: figures of a ceremony that follows another are those of the run with it less those of the
run without it, which is the same up to there. *Measured*: CPU and wall time, memory.
"""
