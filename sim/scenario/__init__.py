"""Scenario files: schema, loading with positioned diagnostics, and the resolved plan.

From text to a tree: `source` values with their places (`positions`) · `merge` what a file extends,
and ``--set``.

From a tree to a typed file: `schema`, `environment`, `network_tables`, `link_tables`, `key_tables`,
`actions`, `entry_tables`, `fault_tables`, `orders`, `expectations` the shape, with all
documentation · `fields`, `quantities` single values · `matrices` tables from other files ·
`catalogue`, `cost_models` names that it may choose · `using` extensions · `validate` errors of the
shape, placed, collected by a `reporter`.

From there to a `plan` (with `network_plan`, `expect_plan`), every pick, instant and default written
out: `resolve`, with `registry` names (from `naming`) and selectors, `validators`, `registrations`,
`stakes`, `networks`, `principals`, `keys` and `families` of them, `adversaries`, `timeline`
(`entries`, `entry_plans`, `order_plans`, `occurrences`), `phases`, `lives`, `expects`; what doesn't
go together is found there too, by `timeline_checks` among others. `seeds` are drawn where a file
leaves them open · `grid` the points of a sweep · `refusals` why the chain says no.

`load` is the way in, `dump` (with `dump_orders`, `toml_text`) the way back to text, `diagnostics`
what errors are; `docs` and `publish` make the page and the JSON Schema, `template` a file to start
from.
"""
