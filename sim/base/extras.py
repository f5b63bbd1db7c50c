"""Optional extras: what needs a library that isn't installed says which extra has it."""

from __future__ import annotations

from importlib.util import find_spec


class MissingExtraError(Exception):
    """A library of an optional extra isn't installed; the message names both."""


def need(extra: str, *libraries: str) -> None:
    """See that libraries of `extra` are there; cheap, for nothing is imported.

    Raises:
        MissingExtraError: One of them isn't.
    """
    for library in libraries:
        if find_spec(library) is None:
            raise MissingExtraError(
                f"this needs {library}, which isn't installed: pip install 'kchain-sim[{extra}]'"
            )
