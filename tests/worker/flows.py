"""A worker process for the kill test: orders of six steps, each step one transaction that queues the next.

Run as ``python -m tests.worker.flows DATABASE_URL``.
"""

from __future__ import annotations

import asyncio
import sys
import time
from decimal import Decimal
from uuid import UUID

from purveyor.core.access import SYSTEM
from purveyor.core.events.base import Ref
from purveyor.settings import Settings
from purveyor.store import events, jobs
from purveyor.store.db import Database
from purveyor.store.jobs import Job, Registry
from purveyor.worker.loop import Worker
from tests.store.builders import counted

STEPS = 6
SETTINGS = Settings(
    heartbeat_seconds=Decimal(1),
    stalled_seconds=Decimal(3),
    sweep_seconds=Decimal(1),
    worker_concurrency=2,
    graceful_stop_seconds=Decimal(5),
)


def step(database: Database, job: Job) -> None:
    """Do the next step of a flow unless it was done before."""
    flow, number = UUID(job.key), int(job.payload["step"])
    with database.transaction(SYSTEM, correlation_id=job.correlation_id, source="job") as tx:
        if len(events.read_stream(tx, Ref("crate", flow))) >= number:
            return
        events.append(tx, [counted(flow, number)])
        time.sleep(0.005)
        if number < STEPS:
            jobs.enqueue(tx, "step", job.key, {"step": str(number + 1)})


def registry() -> Registry:
    """The one task of these flows."""
    known = Registry()
    known.add("step", step)
    return known


if __name__ == "__main__":
    asyncio.run(Worker(Database(sys.argv[1]), SETTINGS, registry()).run_until_stopped())
