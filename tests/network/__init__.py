"""Tests of `sim.network`."""
