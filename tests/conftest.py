"""Switches of the test run. Golden files change only when somebody asks for it by name."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--rewrite",
        action="store_true",
        help="write golden traces anew instead of comparing with them",
    )
    parser.addoption(
        "--rewrite-golden",
        action="store_true",
        help="write tests/golden/digests.json anew; the changelog must then name the new set",
    )


@pytest.fixture
def rewrite(request: pytest.FixtureRequest) -> bool:
    """Whether golden traces are written anew."""
    return bool(request.config.getoption("--rewrite"))


@pytest.fixture
def rewrite_golden(request: pytest.FixtureRequest) -> bool:
    """Whether the golden digests are written anew."""
    return bool(request.config.getoption("--rewrite-golden"))
