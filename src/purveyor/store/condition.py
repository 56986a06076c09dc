"""How the installation is doing, in figures the database knows: schema, jobs, workers, interfaces, feeds.

Everything here is counted when it is asked for, so every process tells the same; nothing names a document. Windows end now:
one hour and one day, because rows are forgotten after a while and counts of rows never only grow.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import text

from purveyor.core.messaging import ERP_CHANNEL, WMS_CHANNEL
from purveyor.store.db import Tx
from purveyor.store.jobs import QUEUE

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
INBOUND: Final = "inbound"

_JOBS: Final = text(
    """
    SELECT (SELECT version_num FROM alembic_version) AS revision,
           (SELECT count(*) FROM procrastinate_jobs j WHERE j.queue_name = :queue AND j.status = 'todo') AS waiting,
           (SELECT count(*) FROM procrastinate_jobs j WHERE j.queue_name = :queue AND j.status = 'doing') AS running,
           (SELECT count(*) FROM procrastinate_jobs j WHERE j.queue_name = :queue AND j.status = 'failed') AS failed,
           (SELECT count(*) FROM procrastinate_jobs j LEFT JOIN procrastinate_workers w ON w.id = j.worker_id
             WHERE j.queue_name = :queue AND j.status = 'doing'
               AND coalesce(w.last_heartbeat, '-infinity') < :alive_since) AS stalled,
           (SELECT count(*) FROM procrastinate_workers w WHERE w.last_heartbeat >= :alive_since) AS workers,
           (SELECT greatest(j.scheduled_at, (SELECT max(e.at) FROM procrastinate_events e
                                              WHERE e.job_id = j.id AND e.type IN ('deferred', 'deferred_for_retry')))
              FROM procrastinate_jobs j
             WHERE j.queue_name = :queue AND j.status = 'todo' AND (j.scheduled_at IS NULL OR j.scheduled_at <= :now)
             ORDER BY j.id LIMIT 1) AS oldest
    """
)

_OPEN: Final = text(
    """
    SELECT m.channel, CASE m.channel WHEN 'erp' THEN m.partner_key ELSE '' END AS partner,
           'pending' AS state, count(*) AS documents, min(m.created_at) AS oldest
      FROM message m WHERE m.state IN ('ready', 'leased') GROUP BY 1, 2
    UNION ALL
    SELECT m.channel, CASE m.channel WHEN 'erp' THEN m.partner_key ELSE '' END, 'dead', count(*), min(m.created_at)
      FROM message m WHERE m.state = 'dead' GROUP BY 1, 2
    UNION ALL
    SELECT 'inbound', i.kind, 'pending', count(*), min(i.received_at) FROM inbox i WHERE i.applied_at IS NULL GROUP BY 1, 2
    """
)

_SENT: Final = text(
    """
    SELECT m.channel, CASE m.channel WHEN 'erp' THEN m.partner_key ELSE '' END AS partner,
           CASE a.outcome WHEN 'done' THEN 'delivered' WHEN 'dead' THEN 'dead' WHEN 'withdrawn' THEN 'withdrawn'
                          ELSE 'retried' END AS outcome,
           count(*) AS in_day, count(*) FILTER (WHERE a.started_at > :hour_ago) AS in_hour
      FROM message_attempt a JOIN message m ON m.id = a.message_id
     WHERE a.started_at > :day_ago AND a.outcome IS NOT NULL GROUP BY 1, 2, 3
    """
)

_CAME: Final = text(
    """
    SELECT 'inbound' AS channel, i.kind AS partner,
           CASE WHEN i.applied_at IS NULL THEN 'waiting'
                WHEN i.outcome IN ('STALE_VERSION', 'UNKNOWN_VERSION', 'ACKNOWLEDGMENT_EXCEEDS_ORDER') THEN 'rejected'
                ELSE 'accepted' END AS outcome,
           count(*) AS in_day, count(*) FILTER (WHERE i.received_at > :hour_ago) AS in_hour
      FROM inbox i WHERE i.received_at > :day_ago GROUP BY 1, 2, 3
    UNION ALL
    SELECT 'inbound', i.kind, 'received', count(*), count(*) FILTER (WHERE i.received_at > :hour_ago)
      FROM inbox i WHERE i.received_at > :day_ago GROUP BY 1, 2
    """
)


@dataclass(frozen=True, slots=True)
class Condition:
    """Schema, jobs and workers. ``oldest`` is how long the first job has been waiting for a worker (zero without one)."""

    revision: str
    waiting: int
    running: int
    failed: int
    stalled: int
    workers: int
    oldest: timedelta


@dataclass(frozen=True, slots=True)
class OpenDocuments:
    """What an interface still has to deliver (``pending``) or gave up (``dead``), and for how long the oldest of it waits."""

    interface: str
    state: str
    documents: int
    oldest: timedelta


@dataclass(frozen=True, slots=True)
class Traffic:
    """How many documents met an outcome on an interface within a window (``1h`` or ``24h``).

    Outbound attempts are delivered, retried, withdrawn or dead; inbound documents are received, and accepted or rejected.
    """

    interface: str
    outcome: str
    window: str
    documents: int


def condition(tx: Tx, stalled: timedelta) -> Condition:
    """Return how jobs and workers are doing; a worker that gave no sign for ``stalled`` counts as dead."""
    values = {"queue": QUEUE, "alive_since": tx.real_now - stalled, "now": tx.real_now}
    row = tx.conn.execute(_JOBS, values).one()
    oldest = timedelta(0) if row.oldest is None else tx.real_now - row.oldest
    return Condition(row.revision, row.waiting, row.running, row.failed, row.stalled, row.workers, oldest)


def open_documents(tx: Tx) -> list[OpenDocuments]:
    """Return what waits and what was given up, by interface."""
    found = []
    for row in tx.conn.execute(_OPEN):
        # Documents that come in carry business time, those that go out real time.
        now = tx.now if row.channel == INBOUND else tx.real_now
        age = max(now - row.oldest, timedelta(0))
        found.append(OpenDocuments(interface(row.channel, row.partner), row.state, row.documents, age))
    return found


def traffic(tx: Tx) -> Iterator[Traffic]:
    """Yield what happened on each interface within the last hour and the last day."""
    for query, now in ((_SENT, tx.real_now), (_CAME, tx.now)):
        for row in tx.conn.execute(query, {"hour_ago": now - HOUR, "day_ago": now - DAY}):
            for window, documents in (("1h", row.in_hour), ("24h", row.in_day)):
                yield Traffic(interface(row.channel, row.partner), row.outcome, window, documents)


def interface(channel: str, partner: str) -> str:
    """Name an interface: one for each ERP and kind of inbound document, one for each channel to suppliers and warehouses."""
    if channel in (ERP_CHANNEL, INBOUND):
        return f"{channel}:{partner}"
    return channel if channel == WMS_CHANNEL else f"supplier:{channel}"
