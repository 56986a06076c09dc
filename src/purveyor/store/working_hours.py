"""Working hours and closed days of business units, sites and suppliers, as the calendars of app/calendars.py need them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Select, and_, func, literal, null, select, true

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
    zone = select(SITE.c.time_zone).where(SITE.c.business_unit_id == unit_id).order_by(SITE.c.code).limit(1).scalar_subquery()
    unit = select(zone.label("time_zone"), BUSINESS_UNIT.c.country, null().label("subdivision"))
    return _hours(tx, "unit", unit_id, unit.where(BUSINESS_UNIT.c.id == unit_id))


def of_site(tx: Tx, site_id: SiteId) -> WorkingHours:
    """Return the hours of a site; without own ones, office hours in its zone."""
    site = select(SITE.c.time_zone, SITE.c.country, SITE.c.subdivision).where(SITE.c.id == site_id)
    return _hours(tx, "site", site_id, site)


def of_supplier(tx: Tx, supplier_id: SupplierId) -> WorkingHours:
    """Return the hours of a supplier; without own ones, office hours in its zone."""
    supplier = select(SUPPLIER.c.time_zone, SUPPLIER.c.country, null().label("subdivision"))
    return _hours(tx, "supplier", supplier_id, supplier.where(SUPPLIER.c.id == supplier_id))


def _hours(tx: Tx, owner: Owner, owner_id: UUID, party: Select[Any]) -> WorkingHours:
    """Read the party, its own hours and its closed days in one round trip; answers and exceptions ask for calendars often."""
    usual, hours, closed = party.subquery("usual"), WORKING_HOURS.c, CLOSED_DAY.c
    days = select(func.array_agg(closed.day)).where(closed.owner_type == owner, closed.owner_id == owner_id).scalar_subquery()
    anyone = select(literal(1).label("one")).subquery("anyone")
    found = anyone.outerjoin(usual, true())
    found = found.outerjoin(WORKING_HOURS, and_(hours.owner_type == owner, hours.owner_id == owner_id))
    own = (hours.time_zone, hours.weekdays, hours.opening, hours.closing)
    statement = select(
        func.coalesce(usual.c.time_zone, "UTC").label("usual_zone"),
        func.coalesce(hours.country, usual.c.country).label("country"),
        func.coalesce(hours.subdivision, usual.c.subdivision).label("subdivision"),
        *own,
        days.label("closed_days"),
    )
    row = tx.conn.execute(statement.select_from(found)).one()
    closed_days = frozenset[date](row.closed_days or ())
    if row.time_zone is None:
        return WorkingHours(row.usual_zone, row.country, row.subdivision, closed_days=closed_days)
    weekdays = frozenset[int](row.weekdays)
    return WorkingHours(row.time_zone, row.country, row.subdivision, weekdays, row.opening, row.closing, closed_days)
