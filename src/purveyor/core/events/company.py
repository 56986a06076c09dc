"""What was set up here by hand: business units, sites, suppliers, working hours, and who holds which approval role.

``changed`` names the fields that were written; names and mail addresses themselves stay outside the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import ClassVar
from uuid import UUID

from purveyor.core.events.base import Event


@dataclass(frozen=True, kw_only=True)
class BusinessUnitConfigured(Event):
    """A business unit was set up or changed."""

    type: ClassVar[str] = "business_unit.configured"

    code: str
    currency: str
    country: str
    changed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SiteConfigured(Event):
    """What an ERP does not tell about a site was set."""

    type: ClassVar[str] = "site.configured"

    code: str
    time_zone: str
    country: str
    changed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class SupplierConfigured(Event):
    """How a supplier is spoken to, or which delivery terms hold, was set."""

    type: ClassVar[str] = "supplier.configured"

    code: str
    channels: tuple[str, ...]
    time_zone: str
    language: str
    changed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class WorkingHoursSet(Event):
    """The working hours of a business unit, a site or a supplier were set; weekdays count from Monday = 0."""

    type: ClassVar[str] = "working_hours.set"

    time_zone: str
    weekdays: tuple[int, ...]
    opening: str
    closing: str
    country: str | None
    subdivision: str | None
    closed_days: tuple[date, ...]


@dataclass(frozen=True, kw_only=True)
class ApprovalRoleSet(Event):
    """An approval role of a business unit has these holders now, the first asked first; no category means all of them."""

    type: ClassVar[str] = "approval_role.set"

    role: str
    category: str | None
    holders: tuple[UUID, ...]
