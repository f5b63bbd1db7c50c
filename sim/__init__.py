"""A laboratory for threshold keys: committees, a simulated lossy network, and a K-chain.

The public surface is `sim.api`; this module imports nothing, so that ``import sim`` is instant.
"""
