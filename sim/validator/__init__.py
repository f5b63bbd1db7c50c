"""One validator: the loop between a machine that only thinks and a world that loses things.

`ports` what it needs of the world around it · `store` durable memory and what crashes take from
it · `account` signed transactions, written ahead · `costs` compute time on the virtual clock ·
`tally` what was sent, byte by byte · `events` moments that a scenario can name · `timers` the local
clock's alarms · `ledger` the chain as this validator has received it · `sessions` its machines ·
`performing` effects made real · `life` the one receive loop.

Nothing here awaits anything but the context's `receive` and `sleep`: results would otherwise depend
on Trio's schedule.
"""
