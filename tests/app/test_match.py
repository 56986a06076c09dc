"""Invoices from arrival to payment: matched, waiting, blocked with an owner, copies stopped, and the order closed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Thread

import pytest

from purveyor.app import close, match, resolve
from purveyor.app.match import WAIT_TIMER
from purveyor.app.resolve import NotReversible, Resolve, Undo
from purveyor.core.access import SYSTEM, Actor, ActorKind, Role
from purveyor.core.cases import CaseStatus, ExceptionType
from purveyor.core.errors import InvalidInput, NotAuthorised, NotFound, StaleVersion
from purveyor.core.events.base import Ref
from purveyor.core.ids import OrderId
from purveyor.core.invoice import InvoiceKind, InvoiceState, Payment
from purveyor.core.invoice_decisions import InvoiceReleased
from purveyor.core.lifecycle import Status
from purveyor.core.money import Money
from purveyor.store import cases, events, invoices, movements, orders, timers
from purveyor.store.db import Database
from tests.app.invoicing import (
    a_bill,
    billed,
    goods_came,
    open_exceptions,
    order_of,
    stored,
    the_masters,
    the_order,
    told,
)
from tests.app.people import People, an_organisation, set_clock
from tests.order_builders import OTHER_SUPPLIER

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

    again = billed(database, replace(a_bill(order, "kp-10442"), source="mail:keller", external_id="m-1"))

    assert again.replayed
    assert again.invoice == first.invoice
    assert told(database, order.id) == [POST]


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


def test_the_buyer_accepts_the_price_and_the_invoice_is_released(database: Database, people: People) -> None:
    order = the_order(database)
    goods_came(database, order, 12)
    stopped = billed(database, a_bill(order, price="1036.80")).invoice
    (case,) = open_exceptions(database)

    with database.transaction(people.rita) as tx:
        settled = resolve.resolve(tx, case.id, Resolve("accept_invoice_price", version=case.version))

    assert not settled.override
    assert stored(database, stopped).state is InvoiceState.MATCHED
    assert told(database, order.id) == [POST, HOLD, RELEASE]
    with database.read(SYSTEM) as tx:
        types = [event.type for event in events.read_stream(tx, Ref("invoice", stopped.id))]
    assert types == [
        "invoice.received",
        "invoice.matched",
        "invoice.payment_blocked",
        "invoice.mismatch_accepted",
        "invoice.matched",
        "invoice.payment_released",
    ]


def test_a_dispute_keeps_the_invoice_blocked_and_the_exception_owned(database: Database, people: People) -> None:
    order = the_order(database)
    goods_came(database, order, 12)
    stopped = billed(database, a_bill(order, price="1036.80")).invoice
    (case,) = open_exceptions(database)

    with database.transaction(people.rita) as tx:
        waiting = resolve.resolve(tx, case.id, Resolve("dispute_with_supplier", "credit note asked for"))

    assert waiting.status is CaseStatus.ON_HOLD
    assert waiting.due_at > case.due_at
    assert stored(database, stopped).payment is Payment.BLOCKED


def test_an_override_is_done_by_role_and_reason_and_is_on_the_report(database: Database, people: People) -> None:
    order = the_order(database)
    goods_came(database, order, 12)
    billed(database, a_bill(order, price="1036.80"))
    (case,) = open_exceptions(database)
    since = case.opened_at - timedelta(hours=1)

    with pytest.raises(NotAuthorised), database.transaction(people.rita) as tx:
        resolve.resolve(tx, case.id, Resolve("pay_anyway", "the supplier insists"))
    with database.transaction(people.carl) as tx:
        resolve.resolve(tx, case.id, Resolve("pay_anyway", "the supplier insists"))

    with database.read(SYSTEM) as tx:
        (reported,) = cases.overrides(tx, since)
    assert (reported.id, reported.reason, reported.resolved_by) == (case.id, "the supplier insists", people.carl.id)
    assert told(database, order.id) == [POST, HOLD, RELEASE]


def test_a_form_that_is_out_of_date_settles_nothing(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)
    billed(database, a_bill(order, price="1036.80"))
    (case,) = open_exceptions(database)

    with pytest.raises(StaleVersion), database.transaction(SYSTEM) as tx:
        resolve.resolve(tx, case.id, Resolve("accept_invoice_price", version=7))


def test_an_acceptance_is_undone_while_another_difference_still_blocks(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)
    stopped = billed(database, a_bill(order, price="1036.80", freight=Decimal(40))).invoice
    price = next(case for case in open_exceptions(database) if case.type is ExceptionType.MATCH_PRICE)
    with database.transaction(SYSTEM) as tx:
        resolve.resolve(tx, price.id, Resolve("accept_invoice_price"))
    assert stored(database, stopped).mismatches == ("0:FREIGHT",)

    with database.transaction(SYSTEM) as tx:
        reopened = resolve.undo(tx, price.id, Undo("the wrong line was accepted"))

    assert reopened.is_open
    assert stored(database, stopped).mismatches == ("1:PRICE", "0:FREIGHT")
    assert len(open_exceptions(database)) == 2


def test_what_the_erp_pays_already_is_not_undone(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)
    billed(database, a_bill(order, price="1036.80"))
    (case,) = open_exceptions(database)
    with database.transaction(SYSTEM) as tx:
        resolve.resolve(tx, case.id, Resolve("accept_invoice_price"))

    with pytest.raises(InvoiceReleased), database.transaction(SYSTEM) as tx:
        resolve.undo(tx, case.id, Undo("too late"))


def test_a_copy_that_is_none_after_all_is_matched(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 20)
    billed(database, a_bill(order, "7001", "10"))
    second = billed(database, a_bill(order, "7002", "10")).invoice
    assert second.duplicate_of is not None
    (case,) = open_exceptions(database)

    with database.transaction(SYSTEM) as tx:
        resolve.resolve(tx, case.id, Resolve("not_a_duplicate"))

    assert stored(database, second).state is InvoiceState.MATCHED
    with pytest.raises(NotReversible), database.transaction(SYSTEM) as tx:
        resolve.undo(tx, case.id, Undo("it was one"))


def test_a_rejected_copy_counts_no_more(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)
    billed(database, a_bill(order))
    copy = billed(database, a_bill(order, "KP-1O442")).invoice
    (case,) = open_exceptions(database)

    with database.transaction(SYSTEM) as tx:
        resolve.resolve(tx, case.id, Resolve("reject_invoice", "the copy of KP-10442"))

    assert stored(database, copy).state is InvoiceState.REJECTED
    assert open_exceptions(database) == []


def test_a_rejected_invoice_gives_its_quantity_back(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)
    stopped = billed(database, a_bill(order, price="1036.80")).invoice
    (case,) = open_exceptions(database)

    with database.transaction(SYSTEM) as tx:
        resolve.resolve(tx, case.id, Resolve("reject_invoice", "send a corrected one"))
        assert sum(item.quantity for item in movements.caused_by(tx, stopped.id)) == 0

    assert billed(database, a_bill(order, "KP-10500")).invoice.state is InvoiceState.MATCHED


def test_an_invoice_without_a_known_order_is_kept_owned_and_assigned(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)

    lost = billed(database, a_bill(order, line={"order_ref": "PO-OLD-7"})).invoice

    (case,) = open_exceptions(database)
    assert case.type is ExceptionType.INVOICE_UNKNOWN_ORDER
    assert case.owner_role is Role.ACCOUNTS_PAYABLE
    with pytest.raises(InvalidInput), database.transaction(SYSTEM) as tx:
        resolve.resolve(tx, case.id, Resolve("assign_order"))
    with database.transaction(SYSTEM) as tx:
        resolve.resolve(tx, case.id, Resolve("assign_order", order_ref=order.order_ref))
    assigned = stored(database, lost)
    assert (assigned.state, assigned.order_ids) == (InvoiceState.MATCHED, (order.id,))
    assert told(database, order.id) == [POST]


def test_another_suppliers_order_is_not_found_for_this_one(database: Database) -> None:
    order = the_order(database, supplier_id=OTHER_SUPPLIER)

    lost = billed(database, a_bill(order)).invoice

    assert lost.order_ids == ()
    (case,) = open_exceptions(database)
    with pytest.raises(NotFound), database.transaction(SYSTEM) as tx:
        resolve.resolve(tx, case.id, Resolve("assign_order", order_ref=order.order_ref))


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


# --- closing ---------------------------------------------------------------------------------------------------------


def closed(database: Database, order_id: OrderId) -> Status:
    with database.transaction(SYSTEM) as tx:
        close.close_if_complete(tx, order_id)
        return orders.get(tx, order_id).status


def test_an_order_closes_when_all_is_received_billed_and_matched(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 20)
    assert closed(database, order.id) is Status.ACKNOWLEDGED

    billed(database, a_bill(order, cartons="20"))

    assert closed(database, order.id) is Status.CLOSED
    with database.read(SYSTEM) as tx:
        last = events.read_stream(tx, Ref("order", order.id))[-1]
    assert (last.type, last.payload["billed"]) == ("order.closed", "19968")
    assert closed(database, order.id) is Status.CLOSED


def test_an_order_with_goods_missing_or_an_exception_open_stays_open(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)
    billed(database, a_bill(order))
    assert closed(database, order.id) is Status.ACKNOWLEDGED

    goods_came(database, order, 8)
    billed(database, a_bill(order, "KP-10443", "8", "1036.80"))
    assert closed(database, order.id) is Status.ACKNOWLEDGED

    (case,) = open_exceptions(database)
    with database.transaction(SYSTEM) as tx:
        resolve.resolve(tx, case.id, Resolve("accept_invoice_price"))
    assert closed(database, order.id) is Status.CLOSED


def test_a_line_given_up_short_closes_with_what_came(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)
    billed(database, a_bill(order))

    with database.transaction(SYSTEM) as tx:
        current = order_of(tx, order)
        orders.save(tx, replace(current, lines=(replace(current.lines[0], closed_reason="supplier is out"),)))

    assert closed(database, order.id) is Status.CLOSED
