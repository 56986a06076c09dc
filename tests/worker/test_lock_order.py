"""Who needs an order and something that belongs to it locks the order first, so that no two ever wait for each other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta

import pytest

from purveyor.app import outbound
from purveyor.app.answer_clock import ANSWER_DUE
from purveyor.app.cases import DUE_TIMER, open_case
from purveyor.core.access import SYSTEM
from purveyor.core.cases import ExceptionType, OpenCase
from purveyor.core.messaging import MessageKind, Outbound
from purveyor.core.order import PurchaseOrder
from purveyor.store import message_batches, messages, orders, timers
from purveyor.store.db import Database, Tx
from purveyor.store.jobs import Job
from purveyor.store.message_batches import NewMessage
from purveyor.store.messages import About, NotReplayable
from purveyor.worker import timed
from tests.app.supplier_world import a_world, an_issued_order
from tests.order_builders import UNIT, fresh_id

pytestmark = pytest.mark.postgres


@pytest.fixture
def order(database: Database) -> PurchaseOrder:
    """An order that is with its supplier."""
    a_world(database)
    return an_issued_order(database)


def fired(kind: str, timer: timers.Timer) -> Job:
    """The job that a timer queued."""
    payload = {
        "timer_id": str(timer.id),
        "timer_generation": str(timer.generation),
        "subject_type": timer.subject_type,
        "subject_id": str(timer.subject_id),
    }
    return Job(1, kind, str(timer.subject_id), payload)


def while_the_order_is_held(
    database: Database, order: PurchaseOrder, act: Callable[[], object], then: Callable[[Tx], object]
) -> None:
    """Somebody holds the order, another one begins to act, and the first one goes on with what belongs to the order."""
    with ThreadPoolExecutor(1) as pool:
        with database.transaction(SYSTEM) as tx:
            orders.lock(tx, order.id)
            acting: Future[object] = pool.submit(act)
            with pytest.raises(TimeoutError):
                acting.result(timeout=0.5)
            then(tx)
        acting.result(timeout=20)


def test_a_reminder_that_fires_while_its_order_is_being_cancelled_waits_and_does_nothing(
    database: Database, order: PurchaseOrder
) -> None:
    reminded: list[Job] = []
    with database.transaction(SYSTEM) as tx:
        timers.set_timer(tx, ANSWER_DUE, "order", order.id, tx.now - timedelta(hours=1))
        [timer] = [one for one in timers.timers_of(tx, "order", order.id) if one.kind == ANSWER_DUE]
    task = timed.in_transaction(lambda _, job: reminded.append(job))

    while_the_order_is_held(
        database,
        order,
        lambda: task(database, fired(ANSWER_DUE, timer)),
        lambda tx: timers.cancel_timers(tx, "order", order.id),
    )

    assert reminded == []


def test_an_exception_that_escalates_waits_for_its_order(database: Database, order: PurchaseOrder) -> None:
    escalated: list[Job] = []
    with database.transaction(SYSTEM) as tx:
        case = open_case(tx, OpenCase(ExceptionType.ACK_OVERDUE, "late", order_id=order.id, business_unit_id=UNIT))
        [timer] = timers.timers_of(tx, "exception", case.id)
    task = timed.in_transaction(lambda _, job: escalated.append(job))

    while_the_order_is_held(
        database,
        order,
        lambda: task(database, fired(DUE_TIMER, timer)),
        lambda tx: timers.cancel_timers(tx, "exception", case.id),
    )

    assert escalated == []


@pytest.mark.parametrize("subject_type", ["approval_step", "exception", "invoice"])
def test_a_timer_whose_subject_is_gone_waits_for_nobody(database: Database, subject_type: str) -> None:
    done: list[Job] = []
    subject = fresh_id()
    with database.transaction(SYSTEM) as tx:
        timers.set_timer(tx, "some_kind", subject_type, subject, tx.now)
        [timer] = timers.timers_of(tx, subject_type, subject)

    timed.in_transaction(lambda _, job: done.append(job))(database, fired("some_kind", timer))

    assert len(done) == 1


def test_a_message_is_replayed_behind_whoever_holds_its_order(database: Database, order: PurchaseOrder) -> None:
    said = Outbound(MessageKind.SUPPLIER_ORDER, "order", order.id, 1, str(order.supplier_id), "api", "order:1")
    with database.transaction(SYSTEM) as tx:
        about = About(order.id, order.version, order.business_unit_id, order.supplier_id)
        message = message_batches.queue_many(tx, [NewMessage(said, {}, about)])[0].id
        messages.kill(tx, message, "answers 503")

    def replayed() -> None:
        with database.transaction(SYSTEM) as later, pytest.raises(NotReplayable):
            outbound.replay(later, message)

    while_the_order_is_held(database, order, replayed, lambda tx: message_batches.skip(tx, message))

    with database.read(SYSTEM) as tx:
        assert messages.load(tx, message).state == "superseded"
