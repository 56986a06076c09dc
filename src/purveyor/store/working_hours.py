"""Working hours and closed days of business units, sites and suppliers, as the calendars of app/calendars.py need them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, time
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import Select, Uuid, and_, bindparam, delete, func, insert, literal, null, select, true

from purveyor.core.company import Hours
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


def all_own(tx: Tx, owner: Owner) -> dict[UUID, Hours]:
    """Return the hours that units, sites or suppliers have of their own, with their closed days."""
    closed: dict[UUID, set[tuple[date, str]]] = defaultdict(set)
    for row in tx.conn.execute(select(CLOSED_DAY).where(CLOSED_DAY.c.owner_type == owner)):
        closed[row.owner_id].add((row.day, row.name))
    return {
        row.owner_id: Hours(
            time_zone=row.time_zone,
            weekdays=frozenset(row.weekdays),
            opening=row.opening,
            closing=row.closing,
            country=row.country,
            subdivision=row.subdivision,
            closed_days=frozenset(closed[row.owner_id]),
        )
        for row in tx.conn.execute(select(WORKING_HOURS).where(WORKING_HOURS.c.owner_type == owner))
    }


def set_own(tx: Tx, owner: Owner, party_id: UUID, hours: Hours) -> None:
    """Give a unit, a site or a supplier exactly these hours and closed days."""
    for old in (WORKING_HOURS, CLOSED_DAY):
        tx.conn.execute(delete(old).where(old.c.owner_type == owner, old.c.owner_id == party_id))
    whose = {"owner_type": owner, "owner_id": party_id}
    week = {"weekdays": sorted(hours.weekdays), "opening": hours.opening, "closing": hours.closing}
    place = {"time_zone": hours.time_zone, "country": hours.country, "subdivision": hours.subdivision}
    tx.conn.execute(insert(WORKING_HOURS).values(**whose, **week, **place))
    if hours.closed_days:
        tx.conn.execute(insert(CLOSED_DAY), [{**whose, "day": day, "name": name} for day, name in sorted(hours.closed_days)])
