"""JSON in and out of the database without binary floats: decimals are strings, other numbers with a point are Decimal."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from purveyor.core.canonical import canonical_json


def dump_json(value: object) -> str:
    """Write a value as canonical JSON; raises TypeError for floats."""
    return canonical_json(value).decode("utf-8")


def load_json(text: str | bytes) -> Any:
    """Read JSON; numbers with a fraction come back as Decimal."""
    return json.loads(text, parse_float=Decimal)
