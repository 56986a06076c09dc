"""Tables that others wrote: whatever program saved them, a cell is read as what it is or not at all."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime, time
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from purveyor.connectors.tables import NoValue, Sheet, UnreadableTable, read_table, write_csv, write_xlsx
from purveyor.connectors.tables.cells import (
    BadCell,
    Dialect,
    as_day,
    as_decimal,
    as_factor,
    as_flag,
    as_moment,
    as_quantity,
    as_text,
    as_whole,
    one_of,
)

COMMA = Dialect(decimal_mark=",", day_format="%d.%m.%Y")
POINT = Dialect()


def a_workbook(*rows: list[object]) -> bytes:
    workbook = Workbook()
    page = workbook.active
    assert page is not None
    for row in rows:
        page.append(row)
    written = io.BytesIO()
    workbook.save(written)
    return written.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_umlauts_arrive_whatever_the_encoding_and_the_separator(encoding: str, separator: str) -> None:
    text = f"sku{separator}name\r\nP-1{separator}Kühlwasserpumpe\r\n"

    table = read_table("items.csv", text.encode(encoding))

    assert table.headings == ("sku", "name")
    assert table.rows[0].cells == {"sku": "P-1", "name": "Kühlwasserpumpe"}


def test_empty_rows_are_left_out_and_rows_keep_their_numbers() -> None:
    table = read_table("items.csv", b"sku,name\n\nA,Pump\n,\nB,Seal\n")

    assert [(row.number, row.cells["sku"]) for row in table.rows] == [(3, "A"), (5, "B")]


def test_a_row_with_more_cells_than_headings_says_so_and_a_shorter_one_is_padded() -> None:
    table = read_table("items.csv", b"sku,name\nA,Pump,12\nB\n")

    assert table.rows[0].problem == "has 3 cells under 2 headings"
    assert table.rows[1].cells == {"sku": "B", "name": None}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("items.pdf", b"sku"),
        ("items.csv", b""),
        ("items.csv", b"sku,,name\n"),
        ("items.csv", b"sku,SKU\n"),
        ("items.csv", b'sku,name\n"A,Pump\n'),
        ("items.csv", b"sku\n\x81\x8d"),
        ("items.xlsx", b"no workbook"),
    ],
)
def test_what_is_no_table_is_refused_as_a_whole(name: str, content: bytes) -> None:
    with pytest.raises(UnreadableTable):
        read_table(name, content)


def test_a_workbook_that_unpacks_to_more_than_anybody_exports_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 201_000_000)

    with pytest.raises(UnreadableTable, match="holds more"):
        read_table("items.xlsx", packed.getvalue())


def test_cells_of_a_workbook_are_numbers_days_and_text_and_a_formula_is_no_value() -> None:
    content = a_workbook(
        ["sku", "price", "day", "sum"], ["P-1", 998.40, date(2026, 3, 9), "=B2*2"], [4711, 0.1 + 0.2, None, True]
    )

    table = read_table("prices.xlsx", content)

    assert table.rows[0].cells == {
        "sku": "P-1",
        "price": Decimal("998.4"),
        "day": datetime.combine(date(2026, 3, 9), time()),
        "sum": NoValue("=B2*2"),
    }
    assert as_text(table.rows[1].cells["sku"], POINT) == "4711"
    assert table.rows[1].cells["price"] == Decimal("0.3")
    assert as_text(table.rows[1].cells["sum"], POINT) == "yes"
    with pytest.raises(BadCell, match="formula"):
        as_decimal(table.rows[0].cells["sum"], POINT)


def test_numbers_are_strict_and_the_decimal_mark_is_what_was_agreed() -> None:
    assert as_decimal("1036,80", COMMA) == Decimal("1036.80")
    assert as_decimal("1036.80", POINT) == Decimal("1036.80")
    for written, dialect in (
        ("1.036,80", COMMA),
        ("1.000", COMMA),
        ("1,000", POINT),
        ("1e3", POINT),
        ("NaN", POINT),
        ("12 EA", POINT),
    ):
        with pytest.raises(BadCell, match="no number"):
            as_decimal(written, dialect)


def test_quantities_whole_numbers_factors_flags_and_words_say_what_is_wrong() -> None:
    assert as_whole("12", POINT) == 12
    assert as_factor("1/12", POINT) == Fraction(1, 12)
    assert as_factor(Decimal("0.5"), POINT) == Fraction(1, 2)
    assert (as_flag("Yes", POINT), as_flag("0", POINT), one_of(("draft", "closed"))("DRAFT", POINT)) == (True, False, "draft")
    for read, cell in (
        (as_quantity, "-1"),
        (as_whole, "1.5"),
        (as_factor, "0"),
        (as_factor, "1/0"),
        (as_flag, "maybe"),
        (one_of(("draft",)), "open"),
    ):
        with pytest.raises(BadCell):
            read(cell, POINT)


def test_days_and_moments_are_read_as_agreed() -> None:
    assert as_day("09.03.2026", COMMA) == as_day("2026-03-09", POINT) == as_day(datetime(2026, 3, 9, 8, tzinfo=UTC), POINT)
    assert as_day(date(2026, 3, 9), POINT) == date(2026, 3, 9)
    assert as_moment("2026-03-09T08:00:00+01:00", POINT) == datetime(2026, 3, 9, 7, tzinfo=UTC)
    assert as_moment("2026-03-09T08:00:00", POINT) == datetime(2026, 3, 9, 8, tzinfo=UTC)
    assert as_text(date(2026, 3, 9), POINT) == "2026-03-09"
    for read, written in ((as_day, "03/09/2026"), (as_day, "2026-02-30"), (as_moment, "yesterday")):
        with pytest.raises(BadCell):
            read(written, POINT)


@given(
    st.lists(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\x00\r\n\t"), min_size=1), min_size=2, max_size=2))
)
def test_what_we_write_we_read_again_also_when_it_looks_like_a_formula(rows: list[list[str]]) -> None:
    sound = [[cell.strip() or "x" for cell in row] for row in rows]
    sound = [row for row in sound if not any(cell.startswith("'") for cell in row)]

    read = read_table("t.csv", write_csv(Sheet("t", ("a", "b"), sound)))

    assert [[row.cells["a"], row.cells["b"]] for row in read.rows] == sound


def test_a_workbook_we_write_we_read_again() -> None:
    read = read_table("t.xlsx", write_xlsx(Sheet("t", ("a", "b"), [["=1+1", Decimal("2.5")]])))

    assert read.rows[0].cells == {"a": "=1+1", "b": Decimal("2.5")}
