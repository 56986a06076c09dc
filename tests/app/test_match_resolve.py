"""Exceptions of invoices are settled with their consequences, by the right role, and undone where that is still possible."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from purveyor.app import resolve
from purveyor.app.cases import open_case
from purveyor.app.resolve import NotReversible, Resolve, Undo
from purveyor.core.access import SYSTEM, Role
from purveyor.core.cases import CaseStatus, ExceptionType, OpenCase
from purveyor.core.errors import InvalidInput, NotAuthorised, NotFound, StaleVersion
from purveyor.core.events.base import Ref
from purveyor.core.invoice import InvoiceState, Payment
from purveyor.core.invoice_decisions import InvoiceReleased
from purveyor.store import cases, events, movements
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
from tests.app.people import People, an_organisation
from tests.order_builders import OTHER_SUPPLIER

pytestmark = pytest.mark.postgres

POST, HOLD, RELEASE = "erp_invoice_post", "erp_invoice_hold", "erp_invoice_release"


@pytest.fixture(autouse=True)
def people(database: Database) -> People:
    found = an_organisation(database)
    the_masters(database)
    return found


def test_a_receipt_that_was_corrected_lets_the_invoice_through(database: Database) -> None:
    order = the_order(database, price="998.40")
    goods_came(database, order, 8, "SHIP-1")
    billed(database, a_bill(order, line={"receipts": ("SHIP-1",)}))
    (case,) = open_exceptions(database)
    goods_came(database, order, 4, "SHIP-1")

    with database.transaction(SYSTEM) as tx:
        resolve.resolve(tx, case.id, Resolve("receipt_corrected", "four were behind the door"))

    assert open_exceptions(database) == []
    assert told(database, order.id) == [POST, HOLD, RELEASE]


def test_settling_what_is_not_an_invoice_is_the_decision_alone(database: Database) -> None:
    order = the_order(database)
    with database.transaction(SYSTEM) as tx:
        case = open_case(tx, OpenCase(ExceptionType.SHORT_RECEIPT, "short:1", order_id=order.id))
        free = open_case(tx, OpenCase(ExceptionType.MESSAGE_FAILED, "message:1"))

    with database.transaction(SYSTEM) as tx:
        settled = resolve.resolve(tx, case.id, Resolve(case.allowed_resolutions[0]))
        resolve.resolve(tx, free.id, Resolve(free.allowed_resolutions[0]))
        reopened = resolve.undo(tx, case.id, Undo("more came after all"))

    assert not settled.is_open
    assert reopened.is_open


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
        resolve.resolve(tx, case.id, Resolve("decided_by_person", "the supplier insists"))
    with database.transaction(people.carl) as tx:
        resolve.resolve(tx, case.id, Resolve("decided_by_person", "the supplier insists"))

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
