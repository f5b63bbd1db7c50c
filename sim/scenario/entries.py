"""Ids of timeline and adversary entries: given, or a digest of the content.

Random picks are keyed by them, so that adding, removing or moving other entries changes no pick.
"""

from __future__ import annotations

from typing import Any

from sim.base.codec import tuple_hash
from sim.scenario.reporter import Reporter
from sim.scenario.source import KeyPath, walk


class EntryIds:
    """Hands out the ids of one section's entries.

    Args:
        section: ``timeline`` or ``adversary``.
        reporter: Where errors go.
    """

    def __init__(self, section: str, reporter: Reporter) -> None:
        self._section = section
        self._reporter = reporter
        self._taken: dict[str, KeyPath] = {}
        self._equals: dict[str, int] = {}

    def take(self, path: KeyPath, given: str | None, stem: str) -> str:
        """Return the id of the entry at `path`; reports one that is taken.

        Args:
            path: The entry.
            given: The id that the scenario gives it, or None.
            stem: What a made id begins with.
        """
        chosen = given if given is not None else self._made(path, stem)
        if chosen in self._taken:
            self._reporter.error(
                (*path, "id"),
                f'two entries have the id "{chosen}"',
                related=[("first", (*self._taken[chosen], "id"))],
            )
        self._taken.setdefault(chosen, path)
        return chosen

    def _made(self, path: KeyPath, stem: str) -> str:
        nodes = list(walk(self._reporter.root, path))
        content: Any = nodes[-1].plain() if len(nodes) == len(path) + 1 else None
        made = f"{stem}-{tuple_hash('entry', self._section, repr_sorted(content)).hex()[:8]}"
        self._equals[made] = self._equals.get(made, 0) + 1
        count = self._equals[made]
        return made if count == 1 else f"{made}-{count}"


def repr_sorted(value: Any) -> str:
    """Return a text that is equal for equal TOML values, whatever the order of their keys."""
    if isinstance(value, dict):
        inner = ",".join(f"{key!r}:{repr_sorted(value[key])}" for key in sorted(value))
        return f"{{{inner}}}"
    if isinstance(value, list):
        return f"[{','.join(map(repr_sorted, value))}]"
    return repr(value)
