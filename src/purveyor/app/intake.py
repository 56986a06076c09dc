"""Take orders in from an ERP: new drafts, drafts edited or deleted there, and what was placed or changed past the gate.

The same page twice, late or out of order ends in the same state, because records are judged by content. New and edited drafts
are checked at once; clean ones are submitted by themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from purveyor.app.approve import void_on_edit
from purveyor.app.cases import clear
from purveyor.app.clearance import submit_all
from purveyor.app.drift import drift_case, drift_event, drift_key
from purveyor.app.ending import end_with_order
from purveyor.app.erp_names import ErpNames, load_names
from purveyor.app.outbound import supersede
from purveyor.app.quarantine import block_order, hold_back
from purveyor.core.cases import ExceptionType
from purveyor.core.erp_records import Entity, ErpOrder
from purveyor.core.events.base import Event, Ref
from purveyor.core.events.order import OrderCancelled, OrderDrafted, OrderEdited, order_stream
from purveyor.core.ids import ErpInstance, OrderId
from purveyor.core.intake import (
    Drift,
    ErpState,
    NewOrder,
    OurState,
    decide,
    differences,
    erp_state,
    first_sight,
    order_from_record,
    our_state,
    read_again,
    take_over,
)
from purveyor.core.lifecycle import Status, Verb
from purveyor.core.messaging import MessageKind
from purveyor.core.order import PurchaseOrder, advance, content_changes
from purveyor.store import events, orders, stock, xref
from purveyor.store.db import Tx
from purveyor.store.stock import PastOrder
from purveyor.store.xref import Code

MOST_AT_ONCE: Final = 200
"""Orders per transaction: more would hold locks for too long."""

ERP_SOURCE: Final = "erp"


@dataclass(slots=True)
class IntakeResult:
    """What became of the records of a page, by our order ids; ``quarantined`` are ERP ids of records without an owner."""

    new: list[OrderId] = field(default_factory=list)
    edited: list[OrderId] = field(default_factory=list)
    deleted: list[OrderId] = field(default_factory=list)
    drifted: list[OrderId] = field(default_factory=list)
    unchanged: list[OrderId] = field(default_factory=list)
    ignored: int = 0
    quarantined: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Incoming:
    """A record beside what we know of it; ``order`` is the record in our terms."""

    record: ErpOrder
    known: PurchaseOrder | None
    order: PurchaseOrder
    meaning: Drift


def receive(
    tx: Tx, erp: ErpInstance, records: Sequence[ErpOrder], go_live: date | None = None, *, again: bool = False
) -> IntakeResult:
    """Take one page of at most 200 orders in; orders placed before ``go_live`` are history.

    ``again`` checks and submits drafts even when nothing changed, after the ERP refused a confirmation as out of date.
    Raises ValueError for a larger page.
    """
    if len(records) > MOST_AT_ONCE:
        raise ValueError(f"at most {MOST_AT_ONCE} orders at once")
    latest = {record.external_id: record for record in records}
    result = IntakeResult()
    names = load_names(tx, erp, list(latest.values()))
    incoming = _beside_known(tx, erp, names, list(latest.values()), go_live, result)
    _take_history(tx, erp, names, [one for one in incoming if one.known is None and one.meaning is Drift.IGNORED])
    fresh = _take_new(tx, erp, names, [one for one in incoming if one.known is None and one.meaning is not Drift.IGNORED])
    edited = _take_edits(tx, erp, names, [one for one in incoming if one.meaning is Drift.EDITED_DRAFT])
    unchanged = _note_unchanged(tx, erp, [one for one in incoming if one.meaning is Drift.UNCHANGED])
    gone = [one.known for one in incoming if one.meaning is Drift.DELETED_DRAFT and one.known is not None]
    _cancel(tx, gone)
    _raise_drift(tx, [one for one in incoming if one.meaning in (Drift.BYPASSED_GATE, Drift.ERP_DRIFT)])
    _settle_cancelled(tx, [one.known for one in incoming if one.known is not None and erp_state(one.record) is ErpState.GONE])
    _ask_again(tx, erp, names, [one for one in incoming if one.meaning not in (Drift.EDITED_DRAFT, Drift.DELETED_DRAFT)])
    _count(result, incoming)
    bypassed = {one.order.id for one in incoming if one.meaning is Drift.BYPASSED_GATE}
    drafts = [order for order in unchanged if order.status is Status.DRAFT] if again else []
    submit_all(tx, [order for order in (*fresh, *edited, *drafts) if order.id not in bypassed and order.hold is None])
    return result


def _beside_known(
    tx: Tx, erp: ErpInstance, names: ErpNames, records: Sequence[ErpOrder], go_live: date | None, result: IntakeResult
) -> list[_Incoming]:
    """Put every record beside the order we know; records that belong to no business unit yet are quarantined."""
    ids = orders.ids_by_erp(tx, erp, [record.external_id for record in records])
    known = orders.lock_many(tx, list(ids.values()))
    unseen = [record for record in records if record.external_id not in ids]
    references = iter(orders.next_refs(tx, len(unseen)) if unseen else ())
    found = []
    for record in records:
        mapped = names.mapped(record)
        if mapped is None:
            hold_back(tx, erp, names.unmapped(record))
            result.quarantined.append(record.external_id)
            continue
        before = known.get(ids[record.external_id]) if record.external_id in ids else None
        identity = NewOrder(
            before.id if before else OrderId(tx.new_id()), before.order_ref if before else next(references), tx.now
        )
        order = order_from_record(record, erp, mapped, identity)
        meaning = first_sight(record, go_live) if before is None else decide(before, record, order)
        found.append(_Incoming(record, before, order, meaning))
    return found


def _take_new(tx: Tx, erp: ErpInstance, names: ErpNames, incoming: Sequence[_Incoming]) -> list[PurchaseOrder]:
    """Save new orders; one that was placed past the gate is kept too, so that somebody can own the question."""
    saved = orders.save_many(tx, [one.order for one in incoming])
    events.append(tx, [_drafted(order) for order in saved])
    for one in incoming:
        _hold_back_codes(tx, erp, names, one)
    return saved


def _hold_back_codes(tx: Tx, erp: ErpInstance, names: ErpNames, one: _Incoming) -> None:
    """Quarantine the codes of an order that nobody knows, or settle those that were unknown before."""
    unmapped = names.unmapped(one.record)
    if unmapped:
        for ids in hold_back(tx, erp, unmapped).values():
            block_order(tx, ids, one.order.id, one.order.business_unit_id)
    elif one.known is not None:
        xref.settle_record(tx, erp, [Code(Entity.ORDER, one.record.external_id)])


def _ask_again(tx: Tx, erp: ErpInstance, names: ErpNames, incoming: Sequence[_Incoming]) -> None:
    """Hold orders back that are as they were and wait for codes still: a question that was closed meanwhile is asked again."""
    unknown = {one.known.id: found for one in incoming if one.known is not None and (found := names.unmapped(one.record))}
    waiting = xref.unmapped_of(tx, list(unknown)) if unknown else {}
    still = [each for order_id, codes in waiting.items() for each in unknown[order_id] if (erp, each.unknown) in codes]
    hold_back(tx, erp, still)


def _take_edits(tx: Tx, erp: ErpInstance, names: ErpNames, incoming: Sequence[_Incoming]) -> list[PurchaseOrder]:
    """Make a new version of each draft that was edited in the ERP; approvals of the version before are void."""
    pairs = [(one, one.known, take_over(one.known, one.order)) for one in incoming if one.known is not None]
    voided = {known.id: void_on_edit(tx, known, "edited_in_erp") for _, known, _ in pairs}
    saved = orders.save_many(tx, [after for _, _, after in pairs])
    events.append(tx, [edited_event(known, after, ERP_SOURCE, voided[known.id]) for _, known, after in pairs])
    for one, _, after in pairs:
        supersede(tx, after.id, [MessageKind.ERP_CONFIRM], after.version)
        _hold_back_codes(tx, erp, names, one)
    return saved


def _note_unchanged(tx: Tx, erp: ErpInstance, incoming: Sequence[_Incoming]) -> list[PurchaseOrder]:
    """Remember the ERP's present version, unless the page was read before our own confirmation; return all orders."""
    moved = []
    for one in incoming:
        known = one.known
        stale = (
            known is not None and our_state(known.status) is OurState.WITH_SUPPLIER and erp_state(one.record) is ErpState.DRAFT
        )
        if known is not None and not stale:
            after = read_again(known, one.record, erp)
            moved += [after] if after.erp != known.erp else []
    saved = {order.id: order for order in orders.save_many(tx, moved)}
    return [saved.get(one.known.id, one.known) for one in incoming if one.known is not None]


def receive_deleted(tx: Tx, erp: ErpInstance, external_ids: Sequence[str]) -> IntakeResult:
    """Note that orders are gone from the ERP: drafts are cancelled, issued ones open an exception."""
    known = orders.lock_many(tx, list(orders.ids_by_erp(tx, erp, external_ids).values()))
    result = IntakeResult()
    for order in known.values():
        meaning = decide(order, None, None)
        if meaning is Drift.DELETED_DRAFT:
            _cancel(tx, [order])
            result.deleted.append(order.id)
        elif meaning is Drift.ERP_DRIFT:
            drift_case(tx, order, meaning, ())
            events.append(tx, [drift_event(order, meaning, (), None)])
            result.drifted.append(order.id)
        else:
            _settle_cancelled(tx, [order])
            result.ignored += 1
    return result


def _cancel(tx: Tx, gone: Sequence[PurchaseOrder]) -> None:
    """Cancel drafts that were deleted in the ERP."""
    for order in gone:
        void_on_edit(tx, order, "deleted_in_erp")
        supersede(tx, order.id, [MessageKind.ERP_CONFIRM], order.version + 1)
    saved = orders.save_many(tx, [advance(order, Verb.CANCEL, Status.CANCELLED) for order in gone])
    for before, after in zip(gone, saved, strict=True):
        end_with_order(tx, before, after)
    events.append(
        tx,
        [
            OrderCancelled(
                stream=order_stream(after.id), from_status=before.status.value, version=after.version, source=ERP_SOURCE
            )
            for before, after in zip(gone, saved, strict=True)
        ],
    )


def _settle_cancelled(tx: Tx, gone: Sequence[PurchaseOrder]) -> None:
    """End the question about orders that were cancelled here first and are gone from the ERP now."""
    for order in gone:
        if order.status is Status.CANCELLED:
            clear(tx, drift_key(order, ExceptionType.ERP_DRIFT))


def _raise_drift(tx: Tx, incoming: Sequence[_Incoming]) -> None:
    found: list[Event] = []
    for one in incoming:
        order = one.known or one.order
        differing = differences(order, one.order)
        drift_case(tx, order, one.meaning, differing)
        found.append(drift_event(order, one.meaning, differing, one.record))
    events.append(tx, found)


def _take_history(tx: Tx, erp: ErpInstance, names: ErpNames, incoming: Sequence[_Incoming]) -> None:
    """Keep what was bought before as the measure of what is usual; quantities in base units."""
    past = []
    for one in incoming:
        for line in one.order.lines:
            item = names.items.get(line.item_id) if line.item_id else None
            usable = item is not None and line.uom is not None and item.units.knows(line.uom)
            if item is None or line.uom is None or not usable or erp_state(one.record) is ErpState.GONE:
                continue
            past.append(
                PastOrder(
                    item_id=item.id,
                    source_ref=f"{erp}:{one.record.external_id}:{line.line_no}",
                    business_unit_id=one.order.business_unit_id,
                    quantity=item.units.convert_decimal(line.quantity, line.uom, item.units.base_uom),
                    ordered_on=one.order.order_date,
                    site_id=line.schedules[0].ship_to,
                    supplier_id=one.order.supplier_id,
                )
            )
    stock.save_history(tx, past, erp)


def _count(result: IntakeResult, incoming: Sequence[_Incoming]) -> None:
    by_meaning = {
        Drift.NEW: result.new,
        Drift.EDITED_DRAFT: result.edited,
        Drift.DELETED_DRAFT: result.deleted,
        Drift.BYPASSED_GATE: result.drifted,
        Drift.ERP_DRIFT: result.drifted,
        Drift.UNCHANGED: result.unchanged,
    }
    for one in incoming:
        if one.meaning is Drift.IGNORED:
            result.ignored += 1
        else:
            by_meaning[one.meaning].append(one.order.id)


def _drafted(order: PurchaseOrder) -> OrderDrafted:
    refs = [Ref(events.UNIT_REF, order.business_unit_id)]
    refs += [Ref("supplier", order.supplier_id)] if order.supplier_id else []
    erp = order.erp
    return OrderDrafted(
        stream=order_stream(order.id),
        refs=tuple(refs),
        order_ref=order.order_ref,
        version=order.version,
        origin=order.origin.value,
        erp=erp.instance if erp else None,
        erp_number=erp.number if erp else None,
        supplier_code=order.supplier_code,
        lines=len(order.lines),
        total=order.total,
        currency=order.currency,
        content_hash=erp.content_hash if erp else None,
    )


def edited_event(before: PurchaseOrder, after: PurchaseOrder, source: str, voided: bool) -> OrderEdited:
    """Return the event of an edit, here or in the ERP."""
    gone = {line.line_no for line in before.lines} - {line.line_no for line in after.lines}
    return OrderEdited(
        stream=order_stream(after.id),
        from_version=before.version,
        version=after.version,
        source=source,
        changed_lines=tuple(sorted(content_changes(before, after) | gone)),
        total_before=before.total,
        total_after=after.total,
        currency=after.currency,
        approval_voided=voided,
        version_hash=after.version_hash(),
    )
