"""Business units, sites and suppliers, as Purveyor knows them beside the ERPs' own records."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from purveyor.core.ids import BusinessUnitId, SiteId, SupplierId


class SupplierStatus(StrEnum):
    """Whether a supplier may receive orders."""

    ACTIVE = "active"
    HOLD_ORDERS = "hold_orders"
    INACTIVE = "inactive"


class AnswerMode(StrEnum):
    """What a supplier means by a second acknowledgment: the whole line anew, or only what was open."""

    REPLACE = "replace"
    ADD = "add"


@dataclass(frozen=True, slots=True)
class BusinessUnit:
    """A part of the company with its own policy overrides."""

    id: BusinessUnitId
    code: str
    name: str
    currency: str
    country: str


@dataclass(frozen=True, slots=True)
class Site:
    """A place goods are delivered to; time zone is an IANA name, country ISO 3166 alpha-2, subdivision its ISO 3166-2 part."""

    id: SiteId
    business_unit_id: BusinessUnitId
    code: str
    name: str
    country: str
    time_zone: str
    subdivision: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class Supplier:
    """A selling party and how it wants to be spoken to.

    ``channels`` is the order in which channels are tried, for example ("api", "email"). ``answer_mode`` says what a second
    acknowledgment of a line means. ``email`` is where order links go. ``language`` is that of the page behind those links.
    """

    id: SupplierId
    code: str
    name: str
    currency: str
    country: str
    time_zone: str
    status: SupplierStatus = SupplierStatus.ACTIVE
    payment_terms: str | None = None
    freight_term: str | None = None
    fob_point: str | None = None
    incoterm: str | None = None
    channels: tuple[str, ...] = ("email",)
    email: str | None = None
    api_url: str | None = None
    answer_mode: AnswerMode = AnswerMode.REPLACE
    transit_days: int | None = None
    language: str = "en"
    updated_at: datetime | None = None


CHANNELS: Final = ("api", "email", "portal")
"""Channels of this release; EDI channels join as connectors of their own."""
