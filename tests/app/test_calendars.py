"""Calendars from the database: own working hours, public holidays of the country, closed days."""

from __future__ import annotations

from datetime import date, time

import pytest
from sqlalchemy import insert

from purveyor.app import calendars
from purveyor.core.calendar import BusinessCalendar
from purveyor.core.ids import BusinessUnitId, SiteId, SupplierId
from purveyor.store.db import Tx
from purveyor.store.tables.masters import CLOSED_DAY, SITE, SUPPLIER, WORKING_HOURS
from tests.order_builders import DAYTON, fresh_id
from tests.order_builders import SUPPLIER as KELLER
from tests.store.builders import a_business_unit

pytestmark = pytest.mark.postgres


def a_site(tx: Tx, unit: BusinessUnitId) -> SiteId:
    place = {"id": DAYTON, "business_unit_id": unit, "code": "DAY", "name": "Dayton", "country": "US", "subdivision": "OH"}
    tx.conn.execute(insert(SITE).values(**place, time_zone="America/New_York", active=True))
    return DAYTON


def a_supplier(tx: Tx, country: str = "DE", zone: str = "Europe/Berlin") -> SupplierId:
    row = {"id": KELLER, "code": "KELLER", "name": "Keller", "currency": "USD", "country": country, "time_zone": zone}
    tx.conn.execute(insert(SUPPLIER).values(**row, status="active", search_text="keller", source="test", as_of=tx.now))
    return KELLER


def test_a_supplier_works_office_hours_in_its_zone_except_on_its_public_holidays(tx: Tx) -> None:
    calendar = calendars.of_supplier(tx, a_supplier(tx))

    year = tx.now.year
    assert calendar.zone == "Europe/Berlin"
    assert not calendar.is_business_day(date(year, 12, 25))
    assert date(year, 7, 4) not in calendar.holidays


def test_own_hours_and_closed_days_count_before_the_usual_ones(tx: Tx) -> None:
    supplier = a_supplier(tx)
    hours = {"owner_type": "supplier", "owner_id": supplier, "time_zone": "Europe/Vienna", "weekdays": [0, 1]}
    tx.conn.execute(insert(WORKING_HOURS).values(**hours, opening=time(7), closing=time(12), country="AT"))
    tx.conn.execute(insert(CLOSED_DAY).values(owner_type="supplier", owner_id=supplier, day=date(2026, 3, 9), name="stocktaking"))

    calendar = calendars.of_supplier(tx, supplier)

    assert (calendar.zone, calendar.opening, calendar.weekdays) == ("Europe/Vienna", time(7), frozenset({0, 1}))
    assert date(2026, 3, 9) in calendar.holidays
    assert date(tx.now.year, 10, 26) in calendar.holidays


def test_a_unit_works_in_the_zone_of_its_first_site(tx: Tx) -> None:
    unit = BusinessUnitId(a_business_unit(tx, "MAIN"))
    without_site = calendars.of_unit(tx, unit)
    site = a_site(tx, unit)

    assert without_site.zone == "UTC"
    assert calendars.of_unit(tx, unit).zone == "America/New_York"
    assert calendars.of_site(tx, site).zone == "America/New_York"
    assert date(tx.now.year, 12, 25) in calendars.of_site(tx, site).holidays


def test_closed_days_count_without_own_hours_too(tx: Tx) -> None:
    supplier = a_supplier(tx)
    tx.conn.execute(
        insert(CLOSED_DAY).values(owner_type="supplier", owner_id=supplier, day=date(2026, 3, 10), name="works outing")
    )

    assert date(2026, 3, 10) in calendars.of_supplier(tx, supplier).holidays


def test_what_is_not_known_works_office_hours_in_utc(tx: Tx) -> None:
    usual = BusinessCalendar()

    assert calendars.of_unit(tx, None) == usual
    assert calendars.of_unit(tx, BusinessUnitId(fresh_id())) == usual
    assert calendars.of_site(tx, SiteId(fresh_id())) == usual
    assert calendars.of_supplier(tx, SupplierId(fresh_id())) == usual


def test_an_unknown_country_has_no_holidays_and_an_unknown_part_has_those_of_its_country() -> None:
    assert calendars.public_holidays("XX", None, 2026) == frozenset()
    assert calendars.public_holidays("US", "ZZ", 2026) == calendars.public_holidays("US", None, 2026) != frozenset()
