"""Figures and tables: readable, deterministic, and nothing but what is stored."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import combinations
from math import log10
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from sim import api
from sim.report.figures import bench, drawing, sweep
from sim.report.figures.make import Results, width_inches
from sim.report.figures.model import Figure
from sim.report.figures.tables import bench_table, written
from tests.report.points import CEREMONIES, point, points, stored, stored_sweep

WIDTHS = ("3.3in", "7in")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return stored(tmp_path_factory.mktemp("bench"), points())


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", bench.NAMES)
def test_no_text_of_a_figure_touches_another_or_leaves_it(
    home: Path, name: str, width: str
) -> None:
    _check_texts(Results(home).figure(name), width_inches(width))


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", sweep.NAMES)
def test_no_text_of_a_sweeps_figure_touches_another(tmp_path: Path, name: str, width: str) -> None:
    _check_texts(Results(stored_sweep(tmp_path)).figure(name), width_inches(width))


def test_texts_that_do_touch_are_found() -> None:
    rows = points(schemes=("ED25519", "SECP256K1", "BLS"))
    figure = bench.bench_figure("multiples", rows, [])

    with pytest.raises(AssertionError), pytest.warns(UserWarning, match="collapsed"):
        _check_texts(figure, 1.0)


def _check_texts(figure: Figure, width: float) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with drawing.style(width):
        composed = drawing.compose(figure, width)
        canvas: Any = FigureCanvasAgg(composed)
        canvas.draw()
        boxes = [
            (text.get_text(), text.get_window_extent(canvas.get_renderer()))
            for text in _texts(composed)
            if text.get_text().strip()
        ]
        room = composed.bbox.padded(1)

    assert len(boxes) > 5
    for name, box in boxes:
        assert room.contains(box.x0, box.y0), name
        assert room.contains(box.x1, box.y1), name
    for (one, first), (other, second) in combinations(boxes, 2):
        assert not first.padded(-0.5).overlaps(second), (one, other)


def _texts(composed: Any) -> Iterator[Any]:
    """Yield titles, labels, the labels of ticks that are in view, and the legend's."""
    for legend in composed.legends:
        yield from legend.get_texts()
    for axes in composed.axes:
        yield from (axes.title, axes.xaxis.label, axes.yaxis.label)
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            for tick in (*axis.get_major_ticks(), *axis.get_minor_ticks()):
                if low <= tick.get_loc() <= high:
                    yield tick.label1


def test_files_are_the_same_every_time_and_carry_no_date(home: Path, tmp_path: Path) -> None:
    first = api.plot(home, "cost", out=tmp_path / "a")
    second = api.plot(home, "cost", out=tmp_path / "b")

    assert [path.name for path in first] == [
        "cost.pdf",
        "cost.svg",
        "cost.png",
        "cost.csv",
        "cost.txt",
    ]
    for one, other in zip(first, second, strict=True):
        content = one.read_bytes()
        assert content == other.read_bytes()
        assert not re.search(rb"CreationDate|ModDate|<dc:date>", content)


def test_fonts_are_embedded_as_truetype_outlines(home: Path, tmp_path: Path) -> None:
    made = api.plot(home, "multiples", ("pdf", "svg"), out=tmp_path)

    pdf, svg = (path.read_bytes() for path in made[:2])
    assert b"/FontFile2" in pdf
    assert b"/CIDFontType2" in pdf
    assert b"/Type3" not in pdf
    assert b"<text" not in svg  # letters are paths: no font is needed to show them


def test_the_csv_beside_a_figure_is_what_is_stored(home: Path, tmp_path: Path) -> None:
    api.plot(home, "cost", ("png",), out=tmp_path)

    with (tmp_path / "cost.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    samples = [row for row in rows if row["kind"] == "sample"]
    expected = pl.read_parquet(home / "points.parquet").filter(pl.col("cost") == "instant")
    assert len(samples) == expected.height
    for row in samples:
        name = "dkg" if row["series"] == "DKG" else row["series"]
        stored_row = point(name, int(row["x"]))
        assert float(row["y"]) == stored_row["cpu_seconds"]
        assert float(row["low"]) == stored_row["cpu_seconds_least"]
        assert float(row["high"]) == stored_row["cpu_seconds_most"]
    fitted = [row for row in rows if row["kind"] == "fit" and row["series"] == "DKG"]
    slope = log10(float(fitted[1]["y"]) / float(fitted[0]["y"])) / log10(256 / 4)
    assert slope == pytest.approx(1.9)
    assert {row["exponent_low"] for row in fitted} == {"1.85"}


def test_what_is_drawn_is_what_the_csv_says(home: Path) -> None:
    figure = Results(home).figure("latency")

    with drawing.style(3.3):
        axes: Any
        (axes,) = drawing.compose(figure, 3.3).axes

    (panel,) = figure.panels
    drawn = [tuple(zip(*line.lines[0].get_data(), strict=True)) for line in axes.containers]
    assert drawn == [tuple((s.x, s.y) for s in curve.samples) for curve in panel.curves]
    assert {curve.kind for curve in panel.curves} == {"network alone", "and computing (reference)"}


def test_curves_are_named_by_what_varies_and_the_note_says_the_rest() -> None:
    rows = points(("dkg",), ("instant",), ("ED25519", "BLS"))

    figure = bench.bench_figure("bytes", rows, [])

    assert [curve.label for curve in figure.panels[0].curves] == ["Ed25519", "BLS"]
    assert figure.note.startswith("DKG, pedersen, evaluation form, t = 2n/3+1, ideal")


def test_looks_are_told_apart_without_colour() -> None:
    assert len(drawing.MARKERS) == len(set(drawing.MARKERS)) == len(drawing.COLOURS)


def test_rates_have_exact_intervals_and_words_on_their_axis(tmp_path: Path) -> None:
    results = Results(stored_sweep(tmp_path) / "rows.parquet")

    (panel,) = results.figure("rates").panels

    assert panel.words == ("0%", "1%", "5%")
    assert [curve.label for curve in panel.curves] == ["scheme ED25519", "scheme BLS"]
    assert [sample.y for sample in panel.curves[0].samples] == [1.0, 0.8, 0.6]
    low = panel.curves[0].samples[0].low
    assert low == pytest.approx(0.025 ** (1 / 20))  # Clopper and Pearson for 20 of 20


@pytest.mark.parametrize("schemes", [("ED25519",), ("ED25519", "BLS")])
def test_keys_have_latencies_of_their_own(schemes: tuple[str, ...]) -> None:
    rows = [
        {
            "point": 0,
            "seed": seed,
            "keys.beacon.scheme": scheme,
            "plan": "00000000",
            "exit_code": 0,
            "beacon.create_seconds": 10.0,
            "vault.create_seconds": None if seed == 1 else 100.0,
        }
        for scheme in schemes
        for seed in (1, 2, 3)
    ]
    other = {"network.loss": "0%"}
    both = [{"point": 0, "seed": 0, **other, **row} for row in rows]
    both += [{**row, "network.loss": loss} for row in both for loss in ("1%", "5%")]

    (panel,) = sweep.sweep_figure("latency", both).panels

    labels = ["beacon", "vault"]
    if len(schemes) > 1:
        labels = [f"scheme {scheme}, {key}" for scheme in schemes for key in labels]
    assert [curve.label for curve in panel.curves] == labels
    assert [curve.look for curve in panel.curves] == list(range(len(labels)))
    for curve in panel.curves:
        y = 10.0 if curve.label.endswith("beacon") else 100.0
        assert [(sample.y, sample.high) for sample in curve.samples] == [(y, y)] * 3


def test_a_sweep_of_scenarios_without_keys_has_a_figure_without_curves(tmp_path: Path) -> None:
    table = pl.read_parquet(stored_sweep(tmp_path) / "rows.parquet")
    table.drop("beacon.create_seconds").write_parquet(tmp_path / "rows.parquet")

    made = api.plot(tmp_path, "latency", ("png",))

    assert [path.name for path in made] == ["latency.png", "latency.csv", "latency.txt"]


def test_a_point_without_a_completed_run_is_left_out(tmp_path: Path) -> None:
    keep = ("n", "t", "runs", "processes")
    lost = {
        name: value if name in keep or isinstance(value, str) else None
        for name, value in point("dkg", 8).items()
    }
    rows = [point("dkg", 4), {**lost, "completed": 0}]
    home = stored(tmp_path, rows)

    api.plot(home, formats=("png",))

    (panel,) = Results(home).figure("cost").panels
    assert [sample.x for curve in panel.curves for sample in curve.samples] == [4]
    assert bench_table(rows).rows[1][2:] == ("–",) * 14 + ("0/3",)


def test_tables_say_the_same_in_all_formats() -> None:
    table = bench_table([point(name, 16) for name in CEREMONIES])

    comma, mark, tex = (written(table, kind) for kind in ("csv", "md", "tex"))

    rows = list(csv.reader(comma.splitlines()))
    assert rows[0][:3] == ["ceremony", "n", "t"]
    assert [row[0] for row in rows[1:]] == list(CEREMONIES)
    for row in rows[1:]:
        assert f"| {' | '.join(row)} |" in mark
        assert " & ".join(row) in tex
    assert r"loss 0%" in table.note
    assert tex.count(r"\\") == len(rows)


def test_a_point_that_did_not_always_complete_says_so() -> None:
    table = bench_table([point("dkg", 4), {**point("dkg", 8), "completed": 1}])

    assert table.header[-1] == "completed"
    assert [row[-1] for row in table.rows] == ["3/3", "1/3"]


@pytest.mark.parametrize(
    ("text", "inches"), [("3.3in", 3.3), ("84mm", 84 / 25.4), ("252 pt", 252 / 72.27)]
)
def test_widths_have_units(text: str, inches: float) -> None:
    assert width_inches(text) == pytest.approx(inches)


@pytest.mark.parametrize("text", ["3.3", "in", "1in", "900in", "-3in", "3.3 furlongs", ""])
def test_what_is_no_width_is_refused(text: str) -> None:
    with pytest.raises(api.FigureError):
        width_inches(text)


def test_wrong_names_are_told_with_the_right_ones(home: Path, tmp_path: Path) -> None:
    with pytest.raises(api.FigureError, match=r"no figure .*cost, total"):
        api.plot(home, "costs", out=tmp_path)
    with pytest.raises(api.FigureError, match=r"no format .*pdf, svg, png"):
        api.plot(home, "cost", ("gif",), out=tmp_path)
    with pytest.raises(api.FigureError, match="neither a benchmark's folder"):
        api.plot(tmp_path)
    (tmp_path / "rows.parquet").write_bytes(b"PAR1")
    with pytest.raises(api.FigureError, match=r"rows\.parquet"):
        api.plot(tmp_path)
    assert list(tmp_path.glob("*.p*")) == [tmp_path / "rows.parquet"]
