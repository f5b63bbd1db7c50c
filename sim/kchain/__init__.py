"""The K-chain: an idealised ledger that records how keys come to be, and what they sign.

From the inside out:
`genesis` what is fixed before block 1 · `records` what the chain keeps · `log` append-only logs ·
`state` the chain's state, and drafts of the next one · `drawing` committees by stake · `creation`,
`statements`, `sessions` what each transaction does · `execution` one transaction, one height ·
`blocks` their bytes and hashes · `replica` following blocks, as every validator does · `clock`
heights and halts · `mempool` what waits · `ledger` forming blocks · `file` ledger.msgpack ·
`verify` checking one without trust · `precompile` addresses in the registry's form.

Consensus is idealised: there is one ledger and it never forks. Access to it is not: transactions
wait, arrive out of order, and are rejected for reasons that the blocks record.

The chain holds public artefacts only, and it never signs, opens or reconstructs anything.
"""
