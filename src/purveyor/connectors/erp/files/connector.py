"""The ERP port over drop folders: exports come in, import files go out, acknowledgments come back.

The ERP answers when its own job has run. A write waits a moment for that and is Unknown afterwards; it stays in doubt, is never
written a second time, and our reference is answered as soon as the acknowledgment, or an export that shows it, is there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import RLock
from typing import Final

from purveyor.connectors.contract import ConnectorError, Health, PermanentError, RetryableError
from purveyor.connectors.erp.contract import START, Capabilities, ChangePage, Cursor, Page, Stamped, unseen
from purveyor.connectors.erp.files.intake import Intake
from purveyor.connectors.erp.files.layout import Layout
from purveyor.connectors.erp.files.mapping import INTERFACES, sources
from purveyor.connectors.erp.files.mirror import Kept, Mirror
from purveyor.connectors.erp.files.records import PostedDocument
from purveyor.connectors.erp.files.requests import (
    CONFIRM,
    HOLD,
    INVOICE,
    RECEIPT,
    RELEASE,
    Request,
    Requests,
    Rows,
    invoice_rows,
    order_rows,
    receipt_rows,
)
from purveyor.connectors.erp.mapping import Interface, Sources
from purveyor.connectors.transport.folder import DropFolder
from purveyor.core.erp_records import Entity, ErpChange, ErpInvoice, ErpOrder, ErpOrderStatus, ErpReceipt, ErpSupplierItem
from purveyor.core.erp_results import Applied, Conflict, Duplicate, Rejected, Unknown, WriteResult

OPEN: Final = (ErpOrderStatus.DRAFT, ErpOrderStatus.SUBMITTED)
POLL: Final = timedelta(seconds=1)
ASKED_AS: Final = {Entity.ORDER: CONFIRM, Entity.RECEIPT: RECEIPT, Entity.INVOICE: INVOICE}


@dataclass(frozen=True, slots=True)
class FilesAccess:
    """Where the folders are and what was agreed about them.

    ``patience``: how long a write waits for its acknowledgment; ``overdue``: when a missing one becomes a person's question;
    ``guards_versions``: the ERP refuses an import whose ``expected_version`` is not the one it holds.
    """

    root: Path
    layout: Layout = field(default_factory=Layout)
    settle: timedelta = timedelta(seconds=5)
    patience: timedelta = timedelta(seconds=10)
    overdue: timedelta = timedelta(hours=24)
    guards_versions: bool = False


def _by_id(entry: tuple[str, Kept]) -> str:
    return entry[0]


def sleep(wait: timedelta) -> None:
    """Let time pass."""
    time.sleep(wait.total_seconds())


class FilesConnector:
    """One legacy ERP behind folders; ``clock`` and ``pause`` stand in for the folder's time and for waiting."""

    def __init__(
        self,
        access: FilesAccess,
        *,
        clock: Callable[[], datetime] | None = None,
        pause: Callable[[timedelta], None] = sleep,
    ) -> None:
        self._access = access
        self._pause = pause
        self._folder = DropFolder(access.root, settle=access.settle, clock=clock)
        self._requests = Requests(self._folder, access.layout)
        self._mirror = Mirror(self._requests)
        self._intake = Intake(self._folder, access.layout, self._mirror)
        self._one_at_a_time = RLock()

    @property
    def capabilities(self) -> Capabilities:
        """What can be done over files; whether versions are guarded depends on the ERP's import."""
        return Capabilities(
            optimistic_lock=self._access.guards_versions,
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
        """Where each field comes from: the columns of the newest files, also of those that were put aside."""
        self._refresh()
        return sources(self._access.layout, self._intake.headings())

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """The files that are exchanged."""
        return INTERFACES

    def health(self) -> Health:
        """Say whether the folders are there, which rows wait for correction and which answers are overdue."""
        try:
            self._refresh()
            problems = [f"{file} row {row}: {column} {reason}" for file, row, column, reason in self._intake.corrections()]
            problems += [f"{name} could not be read" for name in self._folder.names("bad") if not name.endswith(".reason.txt")]
            problems += [f"{name} was not fetched" for name in self._folder.names("to_erp") if self._is_overdue("to_erp", name)]
        except ConnectorError as error:
            return Health(False, error.message)
        return Health(True, f"folder {self._access.root}", tuple(problems))

    def pull(self, entity: Entity, cursor: Cursor, limit: int = 500) -> Page:
        """Read records that were exported or acknowledged since the cursor; stock and demand come as a whole, page by page."""
        if entity in (Entity.RECEIPT, Entity.INVOICE):
            raise PermanentError("Receipts and invoices are not pulled; changes() names what moved.", entity=entity)
        self._refresh(wait=cursor == START)
        told = self._mirror.told(entity)
        if entity in (Entity.STOCK, Entity.DEMAND):
            delivered = {external_id for external_id, _ in cursor.seen}
            rest = [kept.record for key, kept in sorted(self._mirror.now(entity), key=_by_id) if key not in delivered]
            page = tuple(rest[:limit])
            if len(page) == len(rest):
                return Page(page, START, True, told.as_of)
            seen = cursor.seen | {(record.external_id, "") for record in page}
            return Page(page, Cursor(None, seen), False, told.as_of)
        picked, following, complete = unseen(cursor, self._mirror.stamped(entity), limit)
        found = (self._mirror.record(entity, entry.external_id) for entry in picked)
        return Page(tuple(record for record in found if record is not None), following, complete, told.as_of)

    def get_order(self, external_id: str) -> ErpOrder | None:
        """Read one order as last exported; a version the ERP told of and did not export yet is waited for."""
        self._refresh()
        if self._mirror.moved_on(external_id):
            raise RetryableError(f"Order {external_id} was changed in the ERP, which has not exported it yet.")
        return self._mirror.order(external_id)

    def find_by_ref(self, entity: Entity, reference: str) -> Applied | None:
        """Look up what was exported or acknowledged under our reference.

        Raises RetryableError while an import file waits for its acknowledgment, PermanentError when that is overdue.
        """
        self._refresh()
        found = self._known(entity, reference)
        if found is not None:
            return found
        request = self._requests.latest(ASKED_AS[entity], reference)
        if request is None or self._mirror.answer(request) is not None:
            return None
        if self._is_overdue("sent", request.file):
            where = "still lies in to_erp" if self._requests.waiting(request) else "was fetched"
            raise PermanentError(f"{request.file} {where}, and the ERP has not acknowledged it for {self._access.overdue}.")
        raise RetryableError(f"{request.file} waits for the ERP's acknowledgment.")

    def _known(self, entity: Entity, reference: str) -> Applied | None:
        if entity is Entity.ORDER:
            order = self._mirror.order_under(reference)
            confirmed = order is not None and order.status.confirmed
            return Applied(order.external_id, order.number, order.version) if order and confirmed else None
        document = self._mirror.document(entity, reference)
        return Applied(document.external_id, document.number, document.version) if document else None

    def confirm(self, order: ErpOrder, order_ref: str, expected_version: str) -> WriteResult:
        """Ask the ERP to confirm the order with exactly this content under our reference, once."""
        self._refresh()
        there = self._mirror.order(order.external_id)
        if there is not None and there.order_ref == order_ref and there.status.confirmed:
            return Duplicate(there.external_id, there.number, there.version, there.version)
        waiting = self._unanswered(CONFIRM, order_ref)
        if waiting is not None:
            return self._answered(waiting, order_ref, order.external_id)
        if there is None or there.version != expected_version or there.status not in OPEN:
            return Conflict(order.external_id, there.version if there else None)
        taken = self._mirror.order_under(order_ref)
        if taken is not None and taken.external_id != there.external_id:
            return Rejected("reference_in_use", f"Order {taken.external_id} carries our reference {order_ref} already.")
        priced = replace(
            order,
            lines=tuple(
                replace(
                    line,
                    unit_price=self._price(order, line.item, line.quantity, line.uom)
                    if line.unit_price is None
                    else line.unit_price,
                )
                for line in order.lines
            ),
        )
        unpriced = next((line for line in priced.lines if line.unit_price is None), None)
        if unpriced is not None:
            return Rejected("price_missing", f"Line {unpriced.line_no} has no price and the ERP exported none.")
        return self._ask(CONFIRM, order_ref, order_rows(priced, order_ref, expected_version), order_ref, order.external_id)

    def _price(self, order: ErpOrder, item: str | None, quantity: Decimal, uom: str | None) -> Decimal | None:
        day = order.order_date
        for _, kept in self._mirror.now(Entity.SUPPLIER_ITEM):
            terms = kept.record
            if isinstance(terms, ErpSupplierItem) and (terms.supplier, terms.item, terms.order_uom) == (
                order.supplier,
                item,
                uom,
            ):
                valid = [
                    entry
                    for entry in terms.price_breaks
                    if entry.min_qty <= quantity
                    and entry.currency == order.currency
                    and (day is None or (entry.valid_from or day) <= day <= (entry.valid_to or day))
                ]
                return valid[-1].unit_price if valid else None
        return None

    def post_receipt(self, receipt: ErpReceipt, expected_version: str) -> WriteResult:
        """Ask the ERP to post the accepted quantities against the order of that version; what is short stays open."""
        self._refresh()
        order = self._mirror.order(receipt.order)
        early = self._before_writing(Entity.RECEIPT, receipt.reference, receipt.reference, order)
        if early is not None:
            return early
        if order is None or order.version != expected_version:
            return Conflict(receipt.order, order.version if order else None)
        if not any(line.accepted for line in receipt.lines):
            return Rejected("nothing_accepted", "The receipt accepts nothing, so there is nothing to take into stock.")
        rows = receipt_rows(receipt, expected_version)
        return self._ask(RECEIPT, receipt.reference, rows, receipt.reference, receipt.order)

    def post_invoice(self, invoice: ErpInvoice, expected_version: str) -> WriteResult:
        """Ask the ERP to post the invoice against the order of that version; the result names the invoice."""
        self._refresh()
        order = self._mirror.order(invoice.order)
        if order is None:
            return Conflict(invoice.order, None)
        reference = f"{order.supplier}/{invoice.supplier_number}"
        early = self._before_writing(Entity.INVOICE, reference, invoice.supplier_number, order)
        if early is not None:
            return early
        if order.version != expected_version:
            return Conflict(invoice.order, order.version)
        rows = invoice_rows(invoice, order.supplier, expected_version)
        return self._ask(INVOICE, reference, rows, invoice.supplier_number, invoice.order)

    def _before_writing(self, entity: Entity, reference: str, ours: str, order: ErpOrder | None) -> WriteResult | None:
        """Return the answer when the ERP has the document, or was asked and did not answer yet."""
        known = self._known(entity, reference)
        if known is not None:
            return Duplicate(known.external_id, known.number, known.version, order.version if order else None)
        waiting = self._unanswered(ASKED_AS[entity], reference)
        return None if waiting is None else self._answered(waiting, ours, order.external_id if order else "")

    def hold_invoice(self, external_id: str, expected_version: str) -> WriteResult:
        """Ask the ERP to block a posted invoice for payment."""
        return self._block(HOLD, external_id, expected_version)

    def release_invoice(self, external_id: str, expected_version: str) -> WriteResult:
        """Ask the ERP to lift the payment block."""
        return self._block(RELEASE, external_id, expected_version)

    def _block(self, kind: str, external_id: str, expected_version: str) -> WriteResult:
        self._refresh()
        invoice = self._mirror.record(Entity.INVOICE, external_id)
        if not isinstance(invoice, PostedDocument):
            return Conflict(external_id, None)
        if invoice.blocked is (kind == HOLD):
            return Duplicate(external_id, invoice.number, invoice.version)
        waiting = self._unanswered(kind, external_id)
        if waiting is not None:
            return self._answered(waiting, external_id, external_id)
        if invoice.version != expected_version:
            return Conflict(external_id, invoice.version)
        rows: Rows = [{"invoice_id": external_id, "expected_version": expected_version}]
        return self._ask(kind, external_id, rows, external_id, external_id)

    def _unanswered(self, kind: str, reference: str) -> Request | None:
        request = self._requests.latest(kind, reference)
        return request if request is not None and self._mirror.answer(request) is None else None

    def _ask(self, kind: str, reference: str, rows: Rows, ours: str, subject: str) -> WriteResult:
        before = self._requests.latest(kind, reference)
        request = Request(kind, reference, before.number + 1 if before else 1)
        self._requests.make(request, rows)
        return self._answered(request, ours, subject)

    def _answered(self, request: Request, ours: str, subject: str) -> WriteResult:
        """Wait a moment for the acknowledgment; Unknown when it does not come."""
        waited = timedelta(0)
        while (answer := self._mirror.answer(request)) is None:
            if waited >= self._access.patience:
                return Unknown(ours)
            self._pause(POLL)
            waited += POLL
            self._refresh()
        return self._mirror.result(answer, subject)

    def changes(self, cursor: Cursor, limit: int = 500) -> ChangePage:
        """Tell which orders and invoices changed since the cursor."""
        self._refresh()
        found = [
            Stamped(f"{entity}:{entry.external_id}", entry.version, entry.stamp)
            for entity in (Entity.ORDER, Entity.INVOICE)
            for entry in self._mirror.stamped(entity)
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
        """Return the ids of all records the ERP told of. Raises RetryableError before the first export that told everything.

        Without one, nobody can say what is gone, and nothing may be taken for deleted.
        """
        self._refresh()
        told = self._mirror.told(entity)
        if told.whole_at is None:
            raise RetryableError(f"The ERP has not sent a whole export of its {entity}s yet, so nobody knows what is gone.")
        return frozenset(told.kept)

    def _is_overdue(self, part: str, name: str) -> bool:
        return self._folder.now() - self._folder.written_at(part, name) > self._access.overdue

    def _refresh(self, *, wait: bool = False) -> None:
        """Take in what arrived; ``wait`` gives files that were just written the time to settle."""
        with self._one_at_a_time:
            self._intake.refresh()
            if wait and self._intake.unsettled:
                self._pause(self._access.settle)
                self._intake.refresh()
