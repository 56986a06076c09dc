"""Each measure from a real log: what people, suppliers and workers did through the product's own verbs, counted from events."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import text

from purveyor.app import dispatch
from purveyor.core.access import SYSTEM, Actor, ActorKind, Role
from purveyor.core.cases import ExceptionType
from purveyor.core.errors import InvalidInput
from purveyor.core.messaging import MessageKind
from purveyor.core.order import PurchaseOrder
from purveyor.insight.definitions import MeasureId
from purveyor.insight.handoffs import Handoff, Said
from purveyor.insight.latency import AGREED, UNANSWERED
from purveyor.store.db import Database
from purveyor.store.views import measured as reading
from purveyor.web.measures.reading import line_handoffs, measure
from tests.app.approval_desk import say, submitted, the_step, worth
from tests.app.invoicing import a_bill, billed, goods_came
from tests.app.people import pass_hours
from tests.app.supplier_world import a_world, an_issued_order, answered
from tests.app.test_settle import opened
from tests.core.supplier_side import a_part
from tests.order_builders import DAYTON, OTHER_SUPPLIER, OTHER_UNIT, SUPPLIER
from tests.web.measured_world import (
    MARCH,
    a_sent_order,
    agreed,
    corrected_by_us,
    delivered,
    failed,
    measured,
    the_message,
)

pytestmark = pytest.mark.postgres


def test_s111_ten_released_lines_give_ninety_percent_and_open_the_failing_one(database: Database) -> None:
    people = a_world(database)
    order = a_sent_order(database, lines=10)
    answered(database, order, a_part("change", "18", reason="SHORTAGE"))
    agreed(database, order, people.rita)
    corrected_by_us(database, order, line_no=4)

    result = measured(database, MeasureId.ACCURACY)

    assert (result.numerator, result.denominator, result.main.value) == (9, 10, Decimal("90.00"))
    assert [(row.order_ref, row.line_no, row.why) for row in result.rows if row.first] == [
        (order.order_ref, 1, "changed_by_supplier"),
        (order.order_ref, 4, "corrected_by_us"),
    ]


def test_s112_approval_hours_of_a_role_over_a_weekend(database: Database) -> None:
    people = a_world(database)
    pass_hours(database, 4 * 24 + 6)
    (order,) = submitted(database, worth("6000.00"))
    pass_hours(database, 3 * 24)
    step = the_step(database, order)
    say(database, people.martha, step.id)

    result = measured(database, MeasureId.APPROVAL_TIME)

    assert result.denominator == 1
    business, _, calendar, _ = result.figures[:4]
    assert (calendar.value, calendar.unit.value) == (Decimal("72.00"), "calendar_hours")
    assert business.value == Decimal("8.00")
    assert {one.group for one in result.figures} == {"", "line_manager"}


def test_s113_a_new_version_starts_the_clock_of_its_changed_line_alone(database: Database) -> None:
    a_world(database)
    order = a_sent_order(database, lines=2)
    pass_hours(database, 2)
    answered(database, order, header="accept")
    corrected_by_us(database, order, line_no=2)
    delivered(database, the_message(database, order, MessageKind.SUPPLIER_CHANGE))
    pass_hours(database, 1)

    result = measured(database, MeasureId.ACKNOWLEDGMENT)

    assert (result.numerator, result.denominator) == (2, 3)
    assert [(row.line_no, row.why) for row in result.rows if row.still_open] == [(2, UNANSWERED)]
    assert result.figures[0].value is not None


def test_s113_what_the_supplier_agreed_to_is_answered_before_it_is_sent(database: Database) -> None:
    people = a_world(database)
    order = a_sent_order(database)
    answered(database, order, a_part("change", "18", reason="SHORTAGE"))
    agreed(database, order, people.rita)
    delivered(database, the_message(database, order, MessageKind.SUPPLIER_CHANGE))

    result = measured(database, MeasureId.ACKNOWLEDGMENT)

    assert (result.numerator, result.denominator) == (1, 1)
    assert dict(result.beside)[AGREED] == 1


def test_s116_one_of_two_invoices_has_an_exception_and_its_classes(database: Database) -> None:
    a_world(database)
    orders = [an_issued_order(database, erp=None), an_issued_order(database, erp=None)]
    for order in orders:
        goods_came(database, order, 20)
    billed(database, a_bill(orders[0], "KP-1", "20"))
    billed(database, a_bill(orders[1], "KP-2", "21", "1100.00"))

    result = measured(database, MeasureId.INVOICES)

    assert (result.numerator, result.denominator, result.main.value) == (1, 2, Decimal("50.00"))
    assert {one.group for one in result.figures if one.key == "class"} == {"PRICE", "QUANTITY"}
    assert (result.rows[0].name, result.rows[0].order_ref) == ("KP-2", orders[1].order_ref)


def test_s118_one_of_four_messages_is_given_up_and_one_succeeds_on_retry(database: Database) -> None:
    a_world(database)
    a_sent_order(database)
    a_sent_order(database)
    retried, lost = _queued(database), _queued(database)
    failed(database, the_message(database, retried))
    _at_once(database)
    delivered(database, the_message(database, retried))
    for _ in range(2):
        failed(database, the_message(database, lost), "partner_refused", permanent=True)

    result = measured(database, MeasureId.INTEGRATION)

    assert [(one.key, one.value) for one in result.figures[:2]] == [
        ("after_retry", Decimal("25.00")),
        ("first_attempt", Decimal("50.00")),
    ]
    assert (result.rows[0].party, result.rows[0].group) == ("Keller Pumps", "supplier_order:api")


def _queued(database: Database) -> PurchaseOrder:
    order = an_issued_order(database, erp=None)
    with database.transaction(SYSTEM) as tx:
        dispatch.send_to_suppliers(tx, [order])
    return order


def _at_once(database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        tx.conn.execute(text("UPDATE message SET next_attempt_at = now() - interval '1 minute'"))


def test_s119_the_age_of_open_exceptions_and_the_owner_of_the_oldest(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database)
    opened(database, ExceptionType.ERP_DRIFT, order)
    pass_hours(database, 8 * 24)
    opened(database, ExceptionType.ACK_OVERDUE, order)

    result = measured(database, MeasureId.AGEING)

    assert {one.group: one.value for one in result.figures if one.key == "band"} == {"0-1": 1, "1-3": 0, "3-7": 1, "7+": 0}
    assert (result.rows[0].name, result.rows[0].party) == ("ERP_DRIFT", "buyer")
    assert result.main.value == Decimal("6.00")


def test_figures_are_of_the_readers_unit_and_of_the_supplier_and_site_he_asks_for(database: Database) -> None:
    a_world(database)
    a_sent_order(database, lines=3)
    stranger = Actor(ActorKind.USER, OTHER_UNIT, "olga", frozenset({Role.BUYER}), frozenset({OTHER_UNIT}))

    for which in (MeasureId.ACCURACY, MeasureId.ACKNOWLEDGMENT, MeasureId.INTEGRATION):
        assert measured(database, which, actor=stranger).denominator == 0
        assert measured(database, which, replace(MARCH, supplier_id=OTHER_SUPPLIER)).denominator == 0
        chosen = measured(database, which, replace(MARCH, supplier_id=SUPPLIER, site_id=DAYTON))
        assert chosen == measured(database, which)
        assert chosen.denominator > 0


def test_a_period_with_more_events_than_an_answer_holds_is_refused(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MOST_EVENTS", 1)
    a_world(database)
    order = a_sent_order(database)
    answered(database, order, header="accept")

    with pytest.raises(InvalidInput):
        measured(database, MeasureId.ACKNOWLEDGMENT)


def test_what_is_not_measured_yet_has_no_figure(database: Database) -> None:
    with database.read(SYSTEM) as tx:
        assert measure(tx, MeasureId.READINESS, MARCH) is None


def test_the_five_handoff_answers_of_an_order_line(database: Database) -> None:
    a_world(database)
    order = a_sent_order(database)
    answered(database, order, header="accept")
    goods_came(database, order, 20)
    billed(database, a_bill(order, "KP-1", "20"))

    with database.read(SYSTEM) as tx:
        (line,) = line_handoffs(tx, [order.id])

    assert {answer.question: answer.said for answer in line.answers} == {
        Handoff.APPROVED_ON_TIME: Said.NOT_APPLICABLE,
        Handoff.ACKNOWLEDGED: Said.YES,
        Handoff.CHANGED: Said.OPEN,
        Handoff.RECEIVED_IN_FULL: Said.YES,
        Handoff.MATCHED: Said.YES,
    }
