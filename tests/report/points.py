"""A benchmark's points and fits, made up: what figures are drawn from."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from pathlib import Path
from typing import Any

import polars as pl

Row = dict[str, Any]

SIZES = (4, 8, 16, 32, 64, 128, 256)
CEREMONIES = ("dkg", "reshare", "refresh", "sign")


def point(ceremony: str, n: int, cost: str = "instant", scheme: str = "ED25519") -> Row:
    """Return a row of `points.parquet`, with what figures and tables use."""
    weight = 1 + CEREMONIES.index(ceremony)
    seconds = n**1.9 / 1000 / weight
    return {
        "scheme": scheme,
        "protocol": "pedersen",
        "commitments": "evaluation",
        "threshold": "2n/3+1",
        "ceremony": ceremony,
        "profile": "ideal",
        "loss": "0%",
        "cost": cost,
        "processes": 1,
        "n": n,
        "t": 2 * n // 3 + 1,
        "runs": 3,
        "completed": 3,
        "heights": 5.0,
        "ledger_bytes": 40.0 * n**2,
        "latency_p50_s": 12.01 + (cost != "instant") * n / 10,
        "latency_p90_s": 12.02 + (cost != "instant") * n / 10,
        "latency_p99_s": 14.01 + (cost != "instant") * n / 10,
        "messages_mean": 3.0 * n / weight,
        "messages_max": 4 * n,
        "bytes_mean": 900.0 * n / weight,
        "bytes_max": 1000 * n,
        "exponentiations_mean": 6.0 * n / weight,
        "exponentiations_max": 7 * n,
        "peak_memory_mib": 90.0 + n,
        **{
            f"{name}{end}": seconds * factor
            for name in ("cpu_seconds", "run_cpu_seconds", "wall_seconds")
            for end, factor in (("", 1.0), ("_least", 0.9), ("_most", 1.2))
        },
    }


def points(
    ceremonies: Sequence[str] = CEREMONIES,
    costs: Sequence[str] = ("instant", "reference"),
    schemes: Sequence[str] = ("ED25519",),
) -> list[Row]:
    """Return a grid of points."""
    return [
        point(ceremony, n, cost, scheme)
        for n in SIZES
        for scheme in schemes
        for cost in costs
        for ceremony in ceremonies
    ]


def fits(of: Sequence[Row]) -> list[Row]:
    """Return a fit of CPU time and traffic for every curve of points."""
    series = ("scheme", "protocol", "commitments", "threshold", "ceremony", "profile", "loss")
    found: dict[tuple[Any, ...], Row] = {}
    for row in of:
        for metric in ("cpu_seconds", "run_cpu_seconds", "bytes_mean"):
            key = {name: row[name] for name in (*series, "cost", "processes")}
            found.setdefault(
                (*key.values(), metric),
                {
                    **key,
                    "metric": metric,
                    "exponent": 1.9,
                    "exponent_low": 1.85,
                    "exponent_high": 1.95,
                    "log_factor": log(0.001),
                    "r_squared": 0.99,
                    "n_from": SIZES[0],
                    "n_to": SIZES[-1],
                    "samples": 21,
                },
            )
    return list(found.values())


def stored(folder: Path, rows: Sequence[Row]) -> Path:
    """Write a benchmark's tables into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(rows).write_parquet(folder / "points.parquet")
    pl.DataFrame(fits(rows)).write_parquet(folder / "fits.parquet")
    return folder


def stored_sweep(folder: Path) -> Path:
    """Write the rows of a sweep into `folder`: loss against success, for two schemes."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "point": 3 * ("ED25519", "BLS").index(scheme) + i,
            "seed": seed,
            "network.loss": loss,
            "keys.beacon.scheme": scheme,
            "plan": "00000000",
            "exit_code": int(seed <= 4 * i),
            "beacon.create_seconds": None if seed <= 4 * i else 10.0 + seed,
        }
        for scheme in ("ED25519", "BLS")
        for i, loss in enumerate(("0%", "1%", "5%"))
        for seed in range(1, 21)
    ]
    pl.DataFrame(rows).write_parquet(folder / "rows.parquet")
    return folder
