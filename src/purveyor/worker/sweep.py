"""The loops beside the job engine: timers that are due, messages whose wait is over, jobs that a dead worker left.

They run beside the jobs, not as jobs: a stuck job could not free itself.
"""

from __future__ import annotations

from collections.abc import Callable

import structlog

from purveyor.core.access import SYSTEM
from purveyor.core.errors import PurveyorError
from purveyor.settings import Settings
from purveyor.store import jobs, messages, timers
from purveyor.store.db import Database, Tx
from purveyor.store.jobs import Registry

log = structlog.get_logger("purveyor.worker")


def promote(database: Database) -> int:
    """Turn everything that is due into jobs, batch by batch; return how many."""
    total = 0
    for step in (timers.promote_due, messages.promote_due):
        while promoted := _in_transaction(database, step, source="timer"):
            total += promoted
    return total


def sweep(database: Database, settings: Settings, registry: Registry) -> tuple[int, int]:
    """Free what dead workers hold; return how many jobs were queued again and how many were given up."""
    with database.transaction(SYSTEM, source="sweep") as tx:
        again, given_up = jobs.free_stalled(
            tx,
            stalled_seconds=float(settings.stalled_seconds),
            attempts=settings.job_attempts,
            give_up=registry.give_up,
        )
        messages.free_expired(tx)
        jobs.forget_old_failures(tx, settings.failed_job_days)
    if again or given_up:
        log.warning("jobs of dead workers taken up", again=again, given_up=given_up)
    return again, given_up


def surviving(step: Callable[[], object]) -> None:
    """Run one round of a loop; a database that is away is logged and tried again in the next round."""
    try:
        step()
    except PurveyorError as error:
        if not error.retryable:
            raise
        log.warning("round skipped", reason=error.code)


def _in_transaction(database: Database, step: Callable[[Tx], int], source: str) -> int:
    with database.transaction(SYSTEM, source=source) as tx:
        return step(tx)
