"""A legacy ERP without interfaces, simulated: each run of its nightly job reads import files, answers them and exports its books.

It knows nothing of Purveyor's code for files: what it writes and reads is the agreed layout, by its own hand.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from threading import RLock
from typing import Any, Final

from purveyor.connectors.erp.mapping import RECORDS
from purveyor.connectors.erp.memory import MemoryErp
from purveyor.connectors.transport.folder import changed_at
from purveyor.core.erp_records import (
    Entity,
    ErpAgreement,
    ErpAgreementLine,
    ErpInvoice,
    ErpInvoiceLine,
    ErpOrder,
    ErpOrderLine,
    ErpPriceBreak,
    ErpReceipt,
    ErpReceiptLine,
    ErpRecord,
    ErpSupplierItem,
)
from purveyor.core.erp_results import Applied, Conflict, Duplicate, Rejected, WriteResult

EXPORTED: Final[Mapping[Entity, str]] = {
    Entity.SITE: "sites.full",
    Entity.UOM: "units.full",
    Entity.ITEM: "items.full",
    Entity.SUPPLIER: "suppliers.full",
    Entity.SUPPLIER_ITEM: "supplier_items.full",
    Entity.AGREEMENT: "agreements.full",
    Entity.STOCK: "stock",
    Entity.DEMAND: "demand",
    Entity.ORDER: "orders.full",
}
_RENAMED: Final = {"external_id": "id", "updated_at": "changed_at", "order_ref": "our_reference"}
_PARTS: Final[Mapping[Entity, tuple[type[Any], ...]]] = {
    Entity.ORDER: (ErpOrderLine,),
    Entity.SUPPLIER_ITEM: (ErpPriceBreak,),
    Entity.AGREEMENT: (ErpAgreementLine, ErpPriceBreak),
}
_STRUCTURED: Final = ("lines", "price_breaks")
ANSWER: Final = ("request", "result", "id", "number", "version", "order_version", "code", "message", "field")
Rows = Sequence[Mapping[str, str]]


class LegacyErp:
    """The ERP's side of the folders."""

    def __init__(self, root: Path, books: MemoryErp, now: Callable[[], datetime] | None = None) -> None:
        self._root = root
        self.books = books
        self.at_work = RLock()
        self._quiet_runs = self._exports_wait = 0
        self._quiet_from_import = False
        self._now = now or self._time_of_the_disk
        self._exported: dict[Entity, Rows] = {}
        self._answers: list[dict[str, str]] = []

    def set_up(self) -> None:
        """Make the agreed folders."""
        for part in ("from_erp", "to_erp"):
            (self._root / part).mkdir(parents=True, exist_ok=True)
        (self._root / ".purveyor").touch()

    def _time_of_the_disk(self) -> datetime:
        probe = self._root / ".time"
        probe.write_bytes(b"")
        return changed_at(probe)

    def run(self) -> None:
        """Do what the nightly job does, once."""
        with self.at_work:
            self._run()

    def _run(self) -> None:
        for file in sorted((self._root / "to_erp").glob("[!.]*.csv")):
            self._answers.append(self._carry_out(_read(file)))
            file.unlink()
            self._quiet_from_import = False
        if self._quiet_runs and not self._quiet_from_import:
            self._quiet_runs -= 1
            return
        self._acknowledge()
        if self._exports_wait:
            self._exports_wait -= 1
        else:
            self.export()

    def keep_quiet_for(self, runs: int) -> None:
        """Carry the next import out, and tell nobody before so many runs are over."""
        self._quiet_runs, self._quiet_from_import = runs, True

    def export_later(self, runs: int) -> None:
        """Let the exports lag so many runs behind the books."""
        self._exports_wait = runs

    def _acknowledge(self) -> None:
        if self._answers:
            self.leave("acknowledgments", ANSWER, self._answers)
        self._answers = []

    def export(self) -> None:
        """Write an export of every entity whose records changed since the last one."""
        for entity, name in EXPORTED.items():
            rows = [row for record in self.books.ledger.records(entity) for row in _rows(record)]
            if rows != self._exported.get(entity):
                self.leave(name, _headings(entity), rows)
                self._exported[entity] = rows

    def leave(self, name: str, headings: Sequence[str], rows: Iterable[Mapping[str, str]]) -> Path:
        """Leave a file for Purveyor: written under another name first, then renamed."""
        text = io.StringIO(newline="")
        lines = csv.DictWriter(text, headings, restval="")
        lines.writeheader()
        lines.writerows(rows)
        target = self._root / "from_erp" / f"{name}.{self._now().strftime('%Y%m%dT%H%M%S%f')}.csv"
        unfinished = target.with_name(f"{target.name}.part")
        unfinished.write_bytes(text.getvalue().encode("cp1252", "replace"))
        unfinished.rename(target)
        return target

    def _carry_out(self, rows: Rows) -> dict[str, str]:
        request = rows[0]["request"]
        carry_out: dict[str, Callable[[Rows], WriteResult]] = {
            "confirm": self._confirm,
            "receipt": self._receive,
            "invoice": self._bill,
            "hold": lambda asked: self.books.hold_invoice(asked[0]["invoice_id"], asked[0]["expected_version"]),
            "release": lambda asked: self.books.release_invoice(asked[0]["invoice_id"], asked[0]["expected_version"]),
        }
        return {"request": request, **_told(carry_out[request.partition(".")[0]](rows))}

    def _confirm(self, rows: Rows) -> WriteResult:
        first = rows[0]
        there = self.books.ledger.order(first["order_id"])
        if there is None:
            return Conflict(first["order_id"], None)
        known = {line.external_id: line for line in there.lines}
        asked = {
            **{field.name: getattr(there, field.name) for field in fields(ErpOrder)},
            "supplier": first["supplier"],
            "site": first["site"] or None,
            "currency": first["currency"],
            "lines": tuple(_line(row, known.get(row["line_id"])) for row in rows),
        }
        return self.books.confirm(ErpOrder(**asked), first["our_reference"], first["expected_version"])

    def _receive(self, rows: Rows) -> WriteResult:
        first = rows[0]
        receipt = ErpReceipt(
            reference=first["reference"],
            order=first["order_id"],
            delivery_note=first["delivery_note"] or None,
            posting_date=date.fromisoformat(first["posting_date"]),
            lines=tuple(
                ErpReceiptLine(
                    order_line=row["line_id"],
                    quantity=Decimal(row["accepted"]) + Decimal(row["rejected"]),
                    uom=row["uom"],
                    rejected=Decimal(row["rejected"]),
                )
                for row in rows
            ),
        )
        return self.books.post_receipt(receipt, first["expected_version"])

    def _bill(self, rows: Rows) -> WriteResult:
        first = rows[0]
        invoice = ErpInvoice(
            supplier_number=first["supplier_number"],
            order=first["order_id"],
            invoice_date=date.fromisoformat(first["invoice_date"]),
            currency=first["currency"],
            lines=tuple(
                ErpInvoiceLine(
                    order_line=row["line_id"],
                    quantity=Decimal(row["quantity"]),
                    uom=row["uom"],
                    unit_price=Decimal(row["unit_price"]),
                )
                for row in rows
            ),
        )
        return self.books.post_invoice(invoice, first["expected_version"])


def _read(file: Path) -> Rows:
    return list(csv.DictReader(io.StringIO(file.read_text("utf-8-sig"), newline="")))


def _line(row: Mapping[str, str], known: ErpOrderLine | None) -> ErpOrderLine:
    return ErpOrderLine(
        external_id=row["line_id"],
        line_no=int(row["line_no"]),
        item=row["item"] or None,
        description=row["description"],
        quantity=Decimal(row["quantity"]),
        uom=row["uom"] or None,
        unit_price=Decimal(row["unit_price"]) if row["unit_price"] else None,
        need_by=date.fromisoformat(row["need_by"]) if row["need_by"] else None,
        tax_codes=tuple(row["tax_codes"].split()),
        quantity_received=known.quantity_received if known else Decimal(0),
        quantity_invoiced=known.quantity_invoiced if known else Decimal(0),
    )


def _told(result: WriteResult) -> dict[str, str]:
    match result:
        case Applied() | Duplicate():
            word = "applied" if isinstance(result, Applied) else "duplicate"
            told: dict[str, str | None] = {"result": word, "id": result.external_id, "number": result.number}
            told |= {"version": result.version, "order_version": result.order_version}
        case Conflict():
            told = {"result": "conflict", "id": result.external_id, "version": result.current_version}
        case Rejected():
            told = {"result": "rejected", "code": result.code, "message": result.message, "field": result.field}
        case _:
            raise ValueError(f"the books never answer {result}")
    return {name: value or "" for name, value in told.items()}


def _headings(entity: Entity) -> list[str]:
    """All headings of an export, also when there is nothing to tell."""
    kinds = (RECORDS[entity], *_PARTS.get(entity, ()))
    names = [field.name for kind in kinds for field in fields(kind) if field.name not in _STRUCTURED]
    extra = ["line_id"] if entity in (Entity.ORDER, Entity.AGREEMENT) else []
    return list(dict.fromkeys([*(_RENAMED.get(name, name) for name in names), *extra]))


def _rows(record: ErpRecord) -> list[dict[str, str]]:
    """A row per line or price, each with everything of its record."""
    own = _cells(record)
    if isinstance(record, ErpOrder):
        return [own | _cells(line) | {"id": record.external_id, "line_id": line.external_id} for line in record.lines]
    if isinstance(record, ErpSupplierItem):
        return [own | _cells(entry) for entry in record.price_breaks]
    if isinstance(record, ErpAgreement):
        return [row for line in record.lines for row in _agreement_rows(own, line)]
    return [own]


def _agreement_rows(own: Mapping[str, str], line: Any) -> list[dict[str, str]]:
    row = {**own, **_cells(line), "id": own["id"], "line_id": line.external_id}
    cheaper = [{"min_qty": str(entry.min_qty), "unit_price": str(entry.unit_price)} for entry in line.price_breaks]
    return [row, *({**row, **entry} for entry in cheaper)]


def _cells(record: Any) -> dict[str, str]:
    plain = [field.name for field in fields(record) if field.name not in _STRUCTURED]
    return {_RENAMED.get(name, name): _written(getattr(record, name)) for name in plain}


def _written(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.astimezone(UTC).isoformat()
        case Fraction():
            return f"{value.numerator}/{value.denominator}"
        case tuple():
            return " ".join(map(str, value))
        case _:
            return str(value)
