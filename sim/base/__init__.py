"""What every layer stands on: ids, labelled randomness, the codec, meters, memo and errors.

`ids` who and where · `errors` the three kinds of failure · `codec` canonical bytes and hashes ·
`randomness` labelled streams, the only source of chance · `secret` values that redact themselves ·
`meters` what an operation is charged · `memo` public computations done once, charged to each.

Nothing here may import Trio, a clock, a socket or a shared random generator.
"""
