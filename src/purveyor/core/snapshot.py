"""The inputs of a gate report as JSON and back, so that the report can be made again years later, to the byte.

Values are read back by the types of the dataclasses; a field that did not exist when the snapshot was taken gets its default.
"""

from __future__ import annotations

import hashlib
import types
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from typing import Any, Final, TypeVar, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from purveyor.core.canonical import Json, canonical_json, plain_decimal
from purveyor.core.facts import GatePolicy, OrderFacts
from purveyor.core.gate import GateReport, Override, check
from purveyor.core.order import PurchaseOrder

SCHEMA: Final = "purveyor.gate_inputs.v1"


@dataclass(frozen=True, slots=True)
class GateInputs:
    """Everything a gate report is made from."""

    order: PurchaseOrder
    facts: OrderFacts
    policy: GatePolicy
    checked_at: datetime

    def report(self, overrides: tuple[Override, ...] = ()) -> GateReport:
        """Make the report again."""
        return check(self.order, self.facts, self.policy, self.checked_at, overrides)


class Written:
    """What was written before, by identity: checks of one batch share policy, suppliers and items, and each is written once."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[object, Json]] = {}

    def get(self, value: object) -> Json | None:
        """Return what was written for exactly this object."""
        found = self._known.get(id(value))
        return None if found is None else found[1]

    def keep(self, value: object, written: Json) -> Json:
        """Keep what was written; the object is kept too, so that its identity stays taken."""
        self._known[id(value)] = (value, written)
        return written


def snapshot(report: GateReport, written: Written | None = None) -> dict[str, Json]:
    """Return the inputs of a report as JSON types: decimals, ratios, ids and times as strings.

    ``written`` is shared by the reports of one batch; parts of the result are then shared too and are only to be read.
    """
    inputs = GateInputs(report.order, report.facts, report.policy, report.checked_at)
    found = _write(inputs, written or Written())
    assert isinstance(found, dict)
    return {"schema": SCHEMA, **found}


def snapshot_digest(written: Mapping[str, Json]) -> str:
    """Return the SHA-256 of a snapshot in canonical form, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(written)).hexdigest()


def from_snapshot(written: Mapping[str, Any]) -> GateInputs:
    """Read the inputs of a report back; raise ValueError for another schema."""
    if written.get("schema") != SCHEMA:
        raise ValueError(f"snapshot of schema {written.get('schema')!r}, expected {SCHEMA}")
    inputs = _read(GateInputs, written)
    assert isinstance(inputs, GateInputs)
    return inputs


def _write(value: object, written: Written) -> Json:
    write = _SCALARS.get(type(value))
    if write is not None:
        return write(value)
    if isinstance(value, tuple):
        return [_write(item, written) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        known = written.get(value)
        if known is not None:
            return known
        return written.keep(value, {name: _write(getattr(value, name), written) for name in _names(type(value))})
    if isinstance(value, Mapping):
        return {str(_write(key, written)): _write(item, written) for key, item in value.items()}
    if isinstance(value, Enum):
        return str(value.value)
    raise TypeError(f"{type(value).__name__} cannot stand in a snapshot")


def _same(value: Any) -> Json:
    plain: Json = value
    return plain


def _in_utc(value: datetime) -> str:
    return value.astimezone(UTC).isoformat()


_SCALARS: Final[dict[type, Callable[[Any], Json]]] = {
    type(None): _same,
    bool: _same,
    int: _same,
    str: _same,
    Decimal: plain_decimal,
    datetime: _in_utc,
    date: date.isoformat,
    UUID: str,
    Fraction: str,
}


@lru_cache(maxsize=256)
def _names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


@lru_cache(maxsize=256)
def _hints(kind: type) -> dict[str, Any]:
    return get_type_hints(kind)


def _read(hint: Any, value: Any) -> Any:
    """Read a value by its type hint; generic dataclasses such as ``Fact[Item]`` hand their argument on to their fields."""
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return None if value is None else _read(next(kind for kind in arguments if kind is not types.NoneType), value)
    if origin is tuple:
        return tuple(_read(arguments[0], item) for item in value)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {_read(arguments[0], key): _read(arguments[1], item) for key, item in value.items()}
    if is_dataclass(origin or hint):
        return _read_dataclass(origin or hint, arguments, value)
    return _read_scalar(hint, value)


def _read_dataclass(kind: Any, arguments: tuple[Any, ...], value: Mapping[str, Any]) -> Any:
    hints = _hints(kind)
    known = {field.name: hints[field.name] for field in fields(kind) if field.name in value}
    return kind(**{name: _read(arguments[0] if isinstance(hint, TypeVar) else hint, value[name]) for name, hint in known.items()})


def _read_scalar(kind: Any, value: Any) -> Any:
    """Read a single value; keys of mappings come as text even where they are whole numbers."""
    if kind in (datetime, date):
        return kind.fromisoformat(value)
    return kind(value)
