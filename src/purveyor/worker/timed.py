"""What timers start: reminders, escalations, ends of waits; and the follow-up jobs of a command.

A timer that was called off or set anew in the meantime fires nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import UUID

from purveyor.app import approve, cases, close, copies, issue, match, outbound, reminders
from purveyor.core.access import SYSTEM
from purveyor.core.cases import ExceptionType, OpenCase
from purveyor.core.errors import NotFound
from purveyor.core.ids import ExceptionCaseId, InvoiceId, MessageId, OrderId, StepId
from purveyor.store import approvals, invoices, orders, timers
from purveyor.store import cases as exceptions
from purveyor.store.db import Database, Tx
from purveyor.store.jobs import Job, Task


def in_transaction(act: Callable[[Tx, Job], object]) -> Task:
    """Make a task of one step on the database; its timer, if one started it, is taken out first.

    Orders are locked before that: whoever calls a timer off holds the lock of its order already.
    """

    def task(database: Database, job: Job) -> None:
        with database.transaction(SYSTEM, correlation_id=job.correlation_id, source="job") as tx:
            _lock_orders(tx, job)
            if timers.fire(tx, job):
                act(tx, job)

    return task


def _lock_orders(tx: Tx, job: Job) -> None:
    """Lock the orders a timer is about; one whose subject is gone has none."""
    if "subject_type" not in job.payload:
        return
    subject = UUID(job.payload["subject_id"])
    found: Sequence[OrderId]
    try:
        match job.payload["subject_type"]:
            case "order":
                found = [OrderId(subject)]
            case "approval_step":
                found = [approvals.get_by_step(tx, StepId(subject)).order_id]
            case "exception":
                order_id = exceptions.load(tx, ExceptionCaseId(subject)).subject.order_id
                found = [] if order_id is None else [order_id]
            case _:
                found = invoices.load(tx, InvoiceId(subject)).order_ids
    except NotFound:
        return
    orders.lock_many(tx, list(found))


def release(tx: Tx, job: Job) -> None:
    """Send an approved order on its way."""
    issue.release(tx, OrderId(UUID(job.payload["order_id"])))


def remind_approver(tx: Tx, job: Job) -> None:
    """Remind whoever holds an approval step."""
    approve.remind(tx, StepId(UUID(job.payload["subject_id"])))


def escalate_approval(tx: Tx, job: Job) -> None:
    """Give an approval step whose time ran out to the next in line."""
    approve.escalate(tx, StepId(UUID(job.payload["subject_id"])))


def escalate_exception(tx: Tx, job: Job) -> None:
    """Give an exception whose due time passed to the next role of its route."""
    cases.escalate(tx, ExceptionCaseId(UUID(job.payload["subject_id"])))


def chase_answer(tx: Tx, job: Job) -> None:
    """Remind a supplier who has not answered, or hand the order to a person."""
    due = job.payload.get("due_at")
    level = int(job.payload.get("level", "1"))
    reminders.remind(tx, OrderId(UUID(job.payload["subject_id"])), level, datetime.fromisoformat(due) if due else None)


def end_wait(tx: Tx, job: Job) -> None:
    """Match an invoice again whose wait for goods is over."""
    match.wait_over(tx, InvoiceId(UUID(job.payload["invoice_id"])))


def match_again(tx: Tx, job: Job) -> None:
    """Match the open invoices of an order again, probable copies among them."""
    copies.match_again(tx, OrderId(UUID(job.payload["order_id"])))


def close_order(tx: Tx, job: Job) -> None:
    """Close an order when nothing is open any more."""
    close.close_if_complete(tx, OrderId(UUID(job.payload["order_id"])))


def give_up(tx: Tx, job: Job, problem: str) -> None:
    """Hand a job that failed for good to a person: a message to its owner, anything else to IT."""
    if "message_id" in job.payload:
        outbound.give_up(tx, MessageId(UUID(job.payload["message_id"])), problem)
        return
    order_id = job.payload.get("order_id")
    cases.open_case(
        tx,
        OpenCase(
            type=ExceptionType.MESSAGE_FAILED,
            natural_key=f"job_failed:{job.kind}:{job.key}",
            summary=f"The background step {job.kind} failed {job.attempt} times: {problem[:300]}",
            order_id=OrderId(UUID(order_id)) if order_id else None,
            proposed_resolution="replay",
        ),
    )
