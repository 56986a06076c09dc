"""Shipments that suppliers announce. Stream: the order; quantities in base units of the item."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from purveyor.core.events.base import Event


@dataclass(frozen=True, kw_only=True)
class ShipmentAnnounced(Event):
    """A ship notice arrived; a higher revision replaces what a lower one announced."""

    type: ClassVar[str] = "shipment.announced"

    channel: str
    revision: int
    ships_on: date | None
    arrives_on: date | None
    lines: tuple[int, ...]
    content_digest: str


@dataclass(frozen=True, kw_only=True)
class QuantityMoved(Event):
    """A quantity of a line moved at a site; corrections carry the opposite sign."""

    type: ClassVar[str] = "quantity.moved"

    line_no: int
    site_id: UUID | None
    kind: str
    quantity: Decimal
