"""Tests of `sim.adversary`."""
