"""The stage that every test here plays on."""

from __future__ import annotations

import pytest

from tests.plugin.stage import Stage


@pytest.fixture
def stage(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """An empty folder for scenarios."""
    return Stage(pytester, monkeypatch)
