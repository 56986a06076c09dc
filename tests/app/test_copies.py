"""Equal bills of one day: held as probable copies until each of them has its own receipt, and then let in by themselves."""

from __future__ import annotations

import pytest

from purveyor.app import copies, resolve
from purveyor.app.resolve import Resolve
from purveyor.core.access import SYSTEM
from purveyor.core.cases import ExceptionType
from purveyor.core.invoice import Invoice, InvoiceState
from purveyor.core.order import PurchaseOrder
from purveyor.store import cases, jobs
from purveyor.store.db import Database
from tests.app.invoicing import a_bill, billed, goods_came, open_exceptions, stored, the_masters, the_order, told
from tests.app.people import an_organisation

pytestmark = pytest.mark.postgres


@pytest.fixture(autouse=True)
def _masters(database: Database) -> None:
    an_organisation(database)
    the_masters(database)


def looked_at_again(database: Database, order: PurchaseOrder) -> None:
    """What the worker does after the goods or bills of an order changed."""
    with database.transaction(SYSTEM) as tx:
        copies.match_again(tx, order.id)


def two_equal_bills(database: Database) -> tuple[tuple[PurchaseOrder, Invoice], tuple[PurchaseOrder, Invoice]]:
    """Two orders for the same goods, billed on one day before anything was received; the second bill is held."""
    first, second = the_order(database), the_order(database)
    known, doubtful = billed(database, a_bill(first, "7001")).invoice, billed(database, a_bill(second, "7002")).invoice
    assert doubtful.duplicate_of == known.id
    return (first, known), (second, doubtful)


@pytest.mark.parametrize("known_first", [True, False])
def test_two_deliveries_are_told_apart_when_both_receipts_are_in_whichever_comes_first(
    database: Database, known_first: bool
) -> None:
    (first, known), (second, doubtful) = two_equal_bills(database)

    for order in (first, second) if known_first else (second, first):
        goods_came(database, order, 12)
        looked_at_again(database, order)

    assert (stored(database, known).state, stored(database, doubtful).state) == (InvoiceState.MATCHED, InvoiceState.MATCHED)
    assert stored(database, doubtful).duplicate_of is None
    assert open_exceptions(database) == []
    assert told(database, second.id) == ["erp_invoice_post"]


def test_a_bill_without_its_own_receipt_stays_held(database: Database) -> None:
    (first, _known), (second, doubtful) = two_equal_bills(database)

    goods_came(database, first, 12)
    looked_at_again(database, first)
    looked_at_again(database, second)

    assert stored(database, doubtful) == doubtful
    assert told(database, second.id) == []


def test_a_second_bill_for_the_same_goods_stays_held_although_goods_came(database: Database) -> None:
    order = the_order(database)
    billed(database, a_bill(order, "7001"))
    copy = billed(database, a_bill(order, "7002")).invoice

    goods_came(database, order, 20)
    looked_at_again(database, order)

    assert stored(database, copy) == copy


def test_the_third_of_three_equal_bills_is_held_for_the_second_until_that_one_is_clear(database: Database) -> None:
    (first, _known), (second, doubtful) = two_equal_bills(database)
    third = the_order(database)
    last = billed(database, a_bill(third, "7003")).invoice

    for order in (first, third):
        goods_came(database, order, 12)
        looked_at_again(database, order)
    held = stored(database, last)
    assert held.duplicate_of == doubtful.id
    with database.read(SYSTEM) as tx:
        (question,) = [each for each in cases.listed(tx) if str(last.id) in each.natural_key]
    assert question.type is ExceptionType.DUPLICATE_INVOICE
    assert "7002" in question.summary

    goods_came(database, second, 12)
    looked_at_again(database, second)
    with database.read(SYSTEM) as tx:
        assert jobs.counts(tx)["todo"] >= 1
    looked_at_again(database, second)

    assert stored(database, last).state is InvoiceState.MATCHED
    assert open_exceptions(database) == []


def test_the_right_bill_goes_on_when_the_one_it_looked_like_was_sent_back(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)
    wrong = billed(database, a_bill(order, "KP-1O442", price="1036.80")).invoice
    right = billed(database, a_bill(order, "KP-10442")).invoice
    (case,) = [each for each in open_exceptions(database) if str(wrong.id) in each.natural_key]

    with database.transaction(SYSTEM) as tx:
        resolve.resolve(tx, case.id, Resolve("reject_invoice", "the number was misread"))
    looked_at_again(database, order)

    assert stored(database, right).state is InvoiceState.MATCHED
    assert open_exceptions(database) == []
