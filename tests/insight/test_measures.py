"""The measures as exact worked figures, from event rows alone."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from purveyor.insight.accuracy import CHANGED_BY_SUPPLIER, CORRECTED, accuracy
from purveyor.insight.ageing import ON_HOLD, ageing
from purveyor.insight.approvals import NOT_NEEDED, STILL_WAITING, WITH_REQUESTER, approval_time
from purveyor.insight.figures import MEDIAN, NINETIETH, Figure, Result, percentile, share
from purveyor.insight.integration import ON_RETRY, REFUSED, REPLAYED, RETRYING, integration_failures
from purveyor.insight.invoices import NOT_COUNTED, SUPERSEDED, WAITED, invoice_exceptions
from purveyor.insight.latency import AGREED, ENDED, OVERDUE, REPLACED, acknowledgment_latency
from tests.insight.builders import CALENDARS, MARCH, Log, a_document, an_id, an_order, clocks, hours
from tests.worked import needs_worked_cases, worked_cases


def figure(result: Result, key: str, group: str = "", unit: str | None = None) -> Figure:
    """The one figure with this name."""
    (found,) = [
        one for one in result.figures if one.key == key and one.group == group and (unit is None or one.unit.value == unit)
    ]
    return found


def values(result: Result, unit: str, group: str = "") -> tuple[Decimal | None, Decimal | None]:
    """Median and 90th percentile in a unit."""
    return figure(result, "median", group, unit).value, figure(result, "p90", group, unit).value


def test_s111_ten_lines_one_corrected_by_us_one_changed_by_the_supplier() -> None:
    log = Log().changed("A", 30, "us", 3).changed("B", 40, "supplier", 2)
    orders = [an_order("A", lines=5), an_order("B", lines=5)]

    result = accuracy(orders, log.rows, MARCH)

    assert (result.numerator, result.denominator, result.main.value) == (9, 10, Decimal("90.00"))
    assert figure(result, "orders_right").value == Decimal("50.00")
    assert result.beside == ((CHANGED_BY_SUPPLIER, 1), (CORRECTED, 1))
    failing = [row for row in result.rows if not row.in_numerator]
    assert [(row.order_ref, row.line_no, row.why) for row in failing] == [("PVA", 3, CORRECTED)]
    assert result.rows[0].first
    assert result.provisional


def test_s111_a_change_that_was_never_applied_corrects_nothing() -> None:
    log = Log().order("A", "change_order.proposed", 5, change_order_id=str(an_id("x")), initiator="us", lines=[1])

    assert accuracy([an_order("A")], log.rows, MARCH).main.value == Decimal("100.00")


def test_s111_without_a_sent_line_there_is_no_data() -> None:
    earlier = an_order("A", issued=datetime(2026, 2, 27, tzinfo=UTC))

    result = accuracy([earlier, an_order("B", issued=None)], [], MARCH)

    assert (result.denominator, result.main.value, result.rows) == (0, None, ())


def submitted(log: Log, name: str, at: int | str | datetime) -> Log:
    return log.order(name, "order.submitted", at, chain_id=f"chain-{name}", chain=["line_manager"])


def a_step(log: Log, name: str, role: str, opened: int | str, decided: int | str, verdict: str = "approve") -> Log:
    step = f"{name}-{role}-{opened}"
    log.order(name, "approval.step_opened", opened, step_id=step, role=role)
    return log.order(name, "approval.step_decided", decided, step_id=step, role=role, verdict=verdict)


FRIDAY_THREE = 4 * 24 + 6
MONDAY_ELEVEN = 7 * 24 + 2


def test_s112_a_weekend_counts_in_calendar_hours_and_not_in_business_hours() -> None:
    log = submitted(Log(), "A", FRIDAY_THREE)
    a_step(log, "A", "line_manager", FRIDAY_THREE, FRIDAY_THREE + 1)
    a_step(log, "A", "category_manager", FRIDAY_THREE + 1, MONDAY_ELEVEN).order("A", "order.approved", MONDAY_ELEVEN)
    submitted(log, "B", 0)
    a_step(log, "B", "line_manager", 0, 2).order("B", "order.approved", 2)

    result = approval_time([an_order("A"), an_order("B")], log.rows, MARCH, CALENDARS)

    assert result.denominator == 2
    assert values(result, "business_hours") == (Decimal("2.00"), Decimal("4.00"))
    assert values(result, "calendar_hours") == (Decimal("2.00"), Decimal("68.00"))
    assert values(result, "business_hours", "line_manager") == (Decimal("1.00"), Decimal("2.00"))
    assert values(result, "business_hours", "category_manager") == (Decimal("3.00"), Decimal("3.00"))
    assert values(result, "calendar_hours", "category_manager") == (Decimal("67.00"), Decimal("67.00"))


def test_s112_the_time_an_order_lies_with_its_requester_is_taken_out_and_shown_apart() -> None:
    log = submitted(Log(), "A", 0)
    a_step(log, "A", "line_manager", 0, 1, verdict="return")
    submitted(log, "A", 4)
    a_step(log, "A", "line_manager", 4, "5:30").order("A", "order.approved", "5:30")

    result = approval_time([an_order("A")], log.rows, MARCH, CALENDARS)

    assert values(result, "business_hours") == (Decimal("2.50"), Decimal("2.50"))
    assert values(result, "calendar_hours") == (Decimal("2.50"), Decimal("2.50"))
    assert dict(result.beside)[WITH_REQUESTER] == 1


def test_s112_orders_without_a_needed_approval_and_those_that_wait_are_counted_beside() -> None:
    log = submitted(submitted(submitted(Log(), "A", 0), "B", 1), "C", 40 * 24)
    log.order("A", "order.approved", 0, by_policy="approval_matrix:A1")

    result = approval_time([an_order("A"), an_order("B"), an_order("C"), an_order("D")], log.rows, MARCH, CALENDARS)

    assert (result.denominator, result.main.value) == (0, None)
    assert dict(result.beside) == {NOT_NEEDED: 1, STILL_WAITING: 1}


@needs_worked_cases
@pytest.mark.parametrize("case", worked_cases("acknowledgment_latency"))
def test_s113_latency_with_unanswered_lines_as_worked_out_by_hand(case: dict[str, Any]) -> None:
    given, wanted = case["input"], case["expect"]
    answered = [Decimal(str(value)) for value in given["answered_hours"]]
    waiting = [Decimal(str(value)) for value in given["open_age_hours"]]
    due = Decimal(str(given["due_hours"]))

    in_time = sum(value <= due for value in answered)
    judged = len(answered) + sum(age > due for age in waiting)

    for name, which in (("p50", MEDIAN), ("p90", NINETIETH)):
        found = percentile(answered, waiting, which)
        assert found is not None
        assert f"{'> ' if found.beyond else ''}{found.value}" == wanted[name]
    assert len(waiting) == wanted["unanswered"]
    assert str(share(in_time, judged)) == wanted["within_due_pct"]


def latency(log: Log, *orders: Any, at: int = 24) -> Result:
    return acknowledgment_latency(orders, log.rows, MARCH, clocks(log, list(orders)), hours(at))


def answered(log: Log, name: str, at: int | str, line: int = 1, version: int = 1, state: str = "ACCEPTED") -> Log:
    return log.order(name, "line.answered", at, line_no=line, version=version, state=state)


def test_s113_unanswered_lines_stay_in_the_figure_with_their_age() -> None:
    log = Log().order("A", "order.sent", 0, version=1)
    answered(answered(answered(log, "A", 2, 1), "A", 4, 2), "A", 6, 3)

    result = latency(log, an_order("A", lines=5), at=4 * 24)

    assert (result.numerator, result.denominator) == (3, 5)
    assert figure(result, "median", unit="business_hours").value == Decimal("6.00")
    ninetieth = figure(result, "p90", unit="business_hours")
    assert (ninetieth.value, ninetieth.at_least, ninetieth.sample) == (Decimal("32.00"), True, 5)
    assert figure(result, "within_due").value == Decimal("60.00")
    assert dict(result.beside) == {OVERDUE: 2}
    assert [row.line_no for row in result.rows if row.first] == [4, 5]
    assert result.main.is_small


def test_s113_a_changed_line_starts_a_new_clock_and_an_unchanged_one_keeps_its_answer() -> None:
    log = Log().order("A", "order.sent", 0, version=1)
    answered(answered(log, "A", 1, 1), "A", 1, 2)
    log.changed("A", 24, "us", 2)
    answered(log, "A", 24, 2, version=2, state="UNANSWERED").order("A", "order.sent", 25, version=2)

    result = latency(log, an_order("A", lines=2), at=28)

    assert [(row.line_no, row.value, row.still_open) for row in result.rows] == [
        (2, Decimal("3.00"), True),
        (1, Decimal("1.00"), False),
        (2, Decimal("1.00"), False),
    ]
    assert result.denominator == 3


def test_s113_a_line_changed_before_an_answer_stays_in_with_the_age_it_had() -> None:
    log = Log().order("A", "order.sent", 0, version=1).changed("A", 3, "us", 1).order("A", "order.sent", 4, version=2)

    result = latency(answered(log, "A", 5, version=2), an_order("A"))

    assert [(row.why, row.value) for row in result.rows] == [("answered", Decimal("1.00")), (REPLACED, Decimal("3.00"))]


def test_s113_a_change_the_supplier_agreed_to_before_starts_no_clock() -> None:
    log = Log().order("A", "order.sent", 0, version=1)
    answered(log, "A", 2, state="ANSWERED_WITH_DIFFERENCES").changed("A", 3, "supplier", 1)
    answered(log, "A", 3, version=2).order("A", "order.sent", 4, version=2)

    result = latency(log, an_order("A"))

    assert (result.numerator, result.denominator, dict(result.beside)) == (1, 1, {AGREED: 1})


def test_s113_sent_again_is_no_new_clock_and_an_answer_before_the_receipt_of_sending_took_no_time() -> None:
    log = answered(Log(), "A", 0).order("A", "order.sent", 1, version=1).order("A", "order.sent", 9, version=1)

    result = latency(log, an_order("A"))

    assert [(row.why, row.value) for row in result.rows] == [("answered", Decimal("0.00"))]


def test_s113_a_cancelled_line_or_order_ends_its_clock_without_an_answer() -> None:
    log = Log().order("A", "order.sent", 0, version=1).order("B", "order.sent", 0, version=1)
    answered(log, "A", 2, state="CANCELLED").order("B", "order.cancelled", 3)
    answered(log, "A", 3, line=9)

    result = latency(log, an_order("A"), an_order("B"))

    assert {row.why for row in result.rows} == {ENDED}
    assert figure(result, "within_due").value is None
    assert figure(result, "median", unit="business_hours").at_least


def matched(log: Log, name: str, at: int, outcome: str, *mismatches: str) -> Log:
    ref = a_document("invoice", name).ref
    return log.add(ref, "invoice.matched", hours(at), outcome=outcome, mismatches=list(mismatches))


def test_s116_two_classes_count_once_in_the_rate_and_in_both_classes() -> None:
    log = matched(Log(), "I1", 0, "EXCEPTION", "1:PRICE", "1:QUANTITY")
    matched(matched(log, "I2", 0, "WAITING_RECEIPT"), "I2", 5, "MATCHED")
    matched(matched(log, "I3", 1, "MATCHED"), "I4", 1, "MATCHED")
    bills = [a_document("invoice", "I1"), a_document("invoice", "I2")]
    bills.append(a_document("invoice", "I3", notes=frozenset({"SMALL_DIFFERENCE"})))
    bills.append(a_document("invoice", "I4", notes=frozenset({"FAVOURABLE_PRICE"})))

    result = invoice_exceptions(bills, log.rows, MARCH)

    assert (result.numerator, result.denominator, result.main.value) == (1, 4, Decimal("25.00"))
    assert {one.group: one.value for one in result.figures if one.key == "class"} == {"PRICE": 1, "QUANTITY": 1}
    assert dict(result.beside) == {WAITED: 1, "SMALL_DIFFERENCE": 1, "FAVOURABLE_PRICE": 1}
    assert [row.name for row in result.rows if row.first] == ["I1"]


def test_s116_a_favourable_price_in_review_and_a_suspected_copy_count() -> None:
    log = matched(Log(), "I1", 0, "REVIEW", "1:PRICE_FAVOURABLE")
    log.add(a_document("invoice", "I2").ref, "invoice.suspected", hours(1), layer="number")

    result = invoice_exceptions([a_document("invoice", "I1"), a_document("invoice", "I2")], log.rows, MARCH)

    assert result.main.value == Decimal("100.00")
    assert figure(result, "class", "DUPLICATE").value == 1


def test_s116_credit_notes_replaced_revisions_and_other_periods_are_out() -> None:
    log = matched(matched(matched(Log(), "I1", 0, "EXCEPTION", "1:PRICE"), "I2", 0, "MATCHED"), "I3", 24 * 60, "MATCHED")
    log.add(a_document("invoice", "I2").ref, "invoice.superseded", hours(1), by_revision=2)
    bills = [a_document("invoice", "I1", counted=False), *(a_document("invoice", name) for name in ("I2", "I3", "I4"))]

    result = invoice_exceptions(bills, log.rows, MARCH)

    assert (result.denominator, result.main.value) == (0, None)
    assert dict(result.beside) == {NOT_COUNTED: 1, SUPERSEDED: 1}


def sending(log: Log, name: str, *attempts: str, channel: str = "api") -> Log:
    """Attempts of a message: ok, or the code of a failure; the last failure of a message that is not ok gives it up."""
    ref = a_document("message", name).ref
    common = {"kind": "supplier_order", "channel": channel}
    for number, attempt in enumerate(attempts):
        if attempt == "ok":
            log.add(ref, "message.delivered", hours(number), outcome="accepted", **common)
        else:
            code, _, step = attempt.partition(">")
            log.add(ref, "message.failed", hours(number), code=code, next_step=step or "retry", **common)
    return log


def test_s118_a_thousand_messages_five_given_up_twenty_delivered_on_retry() -> None:
    log = Log()
    names = [f"M{number}" for number in range(1000)]
    for number, name in enumerate(names):
        channel = "email" if number % 4 == 0 else "api"
        if number < 5:
            sending(log, name, "partner_away", "partner_away>dead", channel=channel)
        elif number < 25:
            sending(log, name, "partner_away", "ok", channel=channel)
        else:
            sending(log, name, "ok", channel=channel)

    result = integration_failures([a_document("message", name) for name in names], log.rows, MARCH)

    assert (result.numerator, result.denominator) == (5, 1000)
    assert figure(result, "after_retry").value == Decimal("0.50")
    assert figure(result, "first_attempt").value == Decimal("2.50")
    assert figure(result, "after_retry", "supplier_order:email").sample == 250
    assert sum(figure(result, "after_retry", f"supplier_order:{name}").sample for name in ("api", "email")) == 1000
    assert figure(result, "after_retry", "supplier_order:email").value == Decimal("0.80")
    assert dict(result.beside) == {ON_RETRY: 20}


def test_s118_a_valid_refusal_is_no_failure_and_a_message_sent_again_by_a_person_stays_one() -> None:
    log = sending(sending(Log(), "M1", "erp_rejected>dead"), "M2", "partner_refused>dead", "ok")
    log.add(a_document("message", "M2").ref, "message.replayed", hours(1))
    sending(sending(log, "M3", "partner_away"), "M4", "erp_conflict", "ok")
    names = ("M1", "M2", "M3", "M4", "M5")

    result = integration_failures([a_document("message", name) for name in names], log.rows, MARCH)

    assert (result.numerator, result.denominator) == (1, 4)
    assert dict(result.beside) == {REFUSED: 1, REPLAYED: 1, RETRYING: 1}
    assert result.provisional


def opened(log: Log, name: str, at: int, kind: str = "SYNC_LAG", role: str = "buyer") -> Log:
    return log.add(a_document("exception", name).ref, "exception.opened", hours(at), exception_type=kind, owner_role=role)


def test_s119_open_exceptions_stand_in_their_bands_and_the_oldest_names_its_owner() -> None:
    log = Log()
    names = {"E1": 14 * 24 - 2, "E2": 13 * 24, "E3": 11 * 24, "E4": 7 * 24, "E5": 0, "E6": 0}
    for name, at in names.items():
        opened(log, name, at)
    log.add(a_document("exception", "E6").ref, "exception.resolved", hours(5))
    log.add(a_document("exception", "E5").ref, "exception.escalated", hours(6), to_role="category_manager")
    log.add(a_document("exception", "E4").ref, "exception.held", hours(200))
    result = ageing([a_document("exception", name) for name in (*names, "E9")], log.rows, CALENDARS, hours(14 * 24))

    bands = {one.group: one.value for one in result.figures if one.key == "band"}
    assert bands == {"0-1": 2, "1-3": 1, "3-7": 1, "7+": 1}
    assert (result.numerator, result.denominator) == (1, 5)
    assert result.main.value == Decimal("10.00")
    assert (result.rows[0].party, result.rows[0].value) == ("category_manager", Decimal("10.00"))
    assert [row.value for row in result.rows] == sorted((row.value or Decimal(0) for row in result.rows), reverse=True)
    assert not result.main.is_small
    assert dict(result.beside) == {ON_HOLD: 1}


def test_s119_the_lower_limit_belongs_to_the_band() -> None:
    log = opened(opened(Log(), "E1", 0), "E3", 0)

    (first,) = [row.group for row in ageing([a_document("exception", "E1")], log.rows, CALENDARS, hours(8)).rows]
    (third,) = [row.group for row in ageing([a_document("exception", "E3")], log.rows, CALENDARS, hours(3 * 24)).rows]

    assert (first, third) == ("1-3", "3-7")


def test_s119_an_exception_opened_again_counts_from_its_first_opening() -> None:
    log = opened(Log(), "E1", 0)
    for number, kind in enumerate(("exception.resolved", "exception.reopened", "exception.reassigned", "exception.hold_ended")):
        log.add(a_document("exception", "E1").ref, kind, hours(number + 1), to_role="it")

    (row,) = ageing([a_document("exception", "E1")], log.rows, CALENDARS, hours(8)).rows

    assert (row.value, row.party) == (Decimal("1.00"), "it")
