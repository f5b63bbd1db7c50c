"""Figures as pictures: the same bytes for the same data, readable from 3.3 inches on.

Colours are Okabe and Ito's (2008), which people with any colour vision tell apart; markers differ
too, so that nothing rests on colour alone. Fonts are embedded as outlines of TrueType (Type 42),
which journals take; SVG draws letters as paths.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from math import ceil, exp, log10
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from sim.base.files import replacing
from sim.report.figures.model import Curve, Figure, Fit, Panel

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

FORMATS: Final = ("pdf", "svg", "png")

COLOURS: Final = (
    "#0072B2",
    "#D55E00",
    "#009E73",
    "#CC79A7",
    "#E69F00",
    "#56B4E9",
    "#000000",
)
MARKERS: Final = "osD^vPX"

WIDTH_MIN: Final = 2.5
WIDTH_MAX: Final = 20.0
"""Inches."""

_WIDE: Final = 5.0
"""Inches from which there is room for three panels side by side, and larger letters."""

_ROW: Final = 0.16
"""Inches that a row of the legend takes, at 7 points."""

_STYLE: Final[dict[str, Any]] = {
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.linewidth": 0.6,
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "font.family": "DejaVu Sans",  # comes with matplotlib: the same letters everywhere
    "grid.alpha": 0.35,
    "grid.linewidth": 0.4,
    "legend.frameon": False,
    "lines.linewidth": 1.1,
    "lines.markersize": 3.5,
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "savefig.dpi": 300,
    "svg.fonttype": "path",
    "svg.hashsalt": "kchain-sim",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
}

_METADATA: Final[dict[str, dict[str, None]]] = {
    "pdf": {"CreationDate": None, "ModDate": None},
    "svg": {"Date": None},
    "png": {},
}
"""No dates: the same data give the same file."""


def draw(figure: Figure, folder: Path, formats: Sequence[str], width: float) -> list[Path]:
    """Draw `figure` in every format, and return the files.

    Args:
        figure: What to show.
        folder: Where the files go.
        formats: Of `FORMATS`.
        width: Inches.

    """
    with style(width):
        canvas = compose(figure, width)
        return [_save(canvas, folder / f"{figure.name}.{kind}", kind) for kind in formats]


def style(width: float) -> AbstractContextManager[None]:
    """Return what sets matplotlib's parameters for a figure of `width` inches, for a while."""
    import matplotlib as mpl

    size = _letters(width)
    parameters: Any = {**_STYLE, "font.size": size, "axes.titlesize": size}
    return mpl.rc_context(parameters)


def compose(figure: Figure, width: float) -> Canvas:
    """Return `figure` as matplotlib has it, drawn under `style`."""
    from matplotlib.figure import Figure as Canvas

    columns, size = _columns(figure, width), _letters(width)
    rows = ceil(len(figure.panels) / columns)
    legend = _legend(figure)
    ncols = _legend_columns(legend, width, size)
    height = rows * width / columns * 0.72 + ceil(len(legend) / ncols) * _ROW * size / 7 + 0.1
    canvas = Canvas(figsize=(width, height))
    for number, panel in enumerate(figure.panels, 1):
        axes = canvas.add_subplot(rows, columns, number)
        _panel(axes, panel, width / columns, lowest=number > len(figure.panels) - columns)
    _draw_legend(canvas, legend, ncols)
    return canvas


def _letters(width: float) -> float:
    """Return the size of letters in points."""
    return 7.0 if width < _WIDE else 8.0


def _save(canvas: Canvas, path: Path, kind: str) -> Path:
    with replacing(path) as fresh:
        canvas.savefig(fresh, format=kind, metadata=_METADATA[kind])
    return path


def _columns(figure: Figure, width: float) -> int:
    return min(len(figure.panels), 3 if width >= _WIDE else 2)


def _panel(axes: Axes, panel: Panel, width: float, *, lowest: bool) -> None:
    for curve in panel.curves:
        _curve(axes, curve)
    if panel.log_x:
        axes.set_xscale("log")
    if panel.log_y:
        axes.set_yscale("log")
    _x_ticks(axes, panel, width)
    _y_ticks(axes, panel)
    axes.set_title(panel.title)
    axes.set_ylabel(panel.y)
    if lowest:
        axes.set_xlabel(panel.x)


def _curve(axes: Axes, curve: Curve) -> None:
    xs = [sample.x for sample in curve.samples]
    ys = [sample.y for sample in curve.samples]
    bars = [
        [y - (s.low if s.low is not None else y) for s, y in zip(curve.samples, ys, strict=True)],
        [(s.high if s.high is not None else y) - y for s, y in zip(curve.samples, ys, strict=True)],
    ]
    axes.errorbar(xs, ys, yerr=bars, **_look(curve), capsize=1.5, elinewidth=0.7, capthick=0.7)
    if curve.fit is not None:
        fit = curve.fit
        ends = [fit.x_from, fit.x_to]
        values = [exp(fit.log_factor) * x**fit.exponent for x in ends]
        axes.plot(ends, values, color=_colour(curve), linestyle=(0, (4, 2)), linewidth=0.9)


def _look(curve: Curve) -> dict[str, Any]:
    # Where a fit is drawn it is the line; the measured points stand alone.
    line = "none" if curve.fit is not None else ":" if curve.hollow else "-"
    return {
        "color": _colour(curve),
        # With more curves than colours, the second round has other markers on the same colours.
        "marker": MARKERS[(curve.look + curve.look // len(COLOURS)) % len(MARKERS)],
        # Where curves coincide, each is still seen around those on top of it.
        "markersize": max(2.6, 5.0 - 0.6 * curve.look) + 1.2 * curve.hollow,
        "markerfacecolor": "white" if curve.hollow else _colour(curve),
        "linestyle": line,
    }


def _colour(curve: Curve) -> str:
    return COLOURS[curve.look % len(COLOURS)]


def _x_ticks(axes: Axes, panel: Panel, width: float) -> None:
    """Mark the values that there are, as far as their labels have room."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, NullLocator

    values = sorted({sample.x for curve in panel.curves for sample in curve.samples})
    if not values:
        return
    words = [panel.words[int(x)] for x in values] if panel.words else [f"{x:g}" for x in values]
    places = [log10(x) if panel.log_x else float(x) for x in values]
    span = (places[-1] - places[0]) or 1.0
    room = 0.72 * width  # of the panel, inside its axes
    shown: list[int] = []
    for i in range(len(values) - 1, -1, -1):  # the largest sizes matter most
        gap = room * (places[shown[-1]] - places[i]) / span if shown else room
        needed = 0.065 * (len(words[i]) + len(words[shown[-1]]) if shown else 0) / 2 + 0.08
        if gap >= needed:
            shown.append(i)
    shown.reverse()
    axes.xaxis.set_major_locator(FixedLocator([values[i] for i in shown]))
    axes.xaxis.set_major_formatter(FixedFormatter([words[i] for i in shown]))
    axes.xaxis.set_minor_locator(NullLocator())


def _y_ticks(axes: Axes, panel: Panel) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, NullLocator

    if panel.part:
        axes.set_ylim(-0.03, 1.03)
        return
    if not panel.log_y:
        if panel.curves:
            axes.set_ylim(0, axes.get_ylim()[1] * 1.05)
        return
    low, high = axes.get_ylim()
    decades = log10(high / low)
    subs = (1.0, 2.0, 5.0) if decades < 2.2 else (1.0,)
    axes.yaxis.set_major_locator(LogLocator(base=10, subs=subs, numticks=20))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: quantity(value)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    if decades < 2.2:
        axes.yaxis.set_minor_locator(NullLocator())


def quantity(value: float) -> str:
    """Return a number as axes have it: ``0.05``, ``20``, ``5k``, ``2M``."""
    for factor, suffix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= factor:
            return f"{value / factor:g}{suffix}"
    return f"{value:g}"


def _legend(figure: Figure) -> list[tuple[str, dict[str, Any]]]:
    """Return the legend's entries, label and look: each label once, then each kind once."""
    curves = [curve for panel in figure.panels for curve in panel.curves]
    entries: dict[str, dict[str, Any]] = {}
    for curve in curves:
        entries.setdefault(_legend_label(curve), _handle(curve))
    if len(entries) == 1 and not any(curve.fit for curve in curves):
        entries.clear()  # the caption says it
    for kind, hollow in dict.fromkeys((curve.kind, curve.hollow) for curve in curves if curve.kind):
        look = {"marker": "o", "color": "#555555", "linestyle": ":" if hollow else "-"}
        entries[kind] = look | {"markerfacecolor": "white" if hollow else "#555555"}
    return list(entries.items())


def _handle(curve: Curve) -> dict[str, Any]:
    look = {**_look(curve), "markersize": 4}
    if curve.kind:
        return look | {"linestyle": "-", "markerfacecolor": _colour(curve)}
    return look | {"linestyle": (0, (4, 2))} if curve.fit is not None else look


def _legend_label(curve: Curve) -> str:
    return curve.label if curve.fit is None else f"{curve.label}: {_growth(curve.fit)}"


def _growth(fit: Fit) -> str:
    shown = f"$n^{{{fit.exponent:.2f}}}$ [{fit.low:.2f}, {fit.high:.2f}]"
    return shown.replace("-", "\N{MINUS SIGN}")


def _legend_columns(legend: Sequence[tuple[str, Any]], width: float, size: float) -> int:
    longest = max(
        (len(label.replace("$n^{", "n").replace("}$", "")) for label, _ in legend), default=1
    )
    needed = 0.5 + longest * 0.0078 * size
    return max(1, min(len(legend), int(width / needed)))


def _draw_legend(canvas: Canvas, legend: Sequence[tuple[str, dict[str, Any]]], ncols: int) -> None:
    from matplotlib.lines import Line2D

    if not legend:
        return
    handles = [Line2D([], [], **look) for _, look in legend]
    canvas.legend(
        handles,
        [label for label, _ in legend],
        loc="outside upper center",
        ncols=ncols,
        handlelength=2.2,
        columnspacing=1.2,
        borderpad=0.1,
        labelspacing=0.3,
    )


def csv_rows(figure: Figure) -> Iterator[tuple[str, ...]]:
    """Yield what is drawn as rows of CSV, header first: samples, then fits."""
    yield (
        "panel",
        "series",
        "of",
        "kind",
        "x",
        "y",
        "low",
        "high",
        "exponent",
        "exponent_low",
        "exponent_high",
    )
    for panel in figure.panels:
        for curve in panel.curves:
            for s in curve.samples:
                x = panel.words[int(s.x)] if panel.words else repr(s.x)
                ends = ("" if end is None else repr(end) for end in (s.low, s.high))
                yield (
                    panel.title or panel.y,
                    curve.label,
                    curve.kind,
                    "sample",
                    x,
                    repr(s.y),
                    *ends,
                    "",
                    "",
                    "",
                )
            if curve.fit is not None:
                fit = curve.fit
                growth = (repr(fit.exponent), repr(fit.low), repr(fit.high))
                for x_end in (fit.x_from, fit.x_to):
                    y = exp(fit.log_factor) * x_end**fit.exponent
                    yield (
                        panel.title or panel.y,
                        curve.label,
                        curve.kind,
                        "fit",
                        repr(x_end),
                        repr(y),
                        "",
                        "",
                        *growth,
                    )
