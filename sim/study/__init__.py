"""What is learnt from many runs, or from many samples of a part: studies, with their statistics.

`pool`, `playing` many runs over worker processes that are started once · `fault_table`, `staging`,
`fault_page` every fault of the catalogue in every ceremony · `bias`, `bias_page` how far dealers
bend a key · `protocol_runs`, `protocol_page` what each way of making a key costs and survives ·
`netcheck` a network's declared figures against samples of it · `oracles` measurements against
formulas · `advice` which committee to choose · `statistics` how far honest samples stray · `bench`
what ceremonies cost · `comparing` two results of one kind · `calibrate`, `operations` what this
machine takes for the operations that cost models price · `reference` the committed figures.

Figures here are floats: nothing of them reaches virtual time.
"""
