"""The ERP port on memory, with the manners of a real ERP: versions, rules, lost answers, people who edit meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from decimal import Decimal
from enum import Enum

from purveyor.connectors.contract import Health, RetryableError
from purveyor.connectors.erp.contract import START, Capabilities, ChangePage, Cursor, Page, Stamped, read_from, unseen
from purveyor.connectors.erp.mapping import Interface, Source, Sources, canonical_fields
from purveyor.connectors.erp.memory.ledger import Ledger, Posting
from purveyor.core.erp_records import (
    Entity,
    ErpChange,
    ErpInvoice,
    ErpOrder,
    ErpOrderLine,
    ErpOrderStatus,
    ErpReceipt,
    ErpRecord,
    ErpSupplierItem,
    ErpUom,
)
from purveyor.core.erp_results import Applied, Conflict, Duplicate, Rejected, Unknown, WriteResult

OPEN = (ErpOrderStatus.DRAFT, ErpOrderStatus.SUBMITTED)


class Fault(Enum):
    """What can go wrong with the next write."""

    ANSWER_LOST = "the write is carried out and its answer is lost"
    EDITED_MEANWHILE = "somebody edits the order just before the write"


class MemoryErp:
    """One ERP in memory, and the connector to it. ``unplugged`` makes every call fail as unreachable."""

    def __init__(self, records: Iterable[ErpRecord] = (), ledger: Ledger | None = None) -> None:
        self.ledger = ledger or Ledger()
        self.ledger.load(records)
        self.unplugged = False
        self.writes = 0
        self._fault: Fault | None = None

    def fail_next_write(self, fault: Fault) -> None:
        """Let the next write meet this fault, once."""
        self._fault = fault

    @property
    def capabilities(self) -> Capabilities:
        """What this ERP can do: everything but telling us by itself."""
        return Capabilities(
            optimistic_lock=True,
            push=False,
            delete_trace=False,
            price_breaks=True,
            agreements=True,
            invoice_hold=True,
            partial_receipt=True,
            reference_length=12,
        )

    @property
    def sources(self) -> Sources:
        """The books keep the model's own fields."""
        found: dict[Entity, dict[str, Source]] = {}
        for field in canonical_fields():
            found.setdefault(field.entity, {})[field.name] = Source("in memory")
        return found

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """Nothing but memory."""
        return ()

    def health(self) -> Health:
        """Say whether the plug is in."""
        return Health(not self.unplugged, "unplugged" if self.unplugged else "in memory")

    def pull(self, entity: Entity, cursor: Cursor, limit: int = 500) -> Page:
        """Read records created or changed since the cursor; stock and demand come as a whole, page by page."""
        self._reach()
        if entity in (Entity.STOCK, Entity.DEMAND):
            delivered = {external_id for external_id, _ in cursor.seen}
            rest = [record for record in self.ledger.records(entity) if record.external_id not in delivered]
            page = tuple(rest[:limit])
            if len(page) == len(rest):
                return Page(page, START, True)
            return Page(page, Cursor(None, cursor.seen | {(record.external_id, "") for record in page}), False)
        picked, following, complete = unseen(cursor, self._since(entity, cursor), limit)
        found = (self.ledger.get(entity, entry.external_id) for entry in picked)
        return Page(tuple(record for record in found if record is not None), following, complete)

    def _since(self, entity: Entity, cursor: Cursor) -> list[Stamped]:
        since = read_from(cursor)
        return [entry for entry in self.ledger.stamped(entity) if since is None or entry.stamp >= since]

    def get_order(self, external_id: str) -> ErpOrder | None:
        """Read one order again; None when it is gone."""
        self._reach()
        return self.ledger.order(external_id)

    def find_by_ref(self, entity: Entity, reference: str) -> Applied | None:
        """Look up a document by our reference; invoices by ``supplier id/supplier's number``."""
        self._reach()
        if entity is not Entity.ORDER:
            posting = self.ledger.posting(entity, reference)
            return Applied(posting.external_id, posting.external_id, posting.version) if posting else None
        order = self.ledger.order_under(reference)
        if order is None or not order.status.confirmed:
            return None
        return Applied(order.external_id, order.number, order.version)

    def changes(self, cursor: Cursor, limit: int = 500) -> ChangePage:
        """Tell which orders and invoices changed since the cursor."""
        self._reach()
        found = [
            Stamped(f"{entity}:{entry.external_id}", entry.version, entry.stamp)
            for entity in (Entity.ORDER, Entity.INVOICE)
            for entry in self._since(entity, cursor)
        ]
        picked, following, complete = unseen(cursor, found, limit)
        changes = (
            ErpChange(
                entity=Entity(entry.external_id.partition(":")[0]),
                external_id=entry.external_id.partition(":")[2],
                version=entry.version,
                occurred_at=entry.stamp,
            )
            for entry in picked
        )
        return ChangePage(tuple(changes), following, complete)

    def reconcile(self, entity: Entity) -> frozenset[str]:
        """Return the ids of all records there are now."""
        self._reach()
        return self.ledger.ids(entity)

    def confirm(self, order: ErpOrder, order_ref: str, expected_version: str) -> WriteResult:
        """Confirm the order with exactly this content under our reference, once."""
        return self._write(order.external_id, order_ref, lambda: self._confirm(order, order_ref, expected_version))

    def _confirm(self, order: ErpOrder, order_ref: str, expected_version: str) -> WriteResult:
        there = self.ledger.order(order.external_id)
        if there is None:
            return Conflict(order.external_id, None)
        if there.order_ref == order_ref and there.status.confirmed:
            return Duplicate(there.external_id, there.number, there.version, there.version)
        if there.version != expected_version or there.status not in OPEN:
            return Conflict(there.external_id, there.version)
        taken = self.ledger.order_under(order_ref)
        if taken is not None and taken.external_id != there.external_id:
            return Rejected("reference_in_use", f"Order {taken.external_id} carries our reference {order_ref} already.")
        lines = []
        for line in order.lines:
            price = line.unit_price if line.unit_price is not None else self._price(order, line)
            if price is None:
                return Rejected("price_missing", f"Line {line.line_no} has no price and the ERP knows none.")
            if self._is_broken(line):
                return Rejected("rule", f"Line {line.line_no}: {line.quantity} {line.uom} cannot be ordered in parts.")
            lines.append(replace(line, unit_price=price, external_id=line.external_id or f"{order.external_id}.{line.line_no}"))
        confirmed = replace(
            order,
            order_ref=order_ref,
            number=there.number or order.external_id,
            status=ErpOrderStatus.CONFIRMED,
            lines=tuple(lines),
        )
        for line in lines:
            ordered = self.ledger.in_base_units(line.item or "", line.quantity, line.uom)
            self.ledger.move_stock(order, line.item, Decimal(0), ordered)
        saved = self.ledger.save(Entity.ORDER, confirmed)
        return Applied(saved.external_id, saved.number, saved.version, saved.version)

    def post_receipt(self, receipt: ErpReceipt, expected_version: str) -> WriteResult:
        """Post the accepted quantities against the order of that version; what is short stays open."""
        return self._write(receipt.order, receipt.reference, lambda: self._post_receipt(receipt, expected_version))

    def _post_receipt(self, receipt: ErpReceipt, expected_version: str) -> WriteResult:
        order = self.ledger.order(receipt.order)
        known = self.ledger.posting(Entity.RECEIPT, receipt.reference)
        if known is not None:
            return Duplicate(known.external_id, known.external_id, known.version, order.version if order else None)
        if order is None or order.version != expected_version:
            return Conflict(receipt.order, order.version if order else None)
        if not any(line.accepted for line in receipt.lines):
            return Rejected("nothing_accepted", "The receipt accepts nothing, so there is nothing to take into stock.")
        accepted = {line.order_line: line.accepted for line in receipt.lines}
        for line in order.lines:
            if line.external_id in accepted:
                arrived = self.ledger.in_base_units(line.item or "", accepted[line.external_id], line.uom)
                self.ledger.move_stock(order, line.item, arrived, Decimal(0))
        lines = tuple(
            replace(line, quantity_received=line.quantity_received + accepted.get(line.external_id, Decimal(0)))
            for line in order.lines
        )
        complete = all(line.quantity_received >= line.quantity for line in lines)
        status = ErpOrderStatus.RECEIVED if complete else ErpOrderStatus.PARTIALLY_RECEIVED
        saved = self.ledger.save(Entity.ORDER, replace(order, lines=lines, status=status))
        return self._posted(Entity.RECEIPT, receipt.reference, saved)

    def post_invoice(self, invoice: ErpInvoice, expected_version: str) -> WriteResult:
        """Post the invoice against the order of that version; the result names the invoice."""
        return self._write(invoice.order, invoice.supplier_number, lambda: self._post_invoice(invoice, expected_version))

    def _post_invoice(self, invoice: ErpInvoice, expected_version: str) -> WriteResult:
        order = self.ledger.order(invoice.order)
        if order is None:
            return Conflict(invoice.order, None)
        reference = f"{order.supplier}/{invoice.supplier_number}"
        known = self.ledger.posting(Entity.INVOICE, reference)
        if known is not None:
            return Duplicate(known.external_id, known.external_id, known.version, order.version)
        if order.version != expected_version:
            return Conflict(invoice.order, order.version)
        billed = {line.order_line: line for line in invoice.lines}
        for there in order.lines:
            if there.external_id in billed and there.quantity_received <= there.quantity_invoiced:
                return Rejected("nothing_to_bill", f"Nothing is left to bill on line {there.line_no}.")
        lines = tuple(
            replace(line, quantity_invoiced=line.quantity_invoiced + billed[line.external_id].quantity)
            if line.external_id in billed
            else line
            for line in order.lines
        )
        saved = self.ledger.save(Entity.ORDER, replace(order, lines=lines))
        return self._posted(Entity.INVOICE, reference, saved)

    def _posted(self, entity: Entity, reference: str, order: ErpOrder) -> WriteResult:
        new = Posting(external_id=self.ledger.new_id(entity), version="", reference=reference, order=order.external_id)
        saved = self.ledger.save(entity, new)
        return Applied(saved.external_id, saved.external_id, saved.version, order.version)

    def hold_invoice(self, external_id: str, expected_version: str) -> WriteResult:
        """Block a posted invoice for payment."""
        return self._write(external_id, external_id, lambda: self._block(external_id, expected_version, True))

    def release_invoice(self, external_id: str, expected_version: str) -> WriteResult:
        """Lift the payment block."""
        return self._write(external_id, external_id, lambda: self._block(external_id, expected_version, False))

    def _block(self, external_id: str, expected_version: str, blocked: bool) -> WriteResult:
        invoice = self.ledger.get(Entity.INVOICE, external_id)
        if not isinstance(invoice, Posting):
            return Conflict(external_id, None)
        if invoice.blocked is blocked:
            return Duplicate(external_id, external_id, invoice.version)
        if invoice.version != expected_version:
            return Conflict(external_id, invoice.version)
        saved = self.ledger.save(Entity.INVOICE, replace(invoice, blocked=blocked))
        return Applied(external_id, external_id, saved.version)

    def _write(self, order_id: str, reference: str, write: Callable[[], WriteResult]) -> WriteResult:
        self._reach()
        fault, self._fault = self._fault, None
        order = self.ledger.order(order_id)
        if fault is Fault.EDITED_MEANWHILE and order is not None:
            self.ledger.save(Entity.ORDER, order)
        result = write()
        self.writes += isinstance(result, Applied)
        return Unknown(reference) if fault is Fault.ANSWER_LOST else result

    def _reach(self) -> None:
        if self.unplugged:
            raise RetryableError("The ERP cannot be reached.")

    def _price(self, order: ErpOrder, line: ErpOrderLine) -> Decimal | None:
        for terms in self.ledger.records(Entity.SUPPLIER_ITEM):
            if isinstance(terms, ErpSupplierItem) and (terms.supplier, terms.item) == (order.supplier, line.item):
                prices = [entry.unit_price for entry in terms.price_breaks if entry.min_qty <= line.quantity]
                return prices[-1] if prices else None
        return None

    def _is_broken(self, line: ErpOrderLine) -> bool:
        """Say whether a unit that comes whole only is ordered in parts."""
        units = [unit for unit in self.ledger.records(Entity.UOM) if isinstance(unit, ErpUom) and unit.code == line.uom]
        return any(unit.discrete for unit in units) and line.quantity != line.quantity.to_integral_value()
