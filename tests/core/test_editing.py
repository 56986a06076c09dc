"""Edits before issue: what may change, what is refused, and taking over what the gate suggests."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest

from purveyor.core.editing import EditOrder, LineEdit, edit, suggested_edit
from purveyor.core.errors import IllegalTransition, InvalidInput, NotFound
from purveyor.core.finding import Finding, Result, Section, Severity
from purveyor.core.ids import SiteId
from purveyor.core.lifecycle import Status
from purveyor.core.order import Schedule
from purveyor.core.quantity import UnitTable
from tests.order_builders import DAYTON, a_line, an_order, fresh_id

PUMPS = UnitTable("EA", {"CT": Fraction(12)})


def a_finding(code: str, suggestion: str | None) -> Finding:
    return Finding("PV000001", 1, "RULE", code, Result.FAIL, Severity.BLOCK, Section.QUANTITY, "", suggestion=suggestion)


def test_240_cartons_become_20_in_a_new_version_that_is_a_draft_again() -> None:
    order = an_order(a_line(1, 240), status=Status.APPROVED)

    after = edit(order, EditOrder(1, {1: LineEdit(quantity=Decimal(20))}))

    assert (after.status, after.version, after.total) == (Status.DRAFT, 2, Decimal("20736.00"))
    assert after.lines[0].schedules[0].quantity == 20


def test_one_cent_more_is_a_new_version() -> None:
    order = an_order(a_line(price="998.40"), status=Status.APPROVED)

    after = edit(order, EditOrder(1, {1: LineEdit(unit_price=Decimal("998.41"))}))

    assert (after.status, after.version) == (Status.DRAFT, 2)
    assert after.version_hash() != order.version_hash()


def test_an_edit_that_changes_nothing_leaves_the_approval_alone() -> None:
    order = an_order(a_line(1, 20), status=Status.APPROVED)

    assert edit(order, EditOrder(1, {1: LineEdit(quantity=Decimal(20))})) is order


def test_unit_date_and_site_can_change_together() -> None:
    tulsa = SiteId(fresh_id())
    order = an_order(a_line(1))

    line = edit(order, EditOrder(1, {1: LineEdit(uom="EA", need_by=date(2026, 4, 7), ship_to=tulsa)})).lines[0]

    assert (line.uom, line.need_by, line.schedules[0].ship_to) == ("EA", date(2026, 4, 7), tulsa)


def test_header_terms_can_be_filled_in() -> None:
    after = edit(an_order(), EditOrder(1, incoterm="FCA", freight_ceiling=Decimal(90)))

    assert (after.incoterm, after.freight_ceiling, after.version) == ("FCA", Decimal(90), 2)


def test_a_line_is_split_over_two_dates_by_its_schedules() -> None:
    parts = (Schedule(1, DAYTON, Decimal(12), date(2026, 3, 23)), Schedule(2, DAYTON, Decimal(8), date(2026, 3, 30)))

    after = edit(an_order(), EditOrder(1, {1: LineEdit(schedules=parts)}))

    assert after.lines[0].quantity == 20
    assert after.lines[0].schedules == parts
    with pytest.raises(InvalidInput):
        edit(after, EditOrder(1, {1: LineEdit(quantity=Decimal(5))}))


def test_a_removed_line_is_cancelled_and_an_order_needs_one_line() -> None:
    order = an_order(a_line(1), a_line(2))

    after = edit(order, EditOrder(1, {2: LineEdit(removed=True)}))

    assert [line.cancelled for line in after.lines] == [False, True]
    with pytest.raises(InvalidInput):
        edit(after, EditOrder(1, {1: LineEdit(removed=True)}))


@pytest.mark.parametrize(
    "wrong",
    [
        LineEdit(quantity=Decimal(0)),
        LineEdit(quantity=Decimal(-1)),
        LineEdit(unit_price=Decimal(-1)),
        LineEdit(schedules=()),
    ],
)
def test_values_that_cannot_be_ordered_are_refused(wrong: LineEdit) -> None:
    with pytest.raises(InvalidInput):
        edit(an_order(), EditOrder(1, {1: wrong}))


def test_an_unknown_line_and_an_issued_order_are_refused() -> None:
    with pytest.raises(NotFound):
        edit(an_order(), EditOrder(1, {9: LineEdit(quantity=Decimal(1))}))
    with pytest.raises(IllegalTransition):
        edit(an_order(status=Status.ISSUED), EditOrder(1, {1: LineEdit(quantity=Decimal(1))}))


@pytest.mark.parametrize(
    ("code", "suggestion", "wanted"),
    [
        ("PACK_SLIP", "20 CT", LineEdit(quantity=Decimal(20))),
        ("OVER_MAX", "2,880 EA", LineEdit(quantity=Decimal(240))),
        ("PRICE_MISMATCH", "1,036.80 USD per CT", LineEdit(unit_price=Decimal("1036.80"))),
        ("LEAD_TIME_RISK", "2026-04-07", LineEdit(need_by=date(2026, 4, 7))),
    ],
)
def test_a_suggestion_becomes_the_edit_that_follows_it(code: str, suggestion: str, wanted: LineEdit) -> None:
    assert suggested_edit(a_line(), a_finding(code, suggestion), PUMPS) == wanted


def test_a_suggested_price_is_per_unit_and_the_line_may_price_per_hundred() -> None:
    line = a_line(price_per=Decimal(100))

    assert suggested_edit(line, a_finding("PRICE_KEYING", "0.35 USD per EA"), None).unit_price == Decimal(35)


def test_a_line_without_unit_takes_the_suggested_number() -> None:
    assert suggested_edit(a_line(uom=None), a_finding("MOQ", "20 CT"), None).quantity == 20


@pytest.mark.parametrize(
    ("code", "suggestion"),
    [
        ("MOQ", None),
        ("ITEM_SUPERSEDED", "PUMP-2"),
        ("MOQ", "twenty CT"),
        ("LEAD_TIME_RISK", "soon"),
        ("LEAD_TIME_RISK", None),
        ("PRICE_MISMATCH", "lower"),
    ],
)
def test_a_suggestion_that_cannot_be_taken_over_is_refused(code: str, suggestion: str | None) -> None:
    with pytest.raises(InvalidInput):
        suggested_edit(a_line(), a_finding(code, suggestion), PUMPS)


def test_a_suggestion_in_a_unit_without_conversion_is_refused() -> None:
    with pytest.raises(InvalidInput):
        suggested_edit(a_line(), a_finding("MOQ", "20 EA"), None)


def test_the_edit_of_a_line_leaves_the_others_as_they_are() -> None:
    order = an_order(a_line(1), a_line(2))

    after = edit(order, EditOrder(1, {1: LineEdit(quantity=Decimal(3))}))

    assert after.lines[1] == replace(order.lines[1], changed_in_version=1)
