"""Writes a sheet as CSV (UTF-8 with a mark, so that spreadsheets read it) and as XLSX with real numbers and dates.

The workbook carries no time of its own: the same rows give the same bytes.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final

from openpyxl import Workbook
from openpyxl.cell import Cell as WorkbookCell
from openpyxl.cell.cell import TYPE_STRING, WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

Cell = str | Decimal | int | date | datetime | None
"""What a cell may hold; moments are written in UTC."""

MEDIA_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NOT_IN_XML: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_LONGEST_CELL: Final = 32_000
_PROPERTIES: Final = "docProps/core.xml"
_CHANGED: Final = re.compile(rb"(<dcterms:modified[^>]*>)[^<]*(</dcterms:modified>)")
_LONGEST_TITLE: Final = 31
_EPOCH: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table to be written: title, headings, and rows as long as the headings."""

    title: str
    headings: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def neutral(text: str) -> str:
    """Return text that no spreadsheet takes for a formula; an apostrophe in front marks it as text."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def write_csv(sheet: Sheet) -> bytes:
    """Return the sheet as CSV: comma, CRLF, ISO dates, decimal point, no thousands separators."""
    written = io.StringIO(newline="")
    lines = csv.writer(written)
    lines.writerow([neutral(heading) for heading in sheet.headings])
    lines.writerows([_as_text(cell) for cell in row] for row in sheet.rows)
    return written.getvalue().encode("utf-8-sig")


def write_xlsx(sheet: Sheet) -> bytes:
    """Return the sheet as a workbook: text stays text, numbers are numbers, days and moments are dates."""
    workbook = Workbook(write_only=True)
    workbook.properties.created = workbook.properties.modified = datetime(1980, 1, 1, tzinfo=UTC).replace(tzinfo=None)
    page = workbook.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", sheet.title)[:_LONGEST_TITLE])
    assert isinstance(page, WriteOnlyWorksheet)
    page.freeze_panes = "A2"
    heading_cells = [_text_cell(page, heading) for heading in sheet.headings]
    for cell in heading_cells:
        cell.font = Font(bold=True)
    page.append(heading_cells)
    for row in sheet.rows:
        page.append([_as_cell(page, cell) for cell in row])
    written = io.BytesIO()
    workbook.save(written)
    return _without_times(written.getvalue())


def _as_text(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return neutral(cell)
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return cell.isoformat() if isinstance(cell, date) else str(cell)


def _as_cell(page: WriteOnlyWorksheet, cell: Cell) -> object:
    if isinstance(cell, str):
        return _text_cell(page, cell)
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).replace(tzinfo=None)
    return cell


def _text_cell(page: WriteOnlyWorksheet, text: str) -> WorkbookCell:
    """Return a cell that is text whatever it begins with; the mark keeps it text when somebody edits it."""
    written: WorkbookCell = WriteOnlyCell(page, value=_NOT_IN_XML.sub(" ", text)[:_LONGEST_CELL])
    written.data_type = TYPE_STRING
    written.quotePrefix = text.startswith(FORMULA_STARTS)
    return written


def _without_times(workbook: bytes) -> bytes:
    """Write the archive again with one fixed time for all its parts."""
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook)) as source, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            content = source.read(name)
            if name == _PROPERTIES:  # saving a workbook notes the moment, whatever its properties said before
                content = _CHANGED.sub(rb"\g<1>1980-01-01T00:00:00Z\g<2>", content)
            target.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()
