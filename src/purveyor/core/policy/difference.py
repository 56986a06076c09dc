"""What changed between two versions of a table, told per row id and cell (governance.md 1.4)."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from purveyor.core.canonical import plain_decimal
from purveyor.core.policy.table import InputColumn, OutputColumn, OutputValue, Row, Table

TABLE = ""
"""Stands where a row id would stand, for what concerns the whole table."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One change: the row (empty: the table itself), the column (None: the whole row) and both values; None is absent."""

    row: str
    column: str | None
    before: str | None
    after: str | None


def differences(before: Table, after: Table) -> tuple[Difference, ...]:
    """Return every change, the table's own first, then row by row as they stand in the newer version, then rows taken out.

    Two tables without a difference have the same version id.
    """
    old, new = _rows(before), _rows(after)
    kept = [name for name in new if name in old]
    return (
        *_compared(TABLE, _settings(before), _settings(after)),
        *(change for name in new for change in _row_changes(name, old.get(name), new[name])),
        *(Difference(name, None, name, None) for name in old if name not in new),
        *_moved([name for name in old if name in new], kept),
    )


def output_text(value: OutputValue) -> str:
    """Write an answer of a table as plain text; several values are separated by commas, none is ``none``."""
    if value is None or value == ():
        return "none"
    if isinstance(value, tuple):
        return ", ".join(output_text(each) for each in value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return plain_decimal(value) if isinstance(value, Decimal) else str(value)


def _row_changes(name: str, old: dict[str, str] | None, new: dict[str, str]) -> tuple[Difference, ...]:
    return (Difference(name, None, None, name),) if old is None else _compared(name, old, new)


def _compared(row: str, old: dict[str, str], new: dict[str, str]) -> tuple[Difference, ...]:
    columns = dict.fromkeys((*old, *new))
    return tuple(
        Difference(row, column, old.get(column), new.get(column)) for column in columns if old.get(column) != new.get(column)
    )


def _moved(old: list[str], new: list[str]) -> tuple[Difference, ...]:
    """Rows that stand in another order: which one comes first decides in some tables."""
    return () if old == new else (Difference(TABLE, "order", ", ".join(old), ", ".join(new)),)


def _rows(table: Table) -> dict[str, dict[str, str]]:
    return {row.id: _cells(table, row) for row in table.rows}


def _cells(table: Table, row: Row) -> dict[str, str]:
    asked = {column.name: str(cell) for column, cell in zip(table.inputs, row.cells, strict=True)}
    return asked | {name: output_text(value) for name, value in row.outputs.items()}


def _settings(table: Table) -> dict[str, str]:
    plain = {"key": table.key, "purpose": table.purpose, "hit": table.hit.value, "priority": ", ".join(table.priority)}
    asked, answered = ({column.name: _column(column) for column in columns} for columns in (table.inputs, table.outputs))
    return plain | asked | answered


def _column(column: InputColumn | OutputColumn) -> str:
    """Write what a column holds; two that are written alike are the same column."""
    words = [column.type.value, column.unit or "", ", ".join(column.values)]
    if isinstance(column, InputColumn):
        words += ["asked", "" if column.at_least is None else f"from {plain_decimal(column.at_least)}"]
    else:
        words += ["answered", "may be blank" if column.optional else ""]
    return " ".join(word for word in words if word)
