"""Intake: an ERP's order becomes ours, and a changed record is judged by its content, never by its time stamp."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import product
from typing import Any

import pytest

from purveyor.core.erp_records import ErpOrder, ErpOrderLine, ErpOrderStatus
from purveyor.core.errors import UnknownReference
from purveyor.core.ids import OrderId
from purveyor.core.intake import (
    DRIFT,
    Drift,
    ErpState,
    Mapped,
    NewOrder,
    OurState,
    decide,
    differences,
    erp_state,
    first_sight,
    order_from_record,
    our_state,
    read_again,
    record_of,
    take_over,
)
from purveyor.core.items import Item
from purveyor.core.lifecycle import Status
from purveyor.core.order import Origin, PurchaseOrder
from purveyor.core.parties import Supplier
from purveyor.core.quantity import UnitTable
from tests.order_builders import DAYTON, ERP, ITEM, MONDAY, SUPPLIER, UNIT, a_line, an_order, fresh_id

KELLER = Supplier(
    SUPPLIER, "KELLER", "Keller Pumps", "USD", "US", "America/New_York", payment_terms="N30", freight_term="prepaid"
)
PUMP = Item(ITEM, "PUMP-1", "Circulator pump", UnitTable("EA"), "pumps/circulators")
MAPPED = Mapped(UNIT, KELLER, {"w1": DAYTON}, {"i1": PUMP}, {ITEM: "KP-2500"})


def a_record(*lines: ErpOrderLine, **given: Any) -> ErpOrder:
    plain: dict[str, Any] = {
        "external_id": "4711",
        "version": "1",
        "number": None,
        "order_ref": None,
        "revision": 0,
        "supplier": "s1",
        "site": "w1",
        "currency": "USD",
        "order_date": date(2026, 3, 9),
        "payment_terms": None,
        "status": ErpOrderStatus.DRAFT,
        "origin": Origin.TYPED,
        "typist": "person-7",
        "lines": lines or (a_record_line(),),
    }
    return ErpOrder(**{**plain, **given})


def a_record_line(**given: Any) -> ErpOrderLine:
    plain: dict[str, Any] = {
        "external_id": "l1",
        "line_no": 1,
        "item": "i1",
        "description": "",
        "quantity": Decimal(20),
        "uom": "CT",
        "unit_price": Decimal("1036.80"),
        "need_by": date(2026, 3, 31),
        "tax_codes": ("US-OH",),
    }
    return ErpOrderLine(**{**plain, **given})


def taken_in(record: ErpOrder, mapped: Mapped = MAPPED) -> PurchaseOrder:
    return order_from_record(record, ERP, mapped, NewOrder(OrderId(fresh_id()), "PV000001", MONDAY))


def test_a_draft_of_the_erp_becomes_an_order_with_our_identities_and_the_suppliers_terms() -> None:
    order = taken_in(a_record())

    assert (order.status, order.version, order.supplier_id, order.requester) == (Status.DRAFT, 1, SUPPLIER, "person-7")
    assert (order.payment_terms, order.freight_term) == ("N30", "prepaid")
    assert order.erp is not None
    assert (order.erp.external_id, order.erp.content_hash) == ("4711", a_record().content_hash)
    line = order.lines[0]
    assert (line.item_id, line.item_code, line.description) == (ITEM, "PUMP-1", "Circulator pump")
    assert (line.supplier_part_no, line.category, line.tax_code) == ("KP-2500", "pumps/circulators", "US-OH")
    assert (line.schedules[0].ship_to, line.need_by) == (DAYTON, date(2026, 3, 31))


def test_the_terms_of_the_erp_win_over_those_of_the_supplier_record() -> None:
    assert taken_in(a_record(payment_terms="N60")).payment_terms == "N60"


def test_unmapped_codes_stay_readable_and_have_no_identity() -> None:
    record = a_record(
        a_record_line(item="i9", tax_codes=()), a_record_line(line_no=2, item=None, description="Freight"), site=None
    )

    order = taken_in(record, Mapped(UNIT))

    assert (order.supplier_id, order.supplier_code, order.payment_terms) == (None, "s1", None)
    assert [line.item_id for line in order.lines] == [None, None]
    assert [line.item_code for line in order.lines] == ["i9", ""]
    assert order.lines[0].schedules[0].ship_to is None
    assert order.lines[0].tax_code is None


def test_an_order_without_date_is_dated_by_its_intake() -> None:
    assert taken_in(a_record(order_date=None)).order_date == MONDAY.date()


def test_the_drift_table_answers_every_combination() -> None:
    assert set(DRIFT) == set(product(OurState, ErpState, (True, False)))


@pytest.mark.parametrize(
    ("status", "change", "meaning"),
    [
        (Status.DRAFT, {"version": "2"}, Drift.UNCHANGED),
        (Status.APPROVED, {"version": "2"}, Drift.UNCHANGED),
        (Status.ISSUED, {"version": "9", "status": ErpOrderStatus.PARTIALLY_RECEIVED}, Drift.UNCHANGED),
        (Status.DRAFT, {"currency": "EUR"}, Drift.EDITED_DRAFT),
        (Status.PENDING_APPROVAL, {"currency": "EUR"}, Drift.EDITED_DRAFT),
        (Status.APPROVED, {"currency": "EUR", "status": ErpOrderStatus.SUBMITTED}, Drift.EDITED_DRAFT),
        (Status.DRAFT, {"status": ErpOrderStatus.CONFIRMED}, Drift.BYPASSED_GATE),
        (Status.PENDING_APPROVAL, {"status": ErpOrderStatus.CONFIRMED}, Drift.BYPASSED_GATE),
        (Status.APPROVED, {"status": ErpOrderStatus.CONFIRMED}, Drift.UNCHANGED),
        (Status.APPROVED, {"status": ErpOrderStatus.CONFIRMED, "currency": "EUR"}, Drift.BYPASSED_GATE),
        (Status.ISSUED, {"status": ErpOrderStatus.CONFIRMED, "currency": "EUR"}, Drift.ERP_DRIFT),
        (Status.ACKNOWLEDGED, {"status": ErpOrderStatus.CONFIRMED, "site": "w9"}, Drift.ERP_DRIFT),
        (Status.ISSUED, {"status": ErpOrderStatus.CANCELLED}, Drift.ERP_DRIFT),
        (Status.APPROVED, {"status": ErpOrderStatus.CANCELLED}, Drift.DELETED_DRAFT),
        (Status.CLOSED, {"currency": "EUR"}, Drift.IGNORED),
    ],
)
def test_a_changed_record_is_judged_by_status_and_content(status: Status, change: dict[str, Any], meaning: Drift) -> None:
    known = replace(taken_in(a_record()), status=status)
    record = a_record(**change)

    assert decide(known, record, taken_in(record)) is meaning


@pytest.mark.parametrize(
    ("status", "meaning"),
    [(Status.DRAFT, Drift.DELETED_DRAFT), (Status.ISSUED, Drift.ERP_DRIFT), (Status.CANCELLED, Drift.IGNORED)],
)
def test_a_record_that_vanished_cancels_a_draft_and_alarms_after_issue(status: Status, meaning: Drift) -> None:
    assert decide(replace(taken_in(a_record()), status=status), None, None) is meaning


def test_our_own_edit_that_the_erp_confirmed_is_no_drift() -> None:
    known = taken_in(a_record())
    edited = replace(known, status=Status.ISSUED, lines=(replace(known.lines[0], unit_price=Decimal("998.40")),))
    record = a_record(a_record_line(unit_price=Decimal("998.40")), status=ErpOrderStatus.CONFIRMED)

    assert decide(edited, record, taken_in(record)) is Drift.UNCHANGED


def test_an_order_we_never_linked_is_compared_by_what_it_says() -> None:
    known = replace(taken_in(a_record()), erp=None)

    assert decide(known, a_record(), taken_in(a_record())) is Drift.UNCHANGED


@pytest.mark.parametrize(
    ("status", "go_live", "meaning"),
    [
        (ErpOrderStatus.DRAFT, None, Drift.NEW),
        (ErpOrderStatus.SUBMITTED, None, Drift.NEW),
        (ErpOrderStatus.CONFIRMED, None, Drift.BYPASSED_GATE),
        (ErpOrderStatus.CONFIRMED, date(2026, 3, 9), Drift.BYPASSED_GATE),
        (ErpOrderStatus.CONFIRMED, date(2026, 3, 10), Drift.IGNORED),
        (ErpOrderStatus.RECEIVED, None, Drift.IGNORED),
        (ErpOrderStatus.CLOSED, None, Drift.IGNORED),
        (ErpOrderStatus.CANCELLED, None, Drift.IGNORED),
    ],
)
def test_a_record_seen_for_the_first_time(status: ErpOrderStatus, go_live: date | None, meaning: Drift) -> None:
    assert first_sight(a_record(status=status), go_live) is meaning


def test_a_difference_names_both_values() -> None:
    ours = an_order(a_line(1, 20), a_line(2))
    theirs = replace(ours, currency="EUR", supplier_code="OTHER", lines=(a_line(1, 240, price=None),))

    found = {difference.path: (difference.ours, difference.theirs) for difference in differences(ours, theirs)}

    assert found["supplier"] == ("KELLER", "OTHER")
    assert found["currency"] == ("USD", "EUR")
    assert found["line 1 quantity"] == ("20", "240")
    assert found["line 1 unit price"] == ("1036.8", None)
    assert found["line 2 item"] == ("PUMP-2", None)
    assert found["line 2 need-by date"] == ("2026-03-31", None)


def test_a_line_we_cancelled_may_be_missing_in_the_erp() -> None:
    ours = an_order(a_line(1), a_line(2, cancelled=True))

    assert differences(ours, replace(ours, lines=ours.lines[:1])) == ()


def test_an_edited_draft_is_a_new_version_whose_approval_is_void() -> None:
    known = replace(taken_in(a_record()), status=Status.APPROVED, buyer_id=None)
    record = a_record(a_record_line(unit_price=Decimal("1036.81")), version="2")

    after = take_over(known, taken_in(record))

    assert (after.status, after.version, after.id, after.order_ref) == (Status.DRAFT, 2, known.id, known.order_ref)
    assert after.version_hash() != known.version_hash()
    assert after.erp is not None
    assert after.erp.version == "2"


@pytest.mark.parametrize(
    ("status", "meaning"),
    [(Status.DRAFT, Drift.EDITED_DRAFT), (Status.APPROVED, Drift.UNCHANGED), (Status.ISSUED, Drift.UNCHANGED)],
)
def test_a_code_that_is_known_by_now_changes_an_open_order(status: Status, meaning: Drift) -> None:
    known = replace(taken_in(a_record(), Mapped(UNIT)), status=status)

    assert decide(known, a_record(), taken_in(a_record(), Mapped(UNIT))) is Drift.UNCHANGED
    assert decide(known, a_record(), taken_in(a_record())) is meaning


def test_known_codes_are_filled_in_beside_our_own_edits() -> None:
    known = taken_in(a_record(a_record_line(), a_record_line(line_no=2, external_id="l2")), Mapped(UNIT))
    ours = replace(known, lines=(replace(known.lines[0], quantity=Decimal(3)), replace(known.lines[1], external_id="other")))

    after = take_over(ours, taken_in(a_record(a_record_line(), a_record_line(line_no=2, external_id="l2"))))

    assert (after.version, after.supplier_id, after.supplier_code, after.payment_terms) == (2, SUPPLIER, "KELLER", "N30")
    first, second = after.lines
    assert (first.quantity, first.item_id, first.item_code, first.supplier_part_no) == (Decimal(3), ITEM, "PUMP-1", "KP-2500")
    assert (first.schedules[0].ship_to, second.item_id) == (DAYTON, None)


def test_a_moved_stamp_is_noted_and_changes_nothing_else() -> None:
    known = replace(taken_in(a_record()), status=Status.APPROVED)

    after = read_again(known, a_record(version="5", number="PO-7"), ERP)

    assert after.version_hash() == known.version_hash()
    assert after.status is Status.APPROVED
    assert after.erp is not None
    assert (after.erp.version, after.erp.number) == ("5", "PO-7")


def test_states_follow_from_statuses() -> None:
    assert {our_state(status) for status in Status} == set(OurState)
    assert erp_state(None) is ErpState.GONE


ERP_IDS = {SUPPLIER: "s1", ITEM: "i1", DAYTON: "w1"}


def test_our_order_goes_back_to_the_erp_in_its_own_terms() -> None:
    order = taken_in(a_record(number="PO-7"))
    edited = replace(order, lines=(replace(order.lines[0], unit_price=Decimal(9984), price_per=Decimal(10)),))

    record = record_of(edited, ERP_IDS)

    assert (record.external_id, record.version, record.number, record.order_ref) == ("4711", "1", "PO-7", "PV000001")
    assert (record.supplier, record.site, record.lines[0].item) == ("s1", "w1", "i1")
    assert (record.lines[0].unit_price, record.lines[0].tax_codes) == (Decimal("998.4"), ("US-OH",))


def test_what_was_taken_in_and_not_changed_has_the_same_content_in_the_erp() -> None:
    assert record_of(taken_in(a_record()), ERP_IDS).content_hash == a_record().content_hash


def test_cancelled_lines_stay_here_and_an_order_nobody_linked_has_no_identity_there() -> None:
    freight = a_line(3, item_id=None, price=None, tax_code=None, external_id=None, schedules=())
    order = an_order(a_line(1), a_line(2, cancelled=True), freight)

    record = record_of(order, ERP_IDS)

    assert [(line.line_no, line.item, line.unit_price) for line in record.lines] == [
        (1, "i1", Decimal("1036.8")),
        (3, None, None),
    ]
    assert (record.external_id, record.version, record.number) == ("", "", None)
    assert record_of(an_order(freight), ERP_IDS).site is None


@pytest.mark.parametrize("unknown", [SUPPLIER, ITEM, DAYTON])
def test_a_record_the_erp_does_not_know_is_never_guessed(unknown: object) -> None:
    with pytest.raises(UnknownReference):
        record_of(an_order(), {own: code for own, code in ERP_IDS.items() if own != unknown})


def test_an_order_without_supplier_cannot_go_to_an_erp() -> None:
    with pytest.raises(UnknownReference):
        record_of(an_order(supplier_id=None), ERP_IDS)
