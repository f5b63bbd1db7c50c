"""The literature's table, derived from the meters of real runs.

Source: `costs.md`, the first table: a broadcast is n − 1 unicasts there, and commitments are in
coefficient form. So its bytes are what travels point to point here, and n − 1 times what the
ledger carries (in a reshare n', scaled from all who deal to the #Q that count; in a refresh without
V_0, which the ledger carries, too). Its count of exponentiations is naive: each power of an index
is one, the zeroth included, and proofs of possession, Confirm, signatures, the verification shares
and the check of one's own sum are none of it. Those are taken off by their formulas; what is left
was measured.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

from sim.study.oracles import cost_formulas as formulas
from sim.study.oracles.cost_formulas import POINT, SCALAR, Shape
from sim.study.oracles.lines import OracleLine, exact_lines

if TYPE_CHECKING:
    from sim.study.oracles.cost import Case

FAMILY: Final = "cost"
SOURCE: Final = "costs.md, the literature's table"


class Spot(NamedTuple):
    """Published figures for one size, with points of 33 bytes.

    Attributes:
        joint_feldman: Payload bytes of Pedersen's DKG.
        frost: Of FROST's.
        gjkr: Of GJKR's.
        reshare: Of a reshare by t dealers to n receivers.
        joint_feldman_exponentiations: Per node.
        gjkr_exponentiations: Per node.

    """

    joint_feldman: int
    frost: int
    gjkr: int
    reshare: int
    joint_feldman_exponentiations: int
    gjkr_exponentiations: int


SPOTS: Final = {
    (3, 2): Spot(588, 978, 1_176, 588, 8, 20),
    (5, 3): Spot(2_620, 3_920, 5_240, 1_965, 19, 45),
    (10, 7): Spot(23_670, 29_520, 47_340, 18_410, 79, 174),
    (21, 15): Spot(221_340, 248_640, 442_680, 166_005, 335, 705),
    (64, 43): Spot(5_850_432, 6_112_512, 11_700_864, 3_993_152, 2_815, 5_736),
    (100, 67): Spot(22_205_700, 22_849_200, 44_411_400, 15_028_100, 6_799, 13_764),
}
"""Source: costs.md, "Spot values", by (n, t)."""

Table = dict[str, int]
"""Messages, payload bytes, and exponentiations per node."""

MESSAGES: Final = "messages, broadcasts as unicasts"
BYTES: Final = "payload bytes, broadcasts as unicasts"
EXPONENTIATIONS: Final = "exponentiations per node, naive"


def table(protocol: str, n: int, t: int, point: int) -> Table:
    """Return a row of the literature's table.

    Args:
        protocol: ``pedersen``, ``gjkr``, ``frost``, ``refresh`` or ``repair``.
        n: Members.
        t: Threshold; of a repair also the number of helpers.
        point: Bytes of a point, G.

    """
    pairs = n * (n - 1)
    match protocol:
        case "pedersen":
            naive = t + (n - 1) * (t + 1)
            return _row(2 * pairs, pairs * (t * point + SCALAR), naive)
        case "gjkr":
            naive = 2 * t + (n - 1) * (t + 2) + t + (n - 1) * (t + 1)
            return _row(3 * pairs, pairs * (2 * t * point + 2 * SCALAR), naive)
        case "frost":
            naive = t + 1 + 2 * (n - 1) + (n - 1) * (t + 1)
            return _row(2 * pairs, pairs * (t * point + point + 2 * SCALAR), naive)
        case "refresh":
            naive = t - 1 + (n - 1) * t
            return _row(2 * pairs, pairs * ((t - 1) * point + SCALAR), naive)
        case _:
            return {MESSAGES: t * t, BYTES: t * t * SCALAR}


def reshare_bytes(counted: int, n: int, t: int, point: int) -> int:
    """Return the payload of a reshare by `counted` dealers, #Q, to n members: #Q·n'(t'G + S)."""
    return counted * n * (t * point + SCALAR)


def _row(messages: int, size: int, naive: int) -> Table:
    return {MESSAGES: messages, BYTES: size, EXPONENTIATIONS: naive}


def literature_lines(
    runs: Mapping[Case, Mapping[str, int]], creations: Mapping[Case, Mapping[str, int]]
) -> Iterator[OracleLine]:
    """Yield the table's lines for every case in coefficient form.

    Args:
        runs: The meters of each case's run.
        creations: Those of the run that creates its key alone.

    """
    for case, run in runs.items():
        derive = _DERIVED.get(_row_of(case))
        if case.created.form != "coefficient" or derive is None:
            continue
        creation = creations[case] if case.operation != "dkg" else {}
        measured = {name: count - creation.get(name, 0) for name, count in run.items()}
        made, row = case.created, _row_of(case)
        if row == "reshare":
            formula = {BYTES: reshare_bytes(made.t, case.n, case.t, POINT[made.scheme])}
        else:
            formula = table(row, made.n, made.t, POINT[made.scheme])
        subject, group = f"literature: {case.subject}", f"literature: {case.group}"
        yield from exact_lines(FAMILY, subject, SOURCE, derive(case, measured), formula, group)


def _row_of(case: Case) -> str:
    return case.created.protocol if case.operation == "dkg" else case.operation


def _pedersen(case: Case, run: Mapping[str, int]) -> Table:
    made = case.created
    others = made.n - 1
    naive = _own(made, run) - 2 * made.n + made.n * others  # V_0 to the zeroth power
    return _row(
        run["messages.shares"] + others * run["messages.deal"],
        run["payload.shares"] + others * run["payload.commitments"],
        _per_node(naive, made.n),
    )


def _frost(case: Case, run: Mapping[str, int]) -> Table:
    made = case.created
    others = made.n - 1
    confirmations = made.n * made.registry
    proofs = run["proof.verify"] - confirmations - made.n  # nobody need verify its own
    naive = _own(made, run) - made.n + made.n * others + 2 * proofs
    return _row(
        run["messages.shares"] + others * run["messages.deal"],
        run["payload.shares"] + others * (run["payload.commitments"] + run["payload.proofs"]),
        _per_node(naive, made.n),
    )


def _gjkr(case: Case, run: Mapping[str, int]) -> Table:
    made = case.created
    n, others = made.n, made.n - 1
    self_checks = n + n * made.t  # of one's own sum, and of one's own extraction
    naive = _own(made, run) - self_checks + 2 * n * others
    return _row(
        run["messages.shares"] + others * (run["messages.deal"] + run["messages.extract"]),
        run["payload.shares"] + others * run["payload.commitments"],
        _per_node(naive, n),
    )


def _refresh(case: Case, run: Mapping[str, int]) -> Table:
    made = case.created
    others = made.n - 1
    identities = made.n * POINT[made.scheme]
    return _row(
        run["messages.shares"] + others * run["messages.deal"],
        run["payload.shares"] + others * (run["payload.commitments"] - identities),
        _per_node(_own(made, run) - made.n, made.n),
    )


def _reshare(case: Case, run: Mapping[str, int]) -> Table:
    made = case.created
    everybody = case.n * made.n  # a dealer that is a holder, too, sends itself nothing
    shares = run["payload.shares"] * everybody // _pairs(run)
    size = shares + case.n * run["payload.commitments"]
    return {BYTES: size * made.t // made.n}


def _pairs(run: Mapping[str, int]) -> int:
    return run["messages.shares"]


def _repair(case: Case, run: Mapping[str, int]) -> Table:  # noqa: ARG001  # one of a table's rows
    return {MESSAGES: run["messages.shares"], BYTES: run["payload.shares"]}


_DERIVED: Final[dict[str, Callable[[Case, Mapping[str, int]], Table]]] = {
    "pedersen": _pedersen,
    "frost": _frost,
    "gjkr": _gjkr,
    "refresh": _refresh,
    "reshare": _reshare,
    "repair": _repair,
}


def _own(made: Shape, run: Mapping[str, int]) -> int:
    """Return the exponentiations of dealing and checking, for whose total the table has a formula.

    Confirm, Sign, the test signature and the verification shares are taken off.
    """
    rest = formulas.confirming(made) + formulas.activating(made) + formulas.signing(made, made.n)
    known = sum(rest[name] for name in _EXPONENTIATIONS)
    shown = made.registry * (made.n + 1) * (made.t - 1)
    return sum(run.get(name, 0) for name in _EXPONENTIATIONS) - known - shown


_EXPONENTIATIONS: Final = ("exp.base", "exp.full", "exp.small")


def _per_node(total: int, nodes: int) -> int:
    assert total % nodes == 0, "every node does the same"
    return total // nodes
