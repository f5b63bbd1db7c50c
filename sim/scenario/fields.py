"""The types of values in scenario files: what is accepted, what is said if not, and units."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from sim.scenario import quantities
from sim.scenario.quantities import QuantityError

T = TypeVar("T")

INTEGER_MAX: Final = 2**53 - 1
"""The largest integer that every JSON reader takes."""

NAME_PATTERN: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
"""Names of scenarios, keys and validators: they stand in file names and session labels."""

NAMING_PATTERN: Final = r"[A-Za-z0-9._-]{0,40}\{(:0?[1-9]?d?)?\}[A-Za-z0-9._-]{0,40}"
"""Patterns for the names of validators: one field for the position, as `str.format` has it."""

ID_PATTERN: Final = r"[A-Za-z0-9][A-Za-z0-9._/-]{0,159}"
"""Ids of entries."""

SHARE_PATTERN: Final = rf"{NAME_PATTERN}@[0-9]{{1,6}}"
"""A share: whose, and of which generation."""

HEX_PATTERN: Final = r"[0-9a-f]{2}"
"""One byte."""

NAME_BEGINS: Final = (
    "a letter or digit and has letters, digits, dots, dashes and underscores only, 64 at most"
)
_ID_BEGINS: Final = (
    "a letter or digit and has letters, digits, dots, dashes, underscores and slashes only, "
    "160 at most"
)

HEIGHTS_MAX: Final = 1_000_000
VALIDATORS_MAX: Final = 10_000

SHAPE_MAX: Final = 100
"""Shape above which a Pareto distribution is hardly one any more: all are within 7 %."""


@dataclass(frozen=True)
class Unit:
    """What a number or text counts, for the documentation.

    Attributes:
        name: In words.
        show: Makes the text that a scenario file would have out of a parsed value.
    """

    name: str
    show: Callable[[Any], Any] = lambda value: value


class Table(BaseModel):
    """A table of a scenario file: unknown keys are errors and nothing is converted.

    Validation notes in the context's ``tables`` which model each input table was read as, by
    identity, so that errors can name the keys that would have been allowed.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _note_table(cls, data: Any, info: ValidationInfo) -> Any:
        if isinstance(info.context, dict) and isinstance(data, dict):
            info.context["tables"][id(data)] = cls
        return data


def wrong_value(message: str, suggestion: str | None = None) -> PydanticCustomError:
    """Return the error for a value that is no such thing."""
    # The text is a parameter: pydantic would take braces in it for its own.
    return PydanticCustomError("scenario", "{text}", {"text": message, "suggestion": suggestion})


def kind_of(value: object) -> str:
    """Say what a TOML value is, with its article."""
    match value:
        case bool():
            return "a true/false value"
        case int():
            return "a whole number"
        case float():
            return "a decimal number"
        case str():
            return "text"
        case list() | tuple():
            return "an array"
        case dict():
            return "a table"
        case datetime():
            return "a date and time"
        case _:
            return f"a {type(value).__name__}"


def _text(value: object, what: str, example: str) -> str:
    if isinstance(value, str):
        return value
    meant = None
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= INTEGER_MAX:
        meant = f'"{value}{example}"'
    raise wrong_value(f"{what}, found {kind_of(value)}", meant)


def _quantity(parse: Callable[[str], int], what: str, unit: str) -> Callable[[object], int]:
    def validate(value: object) -> int:
        try:
            return parse(_text(value, what, unit))
        except QuantityError as error:
            meant = None if error.suggestion is None else f'"{error.suggestion}"'
            raise wrong_value(str(error), meant) from None

    return validate


def _duration(text: str) -> int:
    if text.startswith("-"):
        raise QuantityError(f'"{text}" is negative')
    return quantities.parse_duration(text)


def _positive_duration(text: str) -> int:
    duration = _duration(text)
    if duration == 0:
        raise QuantityError(f'"{text}" must be longer than nothing')
    return duration


def _of_pattern(pattern: str, what: str, begins: str) -> Callable[[object], str]:
    def validate(value: object) -> str:
        if not isinstance(value, str):
            raise wrong_value(f"expected {what}, found {kind_of(value)}")
        if not re.fullmatch(pattern, value, re.ASCII):
            raise wrong_value(f"{what} begins with {begins}")
        return value

    return validate


class Undo(NamedTuple):
    """When an action ends: ``after`` it by `us`, or ``at`` the instant `us`."""

    mode: Literal["after", "at"]
    us: int


def _undo(value: object) -> Undo:
    text = _text(value, 'expected text such as "after 45s" or "at 90s"', "")
    match text.split():
        case [("after" | "at") as mode, duration]:
            us = _quantity(_duration if mode == "at" else _positive_duration, "", "")(duration)
            return Undo("after" if mode == "after" else "at", us)
        case _:
            meant = f'"after {text}"' if re.fullmatch(quantities.DURATION_PATTERN, text) else None
            raise wrong_value(f'"{text}" must be "after" a duration or "at" a virtual time', meant)


def _genesis(value: object) -> datetime:
    if not isinstance(value, datetime):
        raise wrong_value(f"expected a date and time, found {kind_of(value)}")
    if value.tzinfo is None:
        raise wrong_value("the time needs an offset, such as a Z at its end")
    if not 1970 <= value.year < 2200:
        raise wrong_value("the year must be in 1970 … 2199")
    return value


def _hex(value: object) -> str:
    text = _text(value, "expected hexadecimal text", "")
    if not re.fullmatch(f"({HEX_PATTERN})*", text, re.ASCII):
        raise wrong_value(f'"{text}" is no hexadecimal text: two digits of 0 … f for each byte')
    return text


def _share(value: object) -> str:
    text = _text(value, 'expected a share such as "v01@0"', "@0")
    if not re.fullmatch(SHARE_PATTERN, text, re.ASCII):
        meant = f'"{text}@0"' if re.fullmatch(NAME_PATTERN, text, re.ASCII) else None
        raise wrong_value(f'"{text}" is no share: a validator and a generation, "v01@0"', meant)
    return text


def _version(value: object) -> int:
    if value is not True and isinstance(value, int) and value == 1:
        return value
    raise wrong_value("this version reads schema = 1", "1")


def _shape(value: object) -> Fraction:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise wrong_value(f"expected a number such as 1.2, found {kind_of(value)}")
    if not 1 <= value <= SHAPE_MAX:
        raise wrong_value(f"the shape must be in 1 … {SHAPE_MAX}")
    return Fraction(str(value))  # the number as it is written, not the nearest binary one


def _show_shape(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def _threshold(value: object) -> int | str:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise wrong_value(
            f'expected a whole number or an expression such as "2n/3+1", found {kind_of(value)}'
        )
    if isinstance(value, int):
        return value
    try:
        quantities.parse_threshold(value, 1, 1)
    except QuantityError as error:
        meant = error.suggestion
        if meant is not None and not meant.isdigit():
            meant = f'"{meant}"'
        raise wrong_value(str(error), meant) from None
    return value


def shape(value: object) -> str:
    """Tell text, arrays and tables apart; the tag never is a bare key, see `validate`."""
    if isinstance(value, dict | BaseModel):
        return "=table"
    return "=list" if isinstance(value, list) else "=text"


def json_text(pattern: str) -> WithJsonSchema:
    """Let the JSON Schema have text of `pattern` here."""
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$"})


Duration = Annotated[
    int,
    PlainValidator(_quantity(_duration, 'expected a duration such as "20ms"', "s")),
    json_text(quantities.DURATION_PATTERN),
    Unit("duration", quantities.format_duration),
]
PositiveDuration = Annotated[
    int,
    PlainValidator(_quantity(_positive_duration, 'expected a duration such as "20ms"', "s")),
    json_text(quantities.DURATION_PATTERN),
    Unit("duration", quantities.format_duration),
]
Rate = Annotated[
    int,
    PlainValidator(_quantity(quantities.parse_rate, 'expected a percentage such as "1%"', "%")),
    json_text(quantities.RATE_PATTERN),
    Unit("percentage of messages", quantities.format_rate),
]
Size = Annotated[
    int,
    PlainValidator(_quantity(quantities.parse_size, 'expected a size such as "1MiB"', "B")),
    json_text(quantities.SIZE_PATTERN),
    Unit("bytes", quantities.format_size),
]
Bandwidth = Annotated[
    int,
    PlainValidator(
        _quantity(quantities.parse_bandwidth, 'expected a bandwidth such as "100Mbit/s"', "Mbit/s")
    ),
    json_text(quantities.BANDWIDTH_PATTERN),
    Unit("bandwidth", quantities.format_bandwidth),
]
UndoAt = Annotated[
    Undo,
    PlainValidator(_undo),
    json_text(f"(after|at) {quantities.DURATION_PATTERN}"),
    Unit('"after" a duration, or "at" a virtual time'),
]
Genesis = Annotated[
    datetime,
    PlainValidator(_genesis),
    WithJsonSchema({"type": "string", "format": "date-time"}),
    Unit("date and time with offset", lambda value: value.isoformat().replace("+00:00", "Z")),
]
Threshold = Annotated[
    int | str,
    PlainValidator(_threshold),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "integer", "minimum": 1},
                {"type": "string", "pattern": f"^{quantities.THRESHOLD_PATTERN}$"},
            ]
        }
    ),
    Unit("shares, or an expression [k]VAR[/d][±c]"),
]
Shape = Annotated[
    Fraction,
    PlainValidator(_shape),
    WithJsonSchema({"type": "number", "minimum": 1, "maximum": SHAPE_MAX}),
    Unit("number", _show_shape),
]
Name = Annotated[
    str,
    BeforeValidator(_of_pattern(NAME_PATTERN, "a name", NAME_BEGINS)),
    json_text(NAME_PATTERN),
    Unit("name"),
]
EntryId = Annotated[
    str,
    BeforeValidator(_of_pattern(ID_PATTERN, "an id", _ID_BEGINS)),
    json_text(ID_PATTERN),
    Unit("id"),
]
HexText = Annotated[
    str,
    PlainValidator(_hex),
    json_text(f"({HEX_PATTERN})*"),
    Unit("hexadecimal digits"),
]
ShareName = Annotated[str, PlainValidator(_share), json_text(SHARE_PATTERN)]
ShortText = Annotated[str, Field(max_length=256), Unit("text")]
Count = Annotated[int, Field(strict=True, ge=0, le=INTEGER_MAX), Unit("count")]
BurstLength = Annotated[int, Field(strict=True, ge=1, le=100), Unit("slots of 20ms")]
Heights = Annotated[int, Field(strict=True, ge=1, le=HEIGHTS_MAX), Unit("heights")]
Positive = Annotated[int, Field(strict=True, ge=1, le=INTEGER_MAX), Unit("count")]
Stake = Annotated[int, Field(strict=True, ge=1, le=INTEGER_MAX)]
SchemaVersion = Annotated[
    int, PlainValidator(_version), WithJsonSchema({"type": "integer", "const": 1}), Unit("number")
]
