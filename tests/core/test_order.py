"""The order value: totals, the hash an approval binds to, versions and holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purveyor.core.errors import IllegalTransition
from purveyor.core.lifecycle import OrderOnHold, Status, Verb
from purveyor.core.order import Hold, PurchaseOrder, Schedule, advance, content_changes, new_version
from tests.order_builders import DAYTON, MONDAY, OTHER_SUPPLIER, a_line, an_order

ON_HOLD = Hold("waits for the price list", None, MONDAY)


def test_the_keying_slip_of_240_cartons_costs_ten_times_too_much() -> None:
    typed = an_order(a_line(quantity=240, price="1036.80"))
    meant = an_order(a_line(quantity=20, price="1036.80"))

    assert typed.total == Decimal("248832.00")
    assert typed.total - (meant.total or 0) == Decimal("228096.00")


def test_an_amount_is_rounded_once_half_up() -> None:
    line = a_line(quantity="3", price="0.335", price_per=Decimal(2))

    assert line.amount("USD") == Decimal("0.50")
    assert line.amount("JPY") == Decimal(1)


def test_an_order_with_a_missing_price_has_no_total() -> None:
    order = an_order(a_line(1), a_line(2, price=None))

    assert order.total is None
    assert order.lines[1].amount("USD") is None


def test_a_cancelled_line_costs_nothing() -> None:
    assert an_order(a_line(1), a_line(2, cancelled=True)).total == Decimal("20736.00")


def test_a_line_is_needed_when_its_first_schedule_is() -> None:
    late = Schedule(1, DAYTON, Decimal(8), date(2026, 4, 14))
    early = Schedule(2, DAYTON, Decimal(12), date(2026, 3, 31))
    undated = Schedule(3, DAYTON, Decimal(1), None)

    assert a_line(schedules=(late, early, undated)).need_by == date(2026, 3, 31)
    assert a_line(schedules=(undated,)).need_by is None


def test_a_line_is_found_by_its_number() -> None:
    order = an_order(a_line(1), a_line(7))

    assert order.line(7) == order.lines[1]
    assert order.line(2) is None


def test_one_cent_more_gives_another_hash() -> None:
    order = an_order(a_line(price="998.40"))
    dearer = replace(order, lines=(a_line(price="998.41"),))

    assert order.version_hash() != dearer.version_hash()


def test_the_same_content_in_another_version_does_not_carry_the_approval_over() -> None:
    order = an_order()

    assert order.version_hash() != replace(order, version=2).version_hash()


def test_what_a_supplier_does_not_see_does_not_move_the_hash() -> None:
    order = an_order()

    same = replace(order, requester="person-9", row_version=4, hold=ON_HOLD, lines=(replace(order.lines[0], external_id="77"),))

    assert same.version_hash() == order.version_hash()


def test_the_same_content_stays_the_same_version() -> None:
    order = an_order()

    assert new_version(order, replace(order, requester="somebody else")).version == 1


def test_only_changed_lines_are_marked_with_the_new_version() -> None:
    order = an_order(a_line(1), a_line(2))

    after = new_version(order, replace(order, lines=(a_line(1, 12), order.lines[1], a_line(3))))

    assert after.version == 2
    assert [line.changed_in_version for line in after.lines] == [2, 1, 2]


@pytest.mark.parametrize(
    "change", [{"payment_terms": "N60"}, {"currency": "EUR"}, {"supplier_id": OTHER_SUPPLIER}, {"incoterm": "FCA"}], ids=str
)
def test_a_changed_header_term_changes_every_line(change: dict[str, Any]) -> None:
    order = an_order(a_line(1), a_line(2))

    assert content_changes(order, replace(order, **change)) == {1, 2}


@given(quantities=st.lists(st.integers(1, 500), min_size=1, max_size=5), edit=st.integers(1, 500))
def test_a_version_counts_up_exactly_when_the_content_moved(quantities: list[int], edit: int) -> None:
    order = an_order(*(a_line(number, quantity) for number, quantity in enumerate(quantities, 1)))

    after = new_version(order, replace(order, lines=(a_line(1, edit), *order.lines[1:])))

    assert after.version == (1 if edit == quantities[0] else 2)
    assert (after.version_hash() == order.version_hash()) == (edit == quantities[0])


@pytest.mark.parametrize("verb", [Verb.SUBMIT, Verb.APPROVE, Verb.RELEASE])
def test_a_hold_stops_the_way_out(verb: Verb) -> None:
    source = {Verb.SUBMIT: Status.DRAFT, Verb.APPROVE: Status.PENDING_APPROVAL, Verb.RELEASE: Status.APPROVED}[verb]
    to = Status.ISSUED if verb is Verb.RELEASE else Status.APPROVED
    held = an_order(status=source, hold=ON_HOLD)

    with pytest.raises(OrderOnHold):
        advance(held, verb, to)
    assert advance(replace(held, hold=None), verb, to).status is to


def test_a_held_order_can_still_be_edited_and_cancelled() -> None:
    held = an_order(status=Status.APPROVED, hold=ON_HOLD)

    assert advance(held, Verb.EDIT, Status.DRAFT).hold == ON_HOLD
    assert advance(held, Verb.CANCEL, Status.CANCELLED).status is Status.CANCELLED


def test_an_illegal_step_is_refused_and_never_skipped() -> None:
    closed: PurchaseOrder = an_order(status=Status.CLOSED)

    with pytest.raises(IllegalTransition):
        advance(closed, Verb.EDIT, Status.DRAFT)
