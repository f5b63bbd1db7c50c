"""The T-chain: many short signing sessions, where the K-chain has few long ceremonies.

It owns the execution of signing sessions; the K-chain owns keys, policies and the audit log, lets
requests through and closes sessions on its ledger. Here is the T-chain's own book of them, kept
from what each block does to sessions (`protocol.signing_events`), and its surveillance.

`book` sessions, their statuses, seats in use, counts · `surveillance` reports what policies forbid.

Both chains ask one function, `protocol.sampling.admitted`, which sessions begin, so that they can't
disagree about it. Nothing here signs, and nothing here holds a secret.
"""
