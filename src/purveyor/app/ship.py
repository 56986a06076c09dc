"""Take a supplier's ship notice in: pending movements per line and site, a higher revision replaces a lower one.

A ship notice is known by source, external id and revision; the same one again changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Final
from uuid import UUID

from purveyor.app.progress import items_of, units_of
from purveyor.app.supplier_door import order_of_supplier, require_sent, require_with_supplier
from purveyor.core.access import Permission
from purveyor.core.acknowledge import DocumentChanged
from purveyor.core.canonical import digest
from purveyor.core.errors import InvalidInput
from purveyor.core.events.base import Event, Ref
from purveyor.core.events.order import order_stream
from purveyor.core.events.shipping import QuantityMoved, ShipmentAnnounced
from purveyor.core.ids import MovementId, OrderId, ShipNoticeId
from purveyor.core.order import PurchaseOrder
from purveyor.core.progress import ordered_at, to_base
from purveyor.core.shipping import (
    Movement,
    MovementKind,
    Place,
    ShipNotice,
    ShippedLine,
    in_transit,
    latest_revisions,
    resolve_ship_to,
)
from purveyor.store import events, inbox, movements, ship_notices
from purveyor.store.db import Tx

BELIEVABLE: Final = 10
"""A shipment of more than so many times the order is a slip or a wrong unit (rule of thumb)."""


class ShipsFarTooMuch(InvalidInput):
    """This ship notice announces many times what is ordered; check quantity and unit and send it again."""

    code = "ship_quantity_implausible"


@dataclass(frozen=True, slots=True)
class ShipNoticeCommand:
    """Command: a supplier announces a shipment under his ``number``. ``inbox_id`` is the inbox entry it came in by."""

    order_id: OrderId
    source: str
    channel: str
    external_id: str
    number: str
    sent_at: datetime
    lines: tuple[ShippedLine, ...]
    revision: int = 1
    ships_on: date | None = None
    arrives_on: date | None = None
    carrier: str | None = None
    tracking: str | None = None
    mode: str | None = None
    inbox_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ShipNoticeResult:
    """The ship notice on the record and what is under way now, in base units. ``repeated``: it was here before."""

    id: ShipNoticeId
    under_way: Mapping[Place, Decimal]
    repeated: bool = False


def record(tx: Tx, command: ShipNoticeCommand) -> ShipNoticeResult:
    """Keep a ship notice and post what it announces; a repetition changes nothing.

    Raises NotAuthorised, NotFound, InvalidInput, UnknownReference, UnknownUnit, DocumentChanged, IllegalTransition, SentInFuture,
    ShipsFarTooMuch.
    """
    tx.actor.require(Permission.SHIP_NOTICE_WRITE)
    order = order_of_supplier(tx, command.order_id)
    require_sent(tx, command.sent_at)
    notice = _notice(tx, order, command)
    known = ship_notices.of_order(tx, order.id)
    same = next((each for each in known if _key(each) == _key(notice)), None)
    if same is not None:
        return _repeated(tx, order, same, notice, command)
    require_with_supplier(order, "ship")
    ship_notices.add(tx, order, notice, command.channel, tx.now)
    moved = _movements(tx, order, notice, [*known, notice])
    movements.add(tx, order, moved)
    events.append(tx, [_announced(order, notice, command), *moved_events(order, moved)])
    if command.inbox_id is not None:
        inbox.mark_applied(tx, command.inbox_id, "applied")
    assert notice.id is not None
    return ShipNoticeResult(notice.id, in_transit(movements.of_order(tx, order.id)))


def of_order(tx: Tx, order_id: OrderId) -> list[ShipNotice]:
    """Return the ship notices of an order, each shipment as its latest revision says."""
    return list(latest_revisions(ship_notices.of_order(tx, order_id)))


def moved_events(order: PurchaseOrder, moved: list[Movement]) -> list[Event]:
    """Return the events of movements that were just posted."""
    return [
        QuantityMoved(
            stream=order_stream(order.id),
            refs=(Ref("movement", item.id), Ref("document", item.document_id)),
            line_no=item.place.line_no,
            site_id=item.place.ship_to,
            kind=item.kind.value,
            quantity=item.quantity,
        )
        for item in moved
    ]


def _notice(tx: Tx, order: PurchaseOrder, command: ShipNoticeCommand) -> ShipNotice:
    if not command.lines:
        raise InvalidInput(field="lines", problem="nothing is shipped")
    seen: set[Place] = set()
    lines = []
    for shipped in command.lines:
        place = resolve_ship_to(order, shipped.line_no, shipped.ship_to)
        if not (shipped.quantity.is_finite() and shipped.quantity > 0):
            raise InvalidInput(field="quantity", problem="a quantity must be above zero", line_no=shipped.line_no)
        if place in seen:
            raise InvalidInput(field="lines", problem="a line is listed twice for one site", line_no=shipped.line_no)
        seen.add(place)
        lines.append(replace(shipped, ship_to=place.ship_to))
    notice = ShipNotice(
        source=command.source,
        external_id=command.external_id,
        number=command.number,
        sent_at=command.sent_at,
        lines=tuple(lines),
        revision=command.revision,
        ships_on=command.ships_on,
        arrives_on=command.arrives_on,
        carrier=command.carrier,
        tracking=command.tracking,
        mode=command.mode,
        id=ShipNoticeId(tx.new_id()),
    )
    _require_believable(tx, order, notice)
    return notice


def _require_believable(tx: Tx, order: PurchaseOrder, notice: ShipNotice) -> None:
    """Raise ShipsFarTooMuch for a slip or a wrong unit; what is a little above the order is judged when it is counted."""
    items = items_of(tx, [order])
    for place, announced in _announced_by_place(tx, order, notice).items():
        line = order.line(place.line_no)
        assert line is not None
        ordered = ordered_at(replace(line, cancelled=False), units_of(line, items)).get(place, Decimal(0))
        if announced > ordered * BELIEVABLE:
            limit = f"more than {BELIEVABLE} times what is ordered there"
            raise ShipsFarTooMuch(field="quantity", reason=limit, line_no=place.line_no)


def _announced_by_place(tx: Tx, order: PurchaseOrder, notice: ShipNotice) -> dict[Place, Decimal]:
    """What a ship notice announces per line and site, in base units; raises UnknownUnit."""
    items = items_of(tx, [order])
    lines = {line.line_no: line for line in order.lines}
    return {
        Place(shipped.line_no, shipped.ship_to): to_base(
            shipped.quantity, shipped.uom or lines[shipped.line_no].uom, units_of(lines[shipped.line_no], items)
        )
        for shipped in notice.lines
    }


def _movements(tx: Tx, order: PurchaseOrder, notice: ShipNotice, known: list[ShipNotice]) -> list[Movement]:
    """The difference between what this shipment announces by its latest revision and what is posted for it."""
    assert notice.id is not None
    latest = next(each for each in latest_revisions(known) if (each.source, each.external_id) == _key(notice)[:2])
    wanted = _announced_by_place(tx, order, latest)
    ours = {each.id for each in known if (each.source, each.external_id) == _key(notice)[:2]}
    posted: dict[Place, Decimal] = {}
    for item in movements.of_order(tx, order.id):
        if item.kind is MovementKind.SHIPPED and item.document_id in ours:
            posted[item.place] = posted.get(item.place, Decimal(0)) + item.quantity
    nothing = Decimal(0)
    return [
        Movement(
            id=MovementId(tx.new_id()),
            order_id=order.id,
            place=place,
            kind=MovementKind.SHIPPED,
            quantity=wanted.get(place, nothing) - posted.get(place, nothing),
            moved_at=notice.sent_at,
            document_id=notice.id,
            cause_id=notice.id,
            notice=notice.number,
        )
        for place in sorted(wanted.keys() | posted.keys(), key=str)
        if wanted.get(place, nothing) != posted.get(place, nothing)
    ]


def _key(notice: ShipNotice) -> tuple[str, str, int]:
    return (notice.source, notice.external_id, notice.revision)


def _content(notice: ShipNotice) -> str:
    said = (notice.number, notice.lines, notice.ships_on, notice.arrives_on, notice.carrier, notice.tracking, notice.mode)
    return digest(said)


def _repeated(
    tx: Tx, order: PurchaseOrder, known: ShipNotice, notice: ShipNotice, command: ShipNoticeCommand
) -> ShipNoticeResult:
    if _content(known) != _content(notice):
        raise DocumentChanged(external_id=notice.external_id, revision=notice.revision)
    if command.inbox_id is not None:
        inbox.mark_applied(tx, command.inbox_id, "DUPLICATE")
    assert known.id is not None
    return ShipNoticeResult(known.id, in_transit(movements.of_order(tx, order.id)), repeated=True)


def _announced(order: PurchaseOrder, notice: ShipNotice, command: ShipNoticeCommand) -> ShipmentAnnounced:
    assert notice.id is not None
    return ShipmentAnnounced(
        stream=order_stream(order.id),
        refs=(Ref("ship_notice", notice.id),),
        channel=command.channel,
        revision=notice.revision,
        ships_on=notice.ships_on,
        arrives_on=notice.arrives_on,
        lines=tuple(line.line_no for line in notice.lines),
        content_digest=_content(notice),
    )
