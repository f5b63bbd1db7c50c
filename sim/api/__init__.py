"""The public surface: load a scenario, run it, open a stored run, verify a ledger.

    from sim import api

    scenario = api.load("scenarios/first-key.toml").with_({"keys.beacon.threshold": 5})
    run = api.run(scenario, seed=1)
    print(run.verdict, run.keys["beacon"].public_key, run.digest)

Nothing here prints, exits, or needs the main thread; it works inside a running event loop. What is
in `__all__` is a promise: it changes only with the version, and the changelog says how. Everything
below `sim.api` may change at any time.

`scenarios` loading · `runs` executing, storing, opening · `failures` why a run failed · `replays`
executing again and comparing · `ledgers` public verification · `audits` queries of the audit log ·
`sweeps` many runs of one scenario · `benches` what ceremonies cost · `calibrations` what operations
cost · `comparisons` of two results · `netchecks` networks against what they declare · `oracles`
measurements against formulas · `advice` which committee to choose · `records` what results consist
of · `catalogue` what scenario files may name, `shown` one of it · `thread` where runs run.
"""

from __future__ import annotations

from sim.api.advice import Advice, AdviceError, Committee, Remedy, advise
from sim.api.audits import AuditError, AuditLine, audit
from sim.api.benches import Bench, bench, open_bench, plot
from sim.api.calibrations import calibrate
from sim.api.catalogue import catalogue, schema, template
from sim.api.comparisons import Comparison, compare
from sim.api.failures import Failure, failure, replay_command
from sim.api.ledgers import Ledger, VerifiedKey, VerifiedLedger, verify
from sim.api.netchecks import NetworkCheck, netcheck
from sim.api.oracles import ORACLES, Oracle, oracle
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
from sim.base.errors import FigureError
from sim.base.extensions import ExtensionError
from sim.base.extras import MissingExtraError
from sim.kchain.errors import LedgerError
from sim.scenario.diagnostics import Diagnostic, ScenarioError
from sim.scenario.grid import SweepGrid, load_grid
from sim.scenario.load import Scenario
from sim.scenario.plan import Plan
from sim.scenario.template import SCHEMA_FILE
from sim.study.bench.grid import PRESETS, BenchError, Grid, Point
from sim.study.bench.scenarios import scenario_of
from sim.study.calibrate import Calibration
from sim.study.cluster import ClusterError
from sim.study.comparing.pairs import Change, CompareError, Ratio
from sim.study.lines import Line
from sim.study.merging import MergeError
from sim.study.oracles.bias import NoScenariosError
from sim.study.oracles.lines import OracleLine
from sim.study.sweep_table import SweepPoint
from sim.world.eventlog import Event
from sim.world.folder import FolderError
from sim.world.outcome import Progress
from sim.world.replay import Divergence
from sim.world.verdicts import Exit

__all__ = [
    "ORACLES",
    "PRESETS",
    "SCHEMA_FILE",
    "Activation",
    "Advice",
    "AdviceError",
    "AuditError",
    "AuditLine",
    "Bench",
    "BenchError",
    "Blame",
    "Calibration",
    "Change",
    "ClusterError",
    "Committee",
    "CommitteeDraw",
    "CompareError",
    "Comparison",
    "Diagnostic",
    "Dispute",
    "Divergence",
    "Event",
    "Exclusion",
    "Exit",
    "ExtensionError",
    "Failure",
    "Fault",
    "FigureError",
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
    "NoScenariosError",
    "Oracle",
    "OracleLine",
    "Plan",
    "Point",
    "Progress",
    "Ratio",
    "Remedy",
    "Replay",
    "Rotation",
    "Run",
    "Scenario",
    "ScenarioError",
    "SessionCounts",
    "Sometimes",
    "Sweep",
    "SweepFailure",
    "SweepGrid",
    "SweepPoint",
    "TestSignature",
    "Tested",
    "VerifiedKey",
    "VerifiedLedger",
    "advise",
    "audit",
    "bench",
    "calibrate",
    "catalogue",
    "compare",
    "failure",
    "load",
    "load_grid",
    "merge",
    "netcheck",
    "open_bench",
    "open_run",
    "open_sweep",
    "oracle",
    "plot",
    "replay",
    "replay_command",
    "resolve",
    "run",
    "scenario_of",
    "schema",
    "show",
    "sweep",
    "template",
    "verify",
]
