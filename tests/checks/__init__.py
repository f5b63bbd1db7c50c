"""Tests of `sim.checks`."""
