"""Writes `docs/scenarios.md` from the schema: ``python -m sim.scenario.docs [--check]``.

With ``--check`` it writes nothing and exits 1 if the page isn't what the schema says.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from sim.base.pages import make_page
from sim.scenario import catalogue
from sim.scenario.actions import ACTIONS, ChurnTable
from sim.scenario.entry_tables import (
    Entry,
    EveryTable,
    LinkEntry,
    NodeEntry,
    PickTable,
    WhenTable,
)
from sim.scenario.environment import (
    ArgonTable,
    CostModelTable,
    CostTable,
    LedgerTable,
    PhasesTable,
    QuotasTable,
    RunPhasesTable,
    RunTable,
    StakeTable,
    StoreTable,
    TransportTable,
    ValidatorsTable,
)
from sim.scenario.expectations import DisputeTable, ExpectTable, FaultTable
from sim.scenario.fault_tables import WithholdingEntry
from sim.scenario.fields import Table
from sim.scenario.key_tables import CommitteeTable, KeyTable, PolicyTable, RotateTable
from sim.scenario.link_tables import LinkBandwidthTable, LossTable
from sim.scenario.network_tables import (
    BandwidthTable,
    LinkTable,
    NetworkTable,
    ProfileTable,
    ReorderTable,
)
from sim.scenario.orders import ByEntry, CommitteeEntry, KeyEntry, MessageTable, ShareEntry
from sim.scenario.publish import default, keys, unit
from sim.scenario.refusals import DROPPED, REFUSALS
from sim.scenario.schema import (
    AdversaryTable,
    PrincipalTable,
    ScenarioFile,
    SweepTable,
    UseTable,
)
from sim.scenario.template import template
from sim.scenario.toml_text import inline

PAGE: Final = Path("docs") / "scenarios.md"

SECTIONS: Final[tuple[tuple[str, type[Table]], ...]] = (
    ("Top level", ScenarioFile),
    ("An entry of `use` as a table", UseTable),
    ("`[run]`", RunTable),
    ("`run.phases`", RunPhasesTable),
    ("`[validators]`", ValidatorsTable),
    ("`validators.stake` as a table", StakeTable),
    ("`validators.store`", StoreTable),
    ("`validators.store.argon2id`", ArgonTable),
    ("`[network]`", NetworkTable),
    ("`network.profile` as a table", ProfileTable),
    ("`loss` as a table", LossTable),
    ("`network.reorder` as a table", ReorderTable),
    ("`network.bandwidth`", BandwidthTable),
    ("`[[network.link]]`", LinkTable),
    ("`bandwidth` of links as a table", LinkBandwidthTable),
    ("`[ledger]`", LedgerTable),
    ("`[ledger.phases]`", PhasesTable),
    ("`[transport]`", TransportTable),
    ("`[cost]`", CostTable),
    ("`cost.model` as a table", CostModelTable),
    ("`[quotas]`", QuotasTable),
    ("`[principals.NAME]`", PrincipalTable),
    ("`[keys.NAME]`", KeyTable),
    ("`keys.NAME.committee` as a table", CommitteeTable),
    ("`keys.NAME.policy`", PolicyTable),
    ("`keys.NAME.rotate`", RotateTable),
    ("`[[adversary]]`", AdversaryTable),
    ("A pick, as `nodes`", PickTable),
    ("`[[expect]]`", ExpectTable),
    ("An entry of `faults` and `faults_include`", FaultTable),
    ("An entry of `disputes`", DisputeTable),
    ("`[sweep]`", SweepTable),
)

SHARED: Final[tuple[tuple[str, type[Entry]], ...]] = (
    ("Who asks", ByEntry),
    ("Which key it concerns", KeyEntry),
    ("Who sits, and how many sign", ShareEntry),
    ("A whole committee", CommitteeEntry),
    ("Whom it concerns", NodeEntry),
    ("Which links it concerns", LinkEntry),
    ("Which transactions it concerns", WithholdingEntry),
)
"""What several actions have in common."""

INTRODUCTION: Final = """\
# Scenario files

<!-- Made from the schema by `python -m sim.scenario.docs`. Don't edit: change `sim/scenario`. -->

A scenario is a TOML file. Unknown keys are errors, and all errors come in one pass, each with file,
line and column. `ksim init` writes a commented file to start from, `ksim validate FILE` checks one,
and `ksim explain FILE` shows it with every default and pick written out.

**In an editor.** `ksim schema` prints a JSON Schema (draft 2020-12), and `ksim init` puts it beside
the file that it writes, as `kchain-sim.schema.json`. Editors whose TOML support reads schemas, such
as those that use Taplo or Tombi (in VS Code: the extensions Even Better TOML and Tombi), then
complete keys, show what they mean and mark mistakes. They find the schema by a first line

    #:schema ./kchain-sim.schema.json

whose path starts from the file's folder; to them it is a directive, to TOML a comment. After an
update, `ksim schema > kchain-sim.schema.json` renews it. A schema sees one file and each key by
itself; what keys must satisfy together, and what a file extends, only `ksim validate` checks.

**Values.** Durations are text with a unit: `"250us"`, `"20ms"`, `"1.5s"`, `"3m30s"`, `"2h"`,
`"30d"`. Rates are percentages: `"0.1%"`. Sizes: `"64KiB"`, `"1MiB"`. Phase lengths are in ledger
heights, everything else in virtual time. Where a default is *absent*, nothing stands for the key
unless you give it, and its meaning says what follows from that.

**Thresholds** are numbers or `[k]VAR[/d][±c]`, where `n` is the committee's size and `N` the number
of validators; division rounds down: `"2n/3+1"`, `"n-2"`, `"N/2+1"`.

**Selectors** name validators: `v03`, `region:eu-central-1`, `committee:beacon`, `honest` (no entry
of `[[adversary]]` is about them), `adversary`, `standby` (left out of the registry by
`validators.standby`; without that, on no committee), `*`. Where links are cut or changed, `ledger`
is the ledger; `*` is every validator and not the ledger. Several in an array mean all that any of
them means. Selectors are resolved before the run: none can mean a committee that is drawn during
it, and `committee:beacon` is the one that the key is created with.

**The network** and what is said about it are explained in [network.md](network.md).

**`extends`** names a scenario that this one changes. Tables are merged key by key; inline tables
and arrays, `[[timeline]]` and its like among them, are replaced as a whole. On the command line
`--set keys.beacon.threshold=4` changes one value, the last one wins; entries of arrays go by
position, `--set timeline.0.at=5s`; a value that is no TOML is text.

**Ids.** Random picks and an adversary's draws are keyed by the entry's `id`, never by its position:
adding, removing or moving an entry changes no other. Without an `id` it is a digest of the entry.

**Again and again.** Any entry may have `every`: the plan then has an entry for each occurrence,
`ID/1`, `ID/2`, …, with a time and picks of its own. `ksim explain` lists them all.

**A key's life.** `create-key` creates it, `reshare`, `refresh` and `repair` renew its shares under
the same public key (each makes a new *generation*, but for a repair), `rekey` gives it a new public
key (a new *era*), `retire` ends it. Besides, `rotate` in `[keys.NAME]` lets the K-chain rotate it
by itself. The K-chain decides what is allowed, and a scenario may ask for what isn't: it is
refused, and `refused` in an `[[expect]]` checks why. Only what is impossible whatever happens is an
error of the scenario.

**Partitions.** A network of a thousand validators works in committees. One table makes as many keys
as there are committees, none of which shares a validator with another:

    [keys.zone]
    scheme = "ED25519"
    threshold = "2n/3+1"     # n is the size of one committee
    committee = { partition = 16, size = 64, select = "stake" }

The keys are `zone-00` … `zone-15`. Whatever names `zone`, in the timeline or in an `[[expect]]`, is
about each of them: the plan then has an entry `ID/zone-00`, `ID/zone-01`, … for each. One can be
named by itself. One draw gives all of them their committees. `repartition = "anew"` in a `reshare`
(`rekey`, `rotate`) draws the partition again and moves each key to its new committee, all at once;
`rotate = { on = ["epoch"] }` lets the K-chain do that at every epoch; `repartition = "newest"` lets
a key follow that stayed behind.

**Order.** Timeline entries happen at their time, whatever their place in the file. At equal times
faults come first, then ledger events, then messages.

"""


def render() -> str:
    """Return the whole page."""
    parts = [INTRODUCTION, "## A complete file\n\n```toml\n", template(), "```\n\n"]
    for title, table in SECTIONS:
        parts += _section(title, table)
        if table is RotateTable:
            parts += _timeline()
    parts += _names()
    return "".join(parts).rstrip() + "\n"


def _section(title: str, table: type[Table], level: int = 2) -> Iterator[str]:
    yield f"{'#' * level} {title}\n\n{_sentence(table)}\n\n"
    yield from _rows(list(keys(table)))


def _sentence(table: type[Table]) -> str:
    return " ".join((table.__doc__ or "").split())


def _rows(fields: list[tuple[str, str, FieldInfo]]) -> Iterator[str]:
    if not fields:
        return
    yield "| key | unit | default | meaning | example |\n|---|---|---|---|---|\n"
    for key, _, field in fields:
        what = _unit(field)
        examples = "<br>".join(_code(inline(example)) for example in field.examples or ())
        cells = (f"`{key}`", what, _default(field), field.description or "", examples)
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |\n"
    yield "\n"


def _unit(field: FieldInfo) -> str:
    of = unit(field)
    if of is None:
        return "table"
    if of.name != "one of":
        return of.name
    choices = list(_choices(field.annotation))
    return " or ".join(map(_code, choices)) if choices else "name"


def _choices(annotation: Any) -> Iterator[str]:
    for argument in get_args(annotation):
        if get_origin(annotation) is Literal:
            yield str(argument)
        else:
            yield from _choices(argument)


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if isinstance(field.default, Table):
        return "its defaults"
    if field.default is None:
        return "absent"
    return _code(inline(field.default if field.default in ([], {}) else default(field)))


def _code(text: str) -> str:
    return f"`{text}`"


def _timeline() -> Iterator[str]:
    yield from _section("`[[timeline]]`", Entry)
    yield from _section("`when`", WhenTable, 3)
    yield from _section("`every` as a table", EveryTable, 3)
    for title, sort in SHARED:
        names = [name for name, action in ACTIONS.items() if issubclass(action, sort)]
        yield f"### {title}\n\nFor {', '.join(names)}.\n\n"
        yield from _rows(_own(sort))
    for name, action in ACTIONS.items():
        yield f'### `do = "{name}"`\n\n{_sentence(action)}\n\n'
        yield from _rows(_own(action))
        if name == "sign":
            yield from _section("`message` as a table", MessageTable, 4)
        elif name == "churn":
            yield from _section("`pick`", ChurnTable, 4)


def _own(table: type[Table]) -> list[tuple[str, str, FieldInfo]]:
    """Return the keys of an entry that stand under no heading of what several have in common."""
    sorts: tuple[type[Entry], ...] = (Entry, *(sort for _, sort in SHARED))
    inherited = {"do"} | {
        name
        for sort in sorts
        if sort is not table and issubclass(table, sort)
        for name in sort.model_fields
    }
    return [entry for entry in keys(table) if entry[1] not in inherited]


def _names() -> Iterator[str]:
    yield "## Names\n\n### Behaviours\n\n"
    yield "| behaviour | what it does | what comes of it | `params` |\n|---|---|---|---|\n"
    for name, behaviour in catalogue.behaviours().items():
        params = [f"`{p.name}`: {p.doc} (default `{inline(p.default)}`)" for p in behaviour.params]
        if behaviour.targeted:
            params.append("`victims`: their names, in an array")
        taken = "; ".join(params) or "none"
        yield f"| `{name}` | {behaviour.summary} | {behaviour.expected} | {taken} |\n"
    yield "\n### Faults\n\nProven by the ledger's bytes, for `faults` and `faults_include`: "
    yield f"{', '.join(map(_code, catalogue.PROVEN))}.\n\nNever proven, for `faults_include`: "
    yield f"{', '.join(map(_code, catalogue.UNPROVEN))}.\n\n"
    yield f"### Reasons\n\nWhy attempts fail: {', '.join(map(_code, catalogue.REASONS))}.\n\n"
    yield "### Refusals\n\nWhy the K-chain refuses what it is asked for:\n\n"
    yield from (f"- `{name}`: {why}.\n" for name, why in REFUSALS.items())
    yield "\nWhy a rotation that waits for another never begins:\n\n"
    yield from (f"- `{name}`: {why}.\n" for name, why in DROPPED.items())
    yield "\n### Events\n\n"
    yield from (f"- `{name}`: {meaning}.\n" for name, meaning in catalogue.events().items())
    yield "\n### Profiles and cost models\n\nProfiles: "
    yield ", ".join(f"`{name}`" for name in catalogue.profiles())
    yield ". Cost models: " + ", ".join(f"`{name}`" for name in catalogue.cost_models()) + ".\n"


def main(arguments: list[str]) -> int:
    """Write the page, or check it with ``--check``; return the exit code."""
    module = "sim.scenario.docs"
    return make_page(arguments, module, PAGE, render, f"python -m {module}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
