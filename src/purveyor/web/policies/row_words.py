"""Rows of any decision table in words and as a grid, in the reader's language and number format."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from purveyor.core.policy.difference import TABLE, Difference, output_text
from purveyor.core.policy.table import (
    AnyValue,
    Band,
    Cell,
    HitPolicy,
    InputColumn,
    InputType,
    OutputColumn,
    OutputValue,
    Row,
    Table,
)
from purveyor.web import formats
from purveyor.web.i18n import gettext, marked

HIT: Final[dict[HitPolicy, str]] = {
    HitPolicy.UNIQUE: marked("Exactly one row fits every case."),
    HitPolicy.FIRST: marked("The first row that fits decides."),
    HitPolicy.MOST_SPECIFIC: marked("The row that says most about the case decides."),
    HitPolicy.COLLECT: marked("Every row that fits adds its answer."),
}
_NO_LIMIT: Final = "unlimited"
_BAND: Final = re.compile(rf"\[({_NO_LIMIT}|-?[0-9.]+), ({_NO_LIMIT}|-?[0-9.]+)\)")


@dataclass(frozen=True, slots=True)
class RowWords:
    """One row: the sentence, and its cells in the order of the columns, inputs first."""

    id: str
    sentence: str
    cells: tuple[str, ...]


class TableReader:
    """Writes tables for one reader."""

    def __init__(self, locale: str) -> None:
        self._locale = locale
        self._: Callable[[str], str] = gettext(locale)

    def headings(self, table: Table) -> tuple[str, ...]:
        """Return the headings of the grid: what is asked, then what is answered, each with its unit."""
        return (
            *(_named(column.name, column.unit) for column in table.inputs),
            *(_named(each.name, each.unit) for each in table.outputs),
        )

    def rows(self, table: Table) -> list[RowWords]:
        """Return the rows in the order in which they stand."""
        return [self._row(table, row) for row in table.rows]

    def change(self, difference: Difference) -> str:
        """Return one difference as a sentence."""
        values = {
            "row": difference.row,
            "column": (difference.column or "").replace("_", " "),
            "before": self._band(difference.before),
            "after": self._band(difference.after),
        }
        if difference.column is None:
            return (self._("Row %(row)s is new") if difference.before is None else self._("Row %(row)s is gone")) % values
        if difference.row == TABLE:
            values |= {"before": values["before"] or self._("absent"), "after": values["after"] or self._("absent")}
            return self._("The table's %(column)s: %(before)s became %(after)s") % values
        values |= {"before": values["before"] or self._("no such column"), "after": values["after"] or self._("no such column")}
        return self._("%(row)s: %(column)s %(before)s became %(after)s") % values

    def _row(self, table: Table, row: Row) -> RowWords:
        asked = list(zip(table.inputs, row.cells, strict=True))
        told = [f"{_name(column.name)} {self._cell(column, cell)}" for column, cell in asked if not isinstance(cell, AnyValue)]
        answers = [(column, row.outputs[column.name]) for column in table.outputs]
        said = "; ".join(f"{_name(column.name)}: {self._answer(column, value)}" for column, value in answers)
        condition = self._(" and ").join(told) if told else self._("every case")
        sentence = self._("For %(condition)s → %(answers)s") % {"condition": condition, "answers": said}
        cells = (*(self._cell(column, cell) for column, cell in asked), *(self._answer(*answer) for answer in answers))
        return RowWords(row.id, sentence, cells)

    def _cell(self, column: InputColumn, cell: Cell) -> str:
        if isinstance(cell, AnyValue):
            return self._("any")
        if not isinstance(cell, Band):
            return str(cell)
        low, high = (self._limit(column, limit) for limit in (cell.at_least, cell.below))
        return self._between("" if cell.at_least == column.at_least else low, high)

    def _between(self, low: str, high: str) -> str:
        """Write a band; an empty limit is none."""
        if not high:
            return self._("%(low)s or more") % {"low": low} if low else self._("any")
        if not low:
            return self._("below %(high)s") % {"high": high}
        return self._("from %(low)s to below %(high)s") % {"low": low, "high": high}

    def _band(self, text: str | None) -> str | None:
        """Write a cell of a difference; a band, which comes as ``[low, high)``, in words."""
        band = _BAND.fullmatch(text or "")
        if band is None:
            return text
        limits = ("" if each == _NO_LIMIT else formats.number_text(Decimal(each), locale=self._locale) for each in band.groups())
        return self._between(*limits)

    def _limit(self, column: InputColumn, limit: Decimal | None) -> str:
        if limit is None:
            return ""
        if column.type is InputType.MONEY:
            return formats.money_text(limit, column.unit, locale=self._locale)
        return _with_unit(formats.number_text(limit, locale=self._locale), column.unit)

    def _answer(self, column: OutputColumn, value: OutputValue) -> str:
        if value is None or value == ():
            return self._("none")
        texts = [self._one(each) for each in (value if isinstance(value, tuple) else (value,))]
        return _with_unit(", ".join(texts), column.unit)

    def _one(self, value: OutputValue) -> str:
        return formats.number_text(value, locale=self._locale) if isinstance(value, Decimal) else _name(output_text(value))


def _named(name: str, unit: str | None) -> str:
    return _name(name) if unit is None else f"{_name(name)} ({_name(unit)})"


def _name(code: str) -> str:
    return code.replace("_", " ")


def _with_unit(text: str, unit: str | None) -> str:
    return text if unit is None else f"{text} {_name(unit)}"
