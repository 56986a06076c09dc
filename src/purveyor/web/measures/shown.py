"""A measure as a page, a file and the API show it: figures and rows in the reader's words, each figure with what it rests on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from babel.numbers import format_decimal

from purveyor.connectors.tables import Cell
from purveyor.insight.definitions import DEFINITION, Definition, MeasureId
from purveyor.insight.figures import Counted, Figure, Result, Unit
from purveyor.web.exports import ExportColumn
from purveyor.web.measures import terms

Translate = Callable[[str], str]
_CHOSEN_BY: Final = {"type": "name", "owner": "party"}
"""Figures whose groups are another property of the rows than their group."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One figure as it reads: what it is called, its value, what it rests on, and which rows it opens."""

    figure: Figure
    label: str
    group: str
    value: str
    filters: dict[str, str]


@dataclass(frozen=True, slots=True)
class Reader:
    """Puts measures into one reader's words."""

    which: MeasureId
    translate: Translate
    locale: str = "en"

    @property
    def definition(self) -> Definition:
        """What the measure means."""
        return DEFINITION[self.which]

    def figures(self, result: Result) -> list[Shown]:
        """Return every figure, the one that stands for the measure first."""
        return [self.shown(figure) for figure in result.figures]

    def shown(self, figure: Figure) -> Shown:
        """Return one figure in words; a figure of a group opens the rows of that group."""
        _ = self.translate
        opens = {_CHOSEN_BY.get(figure.key, "group"): figure.group} if figure.group else {}
        group = terms.group_word(self.which, figure.group, _) if figure.group else ""
        return Shown(figure, _(terms.FIGURE[figure.key]), group, self.value(figure), opens)

    def value(self, figure: Figure) -> str:
        """Return the value with its unit; "no data" where there was nothing to divide by."""
        _ = self.translate
        if figure.value is None:
            return _("no data")
        text = _(terms.UNIT[figure.unit]) % {"value": self.number(figure.value, figure.unit)}
        return _("more than %(value)s") % {"value": text} if figure.at_least else text

    def number(self, value: Decimal, unit: Unit) -> str:
        """Return a number: counts whole, everything else with two decimals."""
        return str(format_decimal(value, format="#,##0" if unit is Unit.COUNT else "#,##0.00", locale=self.locale))

    def hours(self, value: Decimal) -> str:
        """Return hours or days of a row with two decimals."""
        return self.number(value, Unit.CALENDAR_HOURS)

    def why(self, code: str) -> str:
        """Return why a row counts, or what stands beside; a code nobody knows stays as it is."""
        return self.translate(terms.WHY.get(code, code))

    def name(self, row: Counted) -> str:
        """Return what the document of a row is called."""
        if self.which is MeasureId.INTEGRATION:
            return terms.message_word(row.name, self.translate)
        return terms.exception_word(row.name, self.translate) if self.which is MeasureId.AGEING else row.name

    def party(self, row: Counted) -> str:
        """Return the other side of a row, or the owner of an exception."""
        return terms.role_word(row.party, self.translate) if self.which is MeasureId.AGEING else row.party

    def group(self, row: Counted) -> str:
        """Return the role, interface, class or band of a row."""
        return terms.group_word(self.which, row.group, self.translate) if row.group else ""

    @property
    def headings(self) -> dict[str, str]:
        """The headings of the columns of the rows, by name."""
        _ = self.translate
        value = _("Business days") if self.which is MeasureId.AGEING else _("Business hours")
        party = _("Belongs to") if self.which is MeasureId.AGEING else _("Supplier or partner")
        what = {MeasureId.INVOICES: _("Invoice"), MeasureId.INTEGRATION: _("Message"), MeasureId.AGEING: _("Exception")}
        return {
            "order": _("Order"),
            "line": _("Line"),
            "document": what.get(self.which, _("Document")),
            "party": party,
            "why": _("Why it is here"),
            "group": _("Group"),
            "value": value,
            "beside": _("Calendar hours"),
            "at": _("When"),
        }

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that say something for this measure."""
        timed = self.which in (MeasureId.APPROVAL_TIME, MeasureId.ACKNOWLEDGMENT, MeasureId.AGEING)
        grouped = self.which not in (MeasureId.ACCURACY, MeasureId.ACKNOWLEDGMENT)
        document = self.which in (MeasureId.INVOICES, MeasureId.INTEGRATION, MeasureId.AGEING)
        lined = self.which not in (MeasureId.APPROVAL_TIME, MeasureId.INTEGRATION)
        wanted = {"line": lined, "document": document, "group": grouped, "value": timed, "beside": timed}
        return tuple(name for name in self.headings if wanted.get(name, True))

    def cell(self, row: Counted, column: str) -> Cell:
        """Return what stands in one cell."""
        cells: dict[str, Callable[[], Cell]] = {
            "order": lambda: row.order_ref,
            "line": lambda: row.line_no,
            "document": lambda: self.name(row),
            "party": lambda: self.party(row),
            "why": lambda: self.why(row.why),
            "group": lambda: self.group(row),
            "value": lambda: row.value,
            "beside": lambda: row.beside,
            "at": lambda: row.at,
        }
        return cells[column]()

    def export_columns(self) -> list[ExportColumn[Counted]]:
        """Return the columns of the download: those of the page, one by one."""
        return [ExportColumn(self.headings[name], _cell_of(self, name)) for name in self.columns]


def _cell_of(reader: Reader, column: str) -> Callable[[Counted], Cell]:
    return lambda row: reader.cell(row, column)
