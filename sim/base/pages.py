"""Pages that a program makes: written anew, or compared with what it would write."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from sim.base.files import write_whole


def make_page(
    arguments: Sequence[str], module: str, page: Path, render: Callable[[], str], again: str
) -> int:
    """Write a page, or check it with ``--check``; return the exit code: 0, 1 or 2 for bad usage.

    Args:
        arguments: Of the command line: none, or ``--check``.
        module: Whose command line it is.
        page: The file.
        render: Returns what it should say.
        again: What makes it anew, for the reader of a failed check.

    """
    if [*arguments] not in ([], ["--check"]):
        sys.stderr.write(f"usage: python -m {module} [--check]\n")
        return 2
    text = render()
    if not arguments:
        write_whole(page, text)
        return 0
    same = page.exists() and page.read_text(encoding="utf-8") == text
    if not same:
        sys.stderr.write(f"{page} isn't what it would be if made anew: {again}\n")
    return 0 if same else 1
