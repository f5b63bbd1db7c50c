"""The plot of a decision sheet: which thresholds are safe, which are live, by committee size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

from sim.report.figures.drawing import COLOURS

_SAFE, _LIVE, _BOTH = COLOURS[:3]


def frontier_svg(rows: Sequence[Mapping[str, Any]], chosen: Mapping[str, Any] | None) -> str:
    """Return the plot as an SVG element.

    Args:
        rows: Sizes, ascending: ``n``, ``safe`` and ``live``, as `Advice.exported` has them.
        chosen: The recommended one, with ``t``; or None.

    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    sizes = [row["n"] for row in rows]
    safe = [row["safe"] for row in rows]
    live = [row["live"] for row in rows]
    with mpl.rc_context({"svg.hashsalt": "ksim", "svg.fonttype": "path", "font.size": 10}):
        figure = Figure(figsize=(7.2, 4.2), layout="constrained")
        axes = figure.add_subplot()
        axes.plot(sizes, sizes, color="0.6", linewidth=1, linestyle=":", label="t = n")
        axes.plot(sizes, safe, color=_SAFE, marker="o", markersize=3, label="least safe t")
        axes.plot(
            sizes, live, color=_LIVE, marker="s", markersize=3, label="largest live t (f* = 0)"
        )
        axes.fill_between(
            sizes,
            safe,
            live,
            where=[low <= high for low, high in zip(safe, live, strict=True)],
            interpolate=True,
            color=_BOTH,
            alpha=0.3,
            linewidth=0,
            label="safe and live",
        )
        if chosen is not None:
            axes.plot(
                [chosen["n"]],
                [chosen["t"]],
                color="black",
                marker="*",
                markersize=13,
                linestyle="none",
                label=f"advised: {chosen['t']} of {chosen['n']}",
            )
        axes.set_xlabel("committee size n (members)")
        axes.set_ylabel("threshold t (shares)")
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.grid(visible=True, color="0.9")
        axes.legend(frameon=False, loc="upper left")
        text = StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None})
    return text.getvalue().partition("<svg")[1] + text.getvalue().partition("<svg")[2]
