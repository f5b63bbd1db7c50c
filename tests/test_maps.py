"""The docstring of a package is a map of it, and a map leaves nothing out."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PACKAGES = sorted(
    path.parent
    for path in (ROOT / "sim").rglob("__init__.py")
    if len(list(path.parent.glob("*.py"))) > 2
)


def parts(package: Path) -> set[str]:
    """Modules and packages in it, without what its ``-m`` runs."""
    modules = {path.stem for path in package.glob("*.py")} - {"__init__", "__main__"}
    return modules | {path.parent.name for path in package.glob("*/__init__.py")}


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_a_package_names_all_that_is_in_it(package: Path) -> None:
    told = ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8"))) or ""
    named = set(re.findall(r"`([a-z0-9_]+)`", told))
    beginnings = tuple(f"{name}_" for name in re.findall(r"`(\w+)` and what begins", told))

    missing = {part for part in parts(package) - named if not part.startswith(beginnings or "?")}

    assert not missing
