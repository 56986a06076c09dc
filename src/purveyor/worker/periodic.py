"""Housekeeping that the clock starts: the daily seal of the event log, and forgetting what has served its time."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

import structlog

from purveyor.core.access import SYSTEM
from purveyor.store import event_verify, idempotency
from purveyor.store.db import Database
from purveyor.store.jobs import Job

log = structlog.get_logger("purveyor.worker")

ANSWERS_KEPT: Final = timedelta(days=7)


def seal_log(database: Database, job: Job) -> None:
    """Seal the chain heads and write the new root to the log, where it leaves the database."""
    with database.transaction(SYSTEM, source="clock") as tx:
        root = event_verify.seal(tx)
    log.info("event log sealed", root=root)


def forget_answers(database: Database, job: Job) -> None:
    """Delete stored answers to requests that nobody will repeat any more."""
    with database.transaction(SYSTEM, source="clock") as tx:
        idempotency.forget_before(tx, tx.real_now - ANSWERS_KEPT)
