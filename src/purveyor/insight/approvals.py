"""Approval cycle time: from submission to the last approval, and what each role needed of it.

Business hours are those of the business unit; calendar hours stand beside them. Time in which the order lay with the requester
(returned, or its approval void) is taken out and shown apart. Source: domain.md 2, KPI 2; checklist.md S112.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from purveyor.core.calendar import BusinessCalendar, business_minutes
from purveyor.core.measured import EventRow, MeasuredOrder
from purveyor.insight.figures import Counted, Figure, Period, Result, Times, Unit, counts, hours, hours_between, in_order
from purveyor.insight.log import by_stream, text

APPROVED: Final = "approved"
DECIDED: Final = "step_decided"
WITH_REQUESTER: Final = "lay_with_requester"
NOT_NEEDED: Final = "no_approval_needed"
STILL_WAITING: Final = "still_waiting"

_BACK: Final = ("approval.voided",)
_Span = tuple[datetime, datetime]


@dataclass(slots=True)
class _Course:
    """How far the approval of one order has come while its events are read."""

    submitted: datetime | None = None
    approved: datetime | None = None
    by_policy: bool = False
    back_since: datetime | None = None
    with_requester: list[_Span] = field(default_factory=list)

    def take(self, row: EventRow) -> None:
        """Read one more event of the order."""
        if row.type == "order.submitted":
            self.submitted = self.submitted or row.at
            if self.back_since is not None:
                self.with_requester.append((self.back_since, row.at))
            self.back_since, self.approved = None, None
        elif row.type == "order.approved":
            self.approved, self.by_policy = row.at, bool(text(row, "by_policy"))
        elif row.type in _BACK or (row.type == "approval.step_decided" and text(row, "verdict") != "approve"):
            self.back_since = self.back_since or row.at


def approval_time(
    orders: Iterable[MeasuredOrder], rows: Iterable[EventRow], period: Period, calendars: Mapping[UUID | None, BusinessCalendar]
) -> Result:
    """Return median and 90th percentile of the approval of orders submitted in the period, and of each role's steps."""
    streams = by_stream(rows)
    counted: list[Counted] = []
    beside: list[str] = []
    for order in orders:
        events = streams.get(order.id, ())
        course = _course(events)
        if course.submitted is None or not period.holds(course.submitted):
            continue
        beside += _beside(course)
        calendar = calendars[order.business_unit_id]
        if course.approved is not None and not course.by_policy:
            counted.append(_whole(order, course, course.submitted, course.approved, calendar))
            counted += _steps(order, events, calendar)
    approved = [row for row in counted if row.why == APPROVED]
    return Result(
        numerator=len(approved),
        denominator=len(approved),
        figures=(*_figures(approved, ""), *_by_role(counted)),
        rows=in_order(counted),
        beside=counts(beside),
        provisional=STILL_WAITING in beside,
    )


def _course(events: Sequence[EventRow]) -> _Course:
    course = _Course()
    for row in events:
        course.take(row)
    return course


def _beside(course: _Course) -> Iterator[str]:
    if course.with_requester:
        yield WITH_REQUESTER
    if course.approved is None:
        yield STILL_WAITING
    elif course.by_policy:
        yield NOT_NEEDED


def _whole(order: MeasuredOrder, course: _Course, submitted: datetime, approved: datetime, calendar: BusinessCalendar) -> Counted:
    away = sum(business_minutes(calendar, begin, end) for begin, end in course.with_requester)
    away_hours = sum((hours_between(begin, end) for begin, end in course.with_requester), hours(0))
    return Counted(
        why=APPROVED,
        in_numerator=True,
        at=submitted,
        order_id=order.id,
        order_ref=order.order_ref,
        party=order.supplier,
        value=hours(business_minutes(calendar, submitted, approved) - away),
        beside=hours_between(submitted, approved) - away_hours,
        first=True,
    )


def _steps(order: MeasuredOrder, events: Sequence[EventRow], calendar: BusinessCalendar) -> Iterator[Counted]:
    opened = {text(row, "step_id"): row for row in events if row.type == "approval.step_opened"}
    for row in events:
        asked = opened.get(text(row, "step_id")) if row.type == "approval.step_decided" else None
        if asked is not None:
            yield Counted(
                why=DECIDED,
                in_numerator=False,
                at=row.at,
                order_id=order.id,
                order_ref=order.order_ref,
                party=order.supplier,
                group=text(asked, "role"),
                value=hours(business_minutes(calendar, asked.at, row.at)),
                beside=hours_between(asked.at, row.at),
            )


def _by_role(counted: Sequence[Counted]) -> Iterator[Figure]:
    for role in sorted({row.group for row in counted if row.why == DECIDED}):
        yield from _figures([row for row in counted if row.why == DECIDED and row.group == role], role)


def _figures(rows: Sequence[Counted], group: str) -> tuple[Figure, ...]:
    business = Times([row.value for row in rows if row.value is not None])
    calendar = Times([row.beside for row in rows if row.beside is not None])
    return (*business.figures(Unit.BUSINESS_HOURS, group), *calendar.figures(Unit.CALENDAR_HOURS, group))
