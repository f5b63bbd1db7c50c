"""Advice: which committee to choose."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import msgspec

from sim.study.advice.request import AdviceError
from sim.study.oracles.lines import OracleLine

if TYPE_CHECKING:
    from sim.study.advice.advise import Advised
    from sim.study.advice.expense import Expense
    from sim.study.advice.frontier import Choice

__all__ = ["Advice", "AdviceError", "Committee", "Remedy", "advise"]


class Committee(msgspec.Struct, frozen=True, kw_only=True):
    """A committee's size with its thresholds, what they come to, and what they cost.

    Attributes:
        n: Members.
        safe: Least t for which capture is within its budget; n + 1 if there is none.
        live: Largest t for which stalling is within its budget with f* = 0; 0 if there is none.
        t: The threshold that all below is about: `safe`, or n.
        faults: f*, to be declared with it.
        capture: P[at least t malicious] in one draw or more, of all: a union bound. Derived.
        stall: P[fewer than t + f* honest members online] in one draw. Derived.
        messages: Private ones of one key's creation: shares, first sent. Derived.
        shares_bytes: Payload that a member sends for it. Derived.
        ledger_bytes: Payload on the ledger. Derived.
        exponentiations: Per member; combinations count their terms. Derived.
        cpu_seconds: Per member, by the `reference` cost model. Modelled.
        seconds: Until activation, if everybody is there. Modelled.
        seconds_absent: The same, if somebody is offline. Modelled.
        seconds_worst: The same, if malicious members use every deadline once. Modelled.

    """

    n: int
    safe: int
    live: int
    t: int
    faults: int
    capture: float
    stall: float
    messages: int
    shares_bytes: int
    ledger_bytes: int
    exponentiations: int
    cpu_seconds: float
    seconds: float
    seconds_absent: float
    seconds_worst: float

    @property
    def works(self) -> bool:
        """Whether some threshold is safe and live."""
        return self.safe <= self.live


class Remedy(msgspec.Struct, frozen=True, kw_only=True):
    """A change of the request after which a committee does, or a smaller one.

    Attributes:
        change: In words.
        n: Members of the smallest committee then.
        t: Its threshold.
        faults: Its f*.

    """

    change: str
    n: int
    t: int
    faults: int


class Advice(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a request.

    Attributes:
        request: What was asked, by name of option; chances as floats.
        malicious_validators: How many validators are malicious.
        draws: Committees of all epochs: what the union bound is over.
        chosen: What is recommended; None if nothing meets the budgets.
        nearest: What is recommended, or comes nearest.
        rows: The frontier: some sizes, ascending.
        remedies: What would help, or make a smaller committee do.
        drawn: Committees of the recommended size that were drawn by the chain's rule.
        captured: How many of those had t malicious members. Measured.
        stalled: How many had fewer than t + f* honest members online. Measured.
        lines: The same as shares of the draws, and chances large enough to be seen in them, beside
            what was computed.
        scenario: A ceremony of one drawn committee, for ``ksim run``; None without recommendation.

    """

    request: dict[str, Any]
    malicious_validators: int
    draws: int
    chosen: Committee | None
    nearest: Committee
    rows: tuple[Committee, ...]
    remedies: tuple[Remedy, ...]
    drawn: int = 0
    captured: int = 0
    stalled: int = 0
    lines: tuple[OracleLine, ...] = ()
    scenario: str | None = None

    @property
    def confirmed(self) -> bool:
        """Whether there is a recommendation, and draws agree with what it rests on."""
        return self.chosen is not None and all(line.agrees and line.decided for line in self.lines)

    @property
    def exit_code(self) -> int:
        """The exit code that ``ksim advise`` gives: 0, or 1 if it isn't `confirmed`."""
        return 0 if self.confirmed else 1

    def exported(self) -> dict[str, Any]:
        """Return it as plain data, with its format's name and version."""
        plain = msgspec.to_builtins(self)
        plain["lines"] = [line.exported() for line in self.lines]
        return {"format": "kchain-advice", "version": 1, **plain, "confirmed": self.confirmed}


def advise(
    *,
    validators: int | None = None,
    malicious: str = "0.25",
    malicious_holders: str = "random",
    stake: str = "equal",
    offline: str = "0",
    loss: str = "0",
    committees: int = 1,
    epochs: int = 1,
    failure: str = "2^-40",
    stall: str | None = None,
    scheme: str = "ED25519",
    protocol: str = "pedersen",
    commitments: str | None = None,
    seed: int = 1,
    processes: int | None = None,
    progress: Callable[[str], None] | None = None,
) -> Advice:
    """Recommend the smallest committee that is safe and live.

    Chances are text: ``0.25``, ``25%``, ``1/4``, ``1e-9``, ``2^-40``.

    Args:
        validators: How many, 4 … 10,000; None if `stake` is a file.
        malicious: Share of the stake that is malicious, below 1.
        malicious_holders: Who has it: ``few`` large ones, ``many`` small ones, or ``random``.
        stake: ``equal``, ``pareto:SHAPE``, or a file with a whole number per line.
        offline: Chance that an honest validator is offline while a ceremony lasts.
        loss: Chance that a packet is lost.
        committees: Drawn per epoch, at least 1.
        epochs: In which they are drawn anew, at least 1.
        failure: Budget for captures, over all committees of all epochs; above 0.
        stall: Chance, per draw, that the committee may be unable to finish a ceremony; if None,
            `failure` over the number of draws, so that the union bound holds for it, too.
        scheme: ``ED25519``, ``SECP256K1`` or ``BLS``.
        protocol: ``pedersen``, ``gjkr``, ``commit-reveal`` or ``frost``.
        commitments: ``evaluation`` or ``coefficient``; what the protocol takes if None.
        seed: Of Pareto stakes, of ``random`` holders, and of the draws that confirm.
        processes: How many share the draws; None is one per core.
        progress: Told what is being worked on.

    Raises:
        AdviceError: Something is out of range, or contradicts something else.
        MissingExtraError: numpy or scipy isn't installed.

    """
    from sim.study.advice.advise import advise as answer
    from sim.study.advice.request import request

    asked = request(
        validators=validators,
        malicious=malicious,
        malicious_holders=malicious_holders,
        stake=stake,
        offline=offline,
        loss=loss,
        committees=committees,
        epochs=epochs,
        failure=failure,
        stall=stall,
        scheme=scheme,
        protocol=protocol,
        commitments=commitments,
        seed=seed,
    )
    return _advice(answer(asked, processes=processes, teller=progress))


def _advice(found: Advised) -> Advice:
    rows = tuple(_committee(choice, cost) for choice, cost in found.rows)
    by_size = {row.n: row for row in rows}
    asked, drawn = found.asked, found.confirmation
    return Advice(
        request={
            "validators": len(asked.weights),
            "malicious": float(asked.malicious),
            "malicious_holders": asked.holders,
            "stake": asked.stake,
            "offline": float(asked.offline),
            "loss": float(asked.loss),
            "committees": asked.committees,
            "epochs": asked.epochs,
            "failure": float(asked.failure),
            "stall": float(asked.stall),
            "scheme": asked.scheme,
            "protocol": asked.protocol,
            "commitments": asked.form,
            "seed": asked.seed,
            "block_time_ms": asked.block_time_ms,
        },
        malicious_validators=found.malicious,
        draws=asked.draws,
        chosen=None if found.choice is None else by_size[found.choice.n],
        nearest=by_size[found.nearest.n],
        rows=rows,
        remedies=tuple(
            Remedy(change=r.change, n=r.choice.n, t=r.choice.t, faults=r.choice.faults)
            for r in found.remedies
        ),
        drawn=0 if drawn is None else drawn.draws,
        captured=0 if drawn is None else drawn.captured,
        stalled=0 if drawn is None else drawn.stalled,
        lines=() if drawn is None else drawn.lines,
        scenario=found.scenario,
    )


def _committee(choice: Choice, cost: Expense) -> Committee:
    return Committee(**asdict(choice), **asdict(cost))
