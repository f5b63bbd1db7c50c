"""Comparing two results of one kind: what is counted exactly, times by ratios of pairs.

`loading` two runs, benchmarks or sweeps as pairs of rows · `pairs` differences, ratios and their
intervals · `conditions` what a comparison may be failed by.
"""
