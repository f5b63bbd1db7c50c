"""Values that only some may see: they redact themselves, and the memoiser refuses them."""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")


class Secret(Generic[T]):
    """Holds a secret value; `reveal` is the one way to it, so that every use can be found."""

    __slots__ = ("_value",)

    def __init__(self, value: T) -> None:
        self._value = value

    def reveal(self) -> T:
        """Return the value itself."""
        return self._value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return bool(self._value == other._value)

    __hash__ = None  # type: ignore[assignment]  # secrets are no dictionary keys

    def __repr__(self) -> str:
        return "<secret>"


SecretScalar = Secret[int]
SecretBytes = Secret[bytes]
