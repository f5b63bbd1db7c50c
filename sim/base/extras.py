"""Optional dependencies: what needs one says which extra brings it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


class MissingExtraError(Exception):
    """A library is needed that is not installed.

    Args:
        extra: The extra of this distribution that brings it.
        library: What couldn't be imported.

    """

    def __init__(self, extra: str, library: str) -> None:
        super().__init__(f"this needs {library}: pip install 'kchain-sim[{extra}]'")
        self.extra = extra
        self.library = library


@contextmanager
def needing(extra: str) -> Iterator[None]:
    """Import something of `extra` inside.

    Raises:
        MissingExtraError: It isn't installed.

    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise MissingExtraError(extra, str(error.name)) from None
