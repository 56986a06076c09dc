"""What Purveyor expects of any ERP: one suite, run against every adapter."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from purveyor.connectors.contract import RetryableError
from purveyor.connectors.erp.contract import OVERLAP, START, Cursor
from purveyor.core.erp_records import (
    Entity,
    ErpAgreement,
    ErpDemand,
    ErpInvoice,
    ErpInvoiceLine,
    ErpItem,
    ErpOrder,
    ErpOrderStatus,
    ErpReceipt,
    ErpReceiptLine,
    ErpRecord,
    ErpStock,
    ErpSupplier,
    ErpSupplierItem,
    ErpUom,
)
from purveyor.core.erp_results import Applied, Conflict, Duplicate, Rejected, Unknown
from purveyor.core.parties import SupplierStatus
from tests.connectors.erp.desks import Desk


def everything(desk: Desk, entity: Entity) -> tuple[ErpRecord, ...]:
    page = desk.connector.pull(entity, START)
    assert page.complete
    return page.records


def confirmed(desk: Desk, our_ref: str, quantity: str = "20") -> ErpOrder:
    order = desk.draft(quantity)
    result = desk.connector.confirm(order, our_ref, order.version)
    assert isinstance(result, Applied)
    return again(desk, order)


def again(desk: Desk, order: ErpOrder) -> ErpOrder:
    found = desk.connector.get_order(order.external_id)
    assert found is not None
    return found


def a_receipt(order: ErpOrder, our_ref: str, quantity: str, rejected: str = "0") -> ErpReceipt:
    line = ErpReceiptLine(
        order_line=order.lines[0].external_id, quantity=Decimal(quantity), uom="CTN12", rejected=Decimal(rejected)
    )
    return ErpReceipt(
        reference=f"R{our_ref}", order=order.external_id, delivery_note="DN-1", posting_date=date(2026, 3, 9), lines=(line,)
    )


def an_invoice(order: ErpOrder, our_ref: str, quantity: str, price: str = "998.40") -> ErpInvoice:
    line = ErpInvoiceLine(
        order_line=order.lines[0].external_id, quantity=Decimal(quantity), uom="CTN12", unit_price=Decimal(price)
    )
    return ErpInvoice(
        supplier_number=f"KP-{our_ref}",
        order=order.external_id,
        invoice_date=date(2026, 3, 9),
        currency="USD",
        lines=(line,),
    )


def test_the_pump_is_bought_in_cartons_of_twelve_with_a_break_at_twenty(desk: Desk) -> None:
    items = {record.sku: record for record in everything(desk, Entity.ITEM) if isinstance(record, ErpItem)}
    units = {record.code: record for record in everything(desk, Entity.UOM) if isinstance(record, ErpUom)}
    pump = items["PMP-100"]

    terms = [
        record
        for record in everything(desk, Entity.SUPPLIER_ITEM)
        if isinstance(record, ErpSupplierItem) and record.item == pump.external_id
    ]

    assert units[pump.purchase_uom].factor / units[pump.base_uom].factor == 12
    assert [(entry.min_qty, entry.unit_price) for entry in terms[0].price_breaks] == [
        (Decimal(1), Decimal("1036.80")),
        (Decimal(20), Decimal("998.40")),
    ]
    assert (terms[0].supplier_part_no, terms[0].lead_time_days) == ("KP-C112", 10)
    assert pump.updated_at is not None


def test_a_supplier_on_hold_is_told_apart_from_one_in_use(desk: Desk) -> None:
    suppliers = {record.code: record for record in everything(desk, Entity.SUPPLIER) if isinstance(record, ErpSupplier)}

    assert suppliers["KEYSTONE"].status is SupplierStatus.ACTIVE
    assert suppliers["CASCADE"].status is SupplierStatus.HOLD_ORDERS


def test_an_agreement_says_what_was_promised_until_when(desk: Desk) -> None:
    agreements = [record for record in everything(desk, Entity.AGREEMENT) if isinstance(record, ErpAgreement)]

    pumps = next(entry for entry in agreements if entry.reference == "KP-2026")

    assert (pumps.valid_from, pumps.valid_to) == (date(2026, 1, 1), date(2026, 12, 31))
    assert (pumps.lines[0].committed, pumps.lines[0].uom) == (Decimal(400), "CTN12")
    assert pumps.lines[0].unit_price == Decimal("1036.80")
    assert [(entry.min_qty, entry.unit_price) for entry in pumps.lines[0].price_breaks] == [(Decimal(20), Decimal("998.40"))]


def test_dayton_has_96_pumps_12_allocated_and_sells_6_a_day(desk: Desk) -> None:
    pump = next(entry for entry in everything(desk, Entity.ITEM) if isinstance(entry, ErpItem) and entry.sku == "PMP-100")
    stock = [record for record in everything(desk, Entity.STOCK) if isinstance(record, ErpStock)]
    demand = [record for record in everything(desk, Entity.DEMAND) if isinstance(record, ErpDemand)]

    need = next(entry for entry in demand if entry.source_ref == "SO-48211")
    position = next(entry for entry in stock if (entry.item, entry.site) == (pump.external_id, need.site))

    assert (position.allocated, position.daily_demand) == (Decimal(12), Decimal(6))
    assert position.on_hand >= 96
    assert (need.quantity, need.unit_sales_price, need.allocated) == (Decimal(12), Decimal(139), True)


def test_stock_comes_page_by_page_and_starts_over_when_it_is_through(desk: Desk) -> None:
    whole = {record.external_id for record in everything(desk, Entity.STOCK)}

    seen, cursor, complete = set[str](), START, False
    while not complete:
        page = desk.connector.pull(Entity.STOCK, cursor, 50)
        seen |= {record.external_id for record in page.records}
        cursor, complete = page.cursor, page.complete

    assert seen == whole
    assert cursor == START


def test_a_draft_is_pulled_once_and_again_when_somebody_edits_it(desk: Desk) -> None:
    before = desk.connector.pull(Entity.ORDER, START).cursor
    order = desk.draft()

    first = desk.connector.pull(Entity.ORDER, before)
    quiet = desk.connector.pull(Entity.ORDER, Cursor.from_text(first.cursor.to_text()))
    desk.edit(order, "21")
    second = desk.connector.pull(Entity.ORDER, quiet.cursor)

    assert [record.external_id for record in first.records] == [order.external_id]
    assert quiet.records == ()
    edited = second.records[0]
    assert isinstance(edited, ErpOrder)
    assert edited.lines[0].quantity == 21
    assert edited.version != order.version
    assert edited.content_hash != order.content_hash


def test_a_write_that_commits_late_with_an_earlier_stamp_is_still_found(desk: Desk) -> None:
    late = desk.draft()
    desk.draft()
    cursor = desk.connector.pull(Entity.ORDER, START).cursor
    desk.edit(late, "22")
    desk.backdate(again(desk, late), OVERLAP / 2)

    page = desk.connector.pull(Entity.ORDER, cursor)

    assert [record.external_id for record in page.records] == [late.external_id]


def test_many_drafts_come_in_pages_without_loss(desk: Desk) -> None:
    cursor = desk.connector.pull(Entity.ORDER, START).cursor
    typed = {desk.draft().external_id for _ in range(3)}

    first = desk.connector.pull(Entity.ORDER, cursor, 2)
    second = desk.connector.pull(Entity.ORDER, first.cursor, 2)

    assert (len(first.records), first.complete, second.complete) == (2, False, True)
    assert {record.external_id for record in (*first.records, *second.records)} == typed


def test_an_order_is_confirmed_with_the_approved_quantity_and_price(desk: Desk, our_ref: str) -> None:
    typed = desk.draft("240", "1036.80")
    approved = replace(typed, lines=(replace(typed.lines[0], quantity=Decimal(20), unit_price=Decimal("998.40")),))

    result = desk.connector.confirm(approved, our_ref, typed.version)

    assert isinstance(result, Applied)
    there = again(desk, typed)
    assert there.status is ErpOrderStatus.CONFIRMED
    assert there.order_ref == our_ref
    assert (there.lines[0].quantity, there.lines[0].unit_price) == (Decimal(20), Decimal("998.40"))
    assert there.version == result.version


def test_the_same_confirmation_twice_counts_once(desk: Desk, our_ref: str) -> None:
    order = desk.draft()

    first = desk.connector.confirm(order, our_ref, order.version)
    second = desk.connector.confirm(order, our_ref, order.version)

    assert isinstance(first, Applied)
    assert second == Duplicate(order.external_id, first.number, first.version, first.version)


def test_one_reference_never_stands_on_two_orders(desk: Desk, our_ref: str) -> None:
    confirmed(desk, our_ref)
    other = desk.draft()

    result = desk.connector.confirm(other, our_ref, other.version)

    assert isinstance(result, Rejected)
    assert result.code == "reference_in_use"
    assert again(desk, other) == other


def test_a_draft_edited_meanwhile_is_not_confirmed(desk: Desk, our_ref: str) -> None:
    order = desk.draft()
    desk.edit(order, "30")

    result = desk.connector.confirm(order, our_ref, order.version)

    there = again(desk, order)
    assert result == Conflict(order.external_id, there.version)
    assert (there.status, there.order_ref, there.lines[0].quantity) == (ErpOrderStatus.DRAFT, None, Decimal(30))


def test_a_lost_answer_is_adopted_by_our_reference_and_not_written_again(desk: Desk, our_ref: str) -> None:
    order = desk.draft()
    desk.lose_answer("confirm")

    lost = desk.connector.confirm(order, our_ref, order.version)
    found = desk.connector.find_by_ref(Entity.ORDER, our_ref)
    repeated = desk.connector.confirm(order, our_ref, order.version)

    assert lost == Unknown(our_ref)
    assert found is not None
    assert found.external_id == order.external_id
    assert isinstance(repeated, Duplicate)
    assert again(desk, order).status is ErpOrderStatus.CONFIRMED


def test_a_reference_nobody_wrote_is_not_found(desk: Desk, our_ref: str) -> None:
    assert desk.connector.find_by_ref(Entity.ORDER, our_ref) is None
    assert desk.connector.find_by_ref(Entity.RECEIPT, our_ref) is None
    assert desk.connector.find_by_ref(Entity.INVOICE, f"3/{our_ref}") is None


def test_the_erp_may_refuse_by_a_rule_of_its_own(desk: Desk, our_ref: str) -> None:
    order = desk.draft()
    half = replace(order, lines=(replace(order.lines[0], quantity=Decimal("1.5")),))

    result = desk.connector.confirm(half, our_ref, order.version)

    assert isinstance(result, Rejected)
    assert result.code == "rule"
    assert result.message
    assert again(desk, order) == order


def test_a_price_nobody_typed_is_looked_up_with_its_break(desk: Desk, our_ref: str) -> None:
    order = desk.draft("20", None)

    result = desk.connector.confirm(order, our_ref, order.version)

    assert isinstance(result, Applied)
    assert again(desk, order).lines[0].unit_price == Decimal("998.40")


def test_a_deleted_draft_leaves_no_trace_but_its_missing_id(desk: Desk, our_ref: str) -> None:
    order = desk.draft()
    before = desk.connector.reconcile(Entity.ORDER)
    desk.delete(order)

    after = desk.connector.reconcile(Entity.ORDER)

    assert before - after == {order.external_id}
    assert desk.connector.get_order(order.external_id) is None
    assert desk.connector.confirm(order, our_ref, order.version) == Conflict(order.external_id, None)


def test_a_damaged_carton_is_not_taken_into_stock_and_stays_open(desk: Desk, our_ref: str) -> None:
    order = confirmed(desk, our_ref)

    result = desk.connector.post_receipt(a_receipt(order, our_ref, "12", rejected="2"), order.version)

    assert isinstance(result, Applied)
    there = again(desk, order)
    assert there.lines[0].quantity_received == 10
    assert there.status is ErpOrderStatus.PARTIALLY_RECEIVED
    assert there.version == result.order_version
    assert there.content_hash == order.content_hash


def test_the_rest_arrives_later_and_completes_the_order(desk: Desk, our_ref: str) -> None:
    order = confirmed(desk, our_ref)
    first = desk.connector.post_receipt(a_receipt(order, our_ref, "12"), order.version)
    assert isinstance(first, Applied)
    assert first.order_version is not None

    second = desk.connector.post_receipt(a_receipt(order, f"{our_ref}B", "8"), first.order_version)

    assert isinstance(second, Applied)
    assert again(desk, order).status is ErpOrderStatus.RECEIVED


def test_received_goods_lie_in_stock(desk: Desk, our_ref: str) -> None:
    order = confirmed(desk, our_ref)
    place = f"{order.lines[0].item}:{order.site}"
    before = next(entry for entry in everything(desk, Entity.STOCK) if entry.external_id == place)

    desk.connector.post_receipt(a_receipt(order, our_ref, "20"), order.version)

    after = next(entry for entry in everything(desk, Entity.STOCK) if entry.external_id == place)
    assert isinstance(before, ErpStock)
    assert isinstance(after, ErpStock)
    assert after.on_hand - before.on_hand == 240
    assert before.on_order - after.on_order == 240


def test_a_receipt_whose_answer_was_lost_is_posted_once(desk: Desk, our_ref: str) -> None:
    order = confirmed(desk, our_ref)
    receipt = a_receipt(order, our_ref, "12")
    desk.lose_answer("receipt")

    lost = desk.connector.post_receipt(receipt, order.version)
    found = desk.connector.find_by_ref(Entity.RECEIPT, receipt.reference)
    repeated = desk.connector.post_receipt(receipt, order.version)

    assert lost == Unknown(receipt.reference)
    assert found is not None
    assert isinstance(repeated, Duplicate)
    assert again(desk, order).lines[0].quantity_received == 12


def test_a_receipt_that_accepts_nothing_is_refused(desk: Desk, our_ref: str) -> None:
    order = confirmed(desk, our_ref)

    result = desk.connector.post_receipt(a_receipt(order, our_ref, "2", rejected="2"), order.version)

    assert isinstance(result, Rejected)
    assert result.code == "nothing_accepted"


def test_a_receipt_against_an_older_version_is_refused(desk: Desk, our_ref: str) -> None:
    order = confirmed(desk, our_ref)
    desk.connector.post_receipt(a_receipt(order, our_ref, "5"), order.version)

    result = desk.connector.post_receipt(a_receipt(order, f"{our_ref}B", "5"), order.version)

    assert result == Conflict(order.external_id, again(desk, order).version)
    assert again(desk, order).lines[0].quantity_received == 5


def test_an_invoice_is_posted_once_and_can_be_held_and_released(desk: Desk, our_ref: str) -> None:
    order = confirmed(desk, our_ref)
    desk.connector.post_receipt(a_receipt(order, our_ref, "12"), order.version)
    received = again(desk, order)
    invoice = an_invoice(order, our_ref, "12")

    posted = desk.connector.post_invoice(invoice, received.version)
    assert isinstance(posted, Applied)
    held = desk.connector.hold_invoice(posted.external_id, posted.version)
    assert isinstance(held, Applied)

    assert isinstance(desk.connector.post_invoice(invoice, received.version), Duplicate)
    assert isinstance(desk.connector.hold_invoice(posted.external_id, held.version), Duplicate)
    assert desk.connector.release_invoice(posted.external_id, posted.version) == Conflict(posted.external_id, held.version)
    assert isinstance(desk.connector.release_invoice(posted.external_id, held.version), Applied)
    assert again(desk, order).lines[0].quantity_invoiced == 12


def test_an_invoice_whose_answer_was_lost_is_posted_once(desk: Desk, our_ref: str) -> None:
    order = confirmed(desk, our_ref)
    desk.connector.post_receipt(a_receipt(order, our_ref, "12"), order.version)
    invoice = an_invoice(order, our_ref, "12")
    desk.lose_answer("invoice")

    lost = desk.connector.post_invoice(invoice, again(desk, order).version)
    found = desk.connector.find_by_ref(Entity.INVOICE, f"{order.supplier}/{invoice.supplier_number}")

    assert lost == Unknown(invoice.supplier_number)
    assert found is not None
    assert again(desk, order).lines[0].quantity_invoiced == 12


def test_goods_that_never_came_cannot_be_billed(desk: Desk, our_ref: str) -> None:
    order = confirmed(desk, our_ref)

    result = desk.connector.post_invoice(an_invoice(order, our_ref, "12"), order.version)

    assert isinstance(result, Rejected)
    assert result.code == "nothing_to_bill"


def test_an_invoice_against_an_older_version_or_a_missing_order_is_refused(desk: Desk, our_ref: str) -> None:
    order = confirmed(desk, our_ref)
    invoice = an_invoice(order, our_ref, "12")

    stale = desk.connector.post_invoice(invoice, "older")
    missing = desk.connector.post_invoice(replace(invoice, order="999999"), order.version)

    assert stale == Conflict(order.external_id, order.version)
    assert missing == Conflict("999999", None)
    assert desk.connector.hold_invoice("999999", "older") == Conflict("999999", None)


def test_changes_name_the_orders_and_invoices_that_moved(desk: Desk, our_ref: str) -> None:
    cursor = desk.connector.changes(START).cursor
    order = confirmed(desk, our_ref)
    desk.connector.post_receipt(a_receipt(order, our_ref, "12"), order.version)
    posted = desk.connector.post_invoice(an_invoice(order, our_ref, "12"), again(desk, order).version)
    assert isinstance(posted, Applied)

    page = desk.connector.changes(cursor)

    named = {(change.entity, change.external_id) for change in page.changes}
    assert {(Entity.ORDER, order.external_id), (Entity.INVOICE, posted.external_id)} <= named
    assert desk.connector.changes(page.cursor).changes == ()


def test_an_unplugged_erp_says_so_and_nothing_is_lost(desk: Desk, our_ref: str) -> None:
    order = desk.draft()
    desk.unplug(True)

    with pytest.raises(RetryableError):
        desk.connector.pull(Entity.ORDER, START)
    with pytest.raises(RetryableError):
        desk.connector.confirm(order, our_ref, order.version)
    sick = desk.connector.health()
    desk.unplug(False)

    assert not sick.reachable
    assert desk.connector.health().reachable
    assert isinstance(desk.connector.confirm(order, our_ref, order.version), Applied)


def test_what_an_erp_can_do_is_declared(desk: Desk) -> None:
    can = desk.connector.capabilities

    assert can.optimistic_lock
    assert can.partial_receipt
    assert can.reference_length >= 12


def test_the_overlap_is_longer_than_a_minute() -> None:
    assert timedelta(seconds=60) <= OVERLAP
