"""The protocols, sans-I/O: messages and heights in, effects out; one pure judge for everyone.

A ladder, each rung importing only those before it: `variant_messages`, `messages`, `transactions`,
`requests` what is said · `effects` what a machine asks for · `selection` a committee drawn by
stake, `sampling` the signers of a session · `ceremony` who, how many, how long · `phases` the one
transition table · `entries` what the judge reads and says · `feldman`, `creation`, `refresh`,
`resharing`, `repair_rules` what one operation does its own way, `operations` by name · `deals`,
`responses` public checks · `state` the judge's notes · `promises` what a dealer owes · `envelopes`
sealed shares · `provable` complaints that prove · `complaints`, `result`, `activation` the verdict,
step by step · `judge` the fold, `repair` that of a repair, `generate` that of a single-party key ·
`citations`, `evidence` faults that a third party re-verifies · `sending` · `member`, `dealing`,
`helping`, `holding`, `holder`, `signer` the parts of a participant · `sharing`, `repairing`,
`generating` one participant of an attempt · `gjkr`, `gjkr_evidence`, `extracting`, `commit_reveal`,
`frost_dkg` other ways to create a key, `variants` all of them by name · `machines` everything by
operation · `signing` and what begins with it: sessions of a key's holders, peer to peer.

Conventions: t is the number of shares needed; polynomials have t coefficients; holders stand at
x = 1..n. Nothing here sees Trio, a clock or a socket.
"""
