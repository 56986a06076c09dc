"""Receipts: what a warehouse counted at its dock, in the unit it counted in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from pydantic import Field
from starlette.responses import Response

from purveyor.app import receive
from purveyor.app.receive import CountedLine, ReceiptCommand, ReceiptResult, ReceivedLine
from purveyor.core.access import Permission
from purveyor.core.errors import NotFound
from purveyor.core.ids import ReceiptId, SiteId
from purveyor.core.order import PurchaseOrder
from purveyor.core.receiving import ReceivingCode, ReceivingStatus, ReturnFor
from purveyor.store.db import Tx
from purveyor.store.receipts import KeptCount, Receipt
from purveyor.web.api.common import Call, Reply, answer, api_router, write
from purveyor.web.api.v1 import inbound
from purveyor.web.api.v1.doors import house_posts, house_reads, noticing, order_to_read, order_to_write
from purveyor.web.api.v1.exceptions_out import ExceptionRef, open_exceptions
from purveyor.web.api.v1.operations import operation
from purveyor.web.api.v1.shapes import (
    MOST_LINES,
    At,
    LineNo,
    Number,
    OrderRef,
    QuantityIn,
    Unit,
    VersionNo,
    pointing_at,
)
from purveyor.web.api.v1.sites import codes_of_sites, site_ids
from purveyor.web.api.wire import Name, Wire

router = api_router("/orders/{order_ref}/receipts", "Receipts")


class CountedLineIn(Wire):
    """What was counted of a line, damaged goods included; with ``return_for`` it is what goes back to the supplier."""

    line_no: LineNo
    quantity: QuantityIn
    uom: Unit | None = None
    ship_to: Name | None = None
    damaged: QuantityIn = Decimal(0)
    return_for: ReturnFor | None = None


class ReceiptIn(Wire):
    """One count at a dock. ``delivery_note`` is the supplier's shipment number, ``recount_of`` a held receipt counted again."""

    external_id: Name
    counted_at: At
    lines: Annotated[list[CountedLineIn], Field(min_length=1, max_length=MOST_LINES)]
    revision: VersionNo = 1
    delivery_note: Name | None = None
    ends_shipment: bool = False
    recount_of: UUID | None = None


class ReceivedLineOut(Wire):
    """How a count was judged, in base units of the item; ``question`` is for whoever counted, when it must be counted again."""

    line_no: int
    ship_to: str | None
    keyed: Number | None = None
    keyed_uom: str | None = None
    accepted: Number
    excess: Number
    held: Number
    rejected: Number
    codes: list[ReceivingCode]
    open: Number | None = None
    status: ReceivingStatus | None = None
    question: str | None = None


class ReceiptOut(Wire):
    """A receipt on the record, with what became of each line and the exceptions it opened."""

    id: UUID
    order_ref: str
    external_id: str
    revision: int
    counted_at: datetime
    delivery_note: str | None
    held: bool
    lines: list[ReceivedLineOut]
    exceptions: list[ExceptionRef]
    repeated: bool = False


class ReceiptList(Wire):
    """The receipts of an order, as they came in."""

    items: list[ReceiptOut]


@router.post(
    "",
    **operation(
        "send_receipt", "Report a count at the dock", Permission.RECEIPT_WRITE, ReceiptOut, status=201, repeated=ReceiptOut
    ),
)
def send_receipt(
    order_ref: OrderRef, body: ReceiptIn, call: Annotated[Call, Depends(house_posts(Permission.RECEIPT_WRITE))]
) -> Response:
    """Keep a count and accept what fits; surplus, damage and suspected slips are asked about. A repetition changes nothing."""

    def work(tx: Tx) -> Reply:
        order = order_to_write(call, tx, order_ref)
        with pointing_at(body):
            result = _record(tx, _command(tx, call, order, body), body)
        where = f"/v1/orders/{order_ref}/receipts/{result.id}"
        return Reply(_answered(tx, order, body, result), 200 if result.repeated else 201, location=where)

    with noticing(call, order_ref):
        return write(call, work)


def _record(tx: Tx, command: ReceiptCommand, body: ReceiptIn) -> ReceiptResult:
    if body.recount_of is not None:
        return receive.recount(tx, ReceiptId(body.recount_of), command)
    return receive.record(tx, command)


def _command(tx: Tx, call: Call, order: PurchaseOrder, body: ReceiptIn) -> ReceiptCommand:
    sites = site_ids(tx, [(line.line_no, line.ship_to) for line in body.lines])
    entry = inbound.keep(tx, call, "receipt", body, body.external_id, body.revision, body.counted_at, order)
    return ReceiptCommand(
        order_id=order.id,
        source=inbound.source_of(call),
        external_id=body.external_id,
        counted_at=body.counted_at,
        lines=tuple(_counted(line, sites) for line in body.lines),
        revision=body.revision,
        notice=body.delivery_note,
        ends_shipment=body.ends_shipment,
        inbox_id=entry,
    )


def _counted(line: CountedLineIn, sites: Mapping[str, SiteId]) -> CountedLine:
    return CountedLine(
        line_no=line.line_no,
        quantity=line.quantity if line.return_for is None else -line.quantity,
        uom=line.uom,
        ship_to=None if line.ship_to is None else sites[line.ship_to],
        damaged=line.damaged,
        return_for=line.return_for,
    )


def _answered(tx: Tx, order: PurchaseOrder, body: ReceiptIn, result: ReceiptResult) -> ReceiptOut:
    sites = codes_of_sites(tx, (line.place.ship_to for line in result.lines))
    return ReceiptOut(
        id=result.id,
        order_ref=order.order_ref,
        external_id=body.external_id,
        revision=body.revision,
        counted_at=body.counted_at,
        delivery_note=body.delivery_note,
        held=result.held,
        lines=[_judged(line, sites) for line in result.lines],
        exceptions=[each for each in open_exceptions(tx, order_id=order.id) if each.receipt_id == result.id],
        repeated=result.repeated,
    )


def _judged(line: ReceivedLine, sites: Mapping[SiteId | None, str]) -> ReceivedLineOut:
    return ReceivedLineOut(
        line_no=line.place.line_no,
        ship_to=sites.get(line.place.ship_to),
        accepted=line.judged.accepted,
        excess=line.judged.excess,
        held=line.judged.held,
        rejected=line.judged.rejected,
        codes=list(line.judged.codes),
        open=line.judged.open_quantity,
        status=line.judged.status,
        question=line.question,
    )


@router.get("", **operation("list_receipts", "List the receipts of an order", Permission.ORDER_READ, ReceiptList))
def list_receipts(order_ref: OrderRef, call: Annotated[Call, Depends(house_reads(Permission.ORDER_READ))]) -> Response:
    """List what was counted for an order, with what became of each count."""
    with order_to_read(call, order_ref) as (tx, order):
        return answer(call, Reply(ReceiptList(items=_all(tx, order))))


@router.get("/{receipt_id}", **operation("get_receipt", "Read one receipt", Permission.ORDER_READ, ReceiptOut))
def get_receipt(
    order_ref: OrderRef, receipt_id: UUID, call: Annotated[Call, Depends(house_reads(Permission.ORDER_READ))]
) -> Response:
    """Read one receipt of an order."""
    with order_to_read(call, order_ref) as (tx, order):
        found = next((each for each in _all(tx, order) if each.id == receipt_id), None)
    if found is None:
        raise NotFound(order_ref=order_ref, receipt=receipt_id)
    return answer(call, Reply(found))


def _all(tx: Tx, order: PurchaseOrder) -> list[ReceiptOut]:
    kept = receive.of_order(tx, order.id)
    sites = codes_of_sites(tx, (count.place.ship_to for receipt in kept for count in receipt.counts))
    opened = open_exceptions(tx, order_id=order.id)
    return [_receipt(order, receipt, sites, opened) for receipt in kept]


def _receipt(
    order: PurchaseOrder, receipt: Receipt, sites: Mapping[SiteId | None, str], opened: list[ExceptionRef]
) -> ReceiptOut:
    return ReceiptOut(
        id=receipt.id,
        order_ref=order.order_ref,
        external_id=receipt.external_id,
        revision=receipt.revision,
        counted_at=receipt.counted_at,
        delivery_note=receipt.notice,
        held=any(count.held for count in receipt.counts),
        lines=[_count(count, sites) for count in receipt.counts],
        exceptions=[each for each in opened if each.receipt_id == receipt.id],
    )


def _count(count: KeptCount, sites: Mapping[SiteId | None, str]) -> ReceivedLineOut:
    return ReceivedLineOut(
        line_no=count.place.line_no,
        ship_to=sites.get(count.place.ship_to),
        keyed=count.keyed,
        keyed_uom=count.keyed_uom,
        accepted=count.accepted,
        excess=count.excess,
        held=count.held,
        rejected=count.rejected,
        codes=list(count.codes),
    )
