"""One validator: the loop between a machine that only thinks and a world that loses things.

`ports` what it needs of the world around it · `store` durable memory and what crashes take from
it · `vaulting` secrets sealed at rest · `account` signed transactions, written ahead · `costs`
compute time on the virtual clock · `tally` what was sent, byte by byte · `events` moments that a
scenario can name · `timers` the local clock's alarms · `ledger` the chain as this validator has
received it · `early` shares that come before their session · `seats` machines in their places ·
`keyring` its present share of each key · `sessions` its machines, from opening to erasure ·
`erasing` what no longer counts, and the sweep after a crash · `recovery` asking for the repair of a
lost share · `membership` joining and leaving the registry · `twins` two copies of it, `foresight`
what one in a hurry sees · `performing` effects made real · `life` the one receive loop.

Nothing here awaits anything but the context's `receive` and `sleep`: results would otherwise depend
on Trio's schedule.
"""
