"""Jobs: work that starts when the transaction that asked for it commits, run by any worker on any machine.

The job engine stands behind this page and nothing of it leaks out. A job is plumbing: its payload is ids only, every task can
run twice, and what the business must remember lives in messages, timers and events.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from procrastinate import SyncPsycopgConnector
from procrastinate import jobs as engine
from procrastinate.manager import JobManager
from procrastinate.sql import queries
from sqlalchemy import text

from purveyor.core.access import SYSTEM, Actor, ActorKind
from purveyor.core.errors import PurveyorError
from purveyor.spans import traceparent
from purveyor.store.db import Database, Tx, driver_connection

QUEUE: Final = "purveyor"
PAYLOAD_SCHEMA: Final = 1
JOBS_PER_STATEMENT: Final = 1000

_ENGINE: Final = SyncPsycopgConnector()
_JOBS: Final = JobManager(_ENGINE)


class UnknownJobKind(PurveyorError):
    """No task is registered for this kind of job; a newer version of the product may have queued it."""

    code = "unknown_job_kind"


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to be queued. Jobs with the same ``key`` (a document's id) never run at the same time; empty = no lock.

    ``looks_back_to``: the trace that once asked for this work; by default the job continues the trace that queues it.
    """

    kind: str
    key: str
    payload: Mapping[str, str] = field(default_factory=dict)
    priority: int = 0
    looks_back_to: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job as a task gets it. ``attempt`` counts from 1; ``asked_by`` is who acted when the job was queued.

    ``traceparent`` continues the trace of whoever asked; ``looks_back_to`` is a trace that ended long ago.
    """

    id: int
    kind: str
    key: str
    payload: Mapping[str, str]
    attempt: int = 1
    asked_by: Actor = SYSTEM
    correlation_id: UUID | None = None
    traceparent: str = ""
    looks_back_to: str = ""


Task = Callable[[Database, Job], None]
GiveUp = Callable[[Tx, Job, str], None]


def no_one_to_tell(tx: Tx, job: Job, problem: str) -> None:
    """The default of ``Registry.give_up``: the failed job stays in the engine's table and in the log of the worker."""


@dataclass(slots=True)
class Registry:
    """Which function does which kind of job, which kinds are started by the clock, and who hears of those given up.

    ``give_up`` is called once, inside a transaction, when a job's attempts are used up.
    """

    give_up: GiveUp = no_one_to_tell
    tasks: dict[str, Task] = field(default_factory=dict)
    periodic: dict[str, str] = field(default_factory=dict)

    def add(self, kind: str, task: Task, *, cron: str | None = None) -> None:
        """Register a task; with ``cron`` (five fields, real time, UTC) it is also started by the clock."""
        if kind in self.tasks:
            raise ValueError(f"job kind {kind} is registered twice")
        self.tasks[kind] = task
        if cron is not None:
            self.periodic[kind] = cron

    def task(self, kind: str) -> Task:
        """Return the function for a kind; raises UnknownJobKind."""
        if kind not in self.tasks:
            raise UnknownJobKind(kind=kind)
        return self.tasks[kind]


def enqueue(tx: Tx, kind: str, key: str, payload: Mapping[str, str] | None = None, priority: int = 0) -> int:
    """Queue a job that workers see when the transaction commits; return its id. Higher priorities run first."""
    return enqueue_many(tx, [NewJob(kind, key, payload or {}, priority)])[0]


def enqueue_many(tx: Tx, jobs: Sequence[NewJob]) -> list[int]:
    """Queue many jobs in few statements; return their ids in the same order."""
    ids: list[int] = []
    for start in range(0, len(jobs), JOBS_PER_STATEMENT):
        batch = [_to_engine(tx, job) for job in jobs[start : start + JOBS_PER_STATEMENT]]
        queued = _JOBS.batch_defer_jobs(batch, connection=driver_connection(tx))
        ids += [job.id for job in queued if job.id is not None]
    return ids


def cancel(tx: Tx, job_id: int) -> bool:
    """Take back a job that no worker has begun; say whether that succeeded."""
    return _JOBS.cancel_job_by_id(job_id, delete_job=True, connection=driver_connection(tx))


def status(tx: Tx, job_id: int) -> str | None:
    """Return todo, doing, succeeded, failed, cancelled or aborted; None when the job is gone (done or taken back)."""
    query = text("SELECT CAST(status AS text) FROM procrastinate_jobs WHERE id = :id")
    return tx.conn.execute(query, {"id": job_id}).scalar_one_or_none()


def counts(tx: Tx) -> dict[str, int]:
    """Return how many jobs stand in each status (for health pages)."""
    query = text("SELECT CAST(status AS text), count(*) FROM procrastinate_jobs GROUP BY 1")
    return {row[0]: row[1] for row in tx.conn.execute(query)}


def free_stalled(tx: Tx, *, stalled_seconds: float, attempts: int, give_up: GiveUp) -> tuple[int, int]:
    """Take jobs back from dead workers: queue them again, or give them up when ``attempts`` are used up.

    Returns how many were queued again and given up; (0, 0) when another worker is sweeping at this moment.
    """
    if not tx.conn.execute(text("SELECT pg_try_advisory_xact_lock(hashtext('purveyor sweep'))")).scalar_one():
        return 0, 0
    connection = driver_connection(tx)
    stalled = _ENGINE.execute_query_all_with_connection(
        connection,
        queries["select_stalled_jobs_by_heartbeat"],
        seconds_since_heartbeat=stalled_seconds,
        queue=QUEUE,
        task_name=None,
    )
    again = 0
    for row in stalled:
        if row["attempts"] + 1 < attempts:
            connection.execute(queries["retry_job"].encode(), _retry_at_once(row["id"]))
            again += 1
        else:
            give_up(tx, from_engine(engine.Job.from_row(row)), "the worker died again and again while doing this")
            connection.execute(queries["finish_job"].encode(), {"job_id": row["id"], "status": "failed", "delete_job": False})
    return again, len(stalled) - again


def forget_old_failures(tx: Tx, days: int) -> None:
    """Delete failed and cancelled jobs that ended long ago; what mattered about them stands elsewhere."""
    arguments = {"nb_hours": days * 24, "queue": QUEUE, "statuses": ["failed", "cancelled", "aborted"]}
    driver_connection(tx).execute(queries["delete_old_jobs"].encode(), arguments)


def from_engine(job: engine.Job) -> Job:
    """Turn the engine's job into ours; payloads of older schemas are still understood."""
    arguments: dict[str, Any] = dict(job.task_kwargs)
    asked_by = arguments.get("asked_by", {})
    return Job(
        id=job.id or 0,
        kind=job.task_name,
        key=arguments.get("key", ""),
        payload=arguments.get("payload", {}),
        attempt=job.attempts + 1,
        asked_by=_actor(asked_by) if asked_by else SYSTEM,
        correlation_id=UUID(arguments["correlation_id"]) if arguments.get("correlation_id") else None,
        traceparent=arguments.get("traceparent", ""),
        looks_back_to=arguments.get("looks_back_to", ""),
    )


def _to_engine(tx: Tx, job: NewJob) -> engine.Job:
    arguments: dict[str, Any] = {
        "schema": PAYLOAD_SCHEMA,
        "key": job.key,
        "payload": dict(job.payload),
        "correlation_id": str(tx.correlation_id),
        "asked_by": _actor_json(tx.actor),
        **_trace(job),
    }
    return engine.Job(
        id=None,
        queue=QUEUE,
        lock=job.key or None,
        queueing_lock=None,
        task_name=job.kind,
        priority=job.priority,
        task_kwargs=arguments,
    )


def _trace(job: NewJob) -> dict[str, str]:
    """Workers of older versions ignore these members, jobs they queued lack them: the schema stays the same."""
    named = {"looks_back_to": job.looks_back_to} if job.looks_back_to else {"traceparent": traceparent()}
    return {name: value for name, value in named.items() if value}


def _retry_at_once(job_id: int) -> dict[str, Any]:
    return {"job_id": job_id, "retry_at": None, "new_priority": None, "new_queue_name": None, "new_lock": None}


def _actor_json(actor: Actor) -> dict[str, str]:
    known = {"kind": actor.kind.value, "id": actor.id, "supplier_id": actor.supplier_id, "person": actor.person_key}
    return {name: str(value) for name, value in known.items() if value is not None}


def _actor(stored: Mapping[str, str]) -> Actor:
    """Rebuild who asked: the identity for the log, never the rights (tasks act as the product)."""
    return Actor(
        ActorKind(stored["kind"]),
        UUID(stored["id"]) if "id" in stored else None,
        stored.get("person"),
        supplier_id=UUID(stored["supplier_id"]) if "supplier_id" in stored else None,
    )
