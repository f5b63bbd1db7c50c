"""The public surface: load a scenario, run it, open a stored run, verify a ledger.

    from sim import api

    scenario = api.load("scenarios/first-key.toml").with_({"keys.beacon.threshold": 5})
    run = api.run(scenario, seed=1)
    print(run.verdict, run.keys["beacon"].public_key, run.digest)

Nothing here prints, exits, or needs the main thread; it works inside a running event loop. What is
in `__all__` is a promise: it changes only with the version, and the changelog says how. Everything
below `sim.api` may change at any time.

`scenarios` loading · `runs` executing, storing, opening · `failures` why a run failed ·
`replays` executing again and comparing · `ledgers` public verification · `audits` queries of the
audit log · `sweeps` many runs of one scenario · `netchecks` networks against what they declare ·
`records` what results consist of · `catalogue` what scenario files may name.
"""

from __future__ import annotations

from sim.api.audits import AuditError, AuditLine, audit
from sim.api.catalogue import catalogue, schema, template
from sim.api.failures import Failure, failure, replay_command
from sim.api.ledgers import Ledger, VerifiedKey, VerifiedLedger, verify
from sim.api.netchecks import NetworkCheck, netcheck
from sim.api.records import (
    Activation,
    Blame,
    CommitteeDraw,
    Dispute,
    Exclusion,
    Fault,
    Generation,
    Key,
    Rotation,
    SessionCounts,
    Tested,
    TestSignature,
)
from sim.api.replays import Replay, replay
from sim.api.runs import Run, open_run, run
from sim.api.scenarios import load, resolve
from sim.api.shown import show
from sim.api.sweeps import Sometimes, Sweep, SweepFailure, merge, open_sweep, sweep
from sim.base.extensions import ExtensionError
from sim.base.extras import MissingExtraError
from sim.kchain.errors import LedgerError
from sim.scenario.diagnostics import Diagnostic, ScenarioError
from sim.scenario.grid import Grid, load_grid
from sim.scenario.load import Scenario
from sim.scenario.plan import Plan
from sim.scenario.template import SCHEMA_FILE
from sim.study.cluster import ClusterError
from sim.study.lines import Line
from sim.study.merging import MergeError
from sim.study.sweep_table import SweepPoint
from sim.world.eventlog import Event
from sim.world.folder import FolderError
from sim.world.outcome import Progress
from sim.world.replay import Divergence
from sim.world.verdicts import Exit

__all__ = [
    "SCHEMA_FILE",
    "Activation",
    "AuditError",
    "AuditLine",
    "Blame",
    "ClusterError",
    "CommitteeDraw",
    "Diagnostic",
    "Dispute",
    "Divergence",
    "Event",
    "Exclusion",
    "Exit",
    "ExtensionError",
    "Failure",
    "Fault",
    "FolderError",
    "Generation",
    "Grid",
    "Key",
    "Ledger",
    "LedgerError",
    "Line",
    "MergeError",
    "MissingExtraError",
    "NetworkCheck",
    "Plan",
    "Progress",
    "Replay",
    "Rotation",
    "Run",
    "Scenario",
    "ScenarioError",
    "SessionCounts",
    "Sometimes",
    "Sweep",
    "SweepFailure",
    "SweepPoint",
    "TestSignature",
    "Tested",
    "VerifiedKey",
    "VerifiedLedger",
    "audit",
    "catalogue",
    "failure",
    "load",
    "load_grid",
    "merge",
    "netcheck",
    "open_run",
    "open_sweep",
    "replay",
    "replay_command",
    "resolve",
    "run",
    "schema",
    "show",
    "sweep",
    "template",
    "verify",
]
