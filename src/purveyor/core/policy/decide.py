"""Decide by table: AND the masks of the inputs, then let the hit policy choose among the rows that are left.

A missing or unknown input never matches a concrete cell and never gives an automatic outcome: when a row that is otherwise
possible asks for it, the answer is Undecidable and names the field (governance.md 1.2).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from purveyor.core.policy.compile import Column, compile_columns, lineage
from purveyor.core.policy.table import (
    AnyValue,
    Cell,
    HitPolicy,
    InputColumn,
    InputType,
    InputValue,
    OneOf,
    OutputValue,
    Row,
    Table,
)

NO_ROW: Final = "no_row"
OVERLAP: Final = "overlap"


@dataclass(frozen=True)
class Decided:
    """The answer of a table with its trace: the rows that count, the inputs used and the version of the table."""

    table: Table
    rows: tuple[Row, ...]
    inputs: Mapping[str, InputValue]

    @property
    def outputs(self) -> Mapping[str, OutputValue]:
        """The answers of the row that counts."""
        return self.rows[0].outputs

    @property
    def source(self) -> str:
        """Table, rows and version in one word, for findings and events."""
        return f"{self.table.key}:{'+'.join(row.id for row in self.rows) or 'none'}@{self.table.version[:12]}"

    def cells(self) -> dict[str, str]:
        """Return the cells of the row that counts, by column, as people read them."""
        return {column.name: str(cell) for column, cell in zip(self.table.inputs, self.rows[0].cells, strict=True)}


@dataclass(frozen=True)
class Undecidable:
    """The table cannot answer: ``field`` is missing, no row fits (no_row) or two fit equally (overlap). A person decides."""

    table: str
    version: str
    field: str
    rows: tuple[str, ...] = ()


@dataclass(frozen=True)
class CompiledTable:
    """A table ready to answer; compiled once per version."""

    table: Table

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The compiled input columns, in table order."""
        return compile_columns(self.table)

    def decide(self, inputs: Mapping[str, InputValue]) -> Decided | Undecidable:
        """Answer for these inputs; names the table does not ask for are ignored. Raises WrongPolicyInput."""
        possible = (1 << len(self.table.rows)) - 1
        missing: list[Column] = []
        for column in self.columns:
            mask = column.mask(inputs.get(column.column.name))
            if mask is None:
                missing.append(column)
            else:
                possible &= mask
        for column in missing:
            if possible & column.asking:
                return self._undecidable(column.column.name, possible & column.asking)
        used = {column.column.name: inputs.get(column.column.name) for column in self.columns}
        return self._choose(possible, used)

    def _choose(self, possible: int, used: Mapping[str, InputValue]) -> Decided | Undecidable:
        winners = winning_rows(self.table, possible, used)
        if self.table.hit is HitPolicy.COLLECT or len(winners) == 1:
            return Decided(self.table, tuple(self.table.rows[index] for index in winners), used)
        return self._undecidable(OVERLAP if winners else NO_ROW, possible)

    def _undecidable(self, name: str, rows: int) -> Undecidable:
        return Undecidable(self.table.key, self.table.version, name, tuple(self.table.rows[index].id for index in bits(rows)))


def winning_rows(table: Table, possible: int, inputs: Mapping[str, InputValue]) -> list[int]:
    """Return the positions of the rows that count among the possible ones; more than one (without collect) is an overlap."""
    found = list(bits(possible))
    if table.hit is HitPolicy.FIRST:
        return found[:1]
    if table.hit is HitPolicy.MOST_SPECIFIC and len(found) > 1:
        ranks = {index: specificity(table, table.rows[index], inputs) for index in found}
        best = max(ranks.values())
        return [index for index in found if ranks[index] == best]
    return found


def specificity(table: Table, row: Row, inputs: Mapping[str, InputValue]) -> tuple[int, ...]:
    """Rank a matching row by the declared column order: a concrete cell beats any, a deeper category beats its parent."""
    return tuple(_weight(table.inputs[position], row.cells[position], inputs) for position in table.priority_positions)


def _weight(column: InputColumn, cell: Cell, inputs: Mapping[str, InputValue]) -> int:
    value = inputs.get(column.name)
    if isinstance(cell, OneOf) and column.type is InputType.CATEGORY and isinstance(value, str):
        nodes = lineage(value)
        return next(len(nodes) - step for step, node in enumerate(nodes) if node in cell.values)
    return 0 if isinstance(cell, AnyValue) else 1


def bits(mask: int) -> Iterator[int]:
    """Yield the positions of the set bits, the lowest first."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
