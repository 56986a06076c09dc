"""Tables as files for people: CSV and XLSX with the same rows, safe to open in a spreadsheet.

A cell that begins like a formula is written as text with an apostrophe before it, because a supplier's item name must never be
carried out by somebody's spreadsheet.
"""

from purveyor.connectors.tables.written import MEDIA_TYPES, Cell, Sheet, write_csv, write_xlsx

__all__ = ["MEDIA_TYPES", "Cell", "Sheet", "write_csv", "write_xlsx"]
