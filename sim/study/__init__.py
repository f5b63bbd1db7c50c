"""What is learnt from many runs, or from many samples of a part: studies, with their statistics.

Many runs: `pool`, `worker` processes that are started once, `cluster` other people's · `playing` a
run as their job · `journal` what a long study has finished · `tables` its tables, read again ·
`counting` which figures count.

Sweeps: `sweeping` the runs of a scenario's grid · `sweep_folder`, `sweep_rows`, `sweep_table` where
they are kept, as what, and what they come to · `merging` shards.

What ceremonies cost: `bench` by size, scheme, protocol and network · `comparing` two results ·
`calibrate`, `operations` what operations cost on this machine · `engine_bench` messages per
second · `reference` the committed figures.

Is it true? `oracles` measurements against formulas · `netcheck` a network's declared figures
against samples of it (`link_classes`, `link_samples`, `pipe_samples`, `lines`) · `statistics` how
far honest samples stray.

What to choose, and what to expect: `advice` which committee · `fault_table`, `staging`,
`fault_page` every fault of the catalogue in every ceremony · `bias`, `bias_page` how far dealers
bend a key · `protocol_runs`, `protocol_page` what each way of making a key costs and survives.

Figures here are floats: nothing of them reaches virtual time.
"""
