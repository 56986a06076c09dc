"""Housekeeping that the clock starts: the daily seal of the event log, and forgetting what has served its time."""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from purveyor.core.access import SYSTEM
from purveyor.settings import Settings
from purveyor.store import event_verify, retention, witness
from purveyor.store.db import Database
from purveyor.store.jobs import Job

log = structlog.get_logger("purveyor.worker")


class Housekeeping:
    """The daily tasks of one worker."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.data_dir
        self._days: Mapping[str, int] = {
            "answers": settings.answer_days,
            "sessions": settings.session_days,
            "links": settings.link_days,
            "attempts": settings.attempt_days,
            "bodies": settings.inbox_body_days,
        }

    def seal_log(self, database: Database, job: Job) -> None:
        """Seal the chain heads, write the new root to the log, where it leaves the database, and remember it on this machine."""
        with database.transaction(SYSTEM, source="clock") as tx:
            regression = witness.observe(tx, self._folder)
            root = event_verify.seal(tx)
        if regression is not None:
            log.error("the event log lost what this machine has seen of it", found=str(regression))
        log.info("event log sealed", root=root)
        with database.read(SYSTEM, source="clock") as tx:
            witness.observe(tx, self._folder)

    def forget(self, database: Database, job: Job) -> None:
        """Delete what is past its time, kind by kind, in transactions of a few thousand rows; never events."""
        for kind in retention.KINDS:
            gone = 0
            while True:
                with database.transaction(SYSTEM, source="clock") as tx:
                    some = retention.forget_some(tx, kind, self._days[kind])
                gone += some
                if some < retention.ROWS_AT_ONCE:
                    break
            if gone:
                log.info("forgotten", what=kind, rows=gone)
