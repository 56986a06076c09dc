"""A job exists exactly when the transaction that asked for it was committed."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from purveyor.core.access import SYSTEM
from purveyor.store import jobs, timers
from purveyor.store.db import Database, Tx, move_clock
from purveyor.store.jobs import Job, NewJob, Registry, UnknownJobKind
from tests.store.builders import a_business_unit, a_buyer


class WindowShut(Exception):
    """Something went wrong after a job was queued."""


def test_a_job_is_queued_when_the_transaction_commits(database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        job = jobs.enqueue(tx, "release", "order-1", {"order_id": "1"})

    with database.read(SYSTEM) as tx:
        assert jobs.status(tx, job) == "todo"
        assert jobs.counts(tx) == {"todo": 1}


def test_a_job_goes_with_the_transaction_that_failed(database: Database) -> None:
    def queue_and_fail(tx: Tx) -> None:
        jobs.enqueue(tx, "release", "order-1")
        raise WindowShut

    with pytest.raises(WindowShut), database.transaction(SYSTEM) as tx:
        queue_and_fail(tx)

    with database.read(SYSTEM) as tx:
        assert jobs.counts(tx) == {}


def test_a_buyer_can_queue_jobs_within_his_scope(database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        unit = a_business_unit(tx, "OURS")

    with database.transaction(a_buyer(uuid4(), unit)) as tx:
        assert jobs.status(tx, jobs.enqueue(tx, "release", "order-1")) == "todo"


def test_many_jobs_keep_their_order(tx: Tx) -> None:
    ids = jobs.enqueue_many(tx, [NewJob("release", f"order-{number}") for number in range(2500)])

    assert len(ids) == 2500
    assert ids == sorted(ids)
    assert jobs.enqueue_many(tx, []) == []


def test_a_job_that_nobody_began_can_be_taken_back(tx: Tx) -> None:
    job = jobs.enqueue(tx, "release", "order-1")

    assert jobs.cancel(tx, job)
    assert jobs.status(tx, job) is None
    assert not jobs.cancel(tx, job)


def test_a_kind_is_registered_once_and_unknown_kinds_are_refused() -> None:
    registry = Registry()
    registry.add("release", lambda database, job: None)

    with pytest.raises(ValueError, match="twice"):
        registry.add("release", lambda database, job: None)
    with pytest.raises(UnknownJobKind):
        registry.task("dance")


def a_job_for(timer: timers.Timer) -> Job:
    payload = {"timer_id": str(timer.id), "timer_generation": str(timer.generation)}
    return Job(1, timer.kind, str(timer.subject_id), payload)


def test_a_timer_becomes_a_job_when_business_time_reaches_it(database: Database) -> None:
    order = uuid4()
    with database.transaction(SYSTEM) as tx:
        timers.set_timer(tx, "remind", "order", order, tx.now + timedelta(days=30), {"step": "7"})
        assert timers.promote_due(tx) == 0
        move_clock(tx, timedelta(days=31))

    with database.transaction(SYSTEM) as tx:
        assert timers.promote_due(tx) == 1
        assert timers.promote_due(tx) == 0
        assert jobs.counts(tx) == {"todo": 1}


def test_a_timer_fires_once(tx: Tx) -> None:
    order = uuid4()
    timers.set_timer(tx, "remind", "order", order, tx.now)
    [timer] = timers.timers_of(tx, "order", order)
    timers.promote_due(tx)

    assert timers.fire(tx, a_job_for(timer))
    assert not timers.fire(tx, a_job_for(timer))


def test_a_timer_called_off_after_its_job_was_queued_fires_nothing(tx: Tx) -> None:
    order = uuid4()
    timers.set_timer(tx, "remind", "order", order, tx.now)
    timers.set_timer(tx, "escalate", "order", order, tx.now)
    [escalation, reminder] = sorted(timers.timers_of(tx, "order", order), key=lambda timer: timer.kind)
    timers.promote_due(tx)

    assert timers.cancel_timers(tx, "order", order, "remind") == 1

    assert not timers.fire(tx, a_job_for(reminder))
    assert timers.fire(tx, a_job_for(escalation))


def test_a_timer_set_anew_fires_at_its_new_time_only(tx: Tx) -> None:
    order = uuid4()
    timers.set_timer(tx, "remind", "order", order, tx.now)
    [before] = timers.timers_of(tx, "order", order)
    timers.promote_due(tx)

    timers.set_timer(tx, "remind", "order", order, tx.now + timedelta(days=1))

    [after] = timers.timers_of(tx, "order", order)
    assert not timers.fire(tx, a_job_for(before))
    assert after.generation == before.generation + 1
    assert timers.cancel_timers(tx, "order", order) == 1


def test_a_job_that_no_timer_queued_always_fires(tx: Tx) -> None:
    assert timers.fire(tx, Job(1, "remind", "order-1", {}))


def test_two_workers_never_promote_the_same_timer(database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        for _ in range(5):
            timers.set_timer(tx, "remind", "order", uuid4(), tx.now)

    with database.transaction(SYSTEM) as first, database.transaction(SYSTEM) as second:
        assert timers.promote_due(first, limit=3) == 3
        assert timers.promote_due(second) == 2
