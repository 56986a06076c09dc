"""Compile the columns of a table to bitmasks: one bit per row, one mask per value or segment of a band.

A decision is then an AND over a few integers, which keeps policies inside the hot loop of the gate (governance.md 1.2).
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from typing import Final

from purveyor.core.errors import PurveyorError
from purveyor.core.policy.table import (
    PATH_SEPARATOR,
    REFERENCED,
    AnyValue,
    Band,
    InputColumn,
    InputType,
    InputValue,
    OneOf,
    Row,
    Table,
    Truth,
)

OTHER: Final = "(any other)"
"""Stands for every reference that no row names."""


class WrongPolicyInput(PurveyorError):
    """A policy was asked with a value of the wrong type; values are never converted in silence."""

    code = "wrong_policy_input"


@dataclass(frozen=True)
class Column:
    """One compiled input column. ``asking`` are the rows with a concrete cell, ``open_rows`` those that take any value."""

    column: InputColumn
    asking: int
    open_rows: int
    references: Mapping[str, int] = field(default_factory=dict)
    truths: Mapping[bool, int] = field(default_factory=dict)
    edges: tuple[Decimal, ...] = ()
    segments: tuple[int, ...] = ()

    def mask(self, value: InputValue) -> int | None:
        """Return the rows a value passes; None when the value is missing or unknown; raise WrongPolicyInput."""
        if value is None:
            return None
        kind = self.column.type
        if kind in REFERENCED:
            return self._reference_mask(value)
        if kind is InputType.BOOLEAN:
            return self._truth_mask(value)
        return self._band_mask(value)

    def _reference_mask(self, value: InputValue) -> int | None:
        if not isinstance(value, str):
            raise self._wrong(value, "a code")
        if self.column.values and value not in self.column.values:
            return None
        found = self.open_rows
        for node in lineage(value) if self.column.type is InputType.CATEGORY else (value,):
            found |= self.references.get(node, 0)
        return found

    def _truth_mask(self, value: InputValue) -> int:
        if not isinstance(value, bool):
            raise self._wrong(value, "yes or no")
        return self.open_rows | self.truths.get(value, 0)

    def _band_mask(self, value: InputValue) -> int | None:
        whole = self.column.type is InputType.INTEGER
        if isinstance(value, bool) or not isinstance(value, int if whole else Decimal):
            raise self._wrong(value, "a whole number" if whole else "a decimal")
        number = Decimal(value)
        if not number.is_finite() or (self.column.at_least is not None and number < self.column.at_least):
            return None
        return self.segments[bisect_right(self.edges, number)]

    def _wrong(self, value: InputValue, expected: str) -> WrongPolicyInput:
        return WrongPolicyInput(field=self.column.name, expected=expected, actual=type(value).__name__)

    def parts(self) -> list[tuple[str, int, InputValue]]:
        """Cut the domain of the column into parts that behave alike: a word for people, its rows and one value of it."""
        kind = self.column.type
        if kind is InputType.BOOLEAN:
            return [("yes", self._truth_mask(True), True), ("no", self._truth_mask(False), False)]
        if kind in REFERENCED:
            named = self.column.values or (*sorted(self.references), OTHER)
            return [(value, self._reference_mask(value) or 0, value) for value in named]
        return self._band_parts()

    def _band_parts(self) -> list[tuple[str, int, InputValue]]:
        low = self.column.at_least
        edges = [edge for edge in self.edges if low is None or edge > low]
        bounds: list[Decimal | None] = [low, *edges, None]
        parts: list[tuple[str, int, InputValue]] = []
        for begin, end in pairwise(bounds):
            sample = begin if begin is not None else (end - 1 if end is not None else Decimal(0))
            mask = self.segments[bisect_right(self.edges, sample)]
            parts.append((str(Band(begin, end)), mask, sample))
        return parts


def lineage(path: str) -> tuple[str, ...]:
    """Return a category path and all its parents, the deepest first."""
    nodes = path.split(PATH_SEPARATOR)
    return tuple(PATH_SEPARATOR.join(nodes[:depth]) for depth in range(len(nodes), 0, -1))


def compile_columns(table: Table) -> tuple[Column, ...]:
    """Compile every input column of a table."""
    return tuple(_compile(column, position, table.rows) for position, column in enumerate(table.inputs))


def _compile(column: InputColumn, position: int, rows: tuple[Row, ...]) -> Column:
    open_rows = asking = 0
    references: dict[str, int] = {}
    truths: dict[bool, int] = {}
    bands: list[tuple[int, Band]] = []
    for index, row in enumerate(rows):
        cell, bit = row.cells[position], 1 << index
        if isinstance(cell, AnyValue):
            open_rows |= bit
            continue
        asking |= bit
        if isinstance(cell, OneOf):
            references.update({value: references.get(value, 0) | bit for value in cell.values})
        elif isinstance(cell, Truth):
            truths[cell.value] = truths.get(cell.value, 0) | bit
        else:
            bands.append((bit, cell))
    edges = tuple(sorted({edge for _, band in bands for edge in (band.at_least, band.below) if edge is not None}))
    starts: tuple[Decimal | None, ...] = (None, *edges)
    segments = tuple(open_rows | sum(bit for bit, band in bands if _covers(band, start)) for start in starts)
    return Column(column, asking, open_rows, references, truths, edges, segments)


def _covers(band: Band, start: Decimal | None) -> bool:
    """Say whether a band covers the segment that begins at ``start`` (None: the one without lower limit)."""
    if start is None:
        return band.at_least is None
    return (band.at_least is None or band.at_least <= start) and (band.below is None or start < band.below)
