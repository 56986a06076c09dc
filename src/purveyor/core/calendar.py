"""Business time: when somebody works, when a term is due and how long a thing has really waited.

A calendar belongs to the person or supplier who has to act. Moments go in and come out in UTC; opening hours are read in the
zone of the calendar, so a change of clocks neither adds nor loses a business hour (domain.md 1, Calendars; set sla_clock).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from purveyor.core.errors import InvalidInput

ONE_DAY: Final = timedelta(days=1)
MONDAY_TO_FRIDAY: Final = frozenset({0, 1, 2, 3, 4})
FURTHEST_DAYS: Final = 3660
"""A calendar that stays closed for ten years is a mistake, not a long holiday."""


@dataclass(frozen=True, slots=True)
class BusinessCalendar:
    """Opening hours of one party: ``zone`` is an IANA name, weekdays count from Monday = 0.

    Opening belongs to the business day, closing does not, except that a term which ends exactly at closing is due then.
    ``half_days`` give a day its own opening and closing; a holiday is closed whatever the weekday.
    """

    zone: str = "UTC"
    weekdays: frozenset[int] = MONDAY_TO_FRIDAY
    opening: time = time(9)
    closing: time = time(17)
    holidays: frozenset[date] = frozenset()
    half_days: Mapping[date, tuple[time, time]] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        if not self.weekdays or not self.weekdays <= frozenset(range(7)):
            raise InvalidInput(field="weekdays", reason="needs at least one day between 0 (Monday) and 6 (Sunday)")
        for opening, closing in ((self.opening, self.closing), *self.half_days.values()):
            if opening >= closing:
                raise InvalidInput(field="opening", reason=f"{opening:%H:%M} is not before closing at {closing:%H:%M}")

    def is_business_day(self, day: date) -> bool:
        """Say whether the party works on this local day at all."""
        return day.weekday() in self.weekdays and day not in self.holidays

    def open_hours(self, day: date) -> tuple[datetime, datetime] | None:
        """Return opening and closing of a local day in UTC; None on a closed day."""
        if not self.is_business_day(day):
            return None
        opening, closing = self.half_days.get(day, (self.opening, self.closing))
        zone = ZoneInfo(self.zone)
        return (
            datetime.combine(day, opening, zone).astimezone(UTC),
            datetime.combine(day, closing, zone).astimezone(UTC),
        )

    def local_day(self, moment: datetime) -> date:
        """Return the day the party's own clock shows at a moment."""
        return moment.astimezone(ZoneInfo(self.zone)).date()


def _open_days(calendar: BusinessCalendar, first: date) -> Iterator[tuple[datetime, datetime]]:
    for offset in range(FURTHEST_DAYS):
        hours = calendar.open_hours(first + offset * ONE_DAY)
        if hours is not None:
            yield hours
    raise InvalidInput(field="holidays", reason=f"the calendar has no open day within {FURTHEST_DAYS} days after {first}")


def due_after_business_hours(calendar: BusinessCalendar, start: datetime, term: timedelta) -> datetime:
    """Return the moment (UTC) at which ``term`` of business time has passed since ``start``; cases SL*.

    Raises InvalidInput for a negative term and for a calendar that stays closed.
    """
    if term < timedelta(0):
        raise InvalidInput(field="term", reason="a term cannot be negative")
    left = term
    days = _open_days(calendar, calendar.local_day(start))
    while True:
        opening, closing = next(days)
        begin = max(opening, start.astimezone(UTC))
        if begin < closing:
            if begin + left <= closing:
                return begin + left
            left -= closing - begin


def end_of_business_day(calendar: BusinessCalendar, start: datetime, days: int) -> datetime:
    """Return the closing time (UTC) of the Nth business day after the local day of ``start``, which never counts; cases ED*.

    Raises InvalidInput when ``days`` is not positive.
    """
    if days < 1:
        raise InvalidInput(field="days", reason="a term in business days has at least one day")
    following = _open_days(calendar, calendar.local_day(start) + ONE_DAY)
    for _ in range(days - 1):
        next(following)
    return next(following)[1]


def business_minutes(calendar: BusinessCalendar, begin: datetime, end: datetime) -> int:
    """Return the whole minutes of opening hours between two moments; 0 when ``end`` is not after ``begin``; cases EL*."""
    spent = timedelta(0)
    day, last = calendar.local_day(begin), calendar.local_day(end)
    while day <= last:
        hours = calendar.open_hours(day)
        if hours is not None:
            spent += max(timedelta(0), min(hours[1], end) - max(hours[0], begin))
        day += ONE_DAY
    return spent // timedelta(minutes=1)


def add_business_days(calendar: BusinessCalendar, day: date, count: int) -> date:
    """Return the business day ``count`` business days after ``day`` (before it when negative); 0 leaves the day as it is."""
    step = ONE_DAY if count >= 0 else -ONE_DAY
    closed = 0
    for _ in range(abs(count)):
        day += step
        while not calendar.is_business_day(day):
            day += step
            closed += 1
            if closed > FURTHEST_DAYS:
                raise InvalidInput(field="holidays", reason=f"the calendar has no open day near {day}")
    return day


def subtract_business_days(calendar: BusinessCalendar, day: date, count: int) -> date:
    """Return the business day ``count`` business days before ``day``."""
    return add_business_days(calendar, day, -count)


def business_days_between(calendar: BusinessCalendar, first: date, last: date) -> int:
    """Return how many business days lie after ``first`` up to and including ``last``; 0 when ``last`` is not later."""
    return sum(calendar.is_business_day(first + offset * ONE_DAY) for offset in range(1, (last - first).days + 1))
