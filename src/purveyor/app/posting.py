"""Judge the counts of an order anew and post the difference as movements, so that documents may come late and in any order.

What a receipt comes to is decided in core; here the decision is compared with what is posted, and only the rest is posted.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from purveyor.app import policy
from purveyor.app.erp_receipts import tell_erp
from purveyor.app.follow_up import recheck_completion, recheck_invoices
from purveyor.app.progress import items_of, progress_of_loaded, terms_for, units_of
from purveyor.app.ship import moved_events
from purveyor.core.ids import MovementId
from purveyor.core.order import PurchaseOrder
from purveyor.core.progress import ordered_at
from purveyor.core.promise import Promise
from purveyor.core.receiving import Announced, Judged, ReturnFor, judge
from purveyor.core.shipping import Movement, MovementKind, Place, in_transit
from purveyor.store import events, movements, receipts
from purveyor.store.db import Tx
from purveyor.store.receipts import KeptCount, Receipt


@dataclass(frozen=True, slots=True)
class PostedCount:
    """One count of one receipt as it is judged now."""

    receipt: Receipt
    count: KeptCount
    judged: Judged


def rejudge(tx: Tx, order: PurchaseOrder, places: Collection[Place], cause_id: UUID) -> list[PostedCount]:
    """Judge all counts of some places of a locked order and post what changed; ERP, matching and closing are told.

    ``cause_id`` names the receipt or decision that made it necessary; the ERP message of the posting carries it.
    """
    known = receipts.of_order(tx, order.id)
    moved = movements.of_order(tx, order.id)
    found = judged_now(tx, order, places)
    judged = {(each.receipt.id, each.count.number): each.judged for each in found}
    touched = set(places)
    fresh = [
        movement
        for receipt in known
        for count in receipt.counts
        if count.place in touched
        for movement in _differences(tx, order, receipt, count, judged.get((receipt.id, count.number)), moved, cause_id)
    ]
    movements.add(tx, order, fresh)
    receipts.save_judged(tx, [(each.receipt.id, each.count.number, each.judged) for each in found])
    events.append(tx, moved_events(order, fresh))
    tell_erp(tx, order, fresh, cause_id)
    recheck_invoices(tx, order.id)
    recheck_completion(tx, order.id)
    return found


def judged_now(tx: Tx, order: PurchaseOrder, places: Iterable[Place]) -> list[PostedCount]:
    """Judge all counts of some places with everything that is known, posting nothing."""
    known = receipts.of_order(tx, order.id)
    moved = movements.of_order(tx, order.id)
    found: list[PostedCount] = []
    for place in sorted(set(places), key=str):
        judged = {result.key: result for result in _judge(tx, order, place, known, moved)}
        found += [
            PostedCount(receipt, count, judged[receipt.key])
            for receipt in known
            for count in receipt.counts
            if count.place == place and receipt.key in judged
        ]
    return found


def _judge(tx: Tx, order: PurchaseOrder, place: Place, known: Sequence[Receipt], moved: Sequence[Movement]) -> tuple[Judged, ...]:
    line = order.line(place.line_no)
    assert line is not None
    items = items_of(tx, [order])
    ordered = ordered_at(line, units_of(line, items))[place]
    terms = terms_for(policy.current(tx), order, line, items)
    return judge(ordered, terms, receipts.counts_at(known, place), _announced(tx, order, place, moved))


def _announced(tx: Tx, order: PurchaseOrder, place: Place, moved: Sequence[Movement]) -> Announced:
    line = order.line(place.line_no)
    assert line is not None
    here = {part.schedule_no for part in line.schedules if part.ship_to == place.ship_to}
    progress = next(each for each in progress_of_loaded(tx, {order.id: order})[order.id] if each.line_no == place.line_no)
    return Announced(_last_day(progress.open_promises, here), in_transit(moved).get(place, Decimal(0)) > 0)


def _last_day(promised: Iterable[Promise], schedules: set[int]) -> date | None:
    days = [item.promised_delivery for item in promised if item.schedule_no in schedules and item.promised_delivery]
    return max(days, default=None)


def _wanted(count: KeptCount, result: Judged | None) -> Mapping[MovementKind, Decimal]:
    """What should be posted for a count as it is judged now; nothing for one that a later revision replaced."""
    if result is None:
        return {}
    if count.quantity < 0:
        credited = -count.quantity if count.return_for is ReturnFor.CREDIT else Decimal(0)
        return {MovementKind.RETURNED: -count.quantity, MovementKind.CREDITED: credited}
    taken = {MovementKind.ACCEPTED: result.accepted, MovementKind.REJECTED: result.rejected}
    return {**taken, MovementKind.CREDITED: min(count.credited, result.rejected)}


_POSTED = (MovementKind.ACCEPTED, MovementKind.REJECTED, MovementKind.RETURNED, MovementKind.CREDITED)


def _differences(
    tx: Tx,
    order: PurchaseOrder,
    receipt: Receipt,
    count: KeptCount,
    result: Judged | None,
    moved: Sequence[Movement],
    cause_id: UUID,
) -> list[Movement]:
    own = [item for item in moved if item.document_id == receipt.id and item.place == count.place]
    wanted = _wanted(count, result)
    fresh = []
    for kind in _POSTED:
        posted = sum((item.quantity for item in own if item.kind is kind), Decimal(0))
        rest = wanted.get(kind, Decimal(0)) - posted
        if rest:
            fresh.append(_movement(tx, order, receipt, count.place, kind, rest, cause_id))
    ends = receipt.ends_shipment and receipt.notice is not None and result is not None and not result.held
    if ends and all(item.kind is not MovementKind.SHIPMENT_ENDED for item in own):
        fresh.append(_movement(tx, order, receipt, count.place, MovementKind.SHIPMENT_ENDED, Decimal(0), cause_id))
    return fresh


def _movement(
    tx: Tx, order: PurchaseOrder, receipt: Receipt, place: Place, kind: MovementKind, quantity: Decimal, cause_id: UUID
) -> Movement:
    return Movement(
        id=MovementId(tx.new_id()),
        order_id=order.id,
        place=place,
        kind=kind,
        quantity=quantity,
        moved_at=receipt.counted_at,
        document_id=receipt.id,
        cause_id=cause_id,
        notice=receipt.notice,
    )
