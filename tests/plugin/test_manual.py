"""docs/ci.md and the plugin agree, and neither names a host to install from."""

from __future__ import annotations

import re
import subprocess
import sys

from ksim_pytest import DESELECTED
from tests.plugin.stage import ROOT

MANUAL = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")


def test_the_manual_has_exactly_the_options_that_exist() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "ksim_pytest", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )

    options = r"--ksim-[a-z-]+[a-z]"
    assert set(re.findall(options, MANUAL)) == set(re.findall(options, done.stdout))


def test_the_manual_names_the_tags_that_are_deselected() -> None:
    for tag in DESELECTED:
        assert f"`{tag}`" in MANUAL


def test_the_manual_names_no_host() -> None:
    assert "://" not in MANUAL
    assert "index-url" not in MANUAL
