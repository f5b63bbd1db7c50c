"""Every test of the protocol runs for every scheme."""

from __future__ import annotations

import pytest

from sim.crypto.group import Group
from sim.crypto.groups import get_group
from tests.support import cluster
from tests.support.curves import SCHEMES


@pytest.fixture(params=SCHEMES, autouse=True)
def scheme(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """The scheme of this test: that of every committee which doesn't name its own."""
    chosen = str(request.param)
    monkeypatch.setattr(cluster, "SCHEME", chosen)
    return chosen


@pytest.fixture
def group(scheme: str) -> Group:
    """The group of this test's scheme."""
    return get_group(scheme)
