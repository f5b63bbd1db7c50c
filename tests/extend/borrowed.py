"""A module beside an extension, which must not register for it."""

from __future__ import annotations

from typing import Any


def lend(extend: Any) -> None:
    """Register a check from here."""

    @extend.check  # type: ignore[untyped-decorator]  # the module as the extension passes it
    def borrowed(observation: object) -> list[object]:
        """It holds. [Nowhere.]"""
        return []
