"""Lists as files: the rows a page shows, all pages of them, as CSV or XLSX.

The files themselves are written by the connectors; here they only get a name and their headers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from starlette.responses import Response

from purveyor.connectors.tables import MEDIA_TYPES, Cell, Sheet, write_csv, write_xlsx

Row = TypeVar("Row")


class FileKind(StrEnum):
    """The kinds of files a list can be downloaded as."""

    CSV = "csv"
    XLSX = "xlsx"


@dataclass(frozen=True, slots=True)
class ExportColumn(Generic[Row]):
    """One column of a download: its heading, already in the reader's language, and what stands in its cells."""

    heading: str
    cell: Callable[[Row], Cell]


def download(
    kind: FileKind, name: str, title: str, now: datetime, columns: Sequence[ExportColumn[Row]], rows: Iterable[Row]
) -> Response:
    """Answer with a file of rows, called after the list and the day of business time."""
    sheet = Sheet(title, [column.heading for column in columns], ([column.cell(row) for column in columns] for row in rows))
    content = write_csv(sheet) if kind is FileKind.CSV else write_xlsx(sheet)
    file_name = f"{name}-{now:%Y-%m-%d}.{kind.value}"
    headers = {"Content-Disposition": f'attachment; filename="{file_name}"'}
    return Response(content, media_type=MEDIA_TYPES[kind], headers=headers)
