"""Downloads open in a spreadsheet as what they are: text stays text, numbers can be added up, nothing is carried out."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from openpyxl import load_workbook

from purveyor.connectors.tables import Cell, Sheet, write_csv, write_xlsx

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1+1", "\r=1+1", "＝1+1", '=HYPERLINK("http://example.test")')


def a_sheet(*rows: Sequence[Cell]) -> Sheet:
    """A sheet with one heading per value of its rows."""
    return Sheet("Orders: all/open", [f"Column {place}" for place in range(len(rows[0]))], rows)


def csv_rows(sheet: Sheet) -> list[list[str]]:
    """The rows of a sheet as a CSV reader sees them, without headings."""
    return list(csv.reader(io.StringIO(write_csv(sheet).decode("utf-8-sig"), newline="")))[1:]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_looks_like_a_formula_is_marked_as_text_in_csv(text: str) -> None:
    assert csv_rows(a_sheet([text])) == [[f"'{text}"]]


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_looks_like_a_formula_stays_text_in_a_workbook(text: str) -> None:
    cell = load_workbook(io.BytesIO(write_xlsx(a_sheet([text])))).worksheets[0].cell(2, 1)

    assert (cell.data_type, cell.quotePrefix) == ("s", True)
    assert str(cell.value).strip() == text.strip()


def test_numbers_and_days_can_be_calculated_with() -> None:
    row: list[Cell] = ["PV000001", Decimal("-248832.00"), 20, date(2026, 3, 31), datetime(2026, 3, 9, 8, 0, tzinfo=UTC), None]

    page = load_workbook(io.BytesIO(write_xlsx(a_sheet(row)))).worksheets[0]

    read = [str(cell.value) for cell in page[2]]
    assert read == ["PV000001", "-248832", "20", "2026-03-31 00:00:00", "2026-03-09 08:00:00", "None"]
    assert csv_rows(a_sheet(row)) == [["PV000001", "-248832.00", "20", "2026-03-31", "2026-03-09T08:00:00Z", ""]]


def test_characters_that_no_workbook_may_hold_are_left_out() -> None:
    page = load_workbook(io.BytesIO(write_xlsx(a_sheet(["pump\x00\x1fcarton"])))).worksheets[0]

    assert page.cell(2, 1).value == "pump  carton"


def test_the_same_rows_give_the_same_bytes() -> None:
    book = write_xlsx(a_sheet(["pump", Decimal(1)]))
    with zipfile.ZipFile(io.BytesIO(book)) as parts:
        properties = parts.read("docProps/core.xml")

    assert book == write_xlsx(a_sheet(["pump", Decimal(1)]))
    assert properties.count(b"1980-01-01T00:00:00Z") == 2, "neither made nor changed at the moment of writing"
