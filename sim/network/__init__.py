"""The simulated network: who reaches whom, when, and what becomes of each message.

`profiles` named link figures and their integer jitter tables, `matrix` one that a scenario brings
along, `paths` what each link has of it · `fit` makes the tables, offline · `draws` a hash of the
send, with a fixed slot for every impairment · `losses` which messages are lost · `pipes`
bandwidth · `rules` partitions, isolation and heals as values, `conditions` what they come to ·
`links` the fate of messages between validators · `fans` of many at once · `streams` links that send
again, `ledger_links` those between validators and the ledger · `sharding` which validators run
together.

Warnings. The fate of a send depends on the seed, the link, the message's label and how often that
label was sent on that link: never on content, position, process or window. No float reaches
virtual time: latencies come from committed tables of integer microseconds.
"""
