"""The ledger: what it takes, what it refuses, and what anyone can check about it."""
