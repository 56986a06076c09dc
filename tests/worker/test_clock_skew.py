"""A worker whose machine is ten minutes ahead or behind takes nothing from the others and fires nothing early: the database's
clock decides, and the doctor complains about the machine's."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from purveyor.app import diagnose
from purveyor.app.diagnose import Verdict
from purveyor.core.access import SYSTEM
from purveyor.core.messaging import MessageKind, Outbound
from purveyor.settings import Settings
from purveyor.store import jobs, message_batches, messages, timers
from purveyor.store.db import Database
from purveyor.store.jobs import Job, Registry
from purveyor.store.message_batches import NewMessage
from purveyor.store.messages import About
from purveyor.worker.loop import work_off
from purveyor.worker.sweep import promote, sweep

SETTINGS = Settings(data_dir=Path("unused"))


@pytest.mark.parametrize("minutes", [10, -10])
def test_a_worker_with_a_wrong_clock_leaves_leases_timers_and_jobs_of_others_alone(
    database: Database, monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    done: list[Job] = []
    registry = Registry()
    registry.add("note", lambda database, job: done.append(job))
    with database.transaction(SYSTEM) as tx:
        outbound = Outbound(MessageKind.SUPPLIER_ORDER, "order", uuid4(), 1, "keller", "email", "key")
        [queued] = message_batches.queue_many(tx, [NewMessage(outbound, {}, About())])
        held = messages.claim(tx, queued.id)
        timers.set_timer(tx, "note", "order", uuid4(), tx.now + timedelta(minutes=5))
        jobs.enqueue(tx, "note", "order-1")
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + minutes * 60)

    swept = sweep(database, SETTINGS, registry)
    promoted = promote(database)
    work_off(database, replace(SETTINGS, worker_concurrency=1), registry)

    assert (swept, promoted, [job.key for job in done]) == ((0, 0), 0, ["order-1"])
    assert held is not None
    with database.transaction(SYSTEM) as tx:
        assert messages.load(tx, queued.id).state == "leased"
        messages.finish(tx, held)


def test_the_doctor_complains_about_a_clock_that_is_far_off(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    with database.read(SYSTEM) as tx:
        near = diagnose.clock(tx)
        monkeypatch.setattr(diagnose, "MOST_CLOCKS_APART", timedelta(microseconds=-1))
        far = diagnose.clock(tx)

    assert (near.verdict, far.verdict) == (Verdict.OK, Verdict.FAIL)
    assert "NTP" in far.advice
