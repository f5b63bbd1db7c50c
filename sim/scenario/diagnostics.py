"""Errors in scenario files: where, what, and what was probably meant.

The rendered form is for people and stands on standard error; a `Diagnostic`'s fields are for
programs. Lines and columns count from 1, columns in characters.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

LISTED_MAX: Final = 36
"""Allowed values printed at most; longer lists end in an ellipsis."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one line of a source.

    Attributes:
        file: Its name as the user gave it; ``--set``, ``--seed`` and ``with_`` are sources too.
        line: 1-based; 0 means the file as a whole.
        column: 1-based, in characters.
        length: In characters, at least 1.
        text: The whole line, without its end.
    """

    file: str
    line: int
    column: int
    length: int
    text: str

    @property
    def place(self) -> str:
        """``file:line:column``, or the file alone."""
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file


def whole_file(file: str) -> Span:
    """Return a span that points at `file` and at no line of it."""
    return Span(file, 0, 0, 1, "")


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One error.

    Attributes:
        message: What is wrong, one line.
        span: Where.
        suggestion: What was probably meant, or None.
        allowed: The values or keys that would be right, or empty.
        related: Other places that the error is about, each with what stands there.
    """

    message: str
    span: Span
    suggestion: str | None = None
    allowed: tuple[str, ...] = ()
    related: tuple[tuple[str, Span], ...] = ()

    def __str__(self) -> str:
        gutter = " " * max(2, len(str(self.span.line)))
        lines = [f"error: {self.message}", f"{gutter}--> {self.span.place}{self._related()}"]
        if self.span.line:
            lines += self._excerpt(gutter)
        elif self.suggestion is not None:
            lines.append(f"{gutter} = did you mean {self.suggestion}?")
        if self.allowed:
            more = ", …" if len(self.allowed) > LISTED_MAX else ""
            lines.append(f"{gutter} = allowed: {', '.join(self.allowed[:LISTED_MAX])}{more}")
        return "\n".join(lines)

    def _related(self) -> str:
        if not self.related:
            return ""
        return f"   ({'; '.join(f'{text} at {span.place}' for text, span in self.related)})"

    def _excerpt(self, gutter: str) -> list[str]:
        span = self.span
        # Tabs are kept, so that the carets stand under what they mark however wide a tab is.
        pad = "".join("\t" if c == "\t" else " " for c in span.text[: span.column - 1])
        hint = f" did you mean {self.suggestion}?" if self.suggestion is not None else ""
        return [
            f"{gutter} |",
            f"{span.line:>{len(gutter)}} | {span.text}",
            f"{gutter} | {pad}{'^' * span.length}{hint}",
        ]


class ScenarioError(Exception):
    """A scenario can't be used.

    Attributes:
        diagnostics: Every error found, by place; at least one.
    """

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        super().__init__("\n".join(map(str, self.diagnostics)))

    def __reduce__(self) -> tuple[type[ScenarioError], tuple[tuple[Diagnostic, ...]]]:
        return ScenarioError, (self.diagnostics,)


def in_order(found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return every diagnostic once, by file in the order in which they appear, and by place."""
    unique = dict.fromkeys(found)
    files = list(dict.fromkeys(one.span.file for one in unique))
    return tuple(
        sorted(unique, key=lambda d: (files.index(d.span.file), d.span.line, d.span.column))
    )


def nearest(wrong: str, allowed: Iterable[str]) -> str | None:
    """Return the entry of `allowed` that `wrong` was probably meant to be, or None."""
    by_folded = {entry.casefold(): entry for entry in allowed}
    found = difflib.get_close_matches(wrong.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None
