"""Collects errors about a tree, so that one pass finds all of them."""

from __future__ import annotations

from collections.abc import Iterable

from sim.scenario.diagnostics import Diagnostic, ScenarioError, Span, in_order, nearest
from sim.scenario.source import KeyPath, Node, walk


class Reporter:
    """Errors about one scenario, placed by the path of what they are about.

    A value that was found wrong is *tainted*: a stand-in has its place from then on, and errors
    that would only follow from that are not reported.

    Args:
        root: The scenario's tree.
    """

    def __init__(self, root: Node) -> None:
        self.root = root
        self.diagnostics: list[Diagnostic] = []
        self._tainted: set[KeyPath] = set()

    def taint(self, path: KeyPath) -> None:
        """Note that what stands at `path` is not what the author meant."""
        self._tainted.add(path)

    def sound(self, *paths: KeyPath) -> bool:
        """Whether none of `paths`, nor anything that they stand in or hold, is tainted."""
        return not any(
            path[: len(bad)] == bad or bad[: len(path)] == path
            for path in paths
            for bad in self._tainted
        )

    def given(self, path: KeyPath) -> bool:
        """Whether the scenario has a value at `path`."""
        return len(list(walk(self.root, path))) == len(path) + 1

    def span(self, path: KeyPath, *, key: bool = False) -> Span:
        """Return the place of `path`'s value (or key), or of the nearest table around it."""
        nodes = list(walk(self.root, path))
        exact = len(nodes) == len(path) + 1
        return nodes[-1].key if key and exact else nodes[-1].span

    def error(
        self,
        path: KeyPath,
        message: str,
        *,
        key: bool = False,
        wrong: str | None = None,
        allowed: Iterable[str] = (),
        suggestion: str | None = None,
        related: Iterable[tuple[str, KeyPath]] = (),
    ) -> None:
        """Report an error about `path`.

        Args:
            path: What it is about.
            message: One line.
            key: Point at the key and not at the value.
            wrong: What was written, to look for the nearest of `allowed`.
            allowed: What would be right.
            suggestion: What was probably meant, quotes included.
            related: Other values that the error is about, each with what it says of them.
        """
        names = tuple(allowed)
        if suggestion is None and wrong is not None:
            found = nearest(wrong, names)
            suggestion = None if found is None else f'"{found}"'
        others = tuple((text, self.span(other)) for text, other in related if self.given(other))
        place = self.span(path, key=key)
        self.diagnostics.append(Diagnostic(message, place, suggestion, names, others))

    def report(self, *found: Diagnostic) -> None:
        """Report errors that have their place already: in another file than the scenario."""
        self.diagnostics += found

    def conflict(self, message: str, *paths: KeyPath, follows: Iterable[KeyPath] = ()) -> None:
        """Report that the values at `paths` don't go together, unless one of them is tainted.

        The error stands at the first one that the scenario gives; the others are related.

        Args:
            message: One line.
            paths: The values.
            follows: More values that the conflict follows from, but that needn't be shown.
        """
        if not self.sound(*paths, *follows):
            return
        given = [path for path in paths if self.given(path)] or [paths[0]]
        self.error(given[0], message, related=[(f"{_last(p)} set", p) for p in given[1:]])

    def raise_if_any(self) -> None:
        """Raise every error so far, by place.

        Raises:
            ScenarioError: If there is one.
        """
        if self.diagnostics:
            raise ScenarioError(in_order(self.diagnostics))


def _last(path: KeyPath) -> str:
    return str(next((step for step in reversed(path) if isinstance(step, str)), "value"))
