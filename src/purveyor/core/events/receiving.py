"""What was counted at a dock and what was decided about it. Stream: the order; quantities in base units of the item."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from purveyor.core.events.base import Event


@dataclass(frozen=True, kw_only=True)
class GoodsCounted(Event):
    """Somebody counted a line at a site: the physical count is on the record whatever becomes of it."""

    type: ClassVar[str] = "goods.counted"

    line_no: int
    site_id: UUID | None
    counted: Decimal
    damaged: Decimal
    keyed: Decimal
    keyed_uom: str | None
    recount: bool


@dataclass(frozen=True, kw_only=True)
class GoodsReceived(Event):
    """A count was judged: what was accepted, what is excess, held for a recount or rejected, and what is still open."""

    type: ClassVar[str] = "goods.received"

    line_no: int
    site_id: UUID | None
    accepted: Decimal
    excess: Decimal
    held: Decimal
    rejected: Decimal
    open: Decimal
    status: str
    codes: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ExcessDecided(Event):
    """A person accepted goods above the limit, or sent them back; the reason is kept beside the event."""

    type: ClassVar[str] = "excess.decided"

    line_no: int
    site_id: UUID | None
    quantity: Decimal
    accepted: bool


@dataclass(frozen=True, kw_only=True)
class DamageDecided(Event):
    """A person decided whether damaged goods are to be replaced or credited."""

    type: ClassVar[str] = "damage.decided"

    line_no: int
    site_id: UUID | None
    quantity: Decimal
    return_for: str


@dataclass(frozen=True, kw_only=True)
class LineClosedShort(Event):
    """A person gave up what is missing of a line; the missing quantity stays in the figures."""

    type: ClassVar[str] = "line.closed_short"

    line_no: int
    short: Decimal
    uom: str | None
