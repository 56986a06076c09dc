"""Queue what is told to the outside: confirmations in the ERP, orders to suppliers, expected receipts, and whatever else is sent.

Every message has one identity, so queueing twice sends once; every message queued stands on the timeline of its order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from purveyor.app.outbound import about_refs
from purveyor.core.canonical import Json
from purveyor.core.events.base import Event
from purveyor.core.events.message import MessageQueued, message_stream
from purveyor.core.ids import MessageId, OrderId, SiteId
from purveyor.core.messaging import ERP_CHANNEL, WMS_CHANNEL, MessageKind, Outbound, message_key
from purveyor.core.order import PurchaseOrder
from purveyor.core.parties import Supplier
from purveyor.store import events, masters, message_batches, messages
from purveyor.store.db import Tx
from purveyor.store.message_batches import NewMessage, Queued
from purveyor.store.messages import About, Message

_NO_CHANNEL: Final = "email"
"""A supplier without channels still gets a message: it fails visibly and belongs to a person, instead of never existing."""

_ORDERING: Final = (MessageKind.SUPPLIER_ORDER, MessageKind.SUPPLIER_CHANGE)
_NOT_SENT: Final = ("withdrawn", "postponed")
"""How an attempt ends that never spoke to the other side."""


def confirm_in_erp(tx: Tx, orders: Sequence[PurchaseOrder]) -> dict[OrderId, MessageId]:
    """Queue the confirmation of orders in their ERP; returns the message by order.

    A version that was refused, taken back, or placed there while it was not approved is confirmed under the same identity.
    """
    new = [_erp_message(order) for order in orders]
    return dict(zip((order.id for order in orders), queue(tx, new, again=True), strict=True))


def send_to_suppliers(tx: Tx, orders: Sequence[PurchaseOrder], kind: MessageKind = MessageKind.SUPPLIER_ORDER) -> list[MessageId]:
    """Queue orders to their suppliers, each on the supplier's first channel."""
    wanted = {order.supplier_id for order in orders if order.supplier_id is not None}
    suppliers = masters.suppliers(tx, wanted)
    return queue(tx, [_supplier_message(order, kind, suppliers[order.supplier_id]) for order in orders if order.supplier_id])


def announce_to_sites(tx: Tx, orders: Sequence[PurchaseOrder]) -> list[MessageId]:
    """Queue the expected receipts of orders to every site they go to."""
    return queue(tx, [_site_message(order, site) for order in orders for site in ship_to_sites(order)])


def call_off(tx: Tx, order: PurchaseOrder) -> None:
    """Tell the supplier and the sites that a cancelled order is off: everybody whom something about it may have reached."""
    reached = [message for message in messages.of_order(tx, order.id) if _may_have_arrived(tx, message)]
    if any(message.kind in _ORDERING for message in reached):
        send_to_suppliers(tx, [order], MessageKind.SUPPLIER_CANCEL)
    sites = {SiteId(UUID(one.partner_key)) for one in reached if one.kind == MessageKind.WMS_EXPECTED_RECEIPT}
    queue(tx, [_site_message(order, site, ":cancelled") for site in sorted(sites)])


def _may_have_arrived(tx: Tx, message: Message) -> bool:
    return any(attempt.outcome not in _NOT_SENT for attempt in messages.attempts_of(tx, message.id))


def ship_to_sites(order: PurchaseOrder) -> list[SiteId]:
    """Return every site that gets something of an order."""
    return sorted({part.ship_to for line in order.lines if not line.cancelled for part in line.schedules if part.ship_to})


def _erp_message(order: PurchaseOrder) -> NewMessage:
    assert order.erp is not None
    key = message_key(MessageKind.ERP_CONFIRM, order.id, order.version)
    outbound = Outbound(MessageKind.ERP_CONFIRM, "order", order.id, order.version, order.erp.instance, ERP_CHANNEL, key)
    extra = {"erp": order.erp.instance, "external_id": order.erp.external_id, "expected_version": order.erp.version}
    return NewMessage(outbound, {**_payload(order), **extra}, _about(order))


def _supplier_message(order: PurchaseOrder, kind: MessageKind, supplier: Supplier) -> NewMessage:
    channel = supplier.channels[0] if supplier.channels else _NO_CHANNEL
    key = message_key(kind, order.id, order.version)
    outbound = Outbound(kind, "order", order.id, order.version, str(supplier.id), channel, key)
    return NewMessage(outbound, _payload(order), _about(order))


def _site_message(order: PurchaseOrder, site: SiteId, occasion: str = "") -> NewMessage:
    key = f"{message_key(MessageKind.WMS_EXPECTED_RECEIPT, order.id, order.version)}:{site}{occasion}"
    outbound = Outbound(MessageKind.WMS_EXPECTED_RECEIPT, "order", order.id, order.version, str(site), WMS_CHANNEL, key)
    return NewMessage(outbound, {**_payload(order), "site_id": str(site)}, _about(order))


def _payload(order: PurchaseOrder) -> Mapping[str, Json]:
    return {"schema": 1, "order_id": str(order.id), "order_ref": order.order_ref, "version": order.version}


def _about(order: PurchaseOrder) -> About:
    return About(order.id, order.version, order.business_unit_id, order.supplier_id)


def queue(tx: Tx, new: Sequence[NewMessage], *, again: bool = False) -> list[MessageId]:
    """Queue messages and tell it; one whose identity is known is not queued a second time.

    ``again``: one that was given up or taken back is sent under its old identity.
    """
    queued = message_batches.queue_many(tx, new)
    if again:
        queued = [
            message if message.added else Queued(message.id, message_batches.queue_again(tx, message.id, one.payload))
            for message, one in zip(queued, new, strict=True)
        ]
    told: list[Event] = [
        MessageQueued(
            stream=message_stream(message.id),
            refs=about_refs(one.outbound.subject_type, one.outbound.subject_id, one.about),
            kind=one.outbound.kind.value,
            channel=one.outbound.channel,
            revision=one.outbound.revision,
            idempotency_key=one.outbound.idempotency_key,
        )
        for message, one in zip(queued, new, strict=True)
        if message.added
    ]
    events.append(tx, told)
    return [message.id for message in queued]
