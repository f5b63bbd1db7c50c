"""Stored tables: Parquet files, which anything may have happened to since they were written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sim.base.extras import need
from sim.world.folder import FolderError

if TYPE_CHECKING:
    import polars


def read_table(path: Path) -> polars.DataFrame:
    """Return the table in a Parquet file.

    Raises:
        FolderError: There is none, or it is damaged.
        MissingExtraError: polars isn't installed.

    """
    need("report", "polars")
    import polars as pl
    from polars.exceptions import PolarsError

    try:
        return pl.read_parquet(path)
    except (PolarsError, OSError) as error:
        raise FolderError(f"{path}: {error}") from None
