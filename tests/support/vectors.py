"""Published test vectors, read in place: they lie beside the checkout, never inside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors"


def load(name: str) -> Any:
    """Return the parsed JSON file `name`; skip the test where the vectors aren't at hand."""
    path = VECTORS / name
    if not path.exists():
        pytest.skip(f"published vectors are not beside this checkout: {name}")
    return json.loads(path.read_text())
