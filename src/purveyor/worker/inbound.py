"""Read what happened in the ERPs: master data and stock first, then orders, then what was deleted.

Each page is read outside any transaction and taken over in one, together with the feed's position; a page that comes twice
changes nothing. A feed that cannot be read or taken over costs a note on it and nothing else: the others go on, and the next
reading tries it again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import structlog

from purveyor.app import intake, masters
from purveyor.app.intake import MOST_AT_ONCE
from purveyor.app.quarantine import PULL_JOB
from purveyor.connectors.contract import ConnectorError
from purveyor.connectors.erp.contract import Cursor, Page
from purveyor.core.access import SYSTEM
from purveyor.core.erp_records import MASTERS, Entity, ErpOrder
from purveyor.core.ids import ErpInstance
from purveyor.store import feeds, jobs, orders
from purveyor.store.db import Database, Tx
from purveyor.store.jobs import Job
from purveyor.worker.connections import Connections, ErpConnection

log = structlog.get_logger("purveyor.worker")

PULL_ALL_JOB: Final = "erp_pull_all"
PULLED: Final = (*MASTERS, Entity.STOCK, Entity.DEMAND, Entity.ORDER)
MASTERS_AT_ONCE: Final = 500


class Inbound:
    """The reading tasks of one worker."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def pull_all(self, database: Database, job: Job) -> None:
        """Queue one reading of everything per ERP."""
        with database.transaction(SYSTEM, correlation_id=job.correlation_id, source="job") as tx:
            for instance in self._connections.erps:
                jobs.enqueue(tx, PULL_JOB, f"{instance}:pull", {"erp": instance})

    def pull(self, database: Database, job: Job) -> None:
        """Read one feed of an ERP, or all of them; ``restart`` reads a feed from its beginning."""
        connection = self._connections.erps.get(ErpInstance(job.payload["erp"]))
        if connection is None:
            log.warning("no such ERP", erp=job.payload["erp"])
            return
        wanted = (Entity(job.payload["entity"]),) if "entity" in job.payload else PULLED
        if job.payload.get("restart") == "1":
            with database.transaction(SYSTEM, source="job") as tx:
                for entity in wanted:
                    feeds.move(tx, connection.instance, entity, "", complete=False)
        failed = [error for entity in wanted if (error := read_noting(database, connection, entity).error) is not None]
        for error in failed:
            if not isinstance(error, ConnectorError):
                raise error

    def read_order(self, database: Database, job: Job) -> None:
        """Read one order of an ERP again and judge it by its content; ``again`` submits a draft even when nothing changed."""
        connection = self._connections.erps[ErpInstance(job.payload["erp"])]
        record = connection.connector.get_order(job.payload["external_id"])
        with database.transaction(SYSTEM, correlation_id=job.correlation_id, source=connection.instance) as tx:
            if record is None:
                intake.receive_deleted(tx, connection.instance, [job.payload["external_id"]])
            else:
                intake.receive(tx, connection.instance, [record], again=job.payload.get("again") == "1")


@dataclass(frozen=True, slots=True)
class Reading:
    """How many records a feed brought, and what kept it from being read to its end."""

    came: int = 0
    error: Exception | None = None


def read_noting(database: Database, connection: ErpConnection, entity: Entity) -> Reading:
    """Read a feed to its end and settle what was deleted; a failure is noted on the feed and handed back, whatever it is."""
    try:
        came = read_feed(database, connection, entity)
        if entity is Entity.ORDER:
            find_deleted(database, connection)
    except Exception as error:
        problem = error.message if isinstance(error, ConnectorError) else f"{type(error).__name__}: {error}"
        log.warning("feed not read", erp=connection.instance, entity=entity, reason=problem)
        with database.transaction(SYSTEM, source="job") as tx:
            feeds.failed(tx, connection.instance, entity, problem)
        return Reading(error=error)
    return Reading(came)


def read_feed(database: Database, connection: ErpConnection, entity: Entity) -> int:
    """Read a feed from its position to its end, page by page; return how many records came. Raises ConnectorError."""
    erp = connection.instance
    with database.read(SYSTEM) as tx:
        cursor = Cursor.from_text(feeds.position(tx, erp, entity))
    limit = MOST_AT_ONCE if entity is Entity.ORDER else MASTERS_AT_ONCE
    came = 0
    while True:
        page = connection.connector.pull(entity, cursor, limit)
        with database.transaction(SYSTEM, source=erp) as tx:
            _take(tx, erp, entity, page)
        came += len(page.records)
        cursor = page.cursor
        if page.complete:
            return came


def _take(tx: Tx, erp: ErpInstance, entity: Entity, page: Page) -> None:
    if entity is Entity.ORDER:
        intake.receive(tx, erp, [record for record in page.records if isinstance(record, ErpOrder)])
    else:
        if page.records:
            masters.receive(tx, erp, entity, page.records, as_of=page.as_of)
        if page.complete:
            masters.up_to_date(tx, erp, entity, page.as_of)
    feeds.move(tx, erp, entity, page.cursor.to_text(), complete=page.complete)


def find_deleted(database: Database, connection: ErpConnection) -> None:
    """Ask which orders the ERP holds, and settle ours that are gone there: deletions leave no trace in a feed.

    Ours are read first: an order that comes in while the ERP makes its list cannot be on it yet.
    """
    with database.read(SYSTEM) as tx:
        ours = orders.open_erp_ids(tx, connection.instance)
    missing = sorted(ours - connection.connector.reconcile(Entity.ORDER))
    if missing:
        with database.transaction(SYSTEM, source=connection.instance) as tx:
            intake.receive_deleted(tx, connection.instance, missing)
