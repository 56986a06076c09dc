"""Ship notices: what a supplier says is under way, per line and site."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from pydantic import Field
from starlette.responses import Response

from purveyor.app import ship
from purveyor.app.ship import ShipNoticeCommand, ShipNoticeResult
from purveyor.core.access import Permission
from purveyor.core.errors import NotFound
from purveyor.core.ids import SiteId
from purveyor.core.order import PurchaseOrder
from purveyor.core.shipping import ShipNotice, ShippedLine
from purveyor.store.db import Tx
from purveyor.web.api.common import Call, Reply, answer, api_router, write
from purveyor.web.api.v1 import inbound
from purveyor.web.api.v1.doors import noticing, order_to_read, order_to_write, partner_posts, partner_reads, writing_scope
from purveyor.web.api.v1.operations import operation
from purveyor.web.api.v1.shapes import (
    MOST_LINES,
    At,
    Day,
    LineNo,
    Number,
    OrderRef,
    PositiveIn,
    Unit,
    VersionNo,
    pointing_at,
)
from purveyor.web.api.v1.sites import codes_of_sites, site_ids
from purveyor.web.api.wire import Name, Wire

router = api_router("/orders/{order_ref}/ship-notices", "Ship notices")


class ShippedLineIn(Wire):
    """A quantity that is under way; a line that goes to one site needs no ``ship_to``."""

    line_no: LineNo
    quantity: PositiveIn
    uom: Unit | None = None
    ship_to: Name | None = None


class ShipNoticeIn(Wire):
    """A shipment under the supplier's number; a higher revision takes the place of a lower one."""

    external_id: Name
    number: Name
    sent_at: At
    lines: Annotated[list[ShippedLineIn], Field(min_length=1, max_length=MOST_LINES)]
    revision: VersionNo = 1
    ships_on: Day | None = None
    arrives_on: Day | None = None
    carrier: Name | None = None
    tracking: Name | None = None
    mode: Name | None = None


class ShippedLineOut(Wire):
    """A quantity of a shipment."""

    line_no: int
    quantity: Number
    uom: str | None
    ship_to: str | None


class ShipNoticeOut(Wire):
    """A ship notice on the record."""

    id: UUID
    order_ref: str
    external_id: str
    revision: int
    number: str
    sent_at: datetime
    ships_on: date | None
    arrives_on: date | None
    carrier: str | None
    tracking: str | None
    mode: str | None
    lines: list[ShippedLineOut]


class UnderWay(Wire):
    """What is announced for a line and site and has not arrived, in base units of the item."""

    line_no: int
    ship_to: str | None
    quantity: Number


class ShipNoticeResultOut(Wire):
    """What became of a ship notice: its id here, and all that is under way of the order now."""

    id: UUID
    order_ref: str
    external_id: str
    revision: int
    under_way: list[UnderWay]
    repeated: bool = False


class ShipNoticeList(Wire):
    """The shipments of an order, each as its latest revision says."""

    items: list[ShipNoticeOut]


@router.post(
    "",
    **operation(
        "send_ship_notice",
        "Announce a shipment",
        Permission.SHIP_NOTICE_WRITE,
        ShipNoticeResultOut,
        status=201,
        repeated=ShipNoticeResultOut,
    ),
)
def send_ship_notice(
    order_ref: OrderRef,
    body: ShipNoticeIn,
    call: Annotated[Call, Depends(partner_posts(Permission.SHIP_NOTICE_WRITE))],
) -> Response:
    """Keep a ship notice and count what it announces; the same document again changes nothing."""

    def work(tx: Tx) -> Reply:
        order = order_to_write(call, tx, order_ref)
        with pointing_at(body):
            result = ship.record(tx, _command(tx, call, order, body))
        where = f"/v1/orders/{order_ref}/ship-notices/{result.id}"
        return Reply(_answered(tx, order_ref, body, result), 200 if result.repeated else 201, location=where)

    with noticing(call, order_ref):
        return write(call, work, writing_scope(call))


def _command(tx: Tx, call: Call, order: PurchaseOrder, body: ShipNoticeIn) -> ShipNoticeCommand:
    sites = site_ids(tx, [(line.line_no, line.ship_to) for line in body.lines])
    lines = tuple(
        ShippedLine(line.line_no, line.quantity, None if line.ship_to is None else sites[line.ship_to], line.uom)
        for line in body.lines
    )
    entry = inbound.keep(tx, call, "ship_notice", body, body.external_id, body.revision, body.sent_at, order)
    return ShipNoticeCommand(
        order_id=order.id,
        source=inbound.source_of(call),
        channel=inbound.CHANNEL,
        external_id=body.external_id,
        number=body.number,
        sent_at=body.sent_at,
        lines=lines,
        revision=body.revision,
        ships_on=body.ships_on,
        arrives_on=body.arrives_on,
        carrier=body.carrier,
        tracking=body.tracking,
        mode=body.mode,
        inbox_id=entry,
    )


def _answered(tx: Tx, order_ref: str, body: ShipNoticeIn, result: ShipNoticeResult) -> ShipNoticeResultOut:
    sites = codes_of_sites(tx, (place.ship_to for place in result.under_way))
    under_way = sorted(result.under_way.items(), key=lambda item: (item[0].line_no, str(item[0].ship_to)))
    return ShipNoticeResultOut(
        id=result.id,
        order_ref=order_ref,
        external_id=body.external_id,
        revision=body.revision,
        under_way=[
            UnderWay(line_no=place.line_no, ship_to=sites.get(place.ship_to), quantity=quantity) for place, quantity in under_way
        ],
        repeated=result.repeated,
    )


@router.get("", **operation("list_ship_notices", "List the shipments of an order", Permission.ORDER_READ, ShipNoticeList))
def list_ship_notices(order_ref: OrderRef, call: Annotated[Call, Depends(partner_reads(Permission.ORDER_READ))]) -> Response:
    """List the shipments of an order, each as its latest revision says."""
    with order_to_read(call, order_ref) as (tx, order):
        return answer(call, Reply(ShipNoticeList(items=_all(tx, order))))


@router.get("/{notice_id}", **operation("get_ship_notice", "Read one shipment", Permission.ORDER_READ, ShipNoticeOut))
def get_ship_notice(
    order_ref: OrderRef, notice_id: UUID, call: Annotated[Call, Depends(partner_reads(Permission.ORDER_READ))]
) -> Response:
    """Read one shipment of an order."""
    with order_to_read(call, order_ref) as (tx, order):
        found = next((each for each in _all(tx, order) if each.id == notice_id), None)
    if found is None:
        raise NotFound(order_ref=order_ref, ship_notice=notice_id)
    return answer(call, Reply(found))


def _all(tx: Tx, order: PurchaseOrder) -> list[ShipNoticeOut]:
    notices = ship.of_order(tx, order.id)
    sites = codes_of_sites(tx, (line.ship_to for notice in notices for line in notice.lines))
    return [_notice(order, notice, sites) for notice in notices]


def _notice(order: PurchaseOrder, notice: ShipNotice, sites: Mapping[SiteId | None, str]) -> ShipNoticeOut:
    assert notice.id is not None
    return ShipNoticeOut(
        id=notice.id,
        order_ref=order.order_ref,
        external_id=notice.external_id,
        revision=notice.revision,
        number=notice.number,
        sent_at=notice.sent_at,
        ships_on=notice.ships_on,
        arrives_on=notice.arrives_on,
        carrier=notice.carrier,
        tracking=notice.tracking,
        mode=notice.mode,
        lines=[
            ShippedLineOut(line_no=line.line_no, quantity=line.quantity, uom=line.uom, ship_to=sites.get(line.ship_to))
            for line in notice.lines
        ],
    )
