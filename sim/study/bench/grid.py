"""The points of a benchmark: a grid of parameters, and presets of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import product
from pathlib import Path
from typing import Final

import msgspec

from sim.scenario.catalogue import protocol_form

CEREMONIES: Final = ("dkg", "reshare", "refresh", "sign")
"""What is measured; all but the first follow the creation of the key."""


class BenchError(Exception):
    """A benchmark can't be done; the message says why."""


class Point(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One combination of parameters.

    Attributes:
        scheme: Of the key.
        protocol: That creates it.
        commitments: Form: evaluation or coefficient.
        n: Members of the committee.
        threshold: Shares that sign: a number, or an expression such as ``2n/3+1``.
        ceremony: dkg, reshare, refresh or sign.
        profile: Of the network.
        loss: Of messages between validators, such as ``1%``.
        cost: Cost model: a name, or the path of a file.
        processes: How many share the run.

    """

    scheme: str
    protocol: str
    commitments: str
    threshold: str
    ceremony: str
    profile: str
    loss: str
    cost: str
    processes: int
    n: int

    @property
    def slug(self) -> str:
        """A name for files, one per point, readable."""
        parts = [
            self.ceremony,
            self.scheme.lower(),
            self.protocol,
            self.commitments,
            f"n{self.n}",
            f"t{_plain(self.threshold)}",
            self.profile,
            f"loss{_plain(self.loss)}",
            _cost(self.cost),
        ]
        if self.processes > 1:
            parts.append(f"p{self.processes}")
        return "-".join(parts)

    def __str__(self) -> str:
        shared = f", {self.processes} processes" if self.processes > 1 else ""
        return (
            f"{self.ceremony} of {self.scheme} n={self.n} t={self.threshold}, {self.protocol}, "
            f"{self.commitments}, {self.profile}, loss {self.loss}, cost {self.cost}{shared}"
        )


PARAMETERS: Final = Point.__struct_fields__
"""Columns that name a point."""

SERIES: Final = tuple(name for name in PARAMETERS if name != "n")
"""What stays the same along a curve against n."""


def _cost(model: str) -> str:
    """Return a cost model's part of a slug: files of one name differ by a digest of their paths."""
    if not model.endswith(".toml"):
        return _plain(model)
    return f"{Path(model).stem}-{hashlib.sha256(model.encode()).hexdigest()[:6]}"


def _plain(text: str) -> str:
    names = {"%": "pct", "/": "", "+": "p", "-": "m"}
    return "".join(names.get(mark, mark) for mark in text)


@dataclass(frozen=True)
class Grid:
    """Which points, and how often each: every list multiplies.

    Attributes:
        sizes: Of committees.
        thresholds: Numbers or expressions.
        schemes: Of keys.
        protocols: That create them.
        commitments: Forms.
        ceremonies: What is measured.
        profiles: Of the network.
        losses: Rates.
        costs: Cost models: names, or paths of files.
        processes: Numbers that share a run.
        seeds: Runs of each point, with the seeds 1, 2, 3 …
        fit_from: Smallest size that growth is fitted over, where three sizes are left.

    """

    sizes: tuple[int, ...] = (4, 8, 16, 32)
    thresholds: tuple[str, ...] = ("2n/3+1",)
    schemes: tuple[str, ...] = ("ED25519",)
    protocols: tuple[str, ...] = ("pedersen",)
    commitments: tuple[str, ...] = ("evaluation",)
    ceremonies: tuple[str, ...] = CEREMONIES
    profiles: tuple[str, ...] = ("ideal",)
    losses: tuple[str, ...] = ("0%",)
    costs: tuple[str, ...] = ("instant", "reference")
    processes: tuple[int, ...] = (1,)
    seeds: int = 3
    fit_from: int = 16

    def points(self) -> Iterator[Point]:
        """Yield every point once, small committees first.

        Raises:
            BenchError: Two points have one name, and so one file.

        """
        seen: dict[str, Point] = {}
        axes = (
            self.sizes,
            self.processes,
            self.schemes,
            self.protocols,
            self.commitments,
            self.thresholds,
            self.profiles,
            self.losses,
            self.costs,
            self.ceremonies,
        )
        for n, shared, scheme, protocol, form, t, profile, loss, cost, ceremony in product(*axes):
            point = Point(
                scheme=scheme,
                protocol=protocol,
                commitments=protocol_form(protocol) or form,  # one that takes only one has that
                threshold=t,
                ceremony=ceremony,
                profile=profile,
                loss=loss,
                cost=cost,
                processes=shared,
                n=n,
            )
            other = seen.setdefault(point.slug, point)
            if other is point:
                yield point
            elif other != point:
                raise BenchError(f"two points are named {point.slug}: {other}, and {point}")

    def changed(self, **axes: object) -> Grid:
        """Return this grid with every axis of `axes` that is not None in its place."""
        known = {name.name for name in fields(self)}
        given = {name: value for name, value in axes.items() if value is not None}
        assert given.keys() <= known
        return replace(self, **given)  # type: ignore[arg-type]  # of the fields' own types

    def digest(self) -> str:
        """Return 8 hex digits that stand for the grid."""
        return hashlib.sha256(msgspec.json.encode(self)).hexdigest()[:8]


PRESETS: Final = {
    "quick": Grid(),
    "sizes": Grid(sizes=(8, 16, 32, 64), costs=("instant", "reference")),
    "forms": Grid(
        sizes=(8, 16, 32, 64),
        commitments=("evaluation", "coefficient"),
        ceremonies=("dkg",),
        costs=("instant",),
    ),
    "schemes": Grid(
        sizes=(8, 16, 32, 64), schemes=("ED25519", "SECP256K1", "BLS"), ceremonies=("dkg", "sign")
    ),
    "protocols": Grid(
        sizes=(4, 8, 16, 32),
        protocols=("pedersen", "gjkr", "commit-reveal", "frost"),
        ceremonies=("dkg",),
    ),
    "network": Grid(
        sizes=(8, 16, 32),
        ceremonies=("dkg", "sign"),
        profiles=("aws-10",),
        losses=("0%", "1%", "5%"),
        seeds=5,
    ),
}
"""Grids by name; single axes of one can be changed."""
