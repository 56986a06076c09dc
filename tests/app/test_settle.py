"""Settling an exception does what its resolution says: to the message, the goods or the line it is about."""

from __future__ import annotations

import pytest

from purveyor.app.cases import open_case
from purveyor.app.resolve import Resolve
from purveyor.app.settle import effect_of, settle
from purveyor.core.access import SYSTEM
from purveyor.core.cases import CaseStatus, ExceptionCase, ExceptionType, OpenCase
from purveyor.core.errors import StaleVersion
from purveyor.core.messaging import MessageKind, Outbound
from purveyor.core.order import PurchaseOrder
from purveyor.store import cases, message_batches, messages, orders
from purveyor.store.db import Database
from purveyor.store.message_batches import NewMessage
from purveyor.store.messages import About, Message
from tests.app.supplier_world import a_world, an_issued_order, counted, open_cases, progress
from tests.order_builders import UNIT

pytestmark = pytest.mark.postgres


def a_failed_message(database: Database, order: PurchaseOrder) -> Message:
    about = About(order.id, order.version, order.business_unit_id, order.supplier_id)
    said = Outbound(MessageKind.SUPPLIER_ORDER, "order", order.id, 1, str(order.supplier_id), "api", "order:1")
    with database.transaction(SYSTEM) as tx:
        message_id = message_batches.queue_many(tx, [NewMessage(said, {}, about)])[0].id
        messages.kill(tx, message_id, "answers 503")
        return messages.load(tx, message_id)


def opened(database: Database, kind: ExceptionType, order: PurchaseOrder, message: Message | None = None) -> ExceptionCase:
    command = OpenCase(
        kind,
        f"{kind}:1",
        order_id=order.id,
        line_no=1,
        message_id=None if message is None else message.id,
        business_unit_id=UNIT,
    )
    with database.transaction(SYSTEM) as tx:
        return open_case(tx, command)


def settled(database: Database, case: ExceptionCase, resolution: str, reason: str | None = "Because.") -> ExceptionCase:
    with database.transaction(SYSTEM) as tx:
        settle(tx, case.id, Resolve(resolution, reason, case.version))
        return cases.load(tx, case.id)


@pytest.mark.parametrize(("resolution", "state"), [("send_again", "ready"), ("cancel_message", "superseded")])
def test_a_failed_message_is_sent_again_or_called_off(database: Database, resolution: str, state: str) -> None:
    a_world(database)
    order = an_issued_order(database)
    message = a_failed_message(database, order)
    case = opened(database, ExceptionType.MESSAGE_FAILED, order, message)

    after = settled(database, case, resolution)

    with database.read(SYSTEM) as tx:
        assert (messages.load(tx, message.id).state, after.status) == (state, CaseStatus.RESOLVED)


def test_a_message_nobody_named_is_settled_by_the_decision_alone(database: Database) -> None:
    a_world(database)
    case = opened(database, ExceptionType.MESSAGE_FAILED, an_issued_order(database))

    assert effect_of(case, "send_again") is None
    assert settled(database, case, "send_again").resolution == "send_again"


def test_the_rest_of_a_line_is_given_up(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database)
    counted(database, order, "18", uom="CT")
    case = opened(database, ExceptionType.SHORT_RECEIPT, order)

    settled(database, case, "close_short")

    assert progress(database, order.id).short == 2


@pytest.mark.parametrize(("resolution", "still_open"), [("keep_with_credit", 0), ("return_goods", 1)])
def test_damaged_goods_are_credited_or_replaced(database: Database, resolution: str, still_open: int) -> None:
    a_world(database)
    order = an_issued_order(database)
    counted(database, order, "20", uom="CT", damaged="1")
    (case,) = [each for each in open_cases(database) if each.type is ExceptionType.DAMAGED_RECEIPT]

    settled(database, case, resolution)

    assert progress(database, order.id).open == still_open


def test_surplus_is_sent_back(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database)
    counted(database, order, "21", uom="CT")
    (case,) = [each for each in open_cases(database) if each.type is ExceptionType.OVER_RECEIPT]

    settled(database, case, "return_surplus")

    assert progress(database, order.id).accepted == 20


def test_a_stale_decision_has_no_effect(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database)
    case = opened(database, ExceptionType.SHORT_RECEIPT, order)

    with pytest.raises(StaleVersion), database.transaction(SYSTEM) as tx:
        settle(tx, case.id, Resolve("close_short", "Because.", version=7))

    with database.read(SYSTEM) as tx:
        assert orders.get(tx, order.id).lines[0].closed_reason is None
