"""Tables as files: CSV and XLSX, written for people and read from other systems, with the same rows.

A cell that begins like a formula is written as text with an apostrophe before it, because a supplier's item name must never be
carried out by somebody's spreadsheet.
"""

from purveyor.connectors.tables.read import NoValue, ReadCell, Row, Table, UnreadableTable, read_table
from purveyor.connectors.tables.written import MEDIA_TYPES, Cell, Sheet, write_csv, write_xlsx

__all__ = [
    "MEDIA_TYPES",
    "Cell",
    "NoValue",
    "ReadCell",
    "Row",
    "Sheet",
    "Table",
    "UnreadableTable",
    "read_table",
    "write_csv",
    "write_xlsx",
]
