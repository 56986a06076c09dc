"""Cancelling: whoever heard of the order hears that it is off, and no question about it stays open without an object."""

from __future__ import annotations

from dataclasses import replace

import pytest

from purveyor.app import cancel, outgoing, reconcile
from purveyor.app.cancel import CancelOrder
from purveyor.app.clearance import blocked_key
from purveyor.app.drift import drift_key
from purveyor.core.access import SYSTEM
from purveyor.core.cases import ExceptionCase, ExceptionType
from purveyor.core.erp_records import ErpOrderStatus
from purveyor.core.messaging import MessageKind
from purveyor.core.order import Origin, PurchaseOrder
from purveyor.store import cases, messages, xref
from purveyor.store.db import Database
from tests.app.erp_world import Company, a_company, a_draft, a_draft_line
from tests.order_builders import ERP

pytestmark = pytest.mark.postgres

TELLING = {MessageKind.SUPPLIER_CANCEL.value, MessageKind.WMS_EXPECTED_RECEIPT.value}


@pytest.fixture
def company(database: Database) -> Company:
    return a_company(database)


def cancelled(company: Company, order: PurchaseOrder) -> PurchaseOrder:
    with company.database.transaction(SYSTEM) as tx:
        return cancel.cancel(tx, order.id, CancelOrder(company.now(order).row_version, "bought elsewhere"))


def issued_and_sent(company: Company) -> PurchaseOrder:
    (order,) = company.takes_in(a_draft("100"))
    company.issues(order)
    for kind in (MessageKind.SUPPLIER_ORDER, MessageKind.WMS_EXPECTED_RECEIPT):
        held = company.claims(company.message(order, kind))
        with company.database.transaction(SYSTEM) as tx:
            messages.finish(tx, held)
    return company.now(order)


def waiting_kinds(company: Company, order: PurchaseOrder) -> set[str]:
    with company.database.read(SYSTEM) as tx:
        return {message.kind for message in messages.of_order(tx, order.id) if message.state == "ready"}


def open_question(company: Company, key: str) -> ExceptionCase | None:
    with company.database.transaction(SYSTEM) as tx:
        return cases.find_open(tx, key)


def test_supplier_and_warehouse_hear_that_an_order_they_know_is_off(company: Company) -> None:
    order = cancelled(company, issued_and_sent(company))

    assert waiting_kinds(company, order) == TELLING
    with company.database.transaction(SYSTEM) as tx:
        said = outgoing.for_supplier(tx, company.message(order, MessageKind.SUPPLIER_CANCEL), "Pump & Co")
        expected = outgoing.for_warehouse(tx, company.message(order, MessageKind.WMS_EXPECTED_RECEIPT))
    assert said is not None
    assert (said.kind, said.link_token) == ("cancel", None)
    lines = said.content["lines"]
    assert isinstance(lines, list)
    assert [line["cancelled"] for line in lines if isinstance(line, dict)] == [True]
    assert expected.content["lines"] == []


def test_whom_the_order_never_reached_hears_nothing_of_its_end(company: Company) -> None:
    (order,) = company.takes_in(a_draft("100"))
    company.issues(order)

    cancelled(company, order)

    assert waiting_kinds(company, order) == set()


def test_an_order_that_was_being_sent_is_called_off_behind_it(company: Company) -> None:
    (order,) = company.takes_in(a_draft("100"))
    company.issues(order)
    company.claims(company.message(order, MessageKind.SUPPLIER_ORDER))

    cancelled(company, order)

    assert waiting_kinds(company, order) == {MessageKind.SUPPLIER_CANCEL}


def test_somebody_has_to_cancel_it_in_the_erp_until_it_is_gone_there(company: Company) -> None:
    order = issued_and_sent(company)
    key = drift_key(order, ExceptionType.ERP_DRIFT)
    record = company.erp.get_order("100")
    assert record is not None

    cancelled(company, order)

    question = open_question(company, key)
    assert question is not None
    assert "in the ERP too" in question.summary
    with company.database.transaction(SYSTEM) as tx:
        reconcile.compare(tx, ERP, [record])
    company.pulls(record)
    assert open_question(company, key) is not None
    company.pulls(replace(record, status=ErpOrderStatus.CANCELLED))
    assert open_question(company, key) is None


def test_a_blocked_draft_that_is_cancelled_asks_nothing_any_more(company: Company) -> None:
    (order,) = company.takes_in(a_draft("100", a_draft_line(1, "240"), origin=Origin.TYPED))
    assert open_question(company, blocked_key(order.id)) is not None

    cancelled(company, order)

    assert open_question(company, blocked_key(order.id)) is None
    assert open_question(company, drift_key(order, ExceptionType.ERP_DRIFT)) is None
    assert waiting_kinds(company, order) == set()


def test_a_code_only_cancelled_orders_waited_for_asks_nothing_any_more(company: Company) -> None:
    first, second = company.takes_in(
        *(a_draft(number, a_draft_line(1), a_draft_line(2, item="i99")) for number in ("100", "101"))
    )
    question = f"unmapped:{ERP}:item:i99"

    cancelled(company, first)
    assert open_question(company, question) is not None
    company.pulls(replace(company.types(a_draft("101"))[0], status=ErpOrderStatus.CANCELLED))

    assert open_question(company, question) is None
    assert open_question(company, blocked_key(second.id)) is None
    with company.database.read(SYSTEM) as tx:
        assert xref.waiting(tx) == []
