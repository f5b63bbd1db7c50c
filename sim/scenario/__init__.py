"""Scenario files: schema, loading with positioned diagnostics, and the resolved plan.

`schema` the file's shape · `source` text and positions · `load` files to scenarios ·
`resolve` scenarios and a seed to a `plan`: every pick, instant and default written out.
"""
