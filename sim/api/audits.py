"""Queries of the key-usage audit log: which keys signed what, when, and at whose request.

The log isn't stored in blocks; it follows from them, so that reading it verifies the whole ledger.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from sim.api.catalogue import using
from sim.api.ledgers import Ledger, ledger_bytes
from sim.api.records import Record
from sim.api.runs import Run
from sim.scenario.quantities import QuantityError, parse_duration

if TYPE_CHECKING:
    from sim.kchain.audit import AuditEntry
    from sim.kchain.state import ChainState

REFUSED: Final = "refused"
"""Stands for every outcome of a request that was not let through."""

CHAIN: Final = "K-chain"
"""The requester of sessions that the chain itself opens: trials and endorsements."""

REASONS: Final = (
    "KeyNotFound",
    "KeyNotActive",
    "KeyRetired",
    "SignsNothing",
    "Unauthorized",
    "PolicyExpired",
    "PolicyViolation",
    "ReservedId",
    "Duplicate",
    "QuorumUnreachable",
)
"""Why requests are refused."""

_HEX_MIN: Final = 8
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class AuditError(ValueError):
    """A query that makes no sense for this ledger.

    Attributes:
        option: ``key``, ``by``, ``since``, ``until`` or ``outcome``.
        suggestion: What was probably meant, or None.

    """

    def __init__(self, option: str, message: str, suggestion: str | None = None) -> None:
        self.option = option
        self.suggestion = suggestion
        hint = f'; did you mean "{suggestion}"?' if suggestion else ""
        super().__init__(f"{message}{hint}")


class AuditLine(Record, frozen=True):
    """One line of the audit log: a session that is over, or a request that was refused.

    Attributes:
        height: Of the block that closed the session or refused the request.
        time_us: Virtual time of that block, µs; `at` is its date and time, UTC, ISO 8601.
        key: The key's name, as the request gives it.
        era: Of the generation that signed, or would have; 0 if the key has none.
        generation: Whose shares signed, or would have.
        requester: The account that asked, hex; zeros for the chain itself.
        by: Its name: ``K-chain``, a principal of the scenario, ``owner`` where the ledger alone
            is known, or a validator; empty if nobody knows it.
        session: The session's id.
        context: What was signed for.
        message_hash: SHA-256 of the message, hex.
        signers: Names, by share index.
        outcome: ``signed``, ``failed``, ``expired``, or why it was refused.
        bad: Names of signers whose partials were proven bad.

    """

    height: int
    time_us: int
    at: str
    key: str
    era: int
    generation: int
    requester: str
    by: str
    session: str
    context: str
    message_hash: str
    signers: tuple[str, ...]
    outcome: str
    bad: tuple[str, ...]

    @property
    def refused(self) -> bool:
        """Whether the request was not let through."""
        return self.outcome not in _ended()


def audit(
    ledger: Run | Ledger | bytes | str | Path,
    key: str | None = None,
    by: str | None = None,
    since: str | None = None,
    until: str | None = None,
    outcome: str | None = None,
    use: Sequence[str] = (),
) -> list[AuditLine]:
    """Return the lines of the audit log that fit, in the order of the ledger.

    Args:
        ledger: A run, its ledger, the ledger's bytes or file, or a run's folder. Principals have
            names where the scenario is known: from a run, its folder, or a file in its folder.
        key: A key's name.
        by: Who asked: a name, or at least 8 hex digits of an account.
        since: The first height (``h1234``), virtual time (``3d``), or date and time
            (``2026-02-01T12:00Z``, UTC unless it says otherwise) that counts.
        until: The last one, alike, inclusive.
        outcome: ``signed``, ``failed``, ``expired``, ``refused`` for every refusal, or a reason.
        use: As for `verify`.

    Raises:
        ScenarioError: An extension in `use` can't be loaded.
        AuditError: An argument that means nothing here; the error suggests what could be meant.
        LedgerError: The first block or offset at which a rule is broken.
        FolderError: A folder without exactly one run.
        OSError: The file can't be read.

    """
    from sim.kchain.verify import verify_ledger

    bounds = [_bound("since", since), _bound("until", until)]
    with using(use):
        state = verify_ledger(_bytes(ledger)).state
    names = {**_known(state), **_declared(ledger)}
    lines = [_line(state, names, entry) for entry in state.audit]
    checks: list[Callable[[AuditLine], bool]] = [_within(state, *bounds)]
    if key is not None:
        _check("key", key, {*state.keys, *(line.key for line in lines)})
        checks.append(lambda line: line.key == key)
    if by is not None:
        checks.append(_asked_by(by, names.values(), lines))
    if outcome is not None:
        _check("outcome", outcome, {*_ended(), REFUSED, *REASONS, *(e.outcome for e in lines)})
        checks.append(lambda line: line.refused if outcome == REFUSED else line.outcome == outcome)
    return [line for line in lines if all(check(line) for check in checks)]


def _ended() -> tuple[str, ...]:
    from sim.protocol.signing_events import OUTCOMES

    return OUTCOMES


def _bytes(ledger: Run | Ledger | bytes | str | Path) -> bytes:
    return bytes(ledger.ledger()) if isinstance(ledger, Run) else ledger_bytes(ledger)


# Names


def _known(state: ChainState) -> dict[bytes, str]:
    """Return the names that the ledger itself gives to accounts."""
    from sim.protocol.signing_task import NOBODY

    names = {NOBODY: CHAIN}
    owners = {key.owner: name for name, key in state.keys.items()}
    for owner, key in owners.items():
        names[owner] = "owner" if len(owners) == 1 else f"owner of {key}"
    return {**names, **{i: entry.name for i, entry in state.registry.by_identity.items()}}


def _declared(ledger: Run | Ledger | bytes | str | Path) -> Mapping[bytes, str]:
    """Return the scenario's names of principals; none if the scenario isn't known."""
    from sim.world.folder import PLAN, RunFolder
    from sim.world.principals import principal_names

    if isinstance(ledger, Run):
        return principal_names(ledger.plan())
    if isinstance(ledger, str | Path):
        path = Path(ledger)
        if path.is_dir():
            return principal_names(RunFolder.find(path).plan())
        if (path.parent / PLAN).is_file():
            return principal_names(RunFolder.find(path.parent).plan())
    return {}


def _line(state: ChainState, names: Mapping[bytes, str], entry: AuditEntry) -> AuditLine:
    at = _EPOCH + timedelta(microseconds=entry.time_us)
    return AuditLine(
        height=entry.height,
        time_us=entry.time_us - state.genesis.time_us,
        at=at.isoformat().replace("+00:00", "Z"),
        key=entry.key,
        era=entry.era,
        generation=entry.generation,
        requester=entry.requester.hex(),
        by=names.get(entry.requester, ""),
        session=entry.signing,
        context=entry.context,
        message_hash=entry.message_hash.hex(),
        signers=_signers(state, entry),
        outcome=entry.outcome,
        bad=entry.bad,
    )


def _signers(state: ChainState, entry: AuditEntry) -> tuple[str, ...]:
    if not entry.signers:
        return ()
    of = (entry.era, entry.generation)
    records = state.generations(entry.key)
    committee = next(r.committee for r in records if (r.era, r.generation) == of)
    return tuple(committee[index - 1] for index in entry.signers)


# What was asked for


def _check(option: str, asked: str, known: Iterable[str]) -> None:
    allowed = sorted(known)
    if asked in allowed:
        return
    near = difflib.get_close_matches(asked, allowed, n=1)
    listed = f" (it has {', '.join(allowed)})" if allowed else ""
    raise AuditError(option, f'no {option} "{asked}"{listed}', near[0] if near else None)


def _asked_by(
    by: str, names: Collection[str], lines: Iterable[AuditLine]
) -> Callable[[AuditLine], bool]:
    if by in names:
        return lambda line: line.by == by
    prefix = by.lower()
    if len(prefix) >= _HEX_MIN and re.fullmatch(r"[0-9a-f]+", prefix):
        return lambda line: line.requester.startswith(prefix)
    asked = sorted({line.by for line in lines if line.by} | set(names))
    near = difflib.get_close_matches(by, asked, n=1)
    seen = sorted({line.by or line.requester[:_HEX_MIN] for line in lines})
    raise AuditError(
        "by",
        f'nobody is called "{by}" here, and it isn\'t {_HEX_MIN} or more hex digits of an account '
        f"(requests came from {', '.join(seen) or 'nobody'})",
        near[0] if near else None,
    )


class _Bound(NamedTuple):
    """One end of a range: a height, a virtual time, or a Unix time, µs."""

    unit: str
    value: int


def _bound(option: str, text: str | None) -> _Bound | None:
    if text is None:
        return None
    if re.fullmatch(r"h\d{1,18}", text, re.ASCII):
        return _Bound("height", int(text[1:]))
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        pass
    else:
        aware = at if at.tzinfo is not None else at.replace(tzinfo=UTC)
        return _Bound("date", (aware - _EPOCH) // timedelta(microseconds=1))
    try:
        return _Bound("virtual", parse_duration(text))
    except QuantityError as error:
        meant = f"h{text}" if re.fullmatch(r"\d{1,18}", text, re.ASCII) else error.suggestion
        raise AuditError(
            option,
            f'"{text}" is no height (h1234), virtual time (3d) or date (2026-02-01T12:00Z)',
            meant,
        ) from None


def _within(
    state: ChainState, since: _Bound | None, until: _Bound | None
) -> Callable[[AuditLine], bool]:
    genesis_us = state.genesis.time_us

    def place(line: AuditLine, unit: str) -> int:
        values: dict[str, Any] = {"height": line.height, "virtual": line.time_us}
        return int(values.get(unit, genesis_us + line.time_us))

    if since is not None and until is not None and since.unit == until.unit and since > until:
        raise AuditError("since", "it is after the end of the range")
    return lambda line: (
        (since is None or place(line, since.unit) >= since.value)
        and (until is None or place(line, until.unit) <= until.value)
    )
