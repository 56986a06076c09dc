"""The history checker: after a bad day every order is finished or somebody's, nothing is doubled, and the event log is whole.

It reads both sides: what our database says happened, and what ERP, suppliers and warehouse hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text

from purveyor.app.progress import progress_of
from purveyor.connectors.erp.memory.ledger import Ledger, Posting
from purveyor.core.access import SYSTEM
from purveyor.core.erp_records import Entity, ErpOrder
from purveyor.core.events.base import Ref
from purveyor.core.ids import OrderId
from purveyor.core.lifecycle import ENDED, Status
from purveyor.core.messaging import MessageKind
from purveyor.core.order import PurchaseOrder
from purveyor.core.shipping import MovementKind
from purveyor.store import approvals, cases, events, inbox, invoices, messages, movements, orders, receipts, timers
from purveyor.store.cases import CaseFilter
from purveyor.store.db import Database, Tx
from purveyor.store.event_verify import verify
from tests.chaos.flow import SUPPLIER, Partners

ONCE = ("order.drafted", "order.closed", "order.cancelled")
"""Events that an order can have at most once."""


def assert_whole(database: Database, ledger: Ledger, partners: Partners) -> None:
    """Fail with every fault found."""
    found = faults(database, ledger, partners)
    assert not found, "\n".join(found)


def faults(database: Database, ledger: Ledger, partners: Partners) -> list[str]:
    """Return everything that was lost, doubled or left to nobody, one sentence each."""
    with database.read(SYSTEM) as tx:
        known = _all_orders(tx)
        found = [fault for order in known for fault in _faults_of(tx, order, ledger)]
        found += _doubled_in_erp(ledger)
        found += _doubled_outside(known, partners)
        found += _left_behind(tx)
        result = verify(tx)
    if result.broken is not None:
        found.append(f"the event log is broken: {result.broken}")
    return found


def _all_orders(tx: Tx) -> list[PurchaseOrder]:
    ids = [OrderId(found) for found in tx.conn.scalars(text("SELECT id FROM purchase_order"))]
    return list(orders.get_many(tx, ids).values())


def _faults_of(tx: Tx, order: PurchaseOrder, ledger: Ledger) -> Iterator[str]:
    if order.status not in ENDED and not _owned(tx, order):
        yield f"{order.order_ref} is {order.status} and belongs to nobody"
    told = Counter(event.type for event in events.read_stream(tx, Ref("order", order.id)))
    yield from (f"{order.order_ref} has {told[type_]} events {type_}" for type_ in ONCE if told[type_] > 1)
    if told["order.drafted"] != 1:
        yield f"{order.order_ref} has no event of its beginning"
    issued = [event for event in events.read_stream(tx, Ref("order", order.id)) if event.type == "order.issued"]
    if len({event.payload["version"] for event in issued}) < len(issued):
        yield f"a version of {order.order_ref} was issued twice"
    if order.first_issued_version is not None:
        yield from _goods(tx, order)
        yield from _in_erp(tx, order, ledger)


def _owned(tx: Tx, order: PurchaseOrder) -> bool:
    """Somebody has it: a person (exception, approval), the clock (timer), a message or job on its way, or the supplier."""
    chain = approvals.in_force(tx, order.id)
    step = chain.open_step if chain is not None and order.status is Status.PENDING_APPROVAL else None
    return bool(
        cases.listed(tx, CaseFilter(order_id=order.id), limit=1)
        or (step is not None and step.holder is not None)
        or timers.timers_of(tx, "order", order.id)
        or any(message.state in ("ready", "leased") for message in messages.of_order(tx, order.id))
        or _has_job(tx, order.id)
        or order.hold is not None
        or (order.status is Status.ACKNOWLEDGED and _awaited(tx, order))
    )


def _has_job(tx: Tx, order_id: UUID) -> bool:
    query = text("SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND lock = :key")
    return bool(tx.conn.execute(query, {"key": str(order_id)}).scalar_one())


def _awaited(tx: Tx, order: PurchaseOrder) -> bool:
    """Goods or a bill are still to come: that is the supplier's turn."""
    lines = progress_of(tx, [order.id])[order.id]
    return any(line.accepted < line.ordered or line.invoiced < line.accepted for line in lines)


def _goods(tx: Tx, order: PurchaseOrder) -> Iterator[str]:
    """Movements are the sum of the documents behind them, and nothing is taken in or billed beyond what was ordered here."""
    moved = movements.of_order(tx, order.id)
    total = {kind: sum((item.quantity for item in moved if item.kind is kind), Decimal(0)) for kind in MovementKind}
    counted = [count for receipt in receipts.of_order(tx, order.id) for count in receipt.counts]
    if total[MovementKind.ACCEPTED] > sum((count.quantity for count in counted), Decimal(0)):
        yield f"{order.order_ref}: more was taken in than was counted"
    lines = progress_of(tx, [order.id])[order.id]
    ordered = sum((place.ordered - place.short for line in lines for place in line.places), Decimal(0))
    if order.status is Status.CLOSED and total[MovementKind.ACCEPTED] != ordered:
        yield f"{order.order_ref} is closed with {total[MovementKind.ACCEPTED]} of {ordered}"
    live = [bill for bill in invoices.of_orders(tx, [order.id]) if bill.is_live]
    if total[MovementKind.INVOICED] and len(live) != 1:
        yield f"{order.order_ref} has {len(live)} bills that count"


def _in_erp(tx: Tx, order: PurchaseOrder, ledger: Ledger) -> Iterator[str]:
    """The ERP holds the order once, and what was posted there is what was posted here, once."""
    there = [one for one in _erp_orders(ledger) if one.order_ref == order.order_ref and one.status.confirmed]
    if len(there) != 1:
        yield f"{order.order_ref} is confirmed {len(there)} times in the ERP"
        return
    waiting = {message.kind for message in messages.of_order(tx, order.id) if message.state != "done"}
    [held] = there
    lines = progress_of(tx, [order.id])[order.id]
    ours = sum((line.accepted for line in lines), Decimal(0))
    theirs = sum((line.quantity_received for line in held.lines), Decimal(0))
    if theirs > ours or (theirs != ours and MessageKind.ERP_RECEIPT not in waiting):
        yield f"{order.order_ref}: {ours} taken in here, {theirs} in the ERP"
    billed = sum((line.invoiced for line in lines), Decimal(0))
    billed_there = sum((line.quantity_invoiced for line in held.lines), Decimal(0))
    if billed_there > billed or (order.status is Status.CLOSED and billed_there != billed and not waiting):
        yield f"{order.order_ref}: {billed} billed here, {billed_there} in the ERP"


def _erp_orders(ledger: Ledger) -> list[ErpOrder]:
    return [record for record in ledger.records(Entity.ORDER) if isinstance(record, ErpOrder)]


def _doubled_in_erp(ledger: Ledger) -> list[str]:
    found = []
    for entity in (Entity.RECEIPT, Entity.INVOICE):
        postings = [record for record in ledger.records(entity) if isinstance(record, Posting)]
        times = Counter(posting.reference for posting in postings)
        found += [f"{entity} {reference} is posted {count} times" for reference, count in times.items() if count > 1]
    return found


def _doubled_outside(known: Sequence[PurchaseOrder], partners: Partners) -> list[str]:
    """A supplier sees one identity per version of an order, whatever channel it took; the warehouse one receipt per order."""
    found = []
    seen: dict[tuple[str, str], set[str]] = {}
    for document in partners.suppliers.taken(SUPPLIER):
        data = document["data"]
        assert isinstance(data, dict)
        if document["type"] == "order.sent":
            seen.setdefault((str(data["order_ref"]), str(data["version"])), set()).add(str(document["message_id"]))
    for mail in partners.mailbox.mails:
        reference = str(mail.message["Subject"])
        if reference.startswith("Purchase order "):
            order_ref = reference.split()[2]
            version = mail.text.partition("version ")[2].split()[0]
            seen.setdefault((order_ref, version), set()).add(str(mail.message["X-Purveyor-Message"]))
    found += [f"{key} went out under {len(ids)} identities" for key, ids in seen.items() if len(ids) > 1]
    for order in known:
        told = [key for key in partners.warehouse.expected if key.startswith(f"{order.order_ref}-")]
        if len(told) > 1:
            found.append(f"{order.order_ref} is expected {len(told)} times")
    return found


def _left_behind(tx: Tx) -> list[str]:
    """Nothing is stuck in the machinery, and no exception is nobody's."""
    found = [f"a job is {row.status}: {row.task_name}" for row in tx.conn.execute(_STUCK_JOBS)]
    found += [f"message {row.id} ({row.kind}) is {row.state}" for row in tx.conn.execute(_STUCK_MESSAGES)]
    found += [f"{entry.document.kind} {entry.document.external_id} was never applied" for entry in inbox.waiting(tx)]
    found += [f"exception {case.type} of {case.subject} has no owner" for case in cases.cases_without_owner(tx)]
    for message in messages.dead(tx):
        if not cases.listed(tx, CaseFilter(order_id=OrderId(message.about.order_id)) if message.about.order_id else None):
            found.append(f"dead message {message.kind} belongs to nobody")
    return found


_STUCK_JOBS = text("SELECT status, task_name FROM procrastinate_jobs WHERE status IN ('doing', 'failed')")
_STUCK_MESSAGES = text("SELECT id, kind, state FROM message WHERE state = 'leased'")
