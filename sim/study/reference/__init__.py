"""The reference run: ``python -m sim.study.reference`` makes ``results/reference`` anew.

`commands` whole commands, timed from outside · `lines` one line per bound that is claimed ·
`benches` benchmarks with their figures · `__main__` all of it, resumable, and the page.
"""
