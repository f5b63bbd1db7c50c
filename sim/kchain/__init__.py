"""The K-chain: an idealised ledger that records how keys come to be, and what they sign.

From the inside out: `genesis` what is fixed before block 1 · `registry` who the validators are ·
`rotation`, `records`, `audit` what the chain keeps about keys and their use · `log` collections
that only grow · `due` which heights must have blocks · `state` the chain after a block · `draft`
the next one in the making · `drawing`, `partitions`, `committees` who sits in a committee ·
`membership`, `policy`, `statements`, `creation`, `rotating`, `sessions`, `triggers` what each
transaction does, and what rotates keys by itself · `preparing`, `queueing`, `attempts`, `rekeying`,
`endorsing` from a wish to a new generation · `binding`, `settling` signing sessions · `execution`
one transaction, one height · `payloads` what transactions carry · `blocks` their bytes and hashes ·
`replica` following blocks, as every validator does · `clock` heights and halts · `mempool` what
waits · `withholding` what is kept out of blocks · `ledger` forming blocks · `file` ledger.msgpack ·
`generations`, `verify` checking one without trust · `precompile` addresses in the registry's form ·
`errors` the one way in which a ledger is refused.

Consensus is idealised: there is one ledger and it never forks. Access to it is not: transactions
wait, arrive out of order, and are rejected for reasons that the blocks record.

The chain holds public artefacts only, and it never signs, opens or reconstructs anything.
"""
