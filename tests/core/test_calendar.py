"""Business calendars: terms, elapsed time and day counts, with the worked cases of sla_clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purveyor.core.calendar import (
    BusinessCalendar,
    add_business_days,
    business_days_between,
    business_minutes,
    due_after_business_hours,
    end_of_business_day,
    subtract_business_days,
)
from purveyor.core.errors import InvalidInput
from tests.worked import needs_worked_cases, worked_cases, worked_set

BERLIN = BusinessCalendar(
    zone="Europe/Berlin",
    holidays=frozenset({date(2026, 4, 3), date(2026, 4, 6), date(2026, 5, 1), date(2026, 12, 25)}),
    half_days={date(2026, 12, 24): (time(9), time(13))},
)
MONDAY = date(2026, 3, 9)


def berlin(local: str) -> datetime:
    """Read a local wall time of the Berlin calendar as UTC."""
    return datetime.fromisoformat(local).replace(tzinfo=ZoneInfo("Europe/Berlin")).astimezone(UTC)


def calendar_of_the_cases() -> BusinessCalendar:
    """Build the calendar the worked cases name."""
    given_calendar = worked_set("sla_clock")["calendar"]
    half_days = {}
    for day, hours in given_calendar["half_days"].items():
        opening, closing = hours.split("-")
        half_days[date.fromisoformat(day)] = (time.fromisoformat(opening), time.fromisoformat(closing))
    return BusinessCalendar(
        zone=given_calendar["zone"],
        opening=time.fromisoformat(given_calendar["opening"]),
        closing=time.fromisoformat(given_calendar["closing"]),
        holidays=frozenset(date.fromisoformat(day) for day in given_calendar["holidays"]),
        half_days=half_days,
    )


@needs_worked_cases
@pytest.mark.parametrize("case", worked_cases("sla_clock", "due_after_business_hours"))
def test_a_term_in_business_hours_is_due_as_worked_out_by_hand(case: dict[str, Any]) -> None:
    hours, minutes = case["input"]["business_hours"].split(":")
    start = datetime.fromisoformat(case["input"]["start_utc"])

    due = due_after_business_hours(calendar_of_the_cases(), start, timedelta(hours=int(hours), minutes=int(minutes)))

    assert start == berlin(case["input"]["start_local"])
    assert due == datetime.fromisoformat(case["expect"]["due_utc"]) == berlin(case["expect"]["due_local"])


@needs_worked_cases
@pytest.mark.parametrize("case", worked_cases("sla_clock", "elapsed"))
def test_elapsed_time_is_counted_as_worked_out_by_hand(case: dict[str, Any]) -> None:
    begin, end = berlin(case["input"]["from_local"]), berlin(case["input"]["to_local"])

    minutes = business_minutes(calendar_of_the_cases(), begin, end)

    assert minutes == case["expect"]["business_minutes"]
    assert (end - begin) // timedelta(minutes=1) == case["expect"]["calendar_minutes"]


@needs_worked_cases
@pytest.mark.parametrize("case", worked_cases("sla_clock", "due_end_of_business_day"))
def test_a_term_in_business_days_ends_at_closing_as_worked_out_by_hand(case: dict[str, Any]) -> None:
    start = berlin(case["input"]["start_local"])

    due = end_of_business_day(calendar_of_the_cases(), start, case["input"]["business_days"])

    assert due == berlin(case["expect"]["due_local"])


def test_an_empty_term_that_starts_when_closed_is_due_at_the_next_opening() -> None:
    due = due_after_business_hours(BERLIN, berlin("2026-03-13T17:00"), timedelta(0))

    assert due == berlin("2026-03-16T09:00")


def test_a_term_that_outlives_the_day_goes_on_after_holiday_and_weekend() -> None:
    due = due_after_business_hours(BERLIN, berlin("2026-04-30T16:20"), timedelta(minutes=65))

    assert due == berlin("2026-05-04T09:25")


@pytest.mark.parametrize(("days", "due"), [(1, "2026-12-24T13:00"), (2, "2026-12-28T17:00"), (3, "2026-12-29T17:00")])
def test_a_term_in_days_ends_at_the_closing_of_that_day_early_on_a_half_day(days: int, due: str) -> None:
    assert end_of_business_day(BERLIN, berlin("2026-12-23T11:00"), days) == berlin(due)


def test_only_open_minutes_count_over_a_weekend_that_loses_an_hour() -> None:
    friday, monday = berlin("2026-03-27T16:30"), berlin("2026-03-30T09:45")

    assert business_minutes(BERLIN, friday, monday) == 75
    assert business_minutes(BERLIN, monday, friday) == 0
    assert business_minutes(BERLIN, berlin("2026-03-27T18:00"), monday) == 45
    assert business_minutes(BERLIN, friday, berlin("2026-03-30T08:30")) == 30


def test_business_days_step_over_weekends_and_holidays_in_both_directions() -> None:
    assert add_business_days(BERLIN, date(2026, 4, 2), 1) == date(2026, 4, 7)
    assert subtract_business_days(BERLIN, date(2026, 4, 7), 1) == date(2026, 4, 2)
    assert add_business_days(BERLIN, date(2026, 3, 14), 0) == date(2026, 3, 14)
    assert business_days_between(BERLIN, date(2026, 4, 2), date(2026, 4, 8)) == 2
    assert business_days_between(BERLIN, date(2026, 4, 8), date(2026, 4, 2)) == 0


@pytest.mark.parametrize(
    "fields",
    [{"weekdays": frozenset()}, {"weekdays": frozenset({7})}, {"opening": time(17)}, {"half_days": {MONDAY: (time(9), time(9))}}],
)
def test_a_calendar_that_never_opens_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        BusinessCalendar(**fields)


def test_a_calendar_closed_for_ten_years_is_refused_when_it_is_used() -> None:
    closed = BusinessCalendar(
        weekdays=frozenset({0}), holidays=frozenset(MONDAY + timedelta(days=offset) for offset in range(-40000, 40000))
    )
    start = datetime(2026, 3, 9, 12, tzinfo=UTC)

    with pytest.raises(InvalidInput):
        due_after_business_hours(closed, start, timedelta(hours=1))
    with pytest.raises(InvalidInput):
        add_business_days(closed, MONDAY, 1)


def test_terms_without_length_are_refused() -> None:
    with pytest.raises(InvalidInput):
        end_of_business_day(BERLIN, berlin("2026-03-10T10:00"), 0)
    with pytest.raises(InvalidInput):
        due_after_business_hours(BERLIN, berlin("2026-03-10T10:00"), timedelta(minutes=-1))


moments = st.integers(0, 364 * 24 * 60 * 60).map(lambda seconds: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds))


@given(start=moments, minutes=st.integers(0, 6000))
def test_the_business_minutes_until_a_term_is_due_are_the_term(start: datetime, minutes: int) -> None:
    due = due_after_business_hours(BERLIN, start, timedelta(minutes=minutes))

    assert business_minutes(BERLIN, start, due) == minutes


@given(days=st.integers(-60, 60), first=st.dates(date(2026, 1, 1), date(2026, 12, 31)))
def test_adding_business_days_and_taking_them_away_leads_back_to_a_business_day(days: int, first: date) -> None:
    start = add_business_days(BERLIN, first, 1)

    assert subtract_business_days(BERLIN, add_business_days(BERLIN, start, days), days) == start
