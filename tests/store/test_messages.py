"""A message is sent by one worker at a time, under one identity, until the partner has it or a person does."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from purveyor.core.access import SYSTEM
from purveyor.core.errors import NotFound
from purveyor.core.ids import MessageId
from purveyor.core.messaging import AfterFailure, MessageKind, Outbound, Step, message_key
from purveyor.store import jobs, message_batches, messages
from purveyor.store.db import Database, Tx
from purveyor.store.message_batches import NewMessage
from purveyor.store.messages import About, LeaseLost, NotReplayable

IN_A_MINUTE = AfterFailure(Step.RETRY, "webhook", timedelta(minutes=1))
AT_ONCE = AfterFailure(Step.RETRY, "webhook")
TO_MAIL = AfterFailure(Step.NEXT_CHANNEL, "mail")
GIVE_UP = AfterFailure(Step.DEAD, "mail")


def a_message(tx: Tx, order: UUID | None = None, revision: int = 1, kind: MessageKind = MessageKind.SUPPLIER_ORDER) -> MessageId:
    subject = order or uuid4()
    key = message_key(kind, subject, revision)
    outbound = Outbound(kind, "order", subject, revision, "kessler", "webhook", key)
    new = NewMessage(outbound, {"order_id": str(subject)}, About(order_id=subject, order_version=revision))
    return message_batches.queue_many(tx, [new])[0].id


def held(tx: Tx, message: MessageId) -> messages.Claim:
    claim = messages.claim(tx, message)
    assert claim is not None
    return claim


def expire_leases(tx: Tx) -> None:
    tx.conn.execute(text("UPDATE message SET lease_until = now() - interval '1 second' WHERE state = 'leased'"))


def test_a_message_is_queued_once_however_often_it_is_asked_for(tx: Tx) -> None:
    order = uuid4()

    first, again = a_message(tx, order), a_message(tx, order)

    assert first == again
    assert jobs.counts(tx) == {"todo": 1}


def test_a_message_that_was_sent_is_done_with_its_attempt_and_result(tx: Tx) -> None:
    message = a_message(tx)

    messages.finish(tx, held(tx, message), {"number": "SO-1"})

    after = messages.load(tx, message)
    assert (after.state, after.result) == ("done", {"number": "SO-1"})
    assert [attempt.outcome for attempt in messages.attempts_of(tx, message)] == ["done"]
    assert messages.claim(tx, message) is None
    assert messages.waiting_by_partner(tx) == {}


def test_only_one_worker_holds_a_message(database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        message = a_message(tx)

    with database.transaction(SYSTEM) as first, database.transaction(SYSTEM) as second:
        assert messages.claim(first, message) is not None
        assert messages.claim(second, message) is None


def test_a_message_that_is_taken_back_while_it_is_wanted_again_is_queued_again(database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        message = a_message(tx)

    def wanted_again() -> bool:
        with database.transaction(SYSTEM) as later:
            return message_batches.queue_again(later, message, {})

    with ThreadPoolExecutor(1) as pool, database.transaction(SYSTEM) as first:
        messages.withdraw(first, held(first, message))
        asked = pool.submit(wanted_again)
        with pytest.raises(TimeoutError):
            asked.result(timeout=0.5)
        first.conn.commit()
        assert asked.result(timeout=10)

    with database.read(SYSTEM) as tx:
        assert messages.load(tx, message).state == "ready"


def test_a_failed_attempt_waits_and_comes_back_when_its_time_is_there(tx: Tx) -> None:
    message = a_message(tx)

    messages.fail(tx, held(tx, message), IN_A_MINUTE, "503")

    after = messages.load(tx, message)
    assert (after.state, after.attempts, after.last_error) == ("ready", 1, "503")
    assert after.next_attempt_at == tx.real_now + timedelta(minutes=1)
    assert messages.claim(tx, message) is None
    assert messages.promote_due(tx) == 0
    tx.conn.execute(text("UPDATE message SET next_attempt_at = now()"))
    assert messages.promote_due(tx) == 1


def test_the_next_channel_starts_counting_anew_under_the_same_identity(tx: Tx) -> None:
    message = a_message(tx)
    key = messages.load(tx, message).idempotency_key
    messages.fail(tx, held(tx, message), AT_ONCE, "503")

    messages.fail(tx, held(tx, message), TO_MAIL, "503")

    after = messages.load(tx, message)
    assert (after.channel, after.attempts, after.idempotency_key) == ("mail", 0, key)


def test_a_message_that_was_given_up_waits_for_a_person_who_can_replay_it(tx: Tx) -> None:
    message = a_message(tx)
    key = messages.load(tx, message).idempotency_key
    messages.fail(tx, held(tx, message), GIVE_UP, "410 gone")
    assert [entry.id for entry in messages.dead(tx)] == [message]

    again = messages.replay(tx, message)

    assert (again.state, again.attempts, again.idempotency_key) == ("ready", 0, key)
    assert jobs.counts(tx) == {"todo": 2}
    with pytest.raises(NotReplayable):
        messages.replay(tx, message)
    with pytest.raises(NotFound):
        messages.replay(tx, MessageId(uuid4()))
    with pytest.raises(NotFound):
        messages.load(tx, MessageId(uuid4()))


def test_an_attempt_whose_answer_was_lost_makes_the_next_one_unsure(tx: Tx) -> None:
    message = a_message(tx)
    assert not held(tx, message).unsure
    expire_leases(tx)
    messages.free_expired(tx)
    second = held(tx, message)
    assert second.unsure

    messages.fail(tx, second, AT_ONCE, "time-out", unknown=True)

    assert held(tx, message).unsure
    assert [attempt.outcome for attempt in messages.attempts_of(tx, message)] == ["lost", "unknown", None]


def test_a_worker_that_lost_its_lease_cannot_record_its_outcome(tx: Tx) -> None:
    message = a_message(tx)
    slow = held(tx, message)
    messages.renew(tx, slow)
    expire_leases(tx)
    assert messages.free_expired(tx) == 1
    quick = held(tx, message)

    with pytest.raises(LeaseLost):
        messages.finish(tx, slow)
    with pytest.raises(LeaseLost):
        messages.renew(tx, slow)

    messages.finish(tx, quick)
    assert messages.load(tx, message).state == "done"


def test_a_partner_that_is_known_to_be_away_uses_up_no_attempts(tx: Tx) -> None:
    message = a_message(tx)

    messages.postpone(tx, held(tx, message), timedelta(minutes=15), "the ERP is away")

    after = messages.load(tx, message)
    assert (after.state, after.attempts) == ("ready", 0)
    assert messages.waiting_by_partner(tx) == {"kessler": 1}


def test_messages_about_one_order_leave_in_the_order_they_were_queued(tx: Tx) -> None:
    order = uuid4()
    first, second = a_message(tx, order, revision=1), a_message(tx, order, revision=2)

    assert messages.claim(tx, second) is None

    messages.finish(tx, held(tx, first))
    tx.conn.execute(text("UPDATE message SET next_attempt_at = now() WHERE state = 'ready'"))
    assert messages.promote_due(tx) == 1
    assert messages.claim(tx, second) is not None
    assert [message.id for message in messages.of_order(tx, order)] == [first, second]
    assert messages.of_subject(tx, "order", order) == messages.of_order(tx, order)


def test_a_partner_gets_only_so_many_messages_at_once(tx: Tx) -> None:
    first, second = a_message(tx), a_message(tx)

    assert messages.claim(tx, first, at_once=1) is not None
    assert messages.claim(tx, second, at_once=1) is None
    tx.conn.execute(text("UPDATE message SET next_attempt_at = now()"))
    assert messages.claim(tx, second, at_once=2) is not None


def test_messages_of_an_older_version_are_taken_back_unless_they_are_on_the_way(tx: Tx) -> None:
    order = uuid4()
    on_the_way = a_message(tx, order, revision=1)
    held(tx, on_the_way)
    waiting = a_message(tx, order, revision=2)
    newest = a_message(tx, order, revision=3)

    assert len(messages.supersede(tx, order, ["supplier_order"], before_version=3)) == 1

    states = [messages.load(tx, message).state for message in (on_the_way, waiting, newest)]
    assert states == ["leased", "superseded", "ready"]


def test_a_message_that_took_its_worker_down_can_be_given_up_by_the_sweep(tx: Tx) -> None:
    message = a_message(tx)
    held(tx, message)

    messages.kill(tx, message, "the worker died again and again")

    assert messages.load(tx, message).state == "dead"


def test_a_message_whose_job_got_lost_is_queued_again(tx: Tx) -> None:
    a_message(tx)
    tx.conn.execute(text("UPDATE message SET queued_at = now() - interval '6 minutes'"))

    messages.free_expired(tx)

    assert messages.promote_due(tx) == 1
