"""Expectations as a plan has them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from sim.crypto.verification import SINGLE_PARTY
from sim.scenario import catalogue
from sim.scenario.expect_plan import ExpectPlan
from sim.scenario.expectations import DisputeTable, ExpectTable, FaultTable
from sim.scenario.merge import SET_FILE, WITH_FILE
from sim.scenario.orders import ROTATIONS
from sim.scenario.refusals import DROPPED, REFUSALS
from sim.scenario.registry import Registry
from sim.scenario.schema import ScenarioFile
from sim.scenario.source import KeyPath
from sim.scenario.timeline import Placed

PREDICATES: Final = (
    "ceremony",
    "reason",
    "attempts",
    "qual",
    "excluded",
    "faults",
    "faults_include",
    "disputes",
    "status",
    "generation",
    "era",
    "rotation",
    "rotations",
    "public_key",
    "signs",
    "exposed",
    "signings",
    "refused",
    "shareless",
    "injected",
    "violates",
    "sometimes",
)
"""Keys of an expectation that say something: the rest say of whom and when."""

_WHOLE: Final = ("exposed", "shareless", "injected", "violates", "using")
"""Keys of an expectation that are about the run as it was at its end."""


def resolve_expects(
    file: ScenarioFile, placed: Sequence[Placed], registry: Registry, folder: str
) -> tuple[ExpectPlan, ...]:
    """Return every expectation, in the order of the file.

    Args:
        file: The scenario.
        placed: Its timeline.
        registry: Its validators.
        folder: The scenario's own folder: file names in the plan are relative to it.
    """
    expects: list[ExpectPlan] = []
    entries = {action.id: (i, action) for i, action in placed}
    for i, table in enumerate(file.expect):
        path: KeyPath = ("expect", i)
        _check(table, file, registry, path)
        _check_of(table, entries, registry, path)
        expects += _each_key(_plan(table, registry, path, folder), entries, registry)
    return tuple(expects)


def _each_key(
    plan: ExpectPlan, entries: Mapping[str, Placed], registry: Registry
) -> Iterator[ExpectPlan]:
    """Yield what is expected of a partition, or of an entry about one, for each of its keys."""
    spread = _spread(plan.of, entries)
    keys: Sequence[str | None] = spread if plan.key is None and spread else (plan.key,)
    if plan.key is not None:
        keys = registry.keys_of(plan.key)
    for key in keys:
        yield replace(plan, key=key, of=f"{plan.of}/{key}" if spread else plan.of)


def _spread(of: str | None, entries: Mapping[str, Placed]) -> tuple[str, ...]:
    """Return the keys of the partition that the entry `of` is about, none for other entries."""
    if not of or of in entries:
        return ()
    return tuple(action.key for one, (_, action) in entries.items() if one == f"{of}/{action.key}")


def _check(table: ExpectTable, file: ScenarioFile, registry: Registry, path: KeyPath) -> None:
    reporter = registry.reporter
    given = [name for name in PREDICATES if getattr(table, name) is not None]
    if not given and table.using is None and reporter.sound(path):
        reporter.error(path, "it expects nothing", allowed=PREDICATES)
    if table.key is not None:
        registry.key(table.key, (*path, "key"))
    if table.validator is not None:
        registry.position(table.validator, (*path, "validator"))
        for name in given:
            if name not in ("shareless", "injected", "violates", "sometimes"):
                message = f"{name} isn't about a validator"
                reporter.conflict(message, (*path, name), (*path, "validator"))
    for name, word, allowed in (
        ("reason", table.reason, catalogue.reasons()),
        ("refused", table.refused, (*REFUSALS, *DROPPED)),
    ):
        if word is not None and word not in allowed:
            what = "reason" if name == "reason" else "refusal"
            message = f'unknown {what} "{word}"'
            reporter.error((*path, name), message, wrong=word, allowed=allowed)
    _check_sometimes(table, given, registry, path)
    _check_shares(table, registry, path)
    _check_time(table, file, registry, path)


def _check_sometimes(
    table: ExpectTable, given: Sequence[str], registry: Registry, path: KeyPath
) -> None:
    event, allowed, where = table.sometimes, catalogue.events(), (*path, "sometimes")
    if event is None:
        return
    if event not in allowed:
        registry.reporter.error(where, f'unknown event "{event}"', wrong=event, allowed=allowed)
    others = [name for name in given if name != "sometimes"]
    others += [name for name in ("key", "of", "within", "at") if getattr(table, name) is not None]
    if others:
        message = "sometimes is about all runs of a sweep: give it an entry of its own"
        registry.reporter.conflict(message, where, *((*path, name) for name in others))


def _check_shares(table: ExpectTable, registry: Registry, path: KeyPath) -> None:
    """Check the shares of `using`: whose they are, and that `signs` is about one key's."""
    if table.using is None:
        return
    reporter, where = registry.reporter, (*path, "using")
    if not table.using:
        reporter.error(where, "no shares sign nothing: name at least one")
    if table.signs is None:
        reporter.error(where, "using says with which shares: say with signs whether they make one")
    if table.key is None and registry.only_key() is None:
        reporter.error(where, "shares are of one key: say of which with key")
    scheme = registry.schemes.get(table.key or registry.only_key() or "")
    if scheme in SINGLE_PARTY:
        reporter.error(where, f"a key of {scheme} has one holder, and no shares")
    first: dict[str, int] = {}
    for i, share in enumerate(table.using):
        registry.position(share.partition("@")[0], (*where, i))
        if share in first:
            related = [("first", (*where, first[share]))]
            reporter.error((*where, i), f'"{share}" stands twice', related=related)
        first.setdefault(share, i)


def _check_of(
    table: ExpectTable, entries: Mapping[str, Placed], registry: Registry, path: KeyPath
) -> None:
    reporter, where = registry.reporter, (*path, "of")
    if table.of is None or not reporter.sound(("timeline",)):
        return
    said = (table.rotation, table.refused, table.within)
    if said == (None, None, None) and reporter.sound(path):
        message = "of says which entry rotation, refused or within are about: give one of them"
        reporter.error(where, message)
    spread = _spread(table.of, entries)
    if table.of not in entries and not spread:
        numbered = f"{table.of}/1" in entries
        message = f'the timeline has no entry with the id "{table.of}"'
        if numbered:
            message = f'"{table.of}" happens again and again: say which time'
        meant = f'"{table.of}/1"' if numbered else None
        given = [name for name, (i, _) in entries.items() if reporter.given(("timeline", i, "id"))]
        reporter.error(where, message, wrong=table.of, allowed=given, suggestion=meant)
        return
    i, action = entries[f"{table.of}/{spread[0]}" if spread else table.of]
    if table.rotation is not None and action.do not in ROTATIONS:
        message = f"a {action.do} is no rotation"
        related = [("do", ("timeline", i, "do"))]
        reporter.error(where, message, allowed=ROTATIONS, related=related)
    about = spread or (action.key,)
    if table.key is not None and action.key and not {*registry.keys_of(table.key)} <= {*about}:
        other = registry.family(action.key) if spread else action.key
        message = f'"{table.of}" is about another key, {other}'
        reporter.conflict(message, where, (*path, "key"))


def _check_time(table: ExpectTable, file: ScenarioFile, registry: Registry, path: KeyPath) -> None:
    whole = [name for name in _WHOLE if getattr(table, name) is not None]
    for moment in ("at", "within"):
        if whole and getattr(table, moment) is not None:
            message = f"{whole[0]} is about the end of the run: leave {moment} out"
            registry.reporter.conflict(message, (*path, moment), (*path, whole[0]))
    if table.at is None:
        return
    if table.within is not None:
        message = "either at or within, not both"
        registry.reporter.conflict(message, (*path, "within"), (*path, "at"))
    if file.run.duration is not None and table.at > file.run.duration:
        message = "the run is over by then"
        registry.reporter.conflict(message, (*path, "at"), ("run", "duration"))


def _plan(table: ExpectTable, registry: Registry, path: KeyPath, folder: str) -> ExpectPlan:
    span = registry.reporter.span(path)
    return ExpectPlan(
        key=table.key,
        validator=table.validator,
        ceremony=table.ceremony,
        reason=table.reason,
        attempts=table.attempts,
        qual=_names(table.qual, registry, (*path, "qual")),
        excluded=_names(table.excluded, registry, (*path, "excluded")),
        faults=_faults(table.faults, catalogue.proven(), registry, (*path, "faults")),
        faults_include=_faults(
            table.faults_include,
            catalogue.proven() + catalogue.UNPROVEN,
            registry,
            (*path, "faults_include"),
        ),
        disputes=_disputes(table.disputes, registry, (*path, "disputes")),
        status=table.status,
        generation=table.generation,
        era=table.era,
        rotation=table.rotation,
        rotations=table.rotations,
        public_key=table.public_key,
        signs=table.signs,
        using=None if table.using is None else tuple(sorted(map(_share, table.using))),
        exposed=table.exposed,
        signings=table.signings,
        refused=table.refused,
        of=table.of or "",
        shareless=table.shareless,
        injected=table.injected,
        violates=table.violates,
        sometimes=table.sometimes,
        within_us=table.within,
        at_us=table.at,
        file=_relative(span.file, folder),
        line=span.line,
    )


def _share(text: str) -> tuple[str, int]:
    name, _, generation = text.partition("@")
    return name, int(generation)


def _relative(file: str, folder: str) -> str:
    """Return `file` seen from `folder`, so that a plan doesn't depend on where it is made."""
    if file in (SET_FILE, WITH_FILE):
        return file
    return os.path.relpath(file, folder)


def _names(
    names: Sequence[str] | None, registry: Registry, path: KeyPath
) -> tuple[str, ...] | None:
    """Return validators' names in the order of the registry."""
    if names is None:
        return None
    known = {registry.position(name, (*path, i)) for i, name in enumerate(names)}
    return tuple(registry.names[v] for v in sorted(v for v in known if v is not None))


def _faults(
    tables: Sequence[FaultTable] | None,
    allowed: tuple[str, ...],
    registry: Registry,
    path: KeyPath,
) -> tuple[tuple[str, str], ...] | None:
    if tables is None:
        return None
    for i, table in enumerate(tables):
        registry.position(table.validator, (*path, i, "validator"))
        where = (*path, i, "fault")
        if table.fault in allowed:
            continue
        if table.fault in catalogue.UNPROVEN:
            message = f"{table.fault} is never proven: expect it by faults_include or excluded"
            registry.reporter.error(where, message)
        else:
            message = f'unknown fault "{table.fault}"'
            registry.reporter.error(where, message, wrong=table.fault, allowed=allowed)
    return tuple(sorted({(table.validator, table.fault) for table in tables}))


def _disputes(
    tables: Sequence[DisputeTable] | None, registry: Registry, path: KeyPath
) -> tuple[tuple[str, str, str], ...] | None:
    if tables is None:
        return None
    for i, table in enumerate(tables):
        registry.position(table.dealer, (*path, i, "dealer"))
        registry.position(table.accuser, (*path, i, "accuser"))
    return tuple(sorted({(table.dealer, table.accuser, table.kind) for table in tables}))
