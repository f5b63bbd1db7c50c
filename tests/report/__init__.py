"""Tests of `sim.report`."""
