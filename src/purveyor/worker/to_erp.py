"""Write into ERPs: confirm orders, post receipts and invoices, block and release payments; each exactly once.

An ERP that is away stops nothing else: its messages wait without using up attempts. After a lost answer our own reference is
looked up before anything is written again. An ERP that is set up as read-only is never written to.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final, TypeVar

from purveyor.app import erp_receipts, erp_writes, issue
from purveyor.app.erp_writes import InvoiceWrite
from purveyor.app.issue import Confirmation, Withdrawn
from purveyor.connectors.contract import RetryableError
from purveyor.connectors.erp.contract import ErpConnector
from purveyor.core.erp_records import Entity, ErpReceipt
from purveyor.core.erp_results import Conflict, Duplicate, Unsupported, WriteResult
from purveyor.core.ids import ErpInstance
from purveyor.settings import Settings
from purveyor.store.db import Database, Tx
from purveyor.store.jobs import Job
from purveyor.store.messages import Claim
from purveyor.worker.connections import Connections, ErpConnection
from purveyor.worker.outbound import send

T = TypeVar("T")
R = TypeVar("R")
ERP_LEASE: Final = timedelta(minutes=2)
AT_ONCE: Final = 2
"""Writes to one ERP at the same time; every ERP measured is bound by its own processor (erps.md)."""


class ToErp:
    """The writing tasks of one worker."""

    def __init__(self, connections: Connections, settings: Settings) -> None:
        self._connections = connections
        self._away = timedelta(seconds=int(settings.erp_away_seconds))

    def confirm(self, database: Database, job: Job) -> None:
        """Confirm an order in its ERP with the approved content, if it still stands when its turn comes."""
        self._send(database, job, issue.to_confirm, self._confirm, issue.confirmed)

    def _confirm(self, held: Claim, wanted: Confirmation) -> WriteResult | Withdrawn:
        erp = self._erp(held)
        reference = str(held.message.payload["order_ref"])
        found = erp.find_by_ref(Entity.ORDER, reference) if held.unsure else None
        if found is not None:
            return Duplicate(found.external_id, found.number, found.version)
        if wanted.record is None:
            return Withdrawn()
        return erp.confirm(wanted.record, reference, wanted.record.version)

    def post_receipt(self, database: Database, job: Job) -> None:
        """Post a receipt against its order; what is short stays open there."""
        self._send(database, job, lambda tx, held: erp_receipts.erp_receipt(tx, held.message), self._receive, erp_writes.written)

    def _receive(self, held: Claim, receipt: ErpReceipt) -> WriteResult:
        erp = self._erp(held)
        found = erp.find_by_ref(Entity.RECEIPT, receipt.reference) if held.unsure else None
        if found is not None:
            return Duplicate(found.external_id, found.number, found.version)
        order = erp.get_order(receipt.order)
        if order is None:
            return Conflict(receipt.order, None)
        return erp.post_receipt(receipt, order.version)

    def post_invoice(self, database: Database, job: Job) -> None:
        """Post an invoice; the version to guard is the one the order has in the ERP at that moment."""
        self._write_invoice(database, job, self._post)

    def hold_invoice(self, database: Database, job: Job) -> None:
        """Block a posted invoice for payment."""
        self._write_invoice(database, job, lambda held, write: self._payment(held, write, blocked=True))

    def release_invoice(self, database: Database, job: Job) -> None:
        """Lift the payment block of an invoice."""
        self._write_invoice(database, job, lambda held, write: self._payment(held, write, blocked=False))

    def _write_invoice(self, database: Database, job: Job, call: Callable[[Claim, InvoiceWrite], WriteResult]) -> None:
        self._send(database, job, lambda tx, held: erp_writes.invoice_write(tx, held.message), call, erp_writes.written)

    def _post(self, held: Claim, write: InvoiceWrite) -> WriteResult:
        erp = self._erp(held)
        found = erp.find_by_ref(Entity.INVOICE, write.reference) if held.unsure else None
        if found is not None:
            return Duplicate(found.external_id, found.number, found.version)
        order = erp.get_order(write.invoice.order)
        if order is None:
            return Conflict(write.invoice.order, None)
        return erp.post_invoice(write.invoice, order.version)

    def _payment(self, held: Claim, write: InvoiceWrite, *, blocked: bool) -> WriteResult:
        erp = self._erp(held)
        posted = erp.find_by_ref(Entity.INVOICE, write.reference)
        if posted is None:
            raise RetryableError("The invoice is not posted in the ERP yet.")
        change = erp.hold_invoice if blocked else erp.release_invoice
        return change(posted.external_id, posted.version)

    def _send(
        self,
        database: Database,
        job: Job,
        prepare: Callable[[Tx, Claim], T | None],
        call: Callable[[Claim, T], R],
        record: Callable[[Tx, Claim, R | Unsupported], None],
    ) -> None:
        def written(held: Claim, said: T) -> R | Unsupported:
            return Unsupported(held.message.kind) if self._connection(held).read_only else call(held, said)

        send(database, job, prepare, written, record, lease=ERP_LEASE, at_once=AT_ONCE, away=self._away)

    def _erp(self, held: Claim) -> ErpConnector:
        return self._connection(held).connector

    def _connection(self, held: Claim) -> ErpConnection:
        return self._connections.erps[ErpInstance(held.message.partner_key)]
