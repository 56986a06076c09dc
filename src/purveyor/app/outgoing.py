"""Put together what a message says at the moment it is sent: messages keep ids only, so they never say what is no longer true."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from purveyor.app import links
from purveyor.core.canonical import Json, plain_decimal
from purveyor.core.documents import order_document
from purveyor.core.ids import OrderId, SiteId
from purveyor.core.lifecycle import Status
from purveyor.core.messaging import MessageKind
from purveyor.core.order import OrderLine
from purveyor.core.parties import Supplier
from purveyor.store import masters, orders
from purveyor.store.db import Tx
from purveyor.store.messages import Message

KINDS: Final = {
    MessageKind.SUPPLIER_ORDER: "order",
    MessageKind.SUPPLIER_CHANGE: "change",
    MessageKind.SUPPLIER_REMINDER: "reminder",
    MessageKind.SUPPLIER_CANCEL: "cancel",
}


@dataclass(frozen=True, slots=True)
class SupplierDocument:
    """What a supplier gets: the published form of the order, and the token of a link that opens exactly this order.

    A cancellation asks for no answer and has no link.
    """

    kind: str
    order_ref: str
    version: int
    supplier: Supplier
    content: Mapping[str, Json]
    link_token: str | None


@dataclass(frozen=True, slots=True)
class ExpectedReceipt:
    """What a warehouse is told to await for one order; no lines means nothing any more."""

    key: str
    content: Mapping[str, Json]


def for_supplier(tx: Tx, message: Message, company: str) -> SupplierDocument | None:
    """Return the document of a supplier message, in the version the message is about.

    None once the order is cancelled, unless the message says just that. Raises NotFound.
    """
    order_id, number = _subject(message)
    order = orders.version(tx, order_id, number)
    called_off = message.kind == MessageKind.SUPPLIER_CANCEL
    if order.status is Status.CANCELLED and not called_off:
        return None
    assert order.supplier_id is not None
    supplier = masters.supplier(tx, order.supplier_id)
    if called_off:
        order = replace(order, lines=tuple(replace(line, cancelled=True) for line in order.lines))
    previous = None
    if message.kind == MessageKind.SUPPLIER_CHANGE and number > (order.first_issued_version or number):
        previous = orders.version(tx, order_id, number - 1)
    content = order_document(order, supplier, masters.sites(tx), company, previous)
    kind = KINDS[MessageKind(message.kind)]
    token = None if called_off else links.make_link(tx, order_id, kind)
    return SupplierDocument(kind, order.order_ref, number, supplier, content, token)


def for_warehouse(tx: Tx, message: Message) -> ExpectedReceipt:
    """Return what a site is to expect of an order now. Raises NotFound."""
    order_id, _ = _subject(message)
    order = orders.get(tx, order_id)
    site_id = SiteId(UUID(str(message.payload["site_id"])))
    site = masters.sites(tx, [site_id])[site_id]
    lines = [] if order.status is Status.CANCELLED else [_expected(line, site_id) for line in order.lines if not line.cancelled]
    content: dict[str, Json] = {
        "order_ref": order.order_ref,
        "version": order.version,
        "site": site.code,
        "supplier": order.supplier_code,
        "lines": [line for line in lines if line is not None],
    }
    return ExpectedReceipt(f"{order.order_ref}-{site.code}", content)


def _expected(line: OrderLine, site_id: SiteId) -> Json:
    parts = [part for part in line.schedules if part.ship_to == site_id]
    if not parts:
        return None
    return {
        "line_no": line.line_no,
        "item": line.item_code,
        "supplier_part_no": line.supplier_part_no,
        "uom": line.uom,
        "schedules": [
            {
                "schedule_no": part.schedule_no,
                "quantity": plain_decimal(part.quantity),
                "need_by": part.need_by.isoformat() if part.need_by else None,
            }
            for part in parts
        ],
    }


def _subject(message: Message) -> tuple[OrderId, int]:
    return OrderId(UUID(str(message.payload["order_id"]))), int(str(message.payload["version"]))
