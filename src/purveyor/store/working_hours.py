"""Working hours and closed days of business units, sites and suppliers, as the calendars of app/calendars.py need them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Select, Uuid, and_, bindparam, func, literal, null, select, true

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


_PARTY: Final = bindparam("party", type_=Uuid)


def _asked(owner: Owner, party: Select[Any]) -> Select[Any]:
    """A party, its own hours and its closed days in one round trip; built once, because calendars are asked for often."""
    usual, hours, closed = party.subquery("usual"), WORKING_HOURS.c, CLOSED_DAY.c
    days = select(func.array_agg(closed.day)).where(closed.owner_type == owner, closed.owner_id == _PARTY).scalar_subquery()
    anyone = select(literal(1).label("one")).subquery("anyone")
    own = and_(hours.owner_type == owner, hours.owner_id == _PARTY)
    return select(
        func.coalesce(usual.c.time_zone, "UTC").label("usual_zone"),
        func.coalesce(hours.country, usual.c.country).label("country"),
        func.coalesce(hours.subdivision, usual.c.subdivision).label("subdivision"),
        *(hours.time_zone, hours.weekdays, hours.opening, hours.closing),
        days.label("closed_days"),
    ).select_from(anyone.outerjoin(usual, true()).outerjoin(WORKING_HOURS, own))


_FIRST_ZONE: Final = (
    select(SITE.c.time_zone).where(SITE.c.business_unit_id == _PARTY).order_by(SITE.c.code).limit(1).scalar_subquery()
)
_NOWHERE: Final = null().label("subdivision")
_QUERIES: Final[dict[Owner, Select[Any]]] = {
    "unit": _asked(
        "unit",
        select(_FIRST_ZONE.label("time_zone"), BUSINESS_UNIT.c.country, _NOWHERE).where(BUSINESS_UNIT.c.id == _PARTY),
    ),
    "site": _asked("site", select(SITE.c.time_zone, SITE.c.country, SITE.c.subdivision).where(SITE.c.id == _PARTY)),
    "supplier": _asked("supplier", select(SUPPLIER.c.time_zone, SUPPLIER.c.country, _NOWHERE).where(SUPPLIER.c.id == _PARTY)),
}


def of_unit(tx: Tx, unit_id: BusinessUnitId) -> WorkingHours:
    """Return the hours of a business unit; without own ones, office hours in the zone of its first site."""
    return _hours(tx, "unit", unit_id)


def of_site(tx: Tx, site_id: SiteId) -> WorkingHours:
    """Return the hours of a site; without own ones, office hours in its zone."""
    return _hours(tx, "site", site_id)


def of_supplier(tx: Tx, supplier_id: SupplierId) -> WorkingHours:
    """Return the hours of a supplier; without own ones, office hours in its zone."""
    return _hours(tx, "supplier", supplier_id)


def _hours(tx: Tx, owner: Owner, party_id: UUID) -> WorkingHours:
    row = tx.conn.execute(_QUERIES[owner], {"party": party_id}).one()
    closed_days = frozenset[date](row.closed_days or ())
    if row.time_zone is None:
        return WorkingHours(row.usual_zone, row.country, row.subdivision, closed_days=closed_days)
    weekdays = frozenset[int](row.weekdays)
    return WorkingHours(row.time_zone, row.country, row.subdivision, weekdays, row.opening, row.closing, closed_days)
