"""Read a decision table from TOML text, refusing everything that is not exactly of the declared type.

Decimals are written as text, because a number in TOML is a binary float; a missing cell is a blank and refused. Every complaint
names the file, the row and the cell, so that the person who typed it can find it.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypeVar

from purveyor.core.errors import PurveyorError
from purveyor.core.policy.table import (
    BANDED,
    REFERENCED,
    AnyValue,
    Band,
    Cell,
    HitPolicy,
    InputColumn,
    InputType,
    OneOf,
    OutputColumn,
    OutputType,
    OutputValue,
    Row,
    Table,
    Truth,
)

PLAIN_DECIMAL: Final = re.compile(r"-?\d{1,15}(\.\d{1,6})?")
PLAIN_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,40}")
CURRENCY: Final = re.compile(r"[A-Z]{3}")
TABLE_KEYS: Final = frozenset({"key", "purpose", "hit", "priority", "inputs", "outputs", "rows"})
INPUT_KEYS: Final = frozenset({"type", "unit", "currency", "values", "at_least"})
OUTPUT_KEYS: Final = frozenset({"type", "unit", "values", "optional"})
Word = TypeVar("Word", bound=StrEnum)


class InvalidPolicy(PurveyorError):
    """The policy table cannot be used; the file, the row and the cell are named."""

    code = "invalid_policy"


class _Place:
    """Where in which file we are, so that a complaint can say it."""

    def __init__(self, file: str, row: str | None = None, cell: str | None = None) -> None:
        self.file, self.row, self.cell = file, row, cell

    def at(self, cell: str) -> _Place:
        return _Place(self.file, self.row, cell)

    def wrong(self, reason: str) -> InvalidPolicy:
        where = {"file": self.file, "row": self.row, "cell": self.cell}
        return InvalidPolicy(**{name: value for name, value in where.items() if value is not None}, reason=reason)


def read_table(text: str, file: str) -> Table:
    """Read one table; raise InvalidPolicy naming file, row and cell."""
    place = _Place(file)
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise place.wrong(f"not readable as TOML: {error}") from error
    _only(raw, TABLE_KEYS, place)
    inputs = tuple(_input(name, spec, place.at(f"inputs.{name}")) for name, spec in _mapping(raw, "inputs", place).items())
    outputs = tuple(_output(name, spec, place.at(f"outputs.{name}")) for name, spec in _mapping(raw, "outputs", place).items())
    shared = {column.name for column in inputs} & {column.name for column in outputs}
    if shared:
        raise place.at(min(shared)).wrong("is an input and an output at once")
    hit = _word(HitPolicy, raw.get("hit"), place.at("hit"))
    priority = _texts(raw.get("priority", []), place.at("priority"))
    if (hit is HitPolicy.MOST_SPECIFIC) != bool(priority) or not set(priority) <= {column.name for column in inputs}:
        raise place.at("priority").wrong("names input columns in order, and belongs to most_specific tables only")
    rows = tuple(_row(raw_row, inputs, outputs, place) for raw_row in _list(raw.get("rows"), place.at("rows")))
    ids = [row.id for row in rows]
    if len(set(ids)) != len(ids):
        raise place.at("rows").wrong(f"row id {next(name for name in ids if ids.count(name) > 1)} is used twice")
    key = _text(raw.get("key"), place.at("key"))
    return Table(key, _text(raw.get("purpose"), place.at("purpose")), hit, inputs, outputs, rows, priority)


def _input(name: str, spec: Any, place: _Place) -> InputColumn:
    _only(_table(spec, place), INPUT_KEYS, place)
    kind = _word(InputType, spec.get("type"), place.at(f"inputs.{name}.type"))
    if not PLAIN_NAME.fullmatch(name):
        raise place.wrong("a column is named in small letters, digits and underscores")
    unit = spec.get("currency") if kind is InputType.MONEY else spec.get("unit")
    if kind is InputType.MONEY and (not isinstance(unit, str) or not CURRENCY.fullmatch(unit)):
        raise place.wrong("a band of money needs its currency, for example USD")
    if kind is InputType.DECIMAL and not isinstance(unit, str):
        raise place.wrong("a band of decimals needs its unit, for example percent")
    values = _texts(spec.get("values", []), place)
    if values and kind not in REFERENCED:
        raise place.wrong("only references have a list of values")
    low = spec.get("at_least")
    if low is not None and kind not in BANDED:
        raise place.wrong("only bands begin somewhere")
    return InputColumn(name, kind, unit, values, None if low is None else _decimal(low, place))


def _output(name: str, spec: Any, place: _Place) -> OutputColumn:
    _only(_table(spec, place), OUTPUT_KEYS, place)
    kind = _word(OutputType, spec.get("type"), place)
    unit, optional = spec.get("unit"), spec.get("optional", False)
    if kind in (OutputType.DECIMAL, OutputType.DECIMALS) and not isinstance(unit, str):
        raise place.wrong("a decimal needs its unit, for example percent")
    if not isinstance(optional, bool) or not PLAIN_NAME.fullmatch(name):
        raise place.wrong("needs a plain name, and optional is true or false")
    return OutputColumn(name, kind, unit, _texts(spec.get("values", []), place), optional)


def _row(raw: Any, inputs: Sequence[InputColumn], outputs: Sequence[OutputColumn], file: _Place) -> Row:
    name = raw.get("id") if isinstance(raw, Mapping) else None
    if not isinstance(name, str) or not name:
        raise file.at("rows").wrong("every row needs an id")
    place = _Place(file.file, name)
    _only(raw, {"id", *(column.name for column in inputs), *(column.name for column in outputs)}, place)
    cells = tuple(_cell(column, raw.get(column.name), place.at(column.name)) for column in inputs)
    answers = {column.name: _answer(column, raw.get(column.name), place.at(column.name)) for column in outputs}
    return Row(name, cells, answers)


def _cell(column: InputColumn, raw: Any, place: _Place) -> Cell:
    if raw is None:
        raise place.wrong('is blank; write "any" when every value is meant')
    if raw == "any":
        return AnyValue()
    if column.type in BANDED:
        return _band(column, raw, place)
    if column.type is InputType.BOOLEAN:
        if not isinstance(raw, bool):
            raise place.wrong(f"{raw!r} is neither true nor false")
        return Truth(raw)
    references = _texts([raw] if isinstance(raw, str) else raw, place)
    unknown = set(references) - set(column.values) if column.values else set()
    if unknown or not references:
        raise place.wrong(f"{min(unknown, default='an empty list')} is not among the values of the column")
    return OneOf(frozenset(references))


def _band(column: InputColumn, raw: Any, place: _Place) -> Band:
    _only(_table(raw, place), {"at_least", "below"}, place)
    whole = column.type is InputType.INTEGER
    low, high = (None if raw.get(name) is None else _number(raw[name], whole, place) for name in ("at_least", "below"))
    if low is None and high is None:
        raise place.wrong('a band needs a limit; write "any" when there is none')
    if low is not None and high is not None and low >= high:
        raise place.wrong(f"the band from {low} to below {high} is empty")
    return Band(low, high)


def _number(raw: Any, whole: bool, place: _Place) -> Decimal:
    if not whole:
        return _decimal(raw, place)
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise place.wrong(f"{raw!r} is not a whole number")
    return Decimal(raw)


def _answer(column: OutputColumn, raw: Any, place: _Place) -> OutputValue:
    if raw is None:
        if column.optional:
            return None
        raise place.wrong("is blank; zero, none and an empty list must be written")
    match column.type:
        case OutputType.DECIMAL:
            return _decimal(raw, place)
        case OutputType.DECIMALS:
            return tuple(_decimal(item, place) for item in _list(raw, place))
        case OutputType.INTEGER:
            return int(_number(raw, True, place))
        case OutputType.BOOLEAN:
            if not isinstance(raw, bool):
                raise place.wrong(f"{raw!r} is neither true nor false")
            return raw
        case OutputType.REFERENCE:
            return _known((_text(raw, place),), column, place)[0]
        case _:
            return _known(_texts(raw, place), column, place)


def _known(references: tuple[str, ...], column: OutputColumn, place: _Place) -> tuple[str, ...]:
    unknown = set(references) - set(column.values) if column.values else set()
    if unknown:
        raise place.wrong(f"{min(unknown)} is not among the values of the column")
    return references


def _decimal(raw: Any, place: _Place) -> Decimal:
    if not isinstance(raw, str) or not PLAIN_DECIMAL.fullmatch(raw):
        raise place.wrong(f'{raw!r} is not a decimal written as text like "1000.00", without thousands separators')
    return Decimal(raw)


def _only(raw: Mapping[str, Any], known: frozenset[str] | set[str], place: _Place) -> None:
    unknown = sorted(set(raw) - known)
    if unknown:
        raise place.at(unknown[0]).wrong("nothing here has this name")


def _word(words: type[Word], raw: Any, place: _Place) -> Word:
    try:
        return words(raw)
    except ValueError:
        raise place.wrong(f"{raw!r} is none of {', '.join(words)}") from None


def _mapping(raw: Mapping[str, Any], name: str, place: _Place) -> Mapping[str, Any]:
    return _table(raw.get(name, {}), place.at(name))


def _table(raw: Any, place: _Place) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise place.wrong("must be a table of names and values")
    return raw


def _list(raw: Any, place: _Place) -> list[Any]:
    if not isinstance(raw, list):
        raise place.wrong("must be a list")
    return raw


def _text(raw: Any, place: _Place) -> str:
    if not isinstance(raw, str) or not raw.strip():
        raise place.wrong("must be a text that is not empty")
    return raw


def _texts(raw: Any, place: _Place) -> tuple[str, ...]:
    texts = tuple(_text(item, place) for item in _list(raw, place))
    if len(set(texts)) != len(texts):
        raise place.wrong("names the same thing twice")
    return texts
