"""What a figure shows, before anybody draws it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Sample(NamedTuple):
    """One point of a curve: `low` and `high` are the ends of its bar, if it has one."""

    x: float
    y: float
    low: float | None = None
    high: float | None = None


class Fit(NamedTuple):
    """A power law y = e^log_factor · x^exponent over from..to, with the exponent's interval."""

    exponent: float
    low: float
    high: float
    log_factor: float
    x_from: float
    x_to: float


@dataclass(frozen=True)
class Curve:
    """One series.

    Attributes:
        label: In the legend.
        look: Which colour and marker: the same number looks the same in every panel.
        samples: By x.
        fit: Drawn as a dashed line, its exponent in the legend.
        kind: Which of several kinds of figure it is, where curves of one label differ in that.
        hollow: Whether it is of the second kind: markers are hollow, lines dotted.

    """

    label: str
    look: int
    samples: tuple[Sample, ...]
    fit: Fit | None = None
    kind: str = ""
    hollow: bool = False


@dataclass(frozen=True)
class Panel:
    """One pair of axes.

    Attributes:
        title: Above it; empty for none.
        x: The axis' label, with its unit.
        y: Likewise.
        curves: What is drawn.
        log_x: Whether the axis is logarithmic.
        log_y: Likewise.
        part: Whether y is a part of one: the axis goes from 0 to 1.
        words: What numbers on the x axis stand for, if they are no quantities: 0, 1, 2 …

    """

    title: str
    x: str
    y: str
    curves: tuple[Curve, ...]
    log_x: bool = True
    log_y: bool = True
    part: bool = False
    words: tuple[str, ...] = ()


@dataclass(frozen=True)
class Figure:
    """Panels that share a legend.

    Attributes:
        name: As the command line calls it, and its files are named.
        panels: In reading order.
        note: What is true of all of it, for the caption: what doesn't vary, and what bars mean.

    """

    name: str
    panels: tuple[Panel, ...]
    note: str
