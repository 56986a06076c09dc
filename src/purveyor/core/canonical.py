"""Canonical JSON (RFC 8785) for hashing: the same content always gives the same bytes.

Decimals, dates, times and ids are written as strings first, so no binary float can ever enter a hash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

Json = None | bool | int | str | list["Json"] | dict[str, "Json"]


def plain_decimal(value: Decimal) -> str:
    """Write a decimal without exponent and without trailing zeros; 10.50 and 10.5 are the same number."""
    text = format(value, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def to_json(value: object) -> Json:
    """Turn a business value into JSON types; raise TypeError for floats and anything unknown."""
    scalar = _scalar(value)
    if scalar is not None or value is None:
        return scalar
    if isinstance(value, Mapping):
        return {str(to_json(key)): to_json(item) for key, item in value.items()}
    if isinstance(value, (set, frozenset)):
        return [to_json(item) for item in sorted(value, key=str)]
    if isinstance(value, Sequence):
        return [to_json(item) for item in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    raise TypeError(f"{type(value).__name__} has no canonical form")


def _scalar(value: object) -> Json:
    if isinstance(value, Enum):
        return to_json(value.value)
    if isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, Decimal):
        return plain_decimal(value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    return None


def canonical_json(value: object) -> bytes:
    """Serialise a business value by RFC 8785: keys in UTF-16 order, no white space, UTF-8."""
    return _write(to_json(value)).encode("utf-8")


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
