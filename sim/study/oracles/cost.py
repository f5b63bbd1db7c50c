"""The oracle of costs: fault-free runs on the `ideal` network, every meter against its formula.

What a rotation costs is the difference between two runs that are alike but for it: labelled
randomness makes everything else equal. Meters without a formula are left out: ``blocks`` and
``reads``, ``payload.control`` and ``overhead``, signatures of identities, and the vault.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from typing import Final, NamedTuple

from sim.base.errors import LocalError
from sim.scenario.load import load_text
from sim.study.oracles import cost_formulas as formulas
from sim.study.oracles.cost_formulas import Shape
from sim.study.oracles.lines import OracleLine, exact_lines
from sim.study.oracles.literature import literature_lines
from sim.study.playing import Job, play
from sim.study.pool import results
from sim.world.executing import Executed

FAMILY: Final = "cost"
SOURCE: Final = "costs.md, over a ledger"

SIZES: Final = ((3, 2), (5, 3), (10, 7), (21, 15))
"""(n, t), of the spot values of the literature's table."""

SMALL: Final = SIZES[:2]
SCHEMES: Final = ("ED25519", "SECP256K1", "BLS")
FORMS: Final = ("evaluation", "coefficient")
ROTATED_AT: Final = "60s"

CREATIONS: Final = (
    ("pedersen", "evaluation"),
    ("pedersen", "coefficient"),
    ("commit-reveal", "evaluation"),
    ("commit-reveal", "coefficient"),
    ("gjkr", "evaluation"),
    ("gjkr", "coefficient"),
    ("frost", "coefficient"),
)
"""Protocols, each with the forms that it takes."""

RESHARES: Final = (
    ((3, 2), (3, 2), 3),
    ((5, 3), (4, 2), 3),
    ((5, 3), (5, 3), 5),
    ((4, 3), (6, 4), 4),
    ((10, 7), (10, 7), 10),
    ((10, 7), (7, 5), 8),
)
"""((n, t), (n', t'), first of the new members): disjoint, overlapping, larger, smaller."""

_METERED: Final = ("exp.", "combine.", "pairing.", "proof.", "messages.")
_ALSO: Final = frozenset(
    ("seal", "open", "payload.shares", "payload.commitments", "payload.proofs", "heights")
)
_WITHOUT_FORMULA: Final = frozenset(("messages.blocks", "messages.reads"))

_TEMPLATE: Final = """schema = 1
name = "oracle-cost"
[run]
seed = 1
[validators]
n = {registry}
[network]
profile = "ideal"
[keys.beacon]
scheme = "{scheme}"
protocol = "{protocol}"
commitments = "{form}"
threshold = {t}
committee = {committee}
[[timeline]]
at = "0s"
do = "create-key"
key = "beacon"
"""

_REPAIR: Final = """[[timeline]]
at = "{at}"
do = "crash"
node = "{node}"
lose = "all"
restart = "after 10s"
"""


class Case(NamedTuple):
    """A ceremony to be run.

    Attributes:
        created: The key's creation, with everybody who follows the chain.
        operation: ``dkg``, ``sign``, ``refresh``, ``reshare`` or ``repair``: what is measured.
        n: Of the reshare's new committee, or 0.
        t: Its threshold, or 0.
        first: Position of its first member.

    """

    created: Shape
    operation: str
    n: int = 0
    t: int = 0
    first: int = 0

    @property
    def subject(self) -> str:
        """What is run, in words."""
        made = self.created
        size = f"{made.t} of {made.n}"
        if self.operation == "reshare":
            size += f" → {self.t} of {self.n}"
        return f"{self.group}, {made.scheme}, {size}"

    @property
    def group(self) -> str:
        """The kind of ceremony, whatever its size and scheme."""
        made = self.created
        name = f"DKG, {made.protocol}" if self.operation == "dkg" else self.operation
        return f"{name}, {made.form}"

    @property
    def scenario(self) -> str:
        """The scenario that does it, TOML."""
        return created_text(self.created) + self._action()

    def _action(self) -> str:
        if self.operation == "dkg":
            return ""
        if self.operation == "repair":
            return _REPAIR.format(at=ROTATED_AT, node=name_of(self.created.n - 1))
        text = f'[[timeline]]\nat = "{ROTATED_AT}"\ndo = "{self.operation}"\nkey = "beacon"\n'
        if self.operation == "reshare":
            members = [name_of(self.first + place) for place in range(self.n)]
            text += f"committee = {json.dumps(members)}\nthreshold = {self.t}\n"
        return text

    def formula(self) -> dict[str, int]:
        """Return what it costs by the formulas."""
        made = self.created
        match self.operation:
            case "dkg":
                return _with_heights(formulas.ceremony(made), formulas.heights(made))
            case "sign":
                return dict(formulas.signing(made, formulas.seats(made.n, made.t)))
            case "repair":
                return dict(formulas.repair(made))
            case "refresh":
                shape = made._replace(operation="refresh")
            case _:
                both = len(range(max(0, self.first), min(made.n, self.first + self.n)))
                shape = Shape(
                    made.scheme,
                    made.form,
                    made.protocol,
                    "reshare",
                    self.n,
                    self.t,
                    made.n,
                    both,
                    made.t,
                    made.registry,
                )
        return _with_heights(formulas.ceremony(shape), formulas.heights(shape))


def _with_heights(counts: Mapping[str, int], heights: int) -> dict[str, int]:
    return {**counts, "heights": heights}


def name_of(position: int) -> str:
    """Return the validator's name at a position of the registry, as scenarios give it."""
    return f"v{position:02}"


def created_text(shape: Shape) -> str:
    """Return the scenario that creates the key, and nothing else, TOML."""
    return _TEMPLATE.format(
        registry=shape.registry,
        scheme=shape.scheme,
        protocol=shape.protocol,
        form=shape.form,
        t=shape.t,
        committee=json.dumps([name_of(position) for position in range(shape.n)]),
    )


def cases(*, quick: bool = False) -> Iterator[Case]:
    """Yield every case: creations, then what is done with keys; fewer sizes if `quick`."""
    for scheme in SCHEMES:
        for protocol, form in CREATIONS:
            # The largest where it is cheap, and where the literature has points of 33 bytes.
            spot = scheme == "SECP256K1" and form == "coefficient"
            sizes = SIZES if scheme == "ED25519" or spot else SIZES[:3]
            for n, t in SMALL if quick else sizes:
                yield Case(formulas.dkg(scheme, form, protocol, n, t, n), "dkg")
        for form in FORMS:
            yield from _rotations(scheme, form, quick=quick)


def _rotations(scheme: str, form: str, *, quick: bool) -> Iterator[Case]:
    for n, t in SMALL if quick else SIZES[:3]:
        # One more than the committee, so that somebody who is no member follows the chain.
        created = formulas.dkg(scheme, form, "pedersen", n, t, n + 1)
        for operation in ("sign", "refresh", "repair"):
            yield Case(created, operation)
    for (n, t), (new, threshold), first in RESHARES[:2] if quick else RESHARES:
        registry = max(n, first + new) + 1
        created = formulas.dkg(scheme, form, "pedersen", n, t, registry)
        yield Case(created, "reshare", new, threshold, first)


def metered(done: Executed) -> dict[str, int]:
    """Return every meter that there is a formula for, summed over the validators of a run.

    Raises:
        LocalError: The run wasn't free of faults, or didn't pass its checks.

    """
    summary = done.summary
    key = summary["keys"]["beacon"]
    if summary["violations"] or key["status"] != "Active" or key["faults"] or summary["disputes"]:
        raise LocalError(f"{done.plan.name}: a run that must be free of faults wasn't")
    counts = {f"messages.{kind}": count for kind, count in summary["messages"].items()}
    counts |= summary["bytes"] | summary["meters"]
    last = summary["ceremonies"][-1]
    if last["operation"] != "repair":
        counts["heights"] = last["end"] - last["start"] + 1
    return {
        name: count
        for name, count in counts.items()
        if (name.startswith(_METERED) or name in _ALSO) and name not in _WITHOUT_FORMULA
    }


def compared(case: Case, run: Mapping[str, int], creation: Mapping[str, int]) -> list[OracleLine]:
    """Return the lines of a case.

    Args:
        case: What was run.
        run: Its meters.
        creation: Those of the run that creates its key alone.

    """
    measured = dict(run)
    if case.operation != "dkg":
        measured = {name: run[name] - creation.get(name, 0) for name in run}
        if case.operation in ("refresh", "reshare"):
            measured["heights"] = run["heights"]
        measured = {name: count for name, count in measured.items() if count}
    return exact_lines(FAMILY, case.subject, SOURCE, measured, case.formula(), case.group)


def lines(pool: Executor, *, quick: bool = False, runs: int | None = None) -> Iterator[OracleLine]:  # noqa: ARG001  # counts need one run
    """Run every case, and yield the lines of each, then those of the literature's table."""
    wanted = list(cases(quick=quick))
    texts = list(dict.fromkeys(t for case in wanted for t in (case.scenario, _base(case))))
    found = run_texts(pool, texts)
    for case in wanted:
        yield from compared(case, found[case.scenario], found[_base(case)])
    by_case = {case: found[case.scenario] for case in wanted}
    by_base = {case: found[_base(case)] for case in wanted}
    yield from literature_lines(by_case, by_base)


def _base(case: Case) -> str:
    return created_text(case.created)


def run_texts(pool: Executor, texts: Sequence[str]) -> dict[str, dict[str, int]]:
    """Run scenarios, each under its own seed, and return the meters of each."""
    jobs = [Job(load_text(text, str(place)), 1) for place, text in enumerate(texts)]
    work = partial(play, metered)
    return {texts[int(job.scenario.path)]: counts for job, counts in results(pool, work, jobs)}
