"""Advice: which committee to choose, for validators, stakes, losses and a budget of failures.

`quantities` what users write, as numbers · `request` what is asked, and who has what stake ·
`frontier` which (n, t) are safe and live · `expense` what they cost and how long they take ·
`advise` the recommendation, and what would help if there is none · `confirming` draws and a
scenario that confirm it.

Safety and liveness are computed, not simulated: budgets such as 2^−40 can't be seen in runs.
"""
