"""What our own past says: usual quantities, prices paid, possible twins, what the ERP does not count yet, and lead times."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purveyor.core.experience import PastPart, awaiting_erp, lead_time_of, ordered_quantities, possible_twins, price_paid
from purveyor.core.facts import LeadTime, PaidPrice
from purveyor.core.ids import ItemId, OrderId, SupplierId
from purveyor.core.lifecycle import Status
from tests.core.builders import DAYTON, NEED_BY, NOW, PIECES_AND_CARTONS, SUPPLIER, TODAY, TULSA, a_line, an_order, dec

THIS = an_order()


def a_part(number: int = 1, **changes: Any) -> PastPart:
    """Sixty pieces for Dayton on an earlier order that was issued."""
    part = PastPart(
        order_id=OrderId(UUID(int=6000 + number)),
        order_ref=f"PV00009{number}",
        status=Status.ISSUED,
        line_no=1,
        supplier_id=SUPPLIER,
        item_id=ItemId(UUID(int=1001)),
        ship_to=DAYTON,
        quantity=dec(60),
        uom="EA",
        unit_price=dec("10.00"),
        price_per=dec(1),
        currency="USD",
        order_date=TODAY,
        need_by=NEED_BY,
        entered_at=NOW - timedelta(days=1),
        issued_at=NOW - timedelta(hours=2),
    )
    return replace(part, **changes)


NOT_COUNTED = [{"status": Status.DRAFT}, {"ship_to": TULSA}, {"order_id": THIS.id}, {"quantity": None}]


def test_schedules_of_one_line_for_one_site_are_one_order_quantity() -> None:
    parts = [a_part(1, quantity=dec(60)), a_part(1), a_part(2, quantity=dec(30))]

    assert ordered_quantities(parts, DAYTON, THIS.id) == (dec(30), dec(120))


@pytest.mark.parametrize("changes", NOT_COUNTED)
def test_what_was_not_bought_for_the_site_is_no_experience(changes: dict[str, Any]) -> None:
    assert ordered_quantities([a_part(**changes)], DAYTON, THIS.id) == ()


def test_the_last_price_and_the_median_are_per_piece_whatever_was_ordered_in() -> None:
    parts = [
        a_part(1, order_date=date(2026, 1, 5), unit_price=dec("9.00")),
        a_part(2, order_date=date(2026, 3, 2), unit_price=dec("132.00"), uom="carton"),
        a_part(3, order_date=date(2026, 2, 2), unit_price=dec("1000.00"), price_per=dec(100)),
    ]

    paid = price_paid(parts, SUPPLIER, "USD", PIECES_AND_CARTONS, THIS.id)

    assert paid == PaidPrice(dec(11), date(2026, 3, 2), dec(10), 3, "USD")


@pytest.mark.parametrize(
    "changes",
    [
        {"status": Status.APPROVED},
        {"supplier_id": SupplierId(UUID(int=99))},
        {"currency": "EUR"},
        {"order_id": THIS.id},
        {"unit_price": None},
        {"uom": None},
        {"uom": "pallet"},
    ],
)
def test_other_suppliers_currencies_and_unpriced_lines_are_no_price_paid(changes: dict[str, Any]) -> None:
    assert price_paid([a_part(**changes)], SUPPLIER, "USD", PIECES_AND_CARTONS, THIS.id) is None


def test_possible_twins_stand_by_time_of_entry_and_cancelled_ones_are_marked() -> None:
    parts = [a_part(1), a_part(2, entered_at=NOW - timedelta(days=2), status=Status.CANCELLED)]

    twins = possible_twins(parts, THIS, THIS.lines[0], PIECES_AND_CARTONS, NOW - timedelta(days=30))

    assert [(twin.order_ref, twin.cancelled) for twin in twins] == [("PV000092", True), ("PV000091", False)]


@pytest.mark.parametrize(
    "changes",
    [
        {"order_id": THIS.id},
        {"entered_at": NOW - timedelta(days=31)},
        {"quantity": None},
        {"quantity": dec(61)},
        {"ship_to": TULSA},
        {"need_by": TODAY},
        {"supplier_id": None},
        {"supplier_id": SupplierId(UUID(int=99))},
    ],
)
def test_what_cannot_be_the_same_purchase_is_no_twin(changes: dict[str, Any]) -> None:
    assert possible_twins([a_part(**changes)], THIS, THIS.lines[0], PIECES_AND_CARTONS, NOW - timedelta(days=30)) == ()


@pytest.mark.parametrize(
    ("changes", "coming"),
    [
        ({"status": Status.PENDING_APPROVAL}, 60),
        ({"status": Status.APPROVED}, 60),
        ({"status": Status.DRAFT}, 0),
        ({"issued_at": NOW - timedelta(minutes=5)}, 60),
        ({"issued_at": NOW - timedelta(hours=2)}, 0),
        ({"issued_at": None}, 0),
        ({"status": Status.APPROVED, "ship_to": TULSA}, 0),
        ({"status": Status.APPROVED, "order_id": THIS.id}, 0),
        ({"status": Status.APPROVED, "quantity": None}, 0),
    ],
)
def test_what_the_erp_cannot_have_counted_yet_is_coming(changes: dict[str, Any], coming: int) -> None:
    counted_at = NOW - timedelta(minutes=30)

    assert awaiting_erp([a_part(**changes)], DAYTON, THIS.id, counted_at) == coming


def test_without_a_figure_of_the_erp_only_what_is_under_way_is_coming() -> None:
    parts = [a_part(1), a_part(2, status=Status.APPROVED)]

    assert awaiting_erp(parts, DAYTON, THIS.id, None) == 60


def test_lead_times_give_sample_median_and_90th_percentile() -> None:
    assert lead_time_of([]) is None
    assert lead_time_of([9, 7, 8, 30, 8, 9, 10, 8, 9, 14]) == LeadTime(10, dec(9), dec(14))


@given(st.lists(st.integers(0, 200), min_size=1, max_size=40))
def test_nine_of_ten_deliveries_are_not_later_than_the_90th_percentile(days: list[int]) -> None:
    seen = lead_time_of(days)

    assert seen is not None
    assert sum(1 for day in days if day <= seen.p90_days) * 10 >= len(days) * 9


def test_a_line_without_unit_has_no_twins() -> None:
    line = a_line(uom=None)

    assert possible_twins([a_part()], an_order([line]), line, PIECES_AND_CARTONS, NOW - timedelta(days=30)) == ()
