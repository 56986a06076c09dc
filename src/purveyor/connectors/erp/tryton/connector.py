"""The ERP port on Tryton: each method finds its part of the adapter; failures become results here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import httpx

from purveyor.connectors.contract import ConnectorError, Health, PermanentError
from purveyor.connectors.erp.contract import START, Capabilities, ChangePage, Cursor, Page, read_from, unseen
from purveyor.connectors.erp.mapping import Interface, Sources
from purveyor.connectors.erp.tryton import billing, confirming, orders, receiving
from purveyor.connectors.erp.tryton.feed import Feed, changed, version_of
from purveyor.connectors.erp.tryton.guard import as_agreed, as_result
from purveyor.connectors.erp.tryton.mapping import INTERFACES, SOURCES
from purveyor.connectors.erp.tryton.masters import MASTERS, read_masters
from purveyor.connectors.erp.tryton.rpc import Row, RpcCall, TrytonRpc
from purveyor.connectors.erp.tryton.stock import read_demand, read_stock
from purveyor.connectors.transport.http import HttpTransport
from purveyor.core.erp_records import Entity, ErpChange, ErpInvoice, ErpOrder, ErpReceipt, ErpRecord
from purveyor.core.erp_results import Applied, WriteResult

FEEDS: Final[dict[Entity, Feed]] = {
    **{entity: master.feed for entity, master in MASTERS.items()},
    Entity.ORDER: orders.FEED,
    Entity.RECEIPT: receiving.FEED,
    Entity.INVOICE: billing.FEED,
}


@dataclass(frozen=True, slots=True)
class TrytonAccess:
    """Where a Tryton database is and with which account to use it."""

    url: str
    database: str
    login: str
    password: str


class TrytonConnector:
    """One Tryton database. ``record`` is told of every call of a model, reads and writes, for the audit trail."""

    def __init__(
        self,
        access: TrytonAccess,
        *,
        timeout: float = 30.0,
        record: Callable[[RpcCall], None] | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = HttpTransport(access.url, timeout=timeout, transport=transport)
        self._rpc = TrytonRpc(self._http, access.database, access.login, access.password, record)

    def close(self) -> None:
        """Close the kept connections."""
        self._http.close()

    @property
    def capabilities(self) -> Capabilities:
        """What Tryton can do."""
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
        """Where each field comes from in Tryton."""
        return SOURCES

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """The methods of Tryton that are called."""
        return INTERFACES

    def health(self) -> Health:
        """Say whether Tryton answers and our account works there."""
        try:
            version = self._rpc.server_version()
            self._rpc.log_in()
        except ConnectorError as error:
            return Health(False, error.message)
        return Health(True, f"Tryton {version}")

    def pull(self, entity: Entity, cursor: Cursor, limit: int = 500) -> Page:
        """Read records created or changed since the cursor; stock and demand come as a whole, page by page."""
        if entity in (Entity.RECEIPT, Entity.INVOICE):
            raise PermanentError("Receipts and invoices are not pulled from Tryton; changes() names what moved.", entity=entity)
        with as_agreed():
            if entity in (Entity.STOCK, Entity.DEMAND):
                return self._snapshot(entity, cursor, limit)
            picked, following, complete = unseen(cursor, changed(FEEDS[entity], self._rpc, read_from(cursor)), limit)
            return Page(self._read(entity, [entry.external_id for entry in picked]), following, complete)

    def _read(self, entity: Entity, ids: list[str]) -> tuple[ErpRecord, ...]:
        if not ids:
            return ()
        return orders.read_orders(self._rpc, ids) if entity is Entity.ORDER else read_masters(self._rpc, entity, ids)

    def _snapshot(self, entity: Entity, cursor: Cursor, limit: int) -> Page:
        """Page through everything there is now; the round that ends starts over, because quantities have no history."""
        whole: tuple[ErpRecord, ...] = read_stock(self._rpc) if entity is Entity.STOCK else read_demand(self._rpc)
        delivered = {external_id for external_id, _ in cursor.seen}
        rest = [record for record in whole if record.external_id not in delivered]
        page = tuple(rest[:limit])
        if len(page) == len(rest):
            return Page(page, START, True)
        return Page(page, Cursor(None, cursor.seen | {(record.external_id, "") for record in page}), False)

    def get_order(self, external_id: str) -> ErpOrder | None:
        """Read one purchase again; None when it is gone."""
        with as_agreed():
            return next(iter(orders.read_orders(self._rpc, [external_id])), None)

    def find_by_ref(self, entity: Entity, reference: str) -> Applied | None:
        """Look up a completely written document by our reference; invoices by ``supplier id/supplier's number``."""
        with as_agreed():
            row = self._finished(entity, reference)
            return Applied(str(row["id"]), row["number"], version_of(FEEDS[entity], row)) if row else None

    def _finished(self, entity: Entity, reference: str) -> Row | None:
        """Return the row of a document under a reference, unless it is missing or not completely written."""
        if entity is Entity.RECEIPT:
            row = receiving.find_shipment(self._rpc, reference)
            return row if row and row["state"] == "done" else None
        if entity is Entity.INVOICE:
            supplier, _, number = reference.partition("/")
            row = billing.find_invoice(self._rpc, supplier, number)
            return row if row and row["state"] in billing.FINISHED else None
        found = self._rpc.model(orders.FEED.model, "search", [["reference", "=", reference]], 0, 1, None)
        row = orders.read_rows(self._rpc, [str(found[0])]).get(str(found[0])) if found else None
        return row if row and row["state"] not in ("draft", "quotation", "cancelled") else None

    def confirm(self, order: ErpOrder, order_ref: str, expected_version: str) -> WriteResult:
        """Confirm the purchase with exactly this content under our reference, once."""
        return as_result(
            order_ref,
            order.external_id,
            lambda: self._order_version(order.external_id),
            lambda: confirming.confirm(self._rpc, order, order_ref, expected_version),
        )

    def post_receipt(self, receipt: ErpReceipt, expected_version: str) -> WriteResult:
        """Post the accepted quantities against the order of that version; what is short stays open."""
        return as_result(
            receipt.reference,
            receipt.order,
            lambda: self._order_version(receipt.order),
            lambda: receiving.post_receipt(self._rpc, receipt, expected_version),
        )

    def post_invoice(self, invoice: ErpInvoice, expected_version: str) -> WriteResult:
        """Post the invoice against the order of that version; the result names the invoice."""
        return as_result(
            invoice.supplier_number,
            invoice.order,
            lambda: self._order_version(invoice.order),
            lambda: billing.post_invoice(self._rpc, invoice, expected_version),
        )

    def hold_invoice(self, external_id: str, expected_version: str) -> WriteResult:
        """Block a posted invoice for payment."""
        return self._payment_block(external_id, expected_version, blocked=True)

    def release_invoice(self, external_id: str, expected_version: str) -> WriteResult:
        """Lift the payment block."""
        return self._payment_block(external_id, expected_version, blocked=False)

    def _payment_block(self, external_id: str, expected_version: str, *, blocked: bool) -> WriteResult:
        return as_result(
            external_id,
            external_id,
            lambda: version_of(billing.FEED, billing.read_invoice(self._rpc, int(external_id))),
            lambda: billing.set_payment_block(self._rpc, external_id, expected_version, blocked=blocked),
        )

    def changes(self, cursor: Cursor, limit: int = 500) -> ChangePage:
        """Tell which orders and invoices changed since the cursor; ids of both are told apart by the entity's name."""
        since = read_from(cursor)
        found = [
            type(entry)(f"{entity}:{entry.external_id}", entry.version, entry.stamp)
            for entity in (Entity.ORDER, Entity.INVOICE)
            for entry in changed(FEEDS[entity], self._rpc, since)
        ]
        picked, following, complete = unseen(cursor, found, limit)
        return ChangePage(
            tuple(
                ErpChange(
                    entity=Entity(entry.external_id.partition(":")[0]),
                    external_id=entry.external_id.partition(":")[2],
                    version=entry.version,
                    occurred_at=entry.stamp,
                )
                for entry in picked
            ),
            following,
            complete,
        )

    def reconcile(self, entity: Entity) -> frozenset[str]:
        """Return the ids of all records there are now."""
        feed = FEEDS[entity]
        context = {"active_test": False}
        ids = self._rpc.model(feed.model, "search", list(feed.domain), 0, None, None, context=context)
        return frozenset(str(identifier) for identifier in ids)

    def _order_version(self, external_id: str) -> str | None:
        row = orders.read_rows(self._rpc, [external_id]).get(external_id)
        return version_of(orders.FEED, row) if row else None
