"""What every layer stands on: ids, labelled randomness, the codec, meters, memo and errors.

`ids` who and where · `errors` failures that belong to no layer · `codec` canonical bytes and
hashes · `randomness` labelled streams, the only source of chance · `secret` values that redact
themselves · `meters` what an operation is charged · `memo` public computations done once, charged
to each, and `spreading` them over processes · `extensions` what runs choose from by name · `extras`
libraries that may be missing · `samples` what samples say · `files` and `spool` bytes on disk: for
good, or out of the way · `pages` that are made, or checked.

Nothing here may import Trio, a clock, a socket or a shared random generator.
"""
