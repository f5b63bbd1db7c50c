"""The picture of a run: it says what the account says, and fetches nothing."""

from __future__ import annotations

from pathlib import Path

from sim import api
from sim.report.picture import picture
from tests.support.tiny import write_tiny


def test_picture_shows_the_account_and_fetches_nothing(tmp_path: Path) -> None:
    run = api.run(api.load(write_tiny(tmp_path)), out=tmp_path / "results")
    assert run.folder is not None

    svg = picture(run.folder)

    assert str(run.keys["beacon"].public_key) in svg
    assert "url(" not in svg.replace("url(#", "")
    assert svg.count("http") == svg.count("http://www.w3.org/2000/svg")
