"""Tests of the engine, over a toy network, a toy ledger and toy ceremonies."""
