"""Ask the models about an order: read what the gate saw, compute outside any transaction, put the answer on record.

May run twice, late or in any order: what is on record stays, and a suggestion about a version that is gone is settled at once.
"""

from __future__ import annotations

from uuid import UUID

from purveyor.advice import quantity
from purveyor.app import advise
from purveyor.core.access import ADVISORY, SYSTEM
from purveyor.core.advisory import questions
from purveyor.core.ids import OrderId
from purveyor.store import findings
from purveyor.store.db import Database
from purveyor.store.jobs import Job


def advise_about(database: Database, job: Job) -> None:
    """Ask about every line of the newest check of an order; the models' answers are recorded under their own role."""
    order_id = OrderId(UUID(job.payload["order_id"]))
    with database.read(SYSTEM, correlation_id=job.correlation_id, source="job") as tx:
        _, report = findings.newest(tx, order_id)
    said = [quantity.advise(question) for question in questions(report)]
    with database.transaction(ADVISORY, correlation_id=job.correlation_id, source="job") as tx:
        advise.record(tx, said)
    with database.transaction(SYSTEM, correlation_id=job.correlation_id, source="job") as tx:
        advise.settle_old(tx, order_id)
