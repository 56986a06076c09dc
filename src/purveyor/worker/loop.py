"""Run a worker: take jobs as they are committed, keep a heartbeat, stop gently, and survive a database restart.

A loop that ends by itself ends the worker: half a worker that looks alive is worse than none, which somebody starts again.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any, Final

import structlog
from opentelemetry.trace import Span, SpanKind
from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy
from procrastinate.exceptions import ConnectorException

from purveyor.core.access import SYSTEM
from purveyor.core.errors import PurveyorError
from purveyor.settings import Settings
from purveyor.spans import Facts, span
from purveyor.store import jobs
from purveyor.store.db import Database
from purveyor.store.jobs import QUEUE, Job, Registry
from purveyor.worker.sweep import promote, surviving, sweep

log = structlog.get_logger("purveyor.worker")

EXTRA_THREADS: Final = 4
RECONNECT_SECONDS: Final = 1


def run_worker(database: Database, settings: Settings, registry: Registry) -> None:
    """Work until told to stop (SIGINT, SIGTERM); jobs in hand get ``graceful_stop_seconds``, the sweep takes the rest."""
    asyncio.run(Worker(database, settings, registry).run_until_stopped())


def work_off(database: Database, settings: Settings, registry: Registry) -> None:
    """Do everything that can be done now, then return: due timers, queued jobs, and what those queue in turn."""
    worker = Worker(database, settings, registry)
    while True:
        asyncio.run(worker.run_until_idle())
        if not promote(database):
            return


def _traced(job: Job) -> AbstractContextManager[Span]:
    """Open the span of a job: part of the trace that asked for it; a later try only points back to that."""
    facts: Facts = {"job.kind": job.kind, "job.attempt": job.attempt, "correlation": str(job.correlation_id or "")}
    if job.attempt > 1 or job.looks_back_to:
        return span(f"job {job.kind}", SpanKind.CONSUMER, facts, link=job.looks_back_to or job.traceparent)
    return span(f"job {job.kind}", SpanKind.CONSUMER, facts, parent=job.traceparent)


class LoopDied(PurveyorError):
    """A part of this worker ended by itself, so the whole worker ends; the reason is in its log. Start it again."""

    code = "worker_loop_died"


class Worker:
    """One worker process: the engine's loop, the timer loop and the sweep."""

    def __init__(self, database: Database, settings: Settings, registry: Registry) -> None:
        self.database = database
        self.settings = settings
        self.registry = registry
        self.stopping = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    def request_stop(self) -> None:
        """Ask the worker to stop gently; may be called from any thread."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.stopping.set)

    async def run_until_stopped(self) -> None:
        """Run all loops; a stop request lets running jobs finish for a while, then ends the process.

        Raises LoopDied when one of them ended by itself.
        """
        self._loop = loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(self.settings.worker_concurrency + EXTRA_THREADS))
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self.stopping.set)
        loops = [
            asyncio.create_task(self._work()),
            asyncio.create_task(self._every(self.settings.timer_seconds, lambda: promote(self.database))),
            asyncio.create_task(
                self._every(self.settings.sweep_seconds, lambda: sweep(self.database, self.settings, self.registry))
            ),
        ]
        asked = asyncio.create_task(self.stopping.wait())
        ended, _ = await asyncio.wait([asked, *loops], return_when=asyncio.FIRST_COMPLETED)
        died = [task for task in loops if task in ended and not self.stopping.is_set()]
        for task in died:
            log.error("a loop of this worker died", reason=repr(task.exception()), exc_info=task.exception())
        self.stopping.set()
        log.info("stopping", seconds_for_running_jobs=str(self.settings.graceful_stop_seconds))
        for task in loops:
            task.cancel()
        _, unfinished = await asyncio.wait(loops, timeout=int(self.settings.graceful_stop_seconds) + 2)
        if unfinished:  # a thread cannot be stopped; its job is taken up by another worker's sweep
            log.warning("stopped with jobs unfinished")
            os._exit(1)
        if died:
            raise LoopDied

    async def run_until_idle(self) -> None:
        """Run jobs until none is left that could run now; one at a time, so that what the last one queues is seen too."""
        app = self._engine()
        async with app.open_async():
            await app.run_worker_async(**{**self._options(), "concurrency": 1}, wait=False, listen_notify=False)

    async def _work(self) -> None:
        """Run the engine's worker; when the database goes away, come back as a new worker."""
        while not self.stopping.is_set():
            app = self._engine()
            try:
                async with app.open_async():
                    log.info("worker ready", kinds=len(self.registry.tasks))
                    await app.run_worker_async(**self._options())
            except ConnectorException as error:
                log.warning("database away", reason=str(error.__cause__ or error))
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _every(self, seconds: Decimal, step: Callable[[], object]) -> None:
        while not self.stopping.is_set():
            await asyncio.to_thread(surviving, step)
            await asyncio.sleep(float(seconds))

    def _options(self) -> dict[str, Any]:
        return {
            "queues": [QUEUE],
            "concurrency": self.settings.worker_concurrency,
            "fetch_job_polling_interval": float(self.settings.poll_seconds),
            "shutdown_graceful_timeout": float(self.settings.graceful_stop_seconds),
            "update_heartbeat_interval": float(self.settings.heartbeat_seconds),
            "stalled_worker_timeout": float(self.settings.stalled_seconds),
            "delete_jobs": "successful",
            "install_signal_handlers": False,
        }

    def _engine(self) -> App:
        """Build the engine's application with one task per registered kind."""
        connector = PsycopgConnector(conninfo=self.database.url, min_size=1, max_size=4, timeout=5)
        app = App(connector=connector)
        retries = self.settings.job_attempts - 1
        again: bool | RetryStrategy = RetryStrategy(max_attempts=retries, exponential_wait=2) if retries else False
        for kind in self.registry.tasks:
            task = app.task(name=kind, queue=QUEUE, pass_context=True, retry=again)(self._run_job)
            if kind in self.registry.periodic:
                app.periodic(cron=self.registry.periodic[kind])(task)
        return app

    def _run_job(self, context: JobContext, /, *_: object, **__: object) -> None:
        """Run one job in a thread; the last failed attempt is handed to ``give_up`` before it is marked failed."""
        job = jobs.from_engine(context.job)
        marks = structlog.contextvars.bound_contextvars(
            job=job.id, kind=job.kind, key=job.key, attempt=job.attempt, correlation=str(job.correlation_id or "")
        )
        with _traced(job), marks:
            try:
                self.registry.task(job.kind)(self.database, job)
            except Exception as error:
                log.warning("job failed", attempt=job.attempt, reason=f"{type(error).__name__}: {error}")
                if job.attempt >= self.settings.job_attempts:
                    with self.database.transaction(SYSTEM, correlation_id=job.correlation_id, source="job") as tx:
                        self.registry.give_up(tx, job, f"{type(error).__name__}: {error}")
                raise
