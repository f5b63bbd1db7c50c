"""Figures and tables of stored benchmarks and sweeps: they read files and run nothing.

`model` what a figure shows, as plain data · `bench` and `sweep` that data from stored tables ·
`drawing` the data as a picture and as CSV · `tables` CSV, Markdown, LaTeX · `make` all of it.

A figure is first a value, then a picture: what is drawn and the CSV beside it are made from the
same value, so they can't differ.
"""
