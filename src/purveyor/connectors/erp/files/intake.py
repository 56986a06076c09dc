"""Takes files in: settled ones are claimed and read; good rows count, bad ones are laid out for correction, with the reason.

A file that cannot be read at all goes to ``bad`` with a note. What was taken lies in ``done`` under the time it reached us; that
folder is the memory of all workers, and each folds from it what it has not seen yet.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Final

from purveyor.connectors.erp.files.layout import ANSWERS, BadRow, FileKind, Layout, kind_of, tells_everything
from purveyor.connectors.erp.files.mirror import Mirror
from purveyor.connectors.erp.files.records import Complaint, read_records
from purveyor.connectors.erp.files.requests import request_named
from purveyor.connectors.tables.read import NoValue, ReadCell, Table, UnreadableTable, read_table
from purveyor.connectors.tables.written import Cell, Sheet, write_csv, write_xlsx
from purveyor.connectors.transport.folder import Claimed, DropFolder

_ARRIVED: Final = "%Y%m%dT%H%M%S%f"
_NOTES: Final = ("row_in_file", "column_at_fault", "reason")


class Intake:
    """Brings a mirror up to date with a folder."""

    def __init__(self, folder: DropFolder, layout: Layout, mirror: Mirror) -> None:
        self._folder = folder
        self._layout = layout
        self._mirror = mirror
        self._folded: set[str] = set()
        self._unsettled = False
        self._headings: dict[str, tuple[str, ...]] = {}

    @property
    def unsettled(self) -> bool:
        """Whether the last look found files that are still being written."""
        return self._unsettled

    def refresh(self) -> None:
        """Take what arrived, then fold what anybody took. Raises RetryableError, PermanentError."""
        self._folder.open()
        self._folder.give_back()
        self._unsettled = False
        for name in self._folder.names("from_erp"):
            if not self._folder.settled(name):
                self._unsettled = True
            elif (claimed := self._folder.claim(name)) is not None:
                self._take(claimed)
        for name in self._folder.names("done"):
            if name not in self._folded:
                self._fold(name)

    def _take(self, claimed: Claimed) -> None:
        kind = kind_of(claimed.name)
        try:
            if kind is None:
                raise UnreadableTable("The name does not say what is in it: it begins with items, suppliers, orders, ...")
            table = read_table(claimed.name, claimed.content, self._layout.dialect.encoding)
            missing = self._layout.missing(kind, table.headings)
            if missing:
                raise UnreadableTable(f"These columns are missing: {', '.join(missing)}.")
        except UnreadableTable as error:
            self._folder.put("bad", f"{claimed.name}.reason.txt", f"{error.message}\n".encode())
            self._folder.finish(claimed, "bad", claimed.name)
            return
        self._lay_out(claimed.name, table, self._complaints(kind, table))
        stamp = self._layout.stamp_of(claimed.name) or claimed.written_at
        self._folder.finish(claimed, "done", self._name_in_done(claimed, stamp))

    def _name_in_done(self, claimed: Claimed, stamp: datetime) -> str:
        """Name a file by its arrival, its export and its content; the same file again keeps the name it has."""
        told = f"{stamp.strftime(_ARRIVED)}~{sha256(claimed.content).hexdigest()[:16]}~{claimed.name}"
        taken = self._folder.names("done")
        known = next((name for name in taken if name.partition("~")[2] == told), None)
        if known is not None:
            return known
        now = self._folder.now()
        if taken and (last := _moment(taken[-1].partition("~")[0])) >= now:
            now = last + timedelta(microseconds=1)
        return f"{now.strftime(_ARRIVED)}~{told}"

    def _complaints(self, kind: FileKind, table: Table) -> Sequence[Complaint]:
        if kind.entity is not None:
            return read_records(kind, self._layout, table, datetime.min.replace(tzinfo=UTC)).complaints
        found = []
        for row in table.rows:
            try:
                if request_named(self._layout.read(kind, row)["request"]) is None:
                    raise BadRow(self._layout.heading(kind, kind.columns[0]), "is no request of ours")
            except BadRow as error:
                found.append(Complaint(row, error.column, str(error)))
        return found

    def _lay_out(self, name: str, table: Table, complaints: Sequence[Complaint]) -> None:
        """Write the rows to be corrected next to the reason; corrected and put back under that name, they are taken."""
        stem, _, ending = name.rpartition(".")
        target = f"{stem.removesuffix('.corrections')}.corrections.{ending}"
        if not complaints:
            if name == target:
                self._folder.discard("corrections", target)
            return
        own = tuple(heading for heading in table.headings if heading not in _NOTES)
        rows = [
            [
                *(_as_written(complaint.row.cells[heading]) for heading in own),
                *(complaint.row.number, complaint.column, complaint.reason),
            ]
            for complaint in complaints
        ]
        sheet = Sheet("corrections", (*own, *_NOTES), rows)
        self._folder.put("corrections", target, write_xlsx(sheet) if ending.lower() == "xlsx" else write_csv(sheet))

    def _fold(self, name: str) -> None:
        arrived, exported, _, original = name.split("~", 3)
        content, kind = self._folder.read("done", name), kind_of(original)
        self._folded.add(name)
        if content is None or kind is None:
            return
        table = read_table(original, content, self._layout.dialect.encoding)
        stamp, came = _moment(exported), _moment(arrived)
        self._headings[kind.prefix] = table.headings
        if kind.prefix == ANSWERS:
            self._fold_answers(kind, table, stamp, came)
            return
        assert kind.entity is not None
        found = read_records(kind, self._layout, table, stamp)
        whole = tells_everything(kind, original)
        self._mirror.take(kind.entity, found, stamp, came, whole=whole)
        if whole and not found.complaints:
            self._archive(kind, stamp)

    def _fold_answers(self, kind: FileKind, table: Table, stamp: datetime, came: datetime) -> None:
        for row in table.rows:
            try:
                said = self._layout.read(kind, row)
            except BadRow:
                continue
            request = request_named(said["request"])
            if request is not None:
                self._mirror.take_answer(said, request, stamp, came)

    def _archive(self, kind: FileKind, stamp: datetime) -> None:
        """Put away what a whole export has replaced."""
        for name in self._folder.names("done"):
            _, exported, _, original = name.split("~", 3)
            older = kind_of(original)
            if older is not None and older.prefix == kind.prefix and _moment(exported) < stamp:
                self._folder.move(name, "done", "archive")

    def headings(self) -> dict[str, tuple[str, ...]]:
        """Return the headings of the newest file of each kind, also of one that was put aside for a missing column."""
        found = dict(self._headings)
        for name in self._folder.names("bad"):
            content, kind = self._folder.read("bad", name), kind_of(name)
            if content is not None and kind is not None:
                with suppress(UnreadableTable):
                    found[kind.prefix] = read_table(name, content, self._layout.dialect.encoding).headings
        return found

    def corrections(self) -> list[tuple[str, str, str, str]]:
        """Return every row that waits for correction: file, row, column, reason."""
        found = []
        for name in self._folder.names("corrections"):
            content = self._folder.read("corrections", name)
            for row in read_table(name, content).rows if content is not None else ():
                number, column, reason = (str(row.cells.get(note) or "") for note in _NOTES)
                found.append((name, number, column, reason))
        return found


def _as_written(cell: ReadCell) -> Cell:
    if isinstance(cell, NoValue):
        return cell.shown
    return ("yes" if cell else "no") if isinstance(cell, bool) else cell


def _moment(text: str) -> datetime:
    return datetime.strptime(text, _ARRIVED).replace(tzinfo=UTC)
