"""Quantity movements: what was announced, what arrived, what was rejected, returned or invoiced, never changed afterwards.

A ship notice is a pending movement, a receipt posts it, and a receipt that says it was all voids the rest. Everything is kept
in base units of the item, where counted goods are whole numbers, per line and ship-to site.
Source: architecture.md 1.3; checklist.md S20, S24.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from purveyor.core.errors import InvalidInput, UnknownReference
from purveyor.core.ids import MovementId, OrderId, ShipNoticeId, SiteId
from purveyor.core.order import PurchaseOrder


class MovementKind(StrEnum):
    """What a movement says about a quantity; a correction is a further movement of the same kind with the opposite sign.

    ``returned`` goods were accepted before. ``credited`` is what is no longer wanted because money comes back for it.
    """

    SHIPPED = "shipped"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    RETURNED = "returned"
    CREDITED = "credited"
    SHIPMENT_ENDED = "shipment_ended"
    INVOICED = "invoiced"


@dataclass(frozen=True, slots=True)
class Place:
    """Where quantities are kept apart: one line for one ship-to site."""

    line_no: int
    ship_to: SiteId | None


@dataclass(frozen=True, slots=True)
class Movement:
    """One immutable change of a quantity, in base units of the item.

    ``notice`` is the supplier's number of the shipment it belongs to. ``document_id`` is the ship notice, receipt or invoice
    that says so, ``cause_id`` the document whose arrival made us post it (another one when a late document corrects it).
    """

    id: MovementId
    order_id: OrderId
    place: Place
    kind: MovementKind
    quantity: Decimal
    moved_at: datetime
    document_id: UUID
    cause_id: UUID
    notice: str | None = None


@dataclass(frozen=True, slots=True)
class ShippedLine:
    """A quantity on a ship notice, in ``uom`` (the unit of the line when absent)."""

    line_no: int
    quantity: Decimal
    ship_to: SiteId | None = None
    uom: str | None = None


@dataclass(frozen=True, slots=True)
class ShipNotice:
    """The supplier's announcement of a shipment. ``number`` is his number for it; a higher revision replaces a lower one."""

    source: str
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
    id: ShipNoticeId | None = None


def resolve_ship_to(order: PurchaseOrder, line_no: int, ship_to: SiteId | None) -> Place:
    """Return the place a document means; a line with one ship-to needs none named. Raises UnknownReference, InvalidInput."""
    line = order.line(line_no)
    if line is None:
        raise UnknownReference(field="line_no", line_no=line_no)
    sites = {schedule.ship_to for schedule in line.schedules}
    if ship_to is None and len(sites) == 1:
        return Place(line_no, next(iter(sites)))
    if ship_to is None:
        raise InvalidInput(field="ship_to", problem="the line goes to several sites; name one", line_no=line_no)
    if ship_to not in sites:
        raise UnknownReference(field="ship_to", line_no=line_no)
    return Place(line_no, ship_to)


def latest_revisions(notices: Iterable[ShipNotice]) -> tuple[ShipNotice, ...]:
    """Return each shipment once, as its latest revision says; order of arrival does not matter."""
    newest: dict[tuple[str, str], ShipNotice] = {}
    for notice in sorted(notices, key=lambda item: (item.revision, item.sent_at)):
        newest[(notice.source, notice.external_id)] = notice
    return tuple(newest[key] for key in sorted(newest))


def in_transit(movements: Iterable[Movement]) -> dict[Place, Decimal]:
    """Return what is announced and not yet there, per place.

    A receipt that names its shipment settles that one; one that names none uses up what had been announced for its place when
    it was counted. A shipment that ended has nothing more under way, whatever it announced.
    """
    shipped: dict[tuple[Place, str | None], Decimal] = {}
    announced_at: dict[tuple[Place, str | None], datetime] = {}
    arrived: dict[tuple[Place, str | None], Decimal] = {}
    unnamed: dict[tuple[datetime, UUID, Place], Decimal] = {}
    ended: set[tuple[Place, str | None]] = set()
    for item in movements:
        key = (item.place, item.notice)
        if item.kind is MovementKind.SHIPPED:
            shipped[key] = shipped.get(key, Decimal(0)) + item.quantity
            announced_at[key] = min(item.moved_at, announced_at.get(key, item.moved_at))
        elif item.kind is MovementKind.SHIPMENT_ENDED:
            ended.add(key)
        elif item.kind in _ARRIVED and item.notice is None:
            document = (item.moved_at, item.document_id, item.place)
            unnamed[document] = unnamed.get(document, Decimal(0)) + item.quantity
        elif item.kind in _ARRIVED:
            arrived[key] = arrived.get(key, Decimal(0)) + item.quantity
    rest = {
        key: Decimal(0) if key in ended else max(Decimal(0), quantity - arrived.get(key, Decimal(0)))
        for key, quantity in shipped.items()
    }
    announced = [(announced_at[key], key[0], rest[key]) for key in shipped]
    came = [(moment, place, quantity) for (moment, _, place), quantity in unnamed.items()]
    return {place: _under_way(place, announced, came) for place in {key[0] for key in shipped}}


_ARRIVED: Final = frozenset({MovementKind.ACCEPTED, MovementKind.REJECTED})


def _under_way(
    place: Place, announced: Iterable[tuple[datetime, Place, Decimal]], unnamed: Iterable[tuple[datetime, Place, Decimal]]
) -> Decimal:
    """Use up announcements by arrivals that name no shipment; one that came before an announcement does not touch it."""
    steps = [(moment, 0, quantity) for moment, where, quantity in announced if where == place]
    steps += [(moment, 1, -quantity) for moment, where, quantity in unnamed if where == place]
    left = Decimal(0)
    for _, _, quantity in sorted(steps):
        left = max(Decimal(0), left + quantity)
    return left
