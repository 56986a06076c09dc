"""Business calendars of units, sites and suppliers: their working hours with the public holidays of their country.

Holidays come from the ``holidays`` package; a country it does not know simply has none. Calendars are rebuilt from rows, only
the holidays of a country are kept.
"""

from __future__ import annotations

from datetime import date, datetime
from functools import lru_cache
from typing import Final

import holidays

from purveyor.core.calendar import BusinessCalendar
from purveyor.core.ids import BusinessUnitId, SiteId, SupplierId
from purveyor.store import working_hours
from purveyor.store.db import Tx
from purveyor.store.working_hours import WorkingHours

YEARS_BACK: Final = 1
YEARS_AHEAD: Final = 2


def of_unit(tx: Tx, unit_id: BusinessUnitId | None) -> BusinessCalendar:
    """Return the calendar in which the people of a business unit work; without a unit, office hours in UTC."""
    return BusinessCalendar() if unit_id is None else _calendar(working_hours.of_unit(tx, unit_id), tx.now)


def of_site(tx: Tx, site_id: SiteId) -> BusinessCalendar:
    """Return the calendar of a site."""
    return _calendar(working_hours.of_site(tx, site_id), tx.now)


def of_supplier(tx: Tx, supplier_id: SupplierId) -> BusinessCalendar:
    """Return the calendar of a supplier."""
    return _calendar(working_hours.of_supplier(tx, supplier_id), tx.now)


def _calendar(hours: WorkingHours, now: datetime) -> BusinessCalendar:
    years = range(now.year - YEARS_BACK, now.year + YEARS_AHEAD + 1)
    public = frozenset[date]().union(*(public_holidays(hours.country, hours.subdivision, year) for year in years))
    return BusinessCalendar(
        zone=hours.time_zone,
        weekdays=hours.weekdays,
        opening=hours.opening,
        closing=hours.closing,
        holidays=public | hours.closed_days,
    )


@lru_cache(maxsize=1024)
def public_holidays(country: str | None, subdivision: str | None, year: int) -> frozenset[date]:
    """Return the public holidays of a country (ISO 3166 alpha-2) and subdivision in a year; none for an unknown country.

    An unknown subdivision has the holidays of its country.
    """
    if country is None:
        return frozenset()
    try:
        return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=year))
    except NotImplementedError:
        return public_holidays(country, None, year) if subdivision is not None else frozenset()
