"""Scenario files: schema, loading with positioned diagnostics, and the resolved plan.

From text to a tree: `source` values with their places (`positions`) · `merge` what a file extends,
and ``--set``. From a tree to a typed file: `schema`, `environment`, `actions`, `expectations` the
shape, with all documentation · `fields`, `quantities` single values · `validate` errors of the
shape, placed. From there to a `plan`, every pick, instant and default written out: `resolve`, with
`registry` names (from `naming`) and selectors, `stakes`, `keys` and `families` of them,
`adversaries`, `timeline`, `expects`, `cost_models`; what doesn't go together is found there too.
`load` is the way in, `dump` the way back to text, `diagnostics` what errors are; `docs` and
`publish` make the page and the JSON Schema.
"""
