"""The protocols, sans-I/O: messages and heights in, effects out; one pure judge for everyone.

A ladder, each rung importing only those before it:
`messages`, `transactions` what is said · `effects` what a machine asks for · `selection` a
committee drawn by stake · `ceremony` who, how many, how long · `phases` the one transition table ·
`entries` what the judge reads and says · `deals`, `responses` public checks · `state` the judge's
notes · `complaints`, `result`, `activation` the verdict, step by step · `judge` the fold ·
`evidence` faults that a third party re-verifies · `envelopes` sealed shares · `dealing`, `holding`,
`signer` the parts of a member · `dkg` one member of a DKG · `signing` a test signature, peer to
peer.

Conventions: t is the number of shares needed; polynomials have t coefficients; holders stand at
x = 1..n. Nothing here sees Trio, a clock or a socket.
"""
