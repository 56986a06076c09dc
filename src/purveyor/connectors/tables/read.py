"""Reads CSV and XLSX files that other systems and people wrote, cell by cell, without guessing what a cell means.

Encoding and separator are found (UTF-8 with or without mark, UTF-16 with mark, else Windows-1252; comma, semicolon, tab or bar).
A formula is never carried out and never taken for its last result: such a cell is no value.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Final

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from purveyor.connectors.contract import PermanentError
from purveyor.connectors.tables.written import FORMULA_STARTS

MOST_BYTES: Final = 200_000_000
"""Files larger than this, packed or unpacked, are not read: an export of a million lines is about half of it."""
_SEPARATORS: Final = (",", ";", "\t", "|")
_WIDE_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


class UnreadableTable(PermanentError):
    """The file is no table: a person looks at it and at the program that wrote it."""


@dataclass(frozen=True, slots=True)
class NoValue:
    """A cell that shows something but holds no value: a formula, or an error of the spreadsheet."""

    shown: str


ReadCell = str | Decimal | date | datetime | bool | NoValue | None
"""What a cell may hold; CSV has text only."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row under its headings; ``number`` is the row in a spreadsheet, or the line at which it ends in a CSV file."""

    number: int
    cells: dict[str, ReadCell]
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it was found."""

    headings: tuple[str, ...]
    rows: tuple[Row, ...]


def read_table(name: str, content: bytes, encoding: str = "cp1252") -> Table:
    """Read a file by the end of its name; ``encoding`` is that of CSV files that are not Unicode. Raises UnreadableTable."""
    if len(content) > MOST_BYTES:
        raise UnreadableTable(f"The file is larger than {MOST_BYTES} bytes.", file=name)
    if name.lower().endswith(".xlsx"):
        return _table(name, _workbook_rows(name, content))
    if name.lower().endswith(".csv"):
        return _table(name, _csv_rows(name, _decoded(name, content, encoding)))
    raise UnreadableTable("The name ends neither with .csv nor with .xlsx.", file=name)


def _table(name: str, found: Iterator[tuple[int, Sequence[ReadCell]]]) -> Table:
    _, first = next(found, (0, ()))
    headings = tuple(str(cell if cell is not None else "").strip() for cell in first)
    while headings and not headings[-1]:
        headings = headings[:-1]
    if not headings or not all(headings):
        raise UnreadableTable("The first row must hold the headings, without a gap.", file=name)
    if len({heading.casefold() for heading in headings}) < len(headings):
        raise UnreadableTable("A heading stands twice in the first row.", file=name)
    filled = ((number, cells) for number, cells in found if any(cell not in (None, "") for cell in cells))
    return Table(headings, tuple(_row(headings, number, cells) for number, cells in filled))


def _row(headings: tuple[str, ...], number: int, cells: Sequence[ReadCell]) -> Row:
    surplus = [cell for cell in cells[len(headings) :] if cell not in (None, "")]
    problem = f"has {len(headings) + len(surplus)} cells under {len(headings)} headings" if surplus else None
    padded = [*cells[: len(headings)], *[None] * (len(headings) - len(cells))]
    return Row(number, dict(zip(headings, padded, strict=True)), problem)


def _decoded(name: str, content: bytes, encoding: str) -> str:
    try:
        if content.startswith(_WIDE_MARKS):
            return content.decode("utf-16")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return content.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise UnreadableTable(f"The text is neither Unicode nor {encoding}.", file=name) from error


def _csv_rows(name: str, text: str) -> Iterator[tuple[int, Sequence[ReadCell]]]:
    heading = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=heading.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for cells in lines:
            yield lines.line_num, [_without_mark(cell.strip()) for cell in cells]
    except csv.Error as error:
        raise UnreadableTable(f"Line {lines.line_num} is no CSV: {error}.", file=name) from error


def _without_mark(text: str) -> str:
    """Return the text that was meant where an apostrophe keeps it from being a formula."""
    return text[1:] if text.startswith("'") and text[1:].startswith(FORMULA_STARTS) else text


def _workbook_rows(name: str, content: bytes) -> Iterator[tuple[int, Sequence[ReadCell]]]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > MOST_BYTES:
                raise UnreadableTable(f"The workbook holds more than {MOST_BYTES} bytes.", file=name)
        workbook = load_workbook(io.BytesIO(content), read_only=True)
        for number, cells in enumerate(workbook.worksheets[0].iter_rows(), 1):
            yield number, [_cell(cell.data_type, cell.value) for cell in cells]
    except (InvalidFileException, zipfile.BadZipFile, KeyError, IndexError, ValueError) as error:
        raise UnreadableTable("The file is no workbook that can be read.", file=name) from error


def _cell(kind: str, value: object) -> ReadCell:
    """Return a cell's value; numbers have the 15 digits that a spreadsheet shows, not the binary ones it keeps."""
    if value is None:
        return None
    if kind in ("f", "e"):
        return NoValue(str(value))
    if isinstance(value, bool | datetime | date):
        return value
    if isinstance(value, str):
        return value.strip()
    return Decimal(f"{value:.15g}") if isinstance(value, int | float) else NoValue(str(value))
