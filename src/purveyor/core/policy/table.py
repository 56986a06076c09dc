"""Decision tables as values: typed columns, rows, hit policy and a version id that is the hash of the content.

There is no expression language and there are no free-text cells, so a table can be proved complete before it is used and a
mistyped cell is refused instead of being read as something else (governance.md 1.2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Final

from purveyor.core.canonical import digest, plain_decimal

PATH_SEPARATOR: Final = "/"


class InputType(StrEnum):
    """What an input column holds; CATEGORY is a tree in which a node includes its descendants."""

    REFERENCE = "reference"
    CATEGORY = "category"
    MONEY = "money"
    DECIMAL = "decimal"
    INTEGER = "integer"
    BOOLEAN = "boolean"


class OutputType(StrEnum):
    """What an output column holds."""

    REFERENCE = "reference"
    REFERENCES = "references"
    DECIMAL = "decimal"
    DECIMALS = "decimals"
    INTEGER = "integer"
    BOOLEAN = "boolean"


class HitPolicy(StrEnum):
    """Which of the matching rows counts."""

    UNIQUE = "unique"
    FIRST = "first"
    MOST_SPECIFIC = "most_specific"
    COLLECT = "collect"


BANDED: Final = (InputType.MONEY, InputType.DECIMAL, InputType.INTEGER)
REFERENCED: Final = (InputType.REFERENCE, InputType.CATEGORY)


@dataclass(frozen=True, slots=True)
class InputColumn:
    """A question the table asks. ``unit`` is a currency for money and a word such as ``percent`` for decimals.

    ``values`` closes a reference column: anything else is unknown. ``at_least`` is where the domain of a band begins.
    """

    name: str
    type: InputType
    unit: str | None = None
    values: tuple[str, ...] = ()
    at_least: Decimal | None = None


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """An answer the table gives; ``values`` lists what a reference may be. A blank is refused unless it is optional."""

    name: str
    type: OutputType
    unit: str | None = None
    values: tuple[str, ...] = ()
    optional: bool = False


@dataclass(frozen=True, slots=True)
class AnyValue:
    """A cell that every known value passes, and a missing one too."""

    def __str__(self) -> str:
        return "any"


@dataclass(frozen=True, slots=True)
class OneOf:
    """A set of references; in a category column each includes its descendants."""

    values: frozenset[str]

    def __str__(self) -> str:
        return ", ".join(sorted(self.values))


@dataclass(frozen=True, slots=True)
class Band:
    """A half-open band: ``at_least`` belongs to it, ``below`` to the next one; None is unlimited."""

    at_least: Decimal | None
    below: Decimal | None

    def __str__(self) -> str:
        low = "unlimited" if self.at_least is None else plain_decimal(self.at_least)
        high = "unlimited" if self.below is None else plain_decimal(self.below)
        return f"[{low}, {high})"


@dataclass(frozen=True, slots=True)
class Truth:
    """A cell that asks for yes or for no."""

    value: bool

    def __str__(self) -> str:
        return "yes" if self.value else "no"


Cell = AnyValue | OneOf | Band | Truth
InputValue = Decimal | int | str | bool | None
OutputValue = Decimal | int | str | bool | tuple[str, ...] | tuple[Decimal, ...] | None


@dataclass(frozen=True)
class Row:
    """One line of a table; the id is stable over versions, so that a difference can be told in words."""

    id: str
    cells: tuple[Cell, ...]
    outputs: Mapping[str, OutputValue]


@dataclass(frozen=True)
class Table:
    """One decision table. ``priority`` orders the columns of a most-specific table, the strongest first."""

    key: str
    purpose: str
    hit: HitPolicy
    inputs: tuple[InputColumn, ...]
    outputs: tuple[OutputColumn, ...]
    rows: tuple[Row, ...]
    priority: tuple[str, ...] = field(default=())

    def content(self) -> dict[str, object]:
        """Return everything that decides, as the version id hashes it."""
        return {
            "key": self.key,
            "purpose": self.purpose,
            "hit": self.hit,
            "priority": list(self.priority),
            "inputs": list(self.inputs),
            "outputs": list(self.outputs),
            "rows": [
                {"id": row.id, "cells": [str(cell) for cell in row.cells], "outputs": dict(row.outputs)} for row in self.rows
            ],
        }

    @cached_property
    def version(self) -> str:
        """SHA-256 of the canonical content, 64 hexadecimal digits."""
        return digest(self.content())

    @cached_property
    def priority_positions(self) -> tuple[int, ...]:
        """Positions of the priority columns among the inputs."""
        return tuple(next(i for i, column in enumerate(self.inputs) if column.name == name) for name in self.priority)
