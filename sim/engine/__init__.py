"""Virtual time: windows, local clocks, shards and processes, and the ports to what they carry.

The engine knows nothing of keys. Read in this order: `ports` what the engine needs of a network, a
ledger and a validator's code · `faults` what goes wrong and when · `history` what is written down ·
`mail` what waits in a mailbox and `inbox` in which order · `node` one validator as its shard sees
it · `context` the same as its code sees it · `mailroom` mail on its way · `shard` windows ·
`triggers` faults that wait for an event · `exchange`, `cargo` and `frames` what crosses between
shards · `driver` one shard under orders · `pool` and `worker` the two ends of a worker process ·
`crew` all processes while a block is formed · `failure` what ends a run early · `coordinator` the
run and `results` what it leaves · `collector` the garbage collector's part in it · `usage` what a
process has used of the machine.

A shard advances its validators in windows no longer than the least link latency. Inside a window
validators can't affect each other, so the order in which their tasks run can't show in a result.
Nothing outside this package may rely on the order in which validators run.
"""
