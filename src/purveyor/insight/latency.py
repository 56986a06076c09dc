"""Supplier acknowledgment latency: business hours of the supplier from sending a line to its first valid answer.

Every line that was sent is in the figure, unanswered ones with their present age. A line changed by a later version starts a new
clock when that version is sent; an unchanged one keeps its answer, and so does one whose change the supplier himself had agreed
to before. Source: domain.md 2, KPI 3; worked cases acknowledgment_latency; checklist.md S113.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Final

from purveyor.core.acknowledge import LineState
from purveyor.core.calendar import BusinessCalendar, business_minutes
from purveyor.core.ids import OrderId
from purveyor.core.measured import EventRow, MeasuredOrder
from purveyor.insight.figures import Counted, Period, Result, Times, Unit, counts, hours, hours_between, in_order, share_figure
from purveyor.insight.log import by_stream, number, numbers, text

ANSWERED: Final = "answered"
ANSWERED_LATE: Final = "answered_late"
UNANSWERED: Final = "unanswered"
OVERDUE: Final = "unanswered_overdue"
REPLACED: Final = "changed_before_an_answer"
ENDED: Final = "ended_before_an_answer"
AGREED: Final = "agreed_before_it_was_sent"


@dataclass(frozen=True, slots=True)
class SupplierClock:
    """When the supplier of an order works, and when an answer to what was sent at a moment is due (UTC)."""

    calendar: BusinessCalendar
    due_at: Mapping[datetime, datetime]


@dataclass(slots=True)
class _Clock:
    """One clock of one line: since when, for which version, and how it ended."""

    line_no: int
    version: int
    sent_at: datetime
    ended_at: datetime | None = None
    how: str = UNANSWERED


@dataclass(slots=True)
class _Course:
    """What was sent and answered of one order while its events are read."""

    watched: frozenset[int]
    untold: set[int]
    versions: dict[int, int] = field(default_factory=dict)
    answered: dict[int, int] = field(default_factory=dict)
    running: dict[int, _Clock] = field(default_factory=dict)
    clocks: list[_Clock] = field(default_factory=list)
    agreed: int = 0

    def take(self, row: EventRow) -> None:
        """Read one more event of the order."""
        match row.type:
            case "order.sent":
                self._sent(row)
            case "change_order.applied":
                self._changed(row)
            case "line.answered":
                self._answered(row)
            case "order.cancelled" | "order.closed":
                for line_no in list(self.running):
                    self._stop(line_no, row.at, ENDED)

    def _sent(self, row: EventRow) -> None:
        version = number(row, "version")
        for line_no in sorted(line for line in self.untold if self.versions.get(line, 1) <= version):
            self.untold.discard(line_no)
            since = self.versions.get(line_no, 1)
            if line_no in self.versions and self.answered.get(line_no, 0) >= since:
                self.agreed += 1
                continue
            clock = _Clock(line_no, since, row.at)
            self.clocks.append(clock)
            self.running[line_no] = clock
            if self.answered.get(line_no, 0) >= since:
                self._stop(line_no, row.at, ANSWERED)

    def _changed(self, row: EventRow) -> None:
        for line_no in self.watched.intersection(numbers(row, "changed_lines")):
            self._stop(line_no, row.at, REPLACED)
            self.versions[line_no] = number(row, "version")
            self.untold.add(line_no)

    def _answered(self, row: EventRow) -> None:
        line_no, state = number(row, "line_no"), text(row, "state")
        if line_no not in self.watched:
            return
        if state == LineState.CANCELLED.value:
            self.untold.discard(line_no)
            self._stop(line_no, row.at, ENDED)
        elif state == LineState.UNANSWERED.value:
            self.answered.pop(line_no, None)
        else:
            self.answered[line_no] = max(number(row, "version"), 1)
            clock = self.running.get(line_no)
            if clock is not None and self.answered[line_no] >= clock.version:
                self._stop(line_no, row.at, ANSWERED)

    def _stop(self, line_no: int, at: datetime, how: str) -> None:
        clock = self.running.pop(line_no, None)
        if clock is not None:
            clock.ended_at, clock.how = at, how


def sendings(rows: Iterable[EventRow]) -> dict[OrderId, frozenset[datetime]]:
    """Return when each order was sent: the moments whose answers have a due time."""
    found: dict[OrderId, set[datetime]] = {}
    for row in rows:
        if row.type == "order.sent":
            found.setdefault(OrderId(row.stream.id), set()).add(row.at)
    return {order_id: frozenset(moments) for order_id, moments in found.items()}


def acknowledgment_latency(
    orders: Iterable[MeasuredOrder],
    rows: Iterable[EventRow],
    period: Period,
    suppliers: Mapping[OrderId, SupplierClock],
    now: datetime,
) -> Result:
    """Return median and 90th percentile of the answers to lines sent in the period, and the share within due, at ``now``."""
    streams = by_stream(rows)
    counted: list[Counted] = []
    agreed = 0
    for order in orders:
        course = _course(order, streams.get(order.id, ()))
        agreed += course.agreed
        within = (clock for clock in course.clocks if period.holds(clock.sent_at))
        counted += [_row(order, clock, suppliers[order.id], now) for clock in within]
    ended = [row for row in counted if row.in_numerator]
    waiting = [row for row in counted if not row.in_numerator]
    in_time = sum(row.why == ANSWERED for row in counted)
    judged = in_time + sum(row.why in (ANSWERED_LATE, OVERDUE) for row in counted)
    business = Times(_values(ended), _values(waiting)).figures(Unit.BUSINESS_HOURS)
    calendar = Times(_besides(ended), _besides(waiting)).figures(Unit.CALENDAR_HOURS)
    return Result(
        numerator=len(ended),
        denominator=len(counted),
        figures=(*business, share_figure("within_due", in_time, judged), *calendar),
        rows=in_order(counted),
        beside=counts([*(row.why for row in counted if row.why != ANSWERED), *([AGREED] * agreed)]),
        provisional=any(row.still_open for row in counted),
    )


def _course(order: MeasuredOrder, events: Sequence[EventRow]) -> _Course:
    course = _Course(watched=order.lines | order.issued_lines, untold=set(order.issued_lines))
    for row in events:
        course.take(row)
    return course


def _row(order: MeasuredOrder, clock: _Clock, supplier: SupplierClock, now: datetime) -> Counted:
    end = max(clock.ended_at or now, clock.sent_at)
    late = end > supplier.due_at[clock.sent_at]
    open_still = clock.ended_at is None
    return Counted(
        why=_why(clock.how, late=late),
        in_numerator=clock.how == ANSWERED,
        at=clock.sent_at,
        order_id=order.id,
        order_ref=order.order_ref,
        line_no=clock.line_no,
        party=order.supplier,
        value=hours(business_minutes(supplier.calendar, clock.sent_at, end)),
        beside=hours_between(clock.sent_at, end),
        still_open=open_still,
        first=open_still,
    )


def _why(how: str, *, late: bool) -> str:
    if how == ANSWERED:
        return ANSWERED_LATE if late else ANSWERED
    return OVERDUE if how == UNANSWERED and late else how


def _values(rows: Iterable[Counted]) -> list[Decimal]:
    return [row.value for row in rows if row.value is not None]


def _besides(rows: Iterable[Counted]) -> list[Decimal]:
    return [row.beside for row in rows if row.beside is not None]
