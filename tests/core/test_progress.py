"""Progress is computed from movements: open, overdue, per site, in the unit of the line."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

from purveyor.core.acknowledge import fold_line
from purveyor.core.order import OrderLine
from purveyor.core.progress import LineProgress, LineProgressState, is_received, line_progress
from purveyor.core.promise import Promise, build_ledger
from purveyor.core.quantity import UnitTable
from purveyor.core.receiving import ReceivingTerms
from purveyor.core.shipping import Movement, MovementKind
from tests.core.supplier_side import (
    DAYTON,
    RENO,
    TULSA,
    a_line,
    a_movement,
    a_part,
    a_schedule,
    an_answer,
    open_days,
    quantities,
)

EACH = UnitTable("EA")
PUMPS = UnitTable("EA", {"CT": Fraction(12)})
ACCEPTED, REJECTED, SHIPPED = MovementKind.ACCEPTED, MovementKind.REJECTED, MovementKind.SHIPPED
RETURNED, CREDITED = MovementKind.RETURNED, MovementKind.CREDITED


def progress(
    line: OrderLine,
    *movements: Movement,
    on: str = "2026-03-10",
    units: UnitTable = EACH,
    promises: tuple[Promise, ...] = (),
    short_close: str = "0",
) -> LineProgress:
    terms = ReceivingTerms(short_close_percent=Decimal(short_close))
    return line_progress(line, movements, units, as_of=date.fromisoformat(on), promises=promises, terms=terms)


def promised(line: OrderLine, *days: tuple[str, str]) -> tuple[Promise, ...]:
    answer = an_answer(*(a_part("accept", quantity, promised_delivery=day) for quantity, day in days))
    fold = fold_line(line, [answer])
    return build_ledger(line, fold.applied, fold.standing, None, open_days()).current


def test_cartons_are_counted_in_pumps_and_shown_in_cartons() -> None:
    line = a_line("20", uom="CT")

    seen = progress(line, a_movement(SHIPPED, "144"), a_movement(ACCEPTED, "142"), a_movement(REJECTED, "2"), units=PUMPS)

    assert (seen.ordered, seen.shipped, seen.received) == quantities(20, 12, 12)
    assert seen.places[0].open == 240 - 142
    assert (seen.uom, seen.state) == ("CT", LineProgressState.PARTLY_RECEIVED)


def test_sixty_and_forty_leave_forty_and_then_nothing_open() -> None:
    line = a_line("100")
    promises = promised(line, ("60", "2026-03-20"), ("40", "2026-03-31"))
    sixty = a_movement(ACCEPTED, "60", hours=24 * 11)

    after_first = progress(line, sixty, on="2026-03-21", promises=promises, short_close="50")
    after_second = progress(line, sixty, a_movement(ACCEPTED, "40", hours=24 * 22), promises=promises)

    assert (after_first.open, after_first.promised, after_first.overdue) == quantities(40, 40, 0)
    assert (after_first.due, after_first.state) == (date(2026, 3, 31), LineProgressState.PARTLY_RECEIVED)
    assert (after_second.open, after_second.state, after_second.due) == (Decimal(0), LineProgressState.RECEIVED, None)


def test_a_line_inside_the_tolerance_closes_short_when_nothing_is_announced() -> None:
    closed = progress(a_line("100"), a_movement(ACCEPTED, "95"), short_close="5")
    waiting = progress(a_line("100"), a_movement(ACCEPTED, "95"), a_movement(SHIPPED, "5", notice="S9", hours=2), short_close="5")

    assert (closed.open, closed.short, closed.state) == (Decimal(0), Decimal(5), LineProgressState.CLOSED_SHORT)
    assert (waiting.open, waiting.in_transit, waiting.state) == (Decimal(5), Decimal(5), LineProgressState.PARTLY_RECEIVED)


def test_a_person_may_close_a_line_short_before_anything_came() -> None:
    seen = progress(replace(a_line("100"), closed_reason="supplier gave up"))

    assert (seen.short, seen.state) == (Decimal(100), LineProgressState.CLOSED_SHORT)
    assert is_received([seen])


def test_a_return_for_replacement_opens_the_line_and_one_for_credit_does_not() -> None:
    received = a_movement(ACCEPTED, "100")

    replaced = progress(a_line("100"), received, a_movement(RETURNED, "10"))
    credited = progress(a_line("100"), received, a_movement(RETURNED, "10"), a_movement(CREDITED, "10"))

    assert (replaced.open, replaced.accepted, replaced.returned) == quantities(10, 90, 10)
    assert (credited.open, credited.accepted, credited.state) == (Decimal(0), Decimal(90), LineProgressState.RECEIVED)


def test_three_sites_are_kept_apart_and_the_line_is_done_when_all_are() -> None:
    line = a_line("100", schedules=(a_schedule(1, "50"), a_schedule(2, "30", ship_to=TULSA), a_schedule(3, "20", ship_to=RENO)))
    dayton, tulsa = a_movement(ACCEPTED, "50"), a_movement(ACCEPTED, "30", site=TULSA)

    two = progress(line, dayton, tulsa)
    three = progress(line, dayton, tulsa, a_movement(ACCEPTED, "20", site=RENO))

    assert [(place.place.ship_to, place.state) for place in two.places] == [
        (DAYTON, LineProgressState.RECEIVED),
        (TULSA, LineProgressState.RECEIVED),
        (RENO, LineProgressState.OPEN),
    ]
    assert (two.state, three.state) == (LineProgressState.PARTLY_RECEIVED, LineProgressState.RECEIVED)
    assert not is_received([three, two])


def test_too_much_at_one_site_fills_no_other() -> None:
    line = a_line("100", schedules=(a_schedule(1, "50"), a_schedule(2, "50", ship_to=TULSA)))

    assert progress(line, a_movement(ACCEPTED, "60")).open == 50


def test_what_is_promised_is_overdue_by_the_promise_and_the_rest_by_the_request() -> None:
    line = a_line("100", need_by="2026-03-27")
    promises = promised(line, ("60", "2026-04-10"))

    seen = progress(line, on="2026-04-01", promises=promises)

    assert (seen.overdue, seen.promised, seen.due) == (Decimal(40), Decimal(60), date(2026, 3, 27))
    assert progress(line, on="2026-04-11", promises=promises).overdue == 100
    assert progress(line, on="2026-03-27").overdue == 0


def test_what_is_still_to_come_is_known_by_day_promised_or_asked_for() -> None:
    line = a_line("100", need_by="2026-03-27")
    promises = promised(line, ("30", "2026-04-03"), ("40", "2026-04-10"))

    seen = progress(line, a_movement(ACCEPTED, "35"), promises=promises)

    assert [(part.quantity, part.day, part.promised) for part in seen.arrivals] == [
        (Decimal(35), date(2026, 4, 10), True),
        (Decimal(30), date(2026, 3, 27), False),
    ]


def test_each_schedule_is_overdue_by_its_own_promise() -> None:
    line = a_line("100", schedules=(a_schedule(1, "50", "2026-03-20"), a_schedule(2, "50", "2026-03-31", RENO)))
    promises = promised(line, ("50", "2026-03-20"), ("50", "2026-03-31"))

    assert progress(line, on="2026-03-25", promises=promises).overdue == 50
    assert progress(line, on="2026-04-01", promises=promises).overdue == 100


def test_a_line_nobody_dated_is_never_overdue() -> None:
    seen = progress(a_line("100", need_by=None, uom=None), on="2030-01-01")

    assert (seen.overdue, seen.due, seen.uom, seen.state) == (Decimal(0), None, "EA", LineProgressState.OPEN)


def test_a_cancelled_line_wants_nothing() -> None:
    seen = progress(a_line("100", cancelled=True))

    assert (seen.ordered, seen.open, seen.state) == (Decimal(0), Decimal(0), LineProgressState.CANCELLED)


def test_a_site_closed_short_marks_the_whole_line() -> None:
    line = a_line("100", schedules=(a_schedule(1, "50"), a_schedule(2, "50", ship_to=TULSA)))

    seen = progress(line, a_movement(ACCEPTED, "50"), a_movement(ACCEPTED, "48", site=TULSA), short_close="5")

    assert (seen.state, seen.short) == (LineProgressState.CLOSED_SHORT, Decimal(2))


def test_a_promise_without_a_date_announces_nothing() -> None:
    line = a_line("100")
    answer = an_answer(a_part("accept", "100", promised_ship="2026-03-20"))
    fold = fold_line(line, [answer])
    undated = build_ledger(line, fold.applied, fold.standing, None, open_days()).current

    seen = progress(line, a_movement(ACCEPTED, "95"), promises=undated, short_close="5")

    assert (seen.promised, seen.state) == (Decimal(0), LineProgressState.CLOSED_SHORT)


def test_movements_of_other_lines_do_not_count() -> None:
    seen = progress(a_line("100"), a_movement(ACCEPTED, "100", line_no=2))

    assert seen.open == 100
