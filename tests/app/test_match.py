"""Invoices from arrival to payment: matched, waiting, blocked with an owner, copies stopped."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from threading import Thread

import pytest

from purveyor.app import match
from purveyor.app.match import WAIT_TIMER
from purveyor.core.access import SYSTEM, SYSTEM_SCOPE, Actor, ActorKind, Role
from purveyor.core.acknowledge import DocumentChanged
from purveyor.core.cases import ExceptionType
from purveyor.core.errors import InvalidInput, NotAuthorised, NotFound
from purveyor.core.ids import InvoiceId
from purveyor.core.invoice import InvoiceKind, InvoiceState
from purveyor.core.money import Money
from purveyor.core.order import Schedule
from purveyor.store import inbox, invoices, movements, orders, timers
from purveyor.store.db import Database
from tests.app.invoicing import (
    a_bill,
    billed,
    goods_came,
    open_exceptions,
    stored,
    the_masters,
    the_order,
    told,
)
from tests.app.people import People, an_organisation, set_clock
from tests.order_builders import OTHER_SUPPLIER, a_line

pytestmark = pytest.mark.postgres

POST, HOLD, RELEASE = "erp_invoice_post", "erp_invoice_hold", "erp_invoice_release"


@pytest.fixture(autouse=True)
def people(database: Database) -> People:
    found = an_organisation(database)
    the_masters(database)
    return found


def test_a_clean_invoice_is_matched_and_posted_in_the_erp(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)

    result = billed(database, a_bill(order))

    assert result.invoice.state is InvoiceState.MATCHED
    assert stored(database, result.invoice) == result.invoice
    assert told(database, order.id) == [POST]
    assert open_exceptions(database) == []


def test_the_pump_invoice_at_the_old_price_goes_to_the_buyer_with_460_80(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)

    result = billed(database, a_bill(order, price="1036.80"))

    assert result.invoice.state is InvoiceState.IN_EXCEPTION
    (case,) = open_exceptions(database)
    assert case.type is ExceptionType.MATCH_PRICE
    assert case.owner_role is Role.BUYER
    assert case.exposure == Money(Decimal("460.80"), "USD")
    assert case.subject.order_id == order.id
    side_by_side = {row.name: row for row in case.evidence}
    assert dict(side_by_side["unit price"].values) == {"order": "998.40", "invoice": "1036.80"}
    assert side_by_side["unit price"].differs
    assert dict(side_by_side["quantity"].values) == {"order": "20", "receipt": "12", "invoice": "12"}
    assert not side_by_side["quantity"].differs
    assert dict(side_by_side["amount"].values) == {"order": "11980.80", "invoice": "12441.60"}
    assert case.proposed_resolution == "dispute_with_supplier"
    assert told(database, order.id) == [POST, HOLD]


def test_a_copy_with_the_letter_o_is_stopped_before_anything_is_posted(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)
    first = billed(database, a_bill(order, price="1036.80")).invoice

    copy = billed(database, a_bill(order, "KP-1O442", price="1036.80")).invoice

    assert copy.duplicate_of == first.id
    (case,) = [each for each in open_exceptions(database) if each.type is ExceptionType.DUPLICATE_INVOICE]
    assert case.exposure == Money(Decimal("12441.60"), "USD")
    assert case.owner_role is Role.ACCOUNTS_PAYABLE
    assert told(database, order.id) == [POST, HOLD]


def test_the_same_bill_by_a_second_channel_counts_once(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)
    first = billed(database, a_bill(order))

    again = billed(database, a_bill(order, "kp-10442", source="mail:keller", external_id="m-1"))

    assert again.replayed
    assert again.invoice == first.invoice
    assert told(database, order.id) == [POST]


def test_a_document_that_says_something_else_under_the_same_id_is_refused(database: Database) -> None:
    order = the_order(database)
    billed(database, a_bill(order))

    with pytest.raises(DocumentChanged):
        billed(database, a_bill(order, price="1.00"))


def test_a_supplier_bills_in_its_own_name_only(database: Database) -> None:
    order = the_order(database)
    other = Actor(ActorKind.SUPPLIER, roles=frozenset({Role.SUPPLIER}), supplier_id=OTHER_SUPPLIER)

    with pytest.raises(NotFound), database.transaction(other, SYSTEM_SCOPE) as tx:
        match.record(tx, a_bill(order))


def test_the_inbox_entry_of_an_invoice_says_what_became_of_it(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)
    with database.transaction(SYSTEM) as tx:
        entry = inbox.receive(tx, inbox.Inbound("api:keller", "doc-1", "invoice", {"number": "KP-10442"}))

    billed(database, a_bill(order, inbox_id=entry.id))

    with database.transaction(SYSTEM) as tx:
        assert inbox.lock(tx, entry.id).outcome == "matched"


def test_the_same_file_again_under_another_number_is_reviewed(database: Database) -> None:
    first, second = the_order(database), the_order(database)
    goods_came(database, first, 12)
    billed(database, a_bill(first, "5501", file_hash="sha256:ab"))

    copy = billed(database, a_bill(second, "9902", "3", file_hash="sha256:ab", invoice_date=date(2026, 1, 2))).invoice

    assert copy.duplicate_of is not None


def test_a_cancelled_line_is_no_order_line(database: Database) -> None:
    order = the_order(database)
    with database.transaction(SYSTEM) as tx:
        orders.save(tx, replace(order, lines=(replace(order.lines[0], cancelled=True),)))

    billed(database, a_bill(order))

    (case,) = open_exceptions(database)
    assert case.type is ExceptionType.INVOICE_UNKNOWN_ORDER


def test_tax_on_a_line_whose_rate_nobody_knows_goes_to_a_person(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)
    with database.transaction(SYSTEM) as tx:
        orders.save(tx, replace(order, lines=(replace(order.lines[0], tax_code="S1"),)))

    billed(database, a_bill(order, tax=Decimal("79.87")))

    (case,) = open_exceptions(database)
    assert (case.type, case.owner_role) == (ExceptionType.MATCH_TAX, Role.ACCOUNTS_PAYABLE)


def test_a_line_for_no_known_site_waits_in_the_calendar_of_its_unit(database: Database) -> None:
    line = a_line(1, 20, "998.40", schedules=(Schedule(1, None, Decimal(20), date(2026, 3, 31)),), external_id="11")
    order = the_order(database, lines=(line,))

    waiting = billed(database, a_bill(order)).invoice

    assert (waiting.state, waiting.wait_until) == (InvoiceState.WAITING_RECEIPT, date(2026, 4, 3))
    assert told(database, order.id) == []


def test_invoices_are_listed_by_state_the_latest_pages_first(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 20)
    kept = [billed(database, a_bill(order, f"{number}-A", str(number))).invoice for number in (3, 4, 5)]

    with database.read(SYSTEM) as tx:
        assert [each.id for each in invoices.listed(tx, limit=2)] == [kept[2].id, kept[1].id]
        assert [each.id for each in invoices.listed(tx, [InvoiceState.MATCHED], after=kept[1].id)] == [kept[0].id]
        assert invoices.figures_of(tx, kept[0].id)["outcome"] == "MATCHED"
    with database.transaction(SYSTEM) as tx:
        assert match.rematch(tx, kept[0].id) == kept[0]
        with pytest.raises(NotFound):
            invoices.load(tx, InvoiceId(order.id))


def test_two_copies_that_arrive_at_the_same_moment_see_each_other(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)
    numbers = ("KP-10442", "KP-1O442")

    threads = [Thread(target=billed, args=(database, a_bill(order, number))) for number in numbers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with database.read(SYSTEM) as tx:
        states = sorted(invoice.state for invoice in invoices.of_orders(tx, [order.id]))
    assert states == [InvoiceState.IN_REVIEW, InvoiceState.MATCHED]


def test_billed_ahead_of_a_promised_receipt_waits_and_is_matched_when_it_comes(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)

    waiting = billed(database, a_bill(order, cartons="20")).invoice

    assert waiting.state is InvoiceState.WAITING_RECEIPT
    assert waiting.wait_until == date(2026, 4, 3)
    assert told(database, order.id) == []
    with database.read(SYSTEM) as tx:
        (timer,) = timers.timers_of(tx, "invoice", waiting.id)
    assert timer.kind == WAIT_TIMER
    assert timer.due_at == datetime(2026, 4, 4, 4, 0, tzinfo=UTC)

    goods_came(database, order, 8)
    with database.transaction(SYSTEM) as tx:
        (matched,) = match.match_again(tx, order.id)
        assert timers.timers_of(tx, "invoice", waiting.id) == []
    assert matched.state is InvoiceState.MATCHED
    assert told(database, order.id) == [POST]


def test_when_the_wait_is_over_the_receiver_has_a_quantity_exception(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)
    waiting = billed(database, a_bill(order, cartons="20")).invoice
    set_clock(database, datetime(2026, 4, 4, 5, 0, tzinfo=UTC))

    with database.transaction(SYSTEM) as tx:
        match.wait_over(tx, waiting.id)

    (case,) = open_exceptions(database)
    assert case.type is ExceptionType.MATCH_QUANTITY
    assert case.owner_role is Role.WAREHOUSE
    assert case.exposure == Money(Decimal("7987.20"), "USD")
    goods_came(database, order, 8)
    with database.transaction(SYSTEM) as tx:
        match.match_again(tx, order.id)
    assert open_exceptions(database) == []
    assert told(database, order.id) == [POST, HOLD, RELEASE]


def test_freight_on_a_prepaid_order_goes_to_accounts_payable(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)

    billed(database, a_bill(order, freight=Decimal("40.00")))

    (case,) = open_exceptions(database)
    assert (case.type, case.owner_role) == (ExceptionType.MATCH_FREIGHT, Role.ACCOUNTS_PAYABLE)
    assert case.exposure == Money(Decimal("40.00"), "USD")
    assert case.evidence[0].differs


def test_another_currency_is_an_exception_that_the_erp_does_not_see(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)

    billed(database, a_bill(order, currency="EUR"))

    (case,) = open_exceptions(database)
    assert case.type is ExceptionType.MATCH_PRICE
    assert case.exposure == Money(Decimal("11980.80"), "EUR")
    assert told(database, order.id) == []


def test_a_unit_nobody_knows_is_an_exception(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)

    billed(database, a_bill(order, line={"uom": "PAL"}))

    (case,) = open_exceptions(database)
    assert case.type is ExceptionType.UNMAPPED_CODE


def test_an_invoice_in_pieces_matches_the_order_in_cartons(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)

    result = billed(database, a_bill(order, cartons="144", price="83.20", line={"uom": "EA"}))

    assert result.invoice.state is InvoiceState.MATCHED
    with database.read(SYSTEM) as tx:
        assert sum(item.quantity for item in movements.caused_by(tx, result.invoice.id)) == 144
        (allocation,) = invoices.allocations_of(tx, order.id)
    assert allocation.quantity == 12


def test_more_than_the_cited_shipment_held_is_a_quantity_exception(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 8, "SHIP-1")
    goods_came(database, order, 12, "SHIP-2")

    billed(database, a_bill(order, line={"receipts": ("SHIP-1",)}))

    (case,) = open_exceptions(database)
    assert case.type is ExceptionType.MATCH_QUANTITY
    assert case.exposure == Money(Decimal("3993.60"), "USD")


def test_equal_bills_for_two_shipments_of_two_lines_are_no_copies(database: Database) -> None:
    first, second = the_order(database), the_order(database)
    goods_came(database, first, 12, "SHIP-1")
    goods_came(database, second, 12, "SHIP-2")

    for order, number in ((first, "7001"), (second, "7002")):
        assert billed(database, a_bill(order, number)).invoice.state is InvoiceState.MATCHED


def test_a_later_revision_replaces_an_invoice_and_a_late_earlier_one_is_only_kept(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)
    wrong = billed(database, a_bill(order, price="1036.80", revision=2)).invoice

    right = billed(database, a_bill(order, revision=3)).invoice
    late = billed(database, a_bill(order, price="1200.00", revision=1)).invoice

    assert stored(database, wrong).state is InvoiceState.SUPERSEDED
    assert stored(database, right).state is InvoiceState.MATCHED
    assert late.state is InvoiceState.SUPERSEDED
    assert open_exceptions(database) == []


def test_a_correction_of_an_invoice_that_is_being_paid_is_reviewed(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)
    paid = billed(database, a_bill(order)).invoice

    correction = billed(database, a_bill(order, cartons="11", revision=2)).invoice

    assert stored(database, paid).state is InvoiceState.MATCHED
    assert correction.duplicate_of == paid.id


def test_a_credit_note_lowers_what_is_billed(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)
    billed(database, a_bill(order))

    credit = billed(database, a_bill(order, "CN-1", "2", kind=InvoiceKind.CREDIT_NOTE)).invoice

    assert credit.state is InvoiceState.MATCHED
    assert told(database, order.id) == [POST]


def test_what_is_malformed_is_refused_and_leaves_nothing(database: Database) -> None:
    order = the_order(database)

    with pytest.raises(InvalidInput):
        billed(database, a_bill(order, cartons="-12"))
    with pytest.raises(NotAuthorised), database.transaction(Actor(ActorKind.USER)) as tx:
        match.record(tx, a_bill(order))

    with database.read(SYSTEM) as tx:
        assert invoices.listed(tx) == []


def test_the_erp_gets_the_invoice_in_its_own_terms_and_its_number_is_kept(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)
    invoice = billed(database, a_bill(order)).invoice

    with database.transaction(SYSTEM) as tx:
        record = match.erp_invoice(tx, invoice.id, order.id)
        kept = match.posted(tx, invoice.id, "77", "BILL-77")

    assert order.erp is not None
    assert (record.order, record.supplier_number) == (order.erp.external_id, "KP-10442")
    (line,) = record.lines
    assert (line.order_line, line.quantity, line.uom, line.unit_price) == ("11", Decimal(12), "CT", Decimal("998.40"))
    assert stored(database, invoice) == kept


def test_an_order_without_erp_has_nobody_to_tell(database: Database) -> None:
    order = the_order(database, erp=None)
    goods_came(database, order, 12)

    invoice = billed(database, a_bill(order)).invoice

    assert told(database, order.id) == []
    with pytest.raises(NotFound), database.read(SYSTEM) as tx:
        match.erp_invoice(tx, invoice.id, order.id)
