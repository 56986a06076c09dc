"""Working hours and closed days of business units, sites and suppliers, as the calendars of app/calendars.py need them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import select

from purveyor.core.ids import BusinessUnitId, SiteId, SupplierId
from purveyor.store.db import Tx
from purveyor.store.tables.masters import CLOSED_DAY, SITE, SUPPLIER, WORKING_HOURS
from purveyor.store.tables.parties import BUSINESS_UNIT

Owner = Literal["unit", "site", "supplier"]
_DAY_OPENS: Final = time(9)
_DAY_CLOSES: Final = time(17)
_MONDAY_TO_FRIDAY: Final = frozenset({0, 1, 2, 3, 4})


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When a party works: hours local to ``time_zone``, its country for public holidays, and its own closed days."""

    time_zone: str
    country: str | None = None
    subdivision: str | None = None
    weekdays: frozenset[int] = _MONDAY_TO_FRIDAY
    opening: time = _DAY_OPENS
    closing: time = _DAY_CLOSES
    closed_days: frozenset[date] = frozenset()


def of_unit(tx: Tx, unit_id: BusinessUnitId) -> WorkingHours:
    """Return the hours of a business unit; without own ones, office hours in the zone of its first site."""
    site = tx.conn.execute(select(SITE.c.time_zone).where(SITE.c.business_unit_id == unit_id).order_by(SITE.c.code)).first()
    unit = tx.conn.execute(select(BUSINESS_UNIT.c.country).where(BUSINESS_UNIT.c.id == unit_id)).first()
    usual = WorkingHours(site.time_zone if site else "UTC", unit.country if unit else None)
    return _own(tx, "unit", unit_id, usual)


def of_site(tx: Tx, site_id: SiteId) -> WorkingHours:
    """Return the hours of a site; without own ones, office hours in its zone."""
    site = tx.conn.execute(select(SITE).where(SITE.c.id == site_id)).first()
    usual = WorkingHours(site.time_zone, site.country, site.subdivision) if site else WorkingHours("UTC")
    return _own(tx, "site", site_id, usual)


def of_supplier(tx: Tx, supplier_id: SupplierId) -> WorkingHours:
    """Return the hours of a supplier; without own ones, office hours in its zone."""
    supplier = tx.conn.execute(select(SUPPLIER.c.time_zone, SUPPLIER.c.country).where(SUPPLIER.c.id == supplier_id)).first()
    usual = WorkingHours(supplier.time_zone, supplier.country) if supplier else WorkingHours("UTC")
    return _own(tx, "supplier", supplier_id, usual)


def _own(tx: Tx, owner: Owner, owner_id: UUID, usual: WorkingHours) -> WorkingHours:
    hours = WORKING_HOURS.c
    row = tx.conn.execute(select(WORKING_HOURS).where(hours.owner_type == owner, hours.owner_id == owner_id)).first()
    closed = CLOSED_DAY.c
    days = tx.conn.execute(select(closed.day).where(closed.owner_type == owner, closed.owner_id == owner_id)).scalars()
    if row is None:
        return WorkingHours(usual.time_zone, usual.country, usual.subdivision, closed_days=frozenset(days))
    return WorkingHours(
        time_zone=row.time_zone,
        country=row.country or usual.country,
        subdivision=row.subdivision or usual.subdivision,
        weekdays=frozenset(row.weekdays),
        opening=row.opening,
        closing=row.closing,
        closed_days=frozenset(days),
    )
