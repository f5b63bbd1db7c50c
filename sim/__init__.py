"""A laboratory for threshold keys: committees, a simulated lossy network, and a K-chain.

The public surface is `sim.api`; this module imports nothing, so that ``import sim`` is instant.

From the top: `cli` commands · `api` and `extend` promises to others · `study` many runs · `report`
stored results for people · `world` one run · `scenario` files and plans, `checks` invariants ·
`validator`, `adversary`, `network`, `kchain`, `tchain`, `engine` its parts, which never meet ·
`protocol` the ceremonies · `crypto` · `base`. Imports point downwards; docs/design.md is the tour.
"""
