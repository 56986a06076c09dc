"""What comes in twice counts once: requests by their key, documents by their sender's id."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import exc, text, update

from purveyor.core.access import SYSTEM
from purveyor.core.errors import NotFound
from purveyor.store import idempotency, inbox, retention
from purveyor.store.db import Database, Tx
from purveyor.store.idempotency import KeyInFlight, KeyReused, RequestKey, StoredResponse
from purveyor.store.inbox import Inbound
from purveyor.store.tables.flow import IDEMPOTENCY
from tests.store.builders import a_supplier

REQUEST = RequestKey("kessler", "POST /orders", "key-1", "abc")
CREATED = StoredResponse(201, '{"id":"1"}', {"Location": "/orders/1"})


def an_answer(supplier: UUID, number: str = "SO-1", revision: int = 0) -> Inbound:
    return Inbound("kessler:api", number, "acknowledgment", {"accepted": True}, revision, supplier_id=supplier)


def test_a_repeated_request_gets_the_first_answer(database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        assert idempotency.begin(tx, REQUEST) is None
        idempotency.remember(tx, REQUEST, CREATED)

    with database.transaction(SYSTEM) as tx:
        assert idempotency.begin(tx, REQUEST) == CREATED
        assert idempotency.begin(tx, replace(REQUEST, route="POST /receipts")) is None
        assert idempotency.begin(tx, replace(REQUEST, client="other")) is None


def test_a_request_whose_work_failed_can_be_sent_again(database: Database) -> None:
    def work_and_fail(tx: Tx) -> None:
        idempotency.remember(tx, REQUEST, CREATED)
        raise LookupError

    with pytest.raises(LookupError), database.transaction(SYSTEM) as tx:
        work_and_fail(tx)

    with database.transaction(SYSTEM) as tx:
        assert idempotency.begin(tx, REQUEST) is None


def test_a_key_used_for_another_input_is_refused(tx: Tx) -> None:
    idempotency.remember(tx, REQUEST, CREATED)

    with pytest.raises(KeyReused):
        idempotency.begin(tx, replace(REQUEST, input_hash="def"))


def test_a_second_request_is_told_that_the_first_is_still_at_work(database: Database) -> None:
    with database.transaction(SYSTEM) as first, database.transaction(SYSTEM) as second:
        idempotency.begin(first, REQUEST)
        with pytest.raises(KeyInFlight):
            idempotency.begin(second, REQUEST)


def test_old_answers_are_forgotten(tx: Tx) -> None:
    idempotency.remember(tx, REQUEST, CREATED)

    tx.conn.execute(update(IDEMPOTENCY).values(stored_at=tx.real_now - timedelta(days=31)))

    assert retention.forget_some(tx, "answers", 30) == 1
    assert idempotency.begin(tx, REQUEST) is None


def test_a_document_is_kept_once_and_a_changed_one_under_the_same_id_is_noticed(tx: Tx) -> None:
    supplier = uuid4()
    first = inbox.receive(tx, an_answer(supplier))

    again = inbox.receive(tx, an_answer(supplier))
    altered = inbox.receive(tx, replace(an_answer(supplier), payload={"accepted": False}))
    correction = inbox.receive(tx, an_answer(supplier, revision=1))

    assert (first.fresh, again.fresh, altered.fresh, correction.fresh) == (True, False, False, True)
    assert (again.id, again.same_content) == (first.id, True)
    assert (altered.id, altered.same_content) == (first.id, False)


def test_a_document_is_applied_once(tx: Tx) -> None:
    order = uuid4()
    received = inbox.receive(tx, replace(an_answer(uuid4()), order_id=order))
    assert [entry.id for entry in inbox.waiting(tx)] == [received.id]
    assert inbox.waiting(tx, older_than=timedelta(minutes=1)) == []

    entry = inbox.lock(tx, received.id)
    assert entry.document.payload == {"accepted": True}
    assert inbox.mark_applied(tx, received.id, "recorded")

    assert not inbox.mark_applied(tx, received.id, "recorded")
    assert inbox.waiting(tx) == []
    assert inbox.of_order(tx, order)[0].outcome == "recorded"
    with pytest.raises(NotFound):
        inbox.lock(tx, uuid4())


def test_a_supplier_delivers_under_his_own_scope(database: Database) -> None:
    supplier = uuid4()

    with database.transaction(a_supplier(supplier)) as tx:
        first = inbox.receive(tx, an_answer(supplier))
        again = inbox.receive(tx, an_answer(supplier))

    assert (first.fresh, again.fresh, again.id) == (True, False, first.id)
    with database.read(SYSTEM) as tx:
        assert [entry.id for entry in inbox.waiting(tx)] == [first.id]


def test_a_supplier_cannot_deliver_in_the_name_of_another(database: Database) -> None:
    with (
        pytest.raises(exc.ProgrammingError, match="row-level security"),
        database.transaction(a_supplier(uuid4())) as tx,
    ):
        inbox.receive(tx, an_answer(uuid4()))


def test_a_supplier_learns_nothing_about_a_document_of_another(database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        inbox.receive(tx, an_answer(uuid4()))
    nosy = uuid4()

    with pytest.raises(NotFound), database.transaction(a_supplier(nosy)) as tx:
        inbox.receive(tx, an_answer(nosy))


def test_a_supplier_cannot_mark_his_document_as_applied(database: Database) -> None:
    with (
        pytest.raises(exc.ProgrammingError, match="permission denied"),
        database.transaction(a_supplier(uuid4())) as tx,
    ):
        tx.conn.execute(text("UPDATE inbox SET applied_at = now()"))
