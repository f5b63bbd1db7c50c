"""What somebody who chooses a committee knows, and asks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Final, cast

from sim.protocol.selection import WEIGHT_LIMIT
from sim.scenario.quantities import QuantityError
from sim.study.advice.quantities import parse_chance, parse_shape
from sim.study.oracles.capture import Holders, Stakes, malicious_places, pareto_stakes

SCHEMES: Final = ("ED25519", "SECP256K1", "BLS")
PROTOCOLS: Final = ("pedersen", "gjkr", "commit-reveal", "frost")
FORMS: Final = ("evaluation", "coefficient")
HOLDERS: Final[tuple[Holders, ...]] = ("few", "many", "random")

VALIDATORS_MAX: Final = 10_000
SIZE_MAX: Final = 512
"""Largest committee that is considered: larger ones cost more than anybody would pay."""


class AdviceError(ValueError):
    """The question makes no sense; the message says what would."""


@dataclass(frozen=True)
class Request:
    """What is known, and asked.

    Attributes:
        stake: As it was written: ``equal``, ``pareto:SHAPE`` or a file's name.
        weights: Stakes by place, each at least 1.
        malicious: Share of the stake that is malicious.
        holders: Who has it: ``few`` large ones, ``many`` small ones, or ``random`` ones.
        offline: Chance that an honest validator is offline while a ceremony lasts.
        loss: Chance that a packet is lost.
        committees: Drawn per epoch.
        epochs: In which they are drawn anew.
        failure: Budget: the chance, over all committees and epochs, that one is captured.
        stall: The chance, per draw, that the committee can't finish a ceremony.
        scheme: Of the key.
        protocol: That creates it.
        form: Of the commitments.
        seed: Of Pareto stakes, of `random` holders, and of the draws that confirm.
        block_time_ms: Of the ledger.

    """

    stake: str
    weights: tuple[int, ...]
    malicious: Fraction
    holders: Holders
    offline: Fraction
    loss: Fraction
    committees: int
    epochs: int
    failure: Fraction
    stall: Fraction
    scheme: str = "ED25519"
    protocol: str = "pedersen"
    form: str = "evaluation"
    seed: int = 1
    block_time_ms: int = 2_000

    @property
    def draws(self) -> int:
        """How many committees are drawn in all: what the union bound is over."""
        return self.committees * self.epochs

    @property
    def malicious_words(self) -> str:
        """Who is malicious, in words."""
        who = {"few": "few large", "many": "many small", "random": "random"}[self.holders]
        return f"{float(100 * self.malicious):.4g} % of the stake malicious, {who} holders"

    def stakes(self, share: Fraction | None = None) -> Stakes:
        """Return who has what, with `share` of it malicious instead of what was asked about."""
        chosen = self.malicious if share is None else share
        places = malicious_places(self.weights, chosen, self.holders, self.seed)
        return Stakes(self.weights, places)


def request(
    *,
    validators: int | None,
    malicious: str,
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
) -> Request:
    """Return the request that these words make.

    Args:
        validators: How many; may be None if `stake` is a file.
        malicious: Their share of the stake, below 1.
        malicious_holders: One of `HOLDERS`.
        stake: ``equal``, ``pareto:SHAPE``, or a file with a whole number per line.
        offline: See `Request`; and so on.
        loss: See there.
        committees: See there.
        epochs: See there.
        failure: See there; above 0.
        stall: See there; `failure` over the number of draws if None, so that it holds for all.
        scheme: One of `SCHEMES`.
        protocol: One of `PROTOCOLS`.
        commitments: One of `FORMS`; by default what the protocol takes, evaluation if both.
        seed: See there.

    Raises:
        AdviceError: Something is out of range, or contradicts something else.

    """
    try:
        chances = {
            "malicious": parse_chance(malicious, "--malicious"),
            "offline": parse_chance(offline, "--offline"),
            "loss": parse_chance(loss, "--loss"),
            "failure": parse_chance(failure, "--failure"),
            "stall": parse_chance("1" if stall is None else stall, "--stall"),
        }
        weights = _weights(stake, validators, seed)
    except QuantityError as error:
        raise AdviceError(str(error)) from None
    for name in ("malicious", "offline", "loss"):
        if chances[name] == 1:
            raise AdviceError(f"--{name} must be below 1: nothing can be done without anybody")
    for name in ("failure", "stall"):
        if chances[name] == 0:
            raise AdviceError(f"--{name} must be above 0: no draw is certain; try 2^-40")
    for name, count in (("committees", committees), ("epochs", epochs)):
        if count < 1:
            raise AdviceError(f"--{name} must be at least 1, not {count}")
    if stall is None:
        chances["stall"] = chances["failure"] / (committees * epochs)
        if float(chances["stall"]) == 0:
            raise AdviceError("--failure over all draws is too small to compute with; try 2^-40")
    _one_of("--malicious-holders", malicious_holders, HOLDERS)
    _one_of("--scheme", scheme, SCHEMES)
    _one_of("--protocol", protocol, PROTOCOLS)
    form = commitments or ("coefficient" if protocol == "frost" else "evaluation")
    _one_of("--commitments", form, FORMS)
    if protocol == "frost" and form != "coefficient":
        raise AdviceError("frost commits in coefficient form alone")
    return Request(
        stake=stake,
        weights=weights,
        holders=cast("Holders", malicious_holders),
        committees=committees,
        epochs=epochs,
        scheme=scheme,
        protocol=protocol,
        form=form,
        seed=seed,
        malicious=chances["malicious"],
        offline=chances["offline"],
        loss=chances["loss"],
        failure=chances["failure"],
        stall=chances["stall"],
    )


def _one_of(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise AdviceError(f'{name} is one of {", ".join(allowed)}, not "{value}"')


def _weights(stake: str, validators: int | None, seed: int) -> tuple[int, ...]:
    kind, _, shape = stake.partition(":")
    if kind in ("equal", "pareto"):
        if validators is None:
            raise AdviceError("--validators is missing: how many there are")
        _check_count(validators)
        if kind == "equal":
            if stake != kind:
                raise AdviceError(f'--stake equal has nothing after it, not "{stake}"')
            return (1,) * validators
        return pareto_stakes(validators, parse_shape(shape), seed)
    weights = _read(Path(stake))
    if validators is not None and validators != len(weights):
        raise AdviceError(f"--validators is {validators}, but {stake} has {len(weights)} stakes")
    _check_count(len(weights))
    if sum(weights) >= WEIGHT_LIMIT:
        raise AdviceError(f"{stake}: the stakes add up to more than 2^64 − 1")
    return weights


def _check_count(validators: int) -> None:
    if not 4 <= validators <= VALIDATORS_MAX:
        raise AdviceError(f"--validators is 4 to {VALIDATORS_MAX:,}, not {validators}")


def _read(path: Path) -> tuple[int, ...]:
    """Return the stakes in a file: a whole number per line, the last one of comma-separated ones.

    Empty lines, and lines that begin with ``#``, don't count.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise AdviceError(f"--stake is equal, pareto:SHAPE or a file; {path}: {reason}") from None
    weights = []
    for number, line in enumerate(lines, start=1):
        text = line.split(",")[-1].strip()
        if not text or line.lstrip().startswith("#"):
            continue
        if not re.fullmatch(r"[1-9]\d{0,18}", text, re.ASCII):
            raise AdviceError(f'{path}:{number}: a stake is a whole number from 1, not "{text}"')
        weights.append(int(text))
    return tuple(weights)
