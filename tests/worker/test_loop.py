"""Workers do what was committed, try again what failed, and take up what a dead worker left."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from purveyor.core.access import SYSTEM
from purveyor.core.messaging import MessageKind, Outbound
from purveyor.settings import Settings
from purveyor.store import jobs, message_batches, timers
from purveyor.store.db import Database, Tx, move_clock
from purveyor.store.jobs import Job, Registry
from purveyor.store.message_batches import NewMessage
from purveyor.store.messages import About
from purveyor.worker.loop import LoopDied, Worker, work_off
from purveyor.worker.sweep import promote, surviving, sweep
from purveyor.worker.tasks import build_registry
from tests.store.builders import a_business_unit, a_buyer

Superuser = psycopg.Connection[tuple[object, ...]]

SETTINGS = Settings(job_attempts=2, poll_seconds=Decimal("0.2"), timer_seconds=Decimal("0.1"))


class Diary:
    """A task that writes down what it was asked to do, and fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.done: list[Job] = []
        self.given_up: list[str] = []

    def registry(self) -> Registry:
        registry = Registry(give_up=self.hear_of)
        registry.add("note", self.note)
        return registry

    def note(self, database: Database, job: Job) -> None:
        if self.failures:
            self.failures -= 1
            raise LookupError("the page is gone")
        self.done.append(job)

    def hear_of(self, tx: Tx, job: Job, problem: str) -> None:
        self.given_up.append(problem)


@pytest.fixture
def diary() -> Diary:
    return Diary()


def test_a_committed_job_is_done_with_its_payload_and_who_asked_for_it(database: Database, diary: Diary) -> None:
    with database.transaction(SYSTEM) as tx:
        unit = a_business_unit(tx, "DAYTON")
    buyer = a_buyer(uuid4(), unit)
    with database.transaction(buyer) as tx:
        jobs.enqueue(tx, "note", "order-1", {"order_id": "1"})

    work_off(database, SETTINGS, diary.registry())

    [job] = diary.done
    assert (job.kind, job.key, job.payload, job.attempt) == ("note", "order-1", {"order_id": "1"}, 1)
    assert job.asked_by.id == buyer.id
    assert job.correlation_id is not None
    with database.read(SYSTEM) as tx:
        assert jobs.counts(tx) == {}


def test_due_timers_and_messages_whose_wait_is_over_are_worked_off_too(database: Database, diary: Diary) -> None:
    registry = diary.registry()
    registry.add("supplier_order", diary.note)
    with database.transaction(SYSTEM) as tx:
        timers.set_timer(tx, "note", "order", uuid4(), tx.now + timedelta(days=1))
        outbound = Outbound(MessageKind.SUPPLIER_ORDER, "order", uuid4(), 1, "kessler", "webhook", "key")
        message_batches.queue_many(tx, [NewMessage(outbound, {}, About())])
        move_clock(tx, timedelta(days=2))

    work_off(database, SETTINGS, registry)

    assert sorted(job.kind for job in diary.done) == ["note", "supplier_order"]


def test_a_job_that_fails_waits_for_another_try(database: Database) -> None:
    diary = Diary(failures=1)
    with database.transaction(SYSTEM) as tx:
        job = jobs.enqueue(tx, "note", "order-1")

    work_off(database, SETTINGS, diary.registry())

    assert diary.given_up == []
    with database.read(SYSTEM) as tx:
        assert jobs.status(tx, job) == "todo"


def test_a_job_whose_attempts_are_used_up_is_given_up(database: Database) -> None:
    diary = Diary(failures=9)
    settings = replace(SETTINGS, job_attempts=1)
    with database.transaction(SYSTEM) as tx:
        job = jobs.enqueue(tx, "note", "order-1")

    work_off(database, settings, diary.registry())

    assert diary.given_up == ["LookupError: the page is gone"]
    with database.read(SYSTEM) as tx:
        assert jobs.status(tx, job) == "failed"


def leave_a_job_behind(database: Database, superuser: Superuser, attempts: int = 0) -> int:
    """A job in the hands of a worker whose last heartbeat was a minute ago."""
    with database.transaction(SYSTEM) as tx:
        job = jobs.enqueue(tx, "note", "order-1", {"order_id": "1"})
    superuser.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 minute')")
    superuser.execute(
        "UPDATE procrastinate_jobs SET status = 'doing', attempts = %s, worker_id = (SELECT max(id) FROM procrastinate_workers)",
        [attempts],
    )
    return job


def test_the_job_of_a_dead_worker_is_taken_up_again(database: Database, superuser: Superuser, diary: Diary) -> None:
    leave_a_job_behind(database, superuser)

    assert sweep(database, SETTINGS, diary.registry()) == (1, 0)
    work_off(database, SETTINGS, diary.registry())

    assert [job.attempt for job in diary.done] == [2]


def test_a_job_that_keeps_killing_its_worker_is_given_up(database: Database, superuser: Superuser, diary: Diary) -> None:
    job = leave_a_job_behind(database, superuser, attempts=1)

    assert sweep(database, SETTINGS, diary.registry()) == (0, 1)

    assert diary.given_up == ["the worker died again and again while doing this"]
    with database.read(SYSTEM) as tx:
        assert jobs.status(tx, job) == "failed"


def test_only_one_worker_sweeps_at_a_time(database: Database, superuser: Superuser, diary: Diary) -> None:
    leave_a_job_behind(database, superuser)
    with psycopg.connect(database.url) as other:
        other.execute("SELECT pg_advisory_xact_lock(hashtext('purveyor sweep'))")

        assert sweep(database, SETTINGS, diary.registry()) == (0, 0)


def test_nothing_due_promotes_nothing(database: Database) -> None:
    assert promote(database) == 0


def test_a_round_of_a_loop_survives_a_database_that_is_away() -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/nothing")

    surviving(lambda: promote(away))

    with pytest.raises(ZeroDivisionError):
        surviving(lambda: 1 // 0)


@pytest.fixture
def running(database: Database, diary: Diary) -> Iterator[Worker]:
    """A worker that runs beside the test and is told to stop afterwards."""
    worker = Worker(database, SETTINGS, diary.registry())
    thread = threading.Thread(target=lambda: asyncio.run(worker.run_until_stopped()))
    thread.start()
    yield worker
    worker.request_stop()
    thread.join(timeout=30)
    assert not thread.is_alive()


def wait_for(diary: Diary, jobs_done: int) -> None:
    deadline = time.monotonic() + 20
    while len(diary.done) < jobs_done and time.monotonic() < deadline:
        time.sleep(0.02)
    assert len(diary.done) == jobs_done


def test_a_running_worker_takes_jobs_as_they_are_committed(running: Worker, database: Database, diary: Diary) -> None:
    with database.transaction(SYSTEM) as tx:
        jobs.enqueue(tx, "note", "order-1")

    wait_for(diary, 1)


def test_a_running_worker_promotes_timers_when_their_time_comes(running: Worker, database: Database, diary: Diary) -> None:
    with database.transaction(SYSTEM) as tx:
        timers.set_timer(tx, "note", "order", uuid4(), tx.now + timedelta(milliseconds=300))

    wait_for(diary, 1)


def test_a_worker_comes_back_after_its_connections_were_cut(
    running: Worker, database: Database, diary: Diary, superuser: Superuser
) -> None:
    with database.transaction(SYSTEM) as tx:
        jobs.enqueue(tx, "note", "order-1")
    wait_for(diary, 1)

    superuser.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'purveyor_app' AND datname = current_database()"
    )

    with database.transaction(SYSTEM) as tx:
        jobs.enqueue(tx, "note", "order-2")
    wait_for(diary, 2)


def test_a_worker_whose_sweep_died_ends_instead_of_living_on_without_it(database: Database, superuser: Superuser) -> None:
    def stumble(tx: Tx, job: Job, problem: str) -> None:
        raise ZeroDivisionError

    registry = Registry(give_up=stumble)
    registry.add("note", Diary().note)
    leave_a_job_behind(database, superuser, attempts=1)

    with pytest.raises(LoopDied):
        asyncio.run(asyncio.wait_for(Worker(database, SETTINGS, registry).run_until_stopped(), timeout=30))


def test_every_task_of_the_product_is_registered_once() -> None:
    registry = build_registry(Settings())

    assert {"seal_log", "forget_answers"} <= set(registry.tasks)
    assert set(registry.periodic) <= set(registry.tasks)


def test_housekeeping_does_its_work(database: Database, tmp_path: Path) -> None:
    registry = build_registry(Settings(data_dir=tmp_path))
    with database.transaction(SYSTEM) as tx:
        for kind in ("seal_log", "forget_answers"):
            jobs.enqueue(tx, kind, "")

    work_off(database, SETTINGS, registry)

    with database.read(SYSTEM) as tx:
        assert jobs.counts(tx) == {}
