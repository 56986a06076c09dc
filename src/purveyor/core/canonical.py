"""Canonical JSON (RFC 8785) for hashing: the same content always gives the same bytes.

Decimals, dates, times and ids are written as strings first, so no binary float can ever enter a hash. Hashing is the commonest
work of the product, so plain types are looked up by their exact type before anything else is asked.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]

_LAST_OF_BASIC_PLANE: Final = "\uffff"


def plain_decimal(value: Decimal) -> str:
    """Write a decimal without exponent and without trailing zeros; 10.50 and 10.5 are the same number."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def _same(value: Any) -> Json:
    plain: Json = value
    return plain


_PLAIN: Final[dict[type, Callable[[Any], Json]]] = {
    type(None): _same,
    bool: _same,
    str: _same,
    int: _same,
    Decimal: plain_decimal,
    UUID: str,
    datetime: datetime.isoformat,
    date: date.isoformat,
}


def to_json(value: object) -> Json:
    """Turn a business value into JSON types; raise TypeError for floats and anything unknown."""
    write = _PLAIN.get(type(value))
    if write is not None:
        return write(value)
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    if isinstance(value, Enum):
        return to_json(value.value)
    if isinstance(value, (dict, Mapping)):  # dict first: asking the abstract class is slow
        return {str(to_json(key)): to_json(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return [to_json(item) for item in sorted(value, key=str)]
    if is_dataclass(value) and not isinstance(value, type):
        return {name: to_json(getattr(value, name)) for name in _field_names(type(value))}
    return _derived(value)


def _derived(value: object) -> Json:
    """Write values of classes derived from plain ones, and other sequences."""
    for kind in type(value).__mro__:
        if kind in _PLAIN:
            return _PLAIN[kind](value)
    if isinstance(value, Sequence):
        return [to_json(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no canonical form")


@lru_cache(maxsize=512)
def _field_names(kind: Any) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def canonical_json(value: object) -> bytes:
    """Serialise a business value by RFC 8785: keys in UTF-16 order, no white space, UTF-8."""
    plain = to_json(value)
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    if not text.isascii() and max(text) > _LAST_OF_BASIC_PLANE:
        # Beyond the basic plane the order of characters is not the order of their UTF-16 units.
        text = _write(plain)
    return text.encode("utf-8")


def _write(value: Json) -> str:
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{_write(key)}:{_write(value[key])}" for key in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(_write(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def digest(value: object) -> str:
    """Return the SHA-256 of the canonical form, as 64 hexadecimal digits."""
    return hashlib.sha256(canonical_json(value)).hexdigest()
