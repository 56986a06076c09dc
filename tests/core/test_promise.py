"""Promises per schedule: what holds when part of a line arrives, and what a later date costs."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from purveyor.core.acknowledge import Acknowledgment, Verdict, Verdicts, fold_line
from purveyor.core.order import OrderLine
from purveyor.core.promise import (
    Basis,
    DayKind,
    Promise,
    PromiseLedger,
    Transit,
    build_ledger,
    delivery_after,
    open_promises,
    slips,
)
from purveyor.core.stockout import DueReceipt, shortage_until
from tests.core.supplier_side import RENO, a_line, a_part, a_schedule, an_answer, open_days


def ledger_of(line: OrderLine, *answers: Acknowledgment, verdicts: Verdicts | None = None) -> PromiseLedger:
    fold = fold_line(line, answers, verdicts)
    return build_ledger(line, fold.applied, fold.standing, None, open_days())


def days(ledger: PromiseLedger, part: str = "current") -> list[str]:
    return told(getattr(ledger, part))


def told(promises: tuple[Promise, ...]) -> list[str]:
    return [f"{promise.quantity} on {promise.promised_delivery}" for promise in promises]


def test_the_open_balance_keeps_its_promise_when_part_of_the_line_arrives() -> None:
    ledger = ledger_of(
        a_line("100"),
        an_answer(a_part("accept", "40", promised_delivery="2026-03-31"), a_part("accept", "60", promised_delivery="2026-03-20")),
    )

    after = open_promises(ledger.current, {1: Decimal(60)})

    assert told(after) == ["40 on 2026-03-31"]
    assert ledger.current_delivery == date(2026, 3, 31)
    assert told(open_promises(ledger.current, {1: Decimal(75)})) == ["25 on 2026-03-31"]


def test_the_first_promise_stays_the_original_for_ever() -> None:
    ledger = ledger_of(
        a_line("100"),
        an_answer(a_part("accept", promised_delivery="2026-03-26")),
        an_answer(a_part("accept", promised_delivery="2026-04-02"), name="a2", minutes=1),
    )

    assert days(ledger, "original") == ["100 on 2026-03-26"]
    assert days(ledger) == ["100 on 2026-04-02"]
    assert ledger.original_delivery == date(2026, 3, 26)
    assert len(ledger.history) == 2


def test_what_was_not_promised_yet_gets_its_first_promise_later() -> None:
    ledger = ledger_of(
        a_line("100"),
        an_answer(a_part("accept", "60", promised_delivery="2026-03-20")),
        an_answer(
            a_part("accept", "60", promised_delivery="2026-03-22"),
            a_part("accept", "40", promised_delivery="2026-03-31"),
            name="a2",
            minutes=1,
        ),
    )

    assert days(ledger, "original") == ["60 on 2026-03-20", "40 on 2026-03-31"]


def test_an_addition_keeps_its_own_first_date_even_when_it_is_the_earlier_one() -> None:
    ledger = ledger_of(
        a_line("100"),
        an_answer(a_part("accept", "60", promised_delivery="2026-03-20")),
        an_answer(a_part("accept", "40", promised_delivery="2026-03-10"), name="a2", minutes=1, mode="add"),
    )

    assert days(ledger, "original") == ["60 on 2026-03-20", "40 on 2026-03-10"]
    assert days(ledger) == ["40 on 2026-03-10", "60 on 2026-03-20"]


def test_parts_are_laid_on_schedules_by_date() -> None:
    line = a_line("100", schedules=(a_schedule(1, "50", "2026-04-30", RENO), a_schedule(2, "50", "2026-03-27")))

    ledger = ledger_of(line, an_answer(header="accept"))

    assert [(promise.schedule_no, str(promise.promised_delivery)) for promise in ledger.current] == [
        (2, "2026-03-27"),
        (1, "2026-04-30"),
    ]


def test_a_change_above_the_order_promises_no_more_than_was_ordered() -> None:
    assert days(ledger_of(a_line("100"), an_answer(a_part("change", "108", promised_delivery="2026-03-20")))) == [
        "100 on 2026-03-20"
    ]


def test_a_change_we_rejected_is_no_promise_and_a_substitute_promises_another_item() -> None:
    rejected = an_answer(a_part("change", "100", promised_delivery="2026-03-20"))
    offered = an_answer(a_part("substitute", "100", item_code="B-200", promised_delivery="2026-03-20"))

    assert days(ledger_of(a_line(), rejected, verdicts={(rejected.key, 1): Verdict.REJECTED})) == []
    assert days(ledger_of(a_line(), offered)) == []


def test_acceptance_of_a_line_nobody_dated_promises_nothing() -> None:
    ledger = ledger_of(a_line(need_by=None), an_answer(header="accept"))

    assert (ledger.current, ledger.current_delivery, ledger.original_delivery) == ((), None, None)


def test_a_line_with_an_undated_part_has_no_delivery_day_as_a_whole() -> None:
    ledger = ledger_of(
        a_line("100"),
        an_answer(a_part("accept", "60", promised_delivery="2026-03-20"), a_part("accept", "40", promised_ship="2026-03-20")),
    )

    assert ledger.current_delivery is None
    assert [promise.transit_unknown for promise in ledger.current] == [False, True]


def test_only_what_moved_to_a_later_day_has_slipped() -> None:
    line = a_line("20", uom="CT")
    first = an_answer(
        a_part("accept", "12", promised_delivery="2026-03-23"), a_part("accept", "8", promised_delivery="2026-03-30")
    )
    later = an_answer(
        a_part("accept", "12", promised_delivery="2026-03-27"),
        a_part("accept", "8", promised_delivery="2026-03-30"),
        name="a2",
        minutes=1,
    )

    (slip,) = slips(ledger_of(line, first).current, ledger_of(line, first, later).current)

    assert (slip.quantity, slip.before, slip.after) == (Decimal(12), date(2026, 3, 23), date(2026, 3, 27))


def test_an_undated_promise_cannot_slip() -> None:
    undated = ledger_of(a_line(), an_answer(a_part("accept", promised_ship="2026-03-20")))
    dated = ledger_of(a_line(), an_answer(a_part("accept", promised_delivery="2026-03-27")))

    assert slips(undated.current, dated.current) == ()
    assert slips(dated.current, undated.current) == ()
    assert slips(dated.current, ()) == ()


def test_four_days_late_leaves_dayton_24_pumps_short() -> None:
    in_time = shortage_until(Decimal(14), Decimal(96) - Decimal(12), Decimal(6))
    late = shortage_until(Decimal(18), Decimal(96) - Decimal(12), Decimal(6))

    assert not in_time.is_short
    assert (late.days_short, late.units_short, late.is_short) == (Decimal(4), Decimal(24), True)
    assert late.sales_at_risk(Decimal("139.00"), "USD") == Decimal("3336.00")
    assert late.sales_at_risk(None, "USD") is None


@pytest.mark.parametrize(
    ("ship", "transit", "arrives"),
    [
        (date(2026, 3, 19), Transit(2), date(2026, 3, 24)),
        (date(2026, 3, 18), Transit(2, DayKind.CALENDAR), date(2026, 3, 20)),
        (date(2026, 3, 18), Transit(3, DayKind.CALENDAR), date(2026, 3, 24)),
    ],
)
def test_goods_arrive_on_a_day_the_site_is_open(ship: date, transit: Transit, arrives: date) -> None:
    assert delivery_after(ship, transit, open_days("2026-03-23")) == arrives


def test_a_ship_date_on_a_lane_we_know_is_a_delivery_promise_worked_out_by_us() -> None:
    line = a_line("100")
    fold = fold_line(line, [an_answer(a_part("accept", promised_ship="2026-03-18"))])

    (promise,) = build_ledger(line, fold.applied, fold.standing, Transit(4), open_days()).current

    assert (promise.promised_delivery, promise.basis, promise.transit_unknown) == (date(2026, 3, 24), Basis.DERIVED, False)


def test_without_sales_only_stock_that_is_allocated_twice_is_short() -> None:
    owed = shortage_until(Decimal(9), Decimal(-5), Decimal(0))
    covered = shortage_until(Decimal(9), Decimal(5), Decimal(0))

    assert (owed.days_short, owed.units_short) == (Decimal(9), Decimal(5))
    assert (covered.days_short, covered.is_short) == (Decimal(0), False)


def test_goods_due_before_the_late_receipt_help_and_those_due_with_it_do_not() -> None:
    others = (DueReceipt(Decimal(3), Decimal(10)), DueReceipt(Decimal(8), Decimal(100)))

    late = shortage_until(Decimal(8), Decimal(20), Decimal(5), others)

    assert (late.available, late.days_short, late.units_short) == (Decimal(30), Decimal(2), Decimal(10))
