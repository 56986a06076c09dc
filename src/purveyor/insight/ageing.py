"""Exception ageing: how many business days open exceptions have waited, in four bands, and whose the oldest one is.

An exception on hold stays in. One that was opened again counts from its first opening. A business day is the opening hours of one
regular day of the business unit. Source: domain.md 2, KPI 9; checklist.md S119.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final
from uuid import UUID

from purveyor.core.calendar import BusinessCalendar, business_minutes
from purveyor.core.measured import EventRow, MeasuredDocument
from purveyor.insight.figures import HUNDREDTH, Counted, Figure, Result, Unit, counts, hours_between, in_order
from purveyor.insight.log import by_stream, text

BANDS: Final = (("0-1", Decimal(1)), ("1-3", Decimal(3)), ("3-7", Decimal(7)))
"""Name and upper limit of each band in business days; the lower limit belongs to the band."""
LAST_BAND: Final = "7+"
ON_HOLD: Final = "on_hold"
OPEN: Final = "open"


@dataclass(slots=True)
class _Course:
    """Where one exception stands while its events are read."""

    opened: EventRow | None = None
    owner: str = ""
    state: str = OPEN

    def take(self, row: EventRow) -> None:
        """Read one more event of the exception."""
        match row.type:
            case "exception.opened":
                self.opened, self.owner = row, text(row, "owner_role")
            case "exception.reassigned" | "exception.escalated":
                self.owner = text(row, "to_role")
                self.state = OPEN if row.type == "exception.escalated" else self.state
            case "exception.held":
                self.state = ON_HOLD
            case "exception.hold_ended" | "exception.reopened":
                self.state = OPEN
            case "exception.resolved":
                self.state = ""


def ageing(
    exceptions: Iterable[MeasuredDocument],
    rows: Iterable[EventRow],
    calendars: Mapping[UUID | None, BusinessCalendar],
    now: datetime,
) -> Result:
    """Return how many exceptions are open at ``now``, by band of age, type and owner; the oldest stands first."""
    streams = by_stream(rows)
    counted = [
        row for exception in exceptions if (row := _row(exception, streams.get(exception.ref.id, ()), calendars, now)) is not None
    ]
    oldest = max((row.value for row in counted if row.value is not None), default=None)
    bands = [(name, [row for row in counted if row.group == name]) for name in (*(name for name, _ in BANDS), LAST_BAND)]
    figures = [
        Figure("oldest", Unit.BUSINESS_DAYS, oldest, len(counted)),
        *(Figure("band", Unit.COUNT, Decimal(len(found)), len(counted), name) for name, found in bands),
        *_by("type", [row.name for row in counted]),
        *_by("owner", [row.party for row in counted]),
    ]
    old = sum(row.in_numerator for row in counted)
    return Result(old, len(counted), tuple(figures), in_order(counted), counts(row.why for row in counted if row.why != OPEN))


def band_of(days: Decimal) -> str:
    """Return the band of an age in business days."""
    return next((name for name, below in BANDS if days < below), LAST_BAND)


def business_days(calendar: BusinessCalendar, begin: datetime, end: datetime) -> Decimal:
    """Return the opening hours between two moments, counted in regular business days of the calendar."""
    regular = (calendar.closing.hour - calendar.opening.hour) * 60 + calendar.closing.minute - calendar.opening.minute
    return Decimal(business_minutes(calendar, begin, end)) / Decimal(regular)


def _by(key: str, names: Sequence[str]) -> list[Figure]:
    return [Figure(key, Unit.COUNT, Decimal(number), len(names), name) for name, number in counts(names)]


def _row(
    exception: MeasuredDocument, events: Sequence[EventRow], calendars: Mapping[UUID | None, BusinessCalendar], now: datetime
) -> Counted | None:
    course = _Course()
    for event in events:
        course.take(event)
    if course.opened is None or not course.state:
        return None
    days = business_days(calendars[exception.business_unit_id], course.opened.at, now)
    band = band_of(days)
    return Counted(
        why=course.state,
        in_numerator=band == LAST_BAND,
        at=course.opened.at,
        order_id=exception.order_id,
        order_ref=exception.order_ref,
        line_no=exception.line_no,
        document=exception.ref,
        name=text(course.opened, "exception_type"),
        party=course.owner,
        group=band,
        value=days.quantize(HUNDREDTH, ROUND_HALF_UP),
        beside=hours_between(course.opened.at, now),
        still_open=True,
        first=True,
    )
