"""The list of orders: every filter, paging by key, and the same rows for page and export."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from purveyor.app.cases import open_case
from purveyor.core.acknowledge import LineState
from purveyor.core.cases import ExceptionType, OpenCase
from purveyor.core.errors import InvalidInput
from purveyor.core.ids import SiteId, UserId
from purveyor.core.lifecycle import Status
from purveyor.core.order import Hold, PurchaseOrder, Schedule
from purveyor.store import order_list, orders
from purveyor.store.db import Tx
from purveyor.store.order_list import DateRange, OrderFilter, OrderRow
from purveyor.store.tables.supplier_side import LINE_ANSWER
from tests.order_builders import DAYTON, MONDAY, OTHER_SUPPLIER, UNIT, a_line, an_order, fresh_id, in_erp

pytestmark = pytest.mark.postgres


def listed(tx: Tx, **chosen: Any) -> set[str]:
    return {row.order_ref for row in order_list.list_orders(tx, OrderFilter(**chosen)).rows}


def an_issued_order(*lines: Any, **given: Any) -> PurchaseOrder:
    return an_order(*lines, status=Status.ISSUED, first_issued_version=1, issued_at=MONDAY, **given)


def answer(tx: Tx, order: PurchaseOrder, state: LineState, ship: date | None = None, delivery: date | None = None) -> None:
    nothing = dict.fromkeys(("accepted", "proposed", "proposed_over", "backordered", "rejected", "unanswered"), Decimal(0))
    values = {
        "order_id": order.id,
        "line_no": 1,
        "business_unit_id": UNIT,
        "supplier_id": order.supplier_id,
        "state": state.value,
        "reminders": "none",
        "ordered": Decimal(20),
        **nothing,
        "promised_ship": ship,
        "promised_delivery": delivery,
    }
    tx.conn.execute(insert(LINE_ANSWER).values(**values))


def test_orders_are_found_by_status_hold_supplier_buyer_and_site(tx: Tx) -> None:
    buyer, tulsa = UserId(fresh_id()), SiteId(fresh_id())
    to_tulsa = a_line(schedules=(Schedule(1, tulsa, Decimal(20), date(2026, 4, 2)),))
    plain, other, held, bought = orders.save_many(
        tx,
        [
            an_order(),
            an_order(to_tulsa, supplier_id=OTHER_SUPPLIER),
            an_order(hold=Hold("price list", None, MONDAY)),
            an_issued_order(buyer_id=buyer),
        ],
    )

    assert listed(tx, statuses=frozenset({Status.ISSUED})) == {bought.order_ref}
    assert listed(tx, on_hold=True) == {held.order_ref}
    assert held.order_ref not in listed(tx, on_hold=False)
    assert listed(tx, supplier_id=OTHER_SUPPLIER) == {other.order_ref}
    assert listed(tx, buyer_id=buyer) == {bought.order_ref}
    assert listed(tx, site_id=tulsa) == {other.order_ref}
    assert listed(tx, site_id=DAYTON) == {plain.order_ref, held.order_ref, bought.order_ref}
    assert listed(tx, need_by=DateRange(first=date(2026, 4, 1))) == {other.order_ref}
    assert listed(tx, need_by=DateRange(last=date(2026, 4, 1))) == {plain.order_ref, held.order_ref, bought.order_ref}


def test_orders_are_found_by_what_the_supplier_said(tx: Tx) -> None:
    silent, accepted, later, draft = orders.save_many(tx, [an_issued_order(), an_issued_order(), an_issued_order(), an_order()])
    answer(tx, accepted, LineState.ACCEPTED, date(2026, 3, 20), date(2026, 3, 23))
    answer(tx, later, LineState.ANSWERED_WITH_DIFFERENCES, date(2026, 3, 27), date(2026, 3, 30))

    assert listed(tx, confirmation=frozenset({LineState.ACCEPTED})) == {accepted.order_ref}
    assert listed(tx, confirmation=frozenset({LineState.UNANSWERED})) == {silent.order_ref}
    assert listed(tx, promised_delivery=DateRange(date(2026, 3, 24), date(2026, 3, 31))) == {later.order_ref}
    assert listed(tx, promised_ship=DateRange(last=date(2026, 3, 20))) == {accepted.order_ref}
    rows = {row.order_ref: row for row in order_list.list_orders(tx).rows}
    assert rows[later.order_ref].promised_delivery == date(2026, 3, 30)
    assert rows[silent.order_ref].confirmation == (LineState.UNANSWERED,)
    assert rows[draft.order_ref].confirmation == ()


def test_orders_are_found_by_their_open_exceptions(tx: Tx) -> None:
    late, fine = orders.save_many(tx, [an_issued_order(), an_issued_order()])
    open_case(tx, OpenCase(ExceptionType.ACK_OVERDUE, "late", order_id=late.id, business_unit_id=UNIT))

    page = order_list.list_orders(tx, OrderFilter(exceptions=frozenset({"ACK_OVERDUE"})))

    assert [(row.order_ref, row.exceptions) for row in page.rows] == [(late.order_ref, ("ACK_OVERDUE",))]
    assert fine.order_ref in listed(tx)


def test_words_find_references_erp_numbers_items_and_the_suppliers_item_number(tx: Tx) -> None:
    line = a_line(description="Größere Pumpe", supplier_part_no="KP-2500")
    order = orders.save(tx, an_order(line, erp=in_erp("1", number="PO-0077")))
    orders.save(tx, an_order(a_line(description="100% copper elbow")))

    for words in (order.order_ref.lower(), "po-0077", "pump-1 grossere", "kp-2500 pumpe"):
        assert order.order_ref in listed(tx, words=words), words
    assert order.order_ref not in listed(tx, words="100%")
    assert listed(tx, words="%") == listed(tx, words="100%")


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sort=st.sampled_from([f"{way}{key}" for key in order_list.SORTS for way in ("", "-")]), size=st.integers(1, 4))
def test_pages_put_together_are_the_export_whatever_the_sort(tx: Tx, sort: str, size: int) -> None:
    mine = OrderFilter(supplier_id=fresh_id())
    batch = [
        an_order(a_line(price=price, schedules=(Schedule(1, None, Decimal(20), day),)), supplier_id=mine.supplier_id)
        for price, day in (("1.00", None), ("1.00", date(2026, 4, 1)), (None, date(2026, 4, 1)), ("3.00", date(2026, 5, 1)))
    ]
    orders.save_many(tx, batch)

    rows: list[OrderRow] = []
    after = None
    while True:
        page = order_list.list_orders(tx, mine, sort, after, size)
        rows += page.rows
        after = page.next_key
        if after is None:
            break

    assert rows == list(order_list.all_orders(tx, mine, sort))
    assert len({row.id for row in rows}) == 4


def test_an_unknown_sort_key_or_a_cursor_of_another_list_is_refused(tx: Tx) -> None:
    with pytest.raises(InvalidInput):
        order_list.list_orders(tx, sort="requester")
    with pytest.raises(InvalidInput):
        order_list.list_orders(tx, sort="need_by", after=("tomorrow", str(fresh_id())))


def test_a_cancelled_line_counts_no_more(tx: Tx) -> None:
    order = orders.save(tx, an_issued_order(a_line(1), a_line(2)))
    orders.save(tx, replace(order, lines=(order.lines[0], replace(order.lines[1], cancelled=True))))

    assert order_list.list_orders(tx).rows[0].lines == 1
