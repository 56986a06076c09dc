"""An order closes when everything is received or given up, billed and settled, and no question is open."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from purveyor.app import close, hold, resolve
from purveyor.app.cases import clear, open_case
from purveyor.app.follow_up import CLOSE_CHECK
from purveyor.app.resolve import Resolve
from purveyor.core.access import SYSTEM
from purveyor.core.cases import ExceptionType, OpenCase
from purveyor.core.events.base import Ref
from purveyor.core.ids import OrderId
from purveyor.core.lifecycle import Status
from purveyor.core.order import Hold
from purveyor.store import events, orders
from purveyor.store.db import Database
from tests.app.invoicing import (
    a_bill,
    billed,
    goods_came,
    open_exceptions,
    order_of,
    the_masters,
    the_order,
)
from tests.app.people import People, an_organisation
from tests.order_builders import a_line

pytestmark = pytest.mark.postgres


@pytest.fixture(autouse=True)
def people(database: Database) -> People:
    found = an_organisation(database)
    the_masters(database)
    return found


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


def test_an_order_on_hold_is_not_closed(database: Database) -> None:
    order = the_order(database, hold=Hold("quality check", None, datetime(2026, 3, 9, tzinfo=UTC)))
    goods_came(database, order, 20)
    billed(database, a_bill(order, cartons="20"))

    assert closed(database, order.id) is Status.ACKNOWLEDGED

    before = close_checks(database, order.id)
    with database.transaction(SYSTEM) as tx:
        hold.lift(tx, order.id, orders.get(tx, order.id).row_version)
    assert close_checks(database, order.id) == before + 1
    assert closed(database, order.id) is Status.CLOSED


def test_a_question_about_the_order_keeps_it_open(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 20)
    billed(database, a_bill(order, cartons="20"))
    with database.transaction(SYSTEM) as tx:
        case = open_case(tx, OpenCase(ExceptionType.DAMAGED_RECEIPT, "damaged:1", order_id=order.id))
    assert closed(database, order.id) is Status.ACKNOWLEDGED

    with database.transaction(SYSTEM) as tx:
        resolve.resolve(tx, case.id, Resolve(case.allowed_resolutions[0]))
    assert closed(database, order.id) is Status.CLOSED


def test_a_line_given_up_short_closes_with_what_came(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 12)
    billed(database, a_bill(order))

    with database.transaction(SYSTEM) as tx:
        current = order_of(tx, order)
        orders.save(tx, replace(current, lines=(replace(current.lines[0], closed_reason="supplier is out"),)))

    assert closed(database, order.id) is Status.CLOSED


def test_an_order_whose_last_pieces_are_within_the_short_close_tolerance_closes_by_policy(database: Database) -> None:
    order = the_order(database, lines=(a_line(1, 20, "998.40", category="pipe", external_id="11"),))
    goods_came(database, order, 18)
    billed(database, a_bill(order, cartons="18"))
    assert closed(database, order.id) is Status.ACKNOWLEDGED

    goods_came(database, order, 1)
    billed(database, a_bill(order, "KP-10443", "1"))

    assert closed(database, order.id) is Status.CLOSED
    with database.read(SYSTEM) as tx:
        last = events.read_stream(tx, Ref("order", order.id))[-1]
    assert last.payload["short_lines"] == [1]


def test_it_is_looked_again_whether_an_order_is_complete_when_its_last_question_ends_by_itself(database: Database) -> None:
    order = the_order(database)
    goods_came(database, order, 20)
    billed(database, a_bill(order, cartons="20"))
    with database.transaction(SYSTEM) as tx:
        open_case(tx, OpenCase(ExceptionType.MESSAGE_FAILED, "message:1", order_id=order.id))
    assert close_checks(database, order.id) == 1

    with database.transaction(SYSTEM) as tx:
        clear(tx, "message:1")

    assert close_checks(database, order.id) == 2


def close_checks(database: Database, order_id: OrderId) -> int:
    """How often it was asked for so far."""
    query = "SELECT count(*) FROM procrastinate_jobs WHERE task_name = :kind AND args->'payload'->>'order_id' = :order_id"
    with database.read(SYSTEM) as tx:
        found = tx.conn.scalar(text(query), {"kind": CLOSE_CHECK, "order_id": str(order_id)})
    assert isinstance(found, int)
    return found
