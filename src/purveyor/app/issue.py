"""Issue approved orders: check once more, confirm in the ERP, and only then tell supplier and warehouse.

The order stays approved while its confirmation is on the way, so an ERP that is away stops nothing else. Whatever the ERP answers
is handled in one transaction with the message's end. Every verb takes many orders; one order is a batch of one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from purveyor.app import advise, answer_clock, dispatch
from purveyor.app.approve import void_on_edit
from purveyor.app.cases import clear, open_case
from purveyor.app.clearance import check
from purveyor.app.drift import drift_case, drift_event, drift_key
from purveyor.app.erp_names import order_as_record
from purveyor.app.outbound import Failure, mark_failed, refused, sent_events, supersede, withdraw
from purveyor.app.quarantine import read_order_job
from purveyor.core import approval_decisions
from purveyor.core.approval_chain import ApprovalChain
from purveyor.core.approval_decisions import binds
from purveyor.core.canonical import Json
from purveyor.core.cases import ExceptionType, OpenCase
from purveyor.core.erp_records import ErpOrder
from purveyor.core.erp_results import Applied, Conflict, Duplicate, Rejected, Unknown, Unsupported, WriteResult
from purveyor.core.events.base import Ref
from purveyor.core.events.order import OrderIssued, OrderReleased, ReleaseStopped, order_stream
from purveyor.core.finding import Severity
from purveyor.core.gate import GateReport
from purveyor.core.ids import MessageId, OrderId
from purveyor.core.intake import Drift
from purveyor.core.lifecycle import WITH_SUPPLIER, Status, Verb
from purveyor.core.messaging import MessageKind
from purveyor.core.order import PurchaseOrder, advance
from purveyor.store import approvals, case_keys, events, jobs, message_batches, orders
from purveyor.store.db import Tx
from purveyor.store.messages import Claim

MOST_AT_ONCE: Final = 200


@dataclass(frozen=True, slots=True)
class _Stop:
    """Why an order does not leave: a stable cause, and the codes of the findings behind it."""

    cause: str
    codes: tuple[str, ...] = ()


@dataclass(slots=True)
class ReleaseResult:
    """What became of a release: the message to the ERP by order; orders issued at once, stopped by the gate,
    waiting for a person to decide about a suggestion, or left alone.
    """

    queued: dict[OrderId, MessageId] = field(default_factory=dict)
    issued: list[OrderId] = field(default_factory=list)
    stopped: list[OrderId] = field(default_factory=list)
    undecided: list[OrderId] = field(default_factory=list)
    skipped: list[OrderId] = field(default_factory=list)


def release(tx: Tx, order_id: OrderId) -> ReleaseResult:
    """Send one approved order on its way; see ``release_many``."""
    return release_many(tx, [order_id])


def release_many(tx: Tx, order_ids: Sequence[OrderId]) -> ReleaseResult:
    """Check approved orders on fresh facts and queue their confirmation; at most 200 at once.

    An order that is not approved any more or on hold is left alone, so the job may run twice. A finding that blocks voids the
    approval; an order with a quantity that a person has to decide about stays approved and does not leave before that. An order
    without an ERP behind it is issued at once.
    """
    if len(order_ids) > MOST_AT_ONCE:
        raise ValueError(f"at most {MOST_AT_ONCE} orders at once")
    result = ReleaseResult()
    known = orders.lock_many(tx, order_ids)
    ready = [order for order in known.values() if order.status is Status.APPROVED and order.hold is None]
    result.skipped = [order_id for order_id in order_ids if order_id not in {order.id for order in ready}]
    chains = approvals.in_force_many(tx, [order.id for order in ready]) if ready else {}
    bound = [order for order in ready if binds(chains.get(order.id), order)]
    reports = check(tx, bound)
    stops: dict[OrderId, _Stop] = {order.id: _Stop("approval_missing") for order in ready if order not in bound}
    stops |= {order.id: _Stop("gate_block", _blocking(reports[order.id])) for order in bound if reports[order.id].blocked}
    _take_back(tx, [order for order in ready if order.id in stops], stops)
    result.stopped = list(stops)
    waiting = advise.lines_undecided(tx, [reports[order.id] for order in bound if order.id not in stops])
    result.undecided = list(waiting)
    leaving = [order for order in ready if order.id not in stops and order.id not in waiting]
    through_erp = [order for order in leaving if order.erp is not None]
    result.queued = dispatch.confirm_in_erp(tx, through_erp)
    events.append(tx, [_released(order, result.queued.get(order.id)) for order in leaving])
    at_once = [order for order in leaving if order.id not in result.queued]
    result.issued = [order.id for order in _issue(tx, [(order, None) for order in at_once], chains)]
    return result


def _blocking(report: GateReport) -> tuple[str, ...]:
    return tuple(sorted({finding.code for finding in report.standing if finding.severity is Severity.BLOCK}))


def _take_back(tx: Tx, stopped: Sequence[PurchaseOrder], stops: Mapping[OrderId, _Stop]) -> list[PurchaseOrder]:
    """Take orders back to draft: their approval is void and the cause is on record."""
    for order in stopped:
        void_on_edit(tx, order, stops[order.id].cause)
        supersede(tx, order.id, [MessageKind.ERP_CONFIRM], order.version + 1)
    saved = orders.save_many(tx, [advance(order, Verb.RETURN, Status.DRAFT) for order in stopped])
    told = [
        ReleaseStopped(
            stream=order_stream(order.id), version=order.version, cause=stops[order.id].cause, codes=stops[order.id].codes
        )
        for order in saved
    ]
    events.append(tx, told)
    return saved


def _released(order: PurchaseOrder, message_id: MessageId | None) -> OrderReleased:
    refs = () if message_id is None else (Ref("message", message_id),)
    return OrderReleased(
        stream=order_stream(order.id),
        refs=refs,
        version=order.version,
        version_hash=order.version_hash(),
        message_id=message_id,
    )


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What to write into the ERP; without a ``record`` nothing may be written, a lost answer is only looked up."""

    record: ErpOrder | None


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Nothing was written: the order is not to be confirmed any more, and the ERP never heard of it."""


def to_confirm(tx: Tx, held: Claim) -> Confirmation | None:
    """Return what one confirmation may write now; None when it is not wanted any more and nothing can have been written.

    A message that waited, or that was being sent while its order changed, is no licence: only the version that was approved may
    be confirmed, and not while the order is on hold. Raises NotFound, UnknownReference.
    """
    order = orders.get(tx, OrderId(held.message.subject_id))
    if order.hold is None and order.id in _standing(tx, [(held, order)]):
        return Confirmation(order_as_record(tx, order))
    return Confirmation(None) if held.unsure else None


def _standing(tx: Tx, found: Sequence[tuple[Claim, PurchaseOrder]]) -> dict[OrderId, ApprovalChain]:
    """Return the approvals of the orders that are approved in exactly the version their message is about."""
    chains = approvals.in_force_many(tx, [order.id for _, order in found])
    return {
        order.id: chains[order.id]
        for held, order in found
        if order.status is Status.APPROVED
        and order.version == held.message.about.order_version
        and binds(chains.get(order.id), order)
    }


_Placed = Applied | Duplicate


def confirmed(tx: Tx, held: Claim, result: WriteResult | Withdrawn) -> None:
    """Act on the ERP's answer to one confirmation; see ``confirmed_many``."""
    confirmed_many(tx, [(held, result)])


def confirmed_many(tx: Tx, answers: Sequence[tuple[Claim, WriteResult | Withdrawn]]) -> None:
    """Act on the ERP's answers: placed orders are issued and sent, the others wait, go back or belong to a person.

    Raises LeaseLost when another worker took one of the messages over; then nothing was done.
    """
    if len(answers) > MOST_AT_ONCE:
        raise ValueError(f"at most {MOST_AT_ONCE} orders at once")
    known = orders.lock_many(tx, [OrderId(held.message.subject_id) for held, _ in answers])
    placed: list[tuple[Claim, PurchaseOrder, _Placed | None]] = []
    for held, result in answers:
        order = known[OrderId(held.message.subject_id)]
        match result:
            case Applied() | Duplicate():
                placed.append((held, order, result))
            case Unsupported():
                placed.append((held, order, None))
            case Conflict():
                _conflict(tx, held, order, result)
            case Rejected():
                _rejected(tx, held, order, result)
            case Unknown():
                lost = "the ERP's answer was lost; our reference is looked up before the next attempt"
                mark_failed(tx, held, Failure("erp_answer_lost", lost, unknown=True))
            case Withdrawn():
                withdraw(tx, held)
    _place(tx, placed)


def _place(tx: Tx, placed: Sequence[tuple[Claim, PurchaseOrder, _Placed | None]]) -> None:
    """End the messages of orders that the ERP holds as placed now, and issue those that still are what was confirmed."""
    if not placed:
        return
    message_batches.finish_many(tx, [(held, _outcome(result)) for held, _, result in placed])
    events.append(
        tx, [event for held, _, result in placed for event in sent_events(held.message, str(_outcome(result)["outcome"]))]
    )
    standing = _standing(tx, [(held, order) for held, order, _ in placed])
    _issue(tx, [(order, result) for _, order, result in placed if order.id in standing], standing)
    for _, order, _ in placed:
        if order.id not in standing and order.status not in _PLACED_BEFORE:
            _placed_too_late(tx, order)


_PLACED_BEFORE: Final = (*WITH_SUPPLIER, Status.CLOSED)


def _outcome(result: _Placed | None) -> dict[str, Json]:
    if result is None:
        return {"outcome": "unsupported"}
    word = "applied" if isinstance(result, Applied) else "duplicate"
    return {"outcome": word, "external_id": result.external_id, "number": result.number, "version": result.version}


def _issue(
    tx: Tx, confirmed_orders: Sequence[tuple[PurchaseOrder, _Placed | None]], chains: Mapping[OrderId, ApprovalChain]
) -> list[PurchaseOrder]:
    """Issue approved orders and queue what supplier and sites are told; one on hold is issued, and sent when the hold ends."""
    if not confirmed_orders:
        return []
    saved = orders.save_many(tx, [_as_issued(tx, order, result, chains.get(order.id)) for order, result in confirmed_orders])
    issued = [_issued(order, result) for order, (_, result) in zip(saved, confirmed_orders, strict=True)]
    events.append(tx, issued)
    settled = [key for order in saved for key in (rejected_key(order.id), drift_key(order, ExceptionType.BYPASSED_GATE))]
    for key in sorted(case_keys.open_among(tx, settled)):
        clear(tx, key)
    tell(tx, [order for order in saved if order.hold is None])
    return saved


def tell(tx: Tx, issued: Sequence[PurchaseOrder]) -> None:
    """Queue issued orders to their suppliers and sites and start the clock of the answer; telling twice sends once."""
    dispatch.send_to_suppliers(tx, issued)
    dispatch.announce_to_sites(tx, issued)
    answer_clock.start(tx, issued)


def _as_issued(tx: Tx, order: PurchaseOrder, result: _Placed | None, chain: ApprovalChain | None) -> PurchaseOrder:
    placed = approval_decisions.issue(order, chain)
    erp = order.erp
    if erp is not None and result is not None:
        erp = replace(erp, external_id=result.external_id, number=result.number or erp.number, version=result.version)
    return replace(placed, erp=erp, first_issued_version=order.first_issued_version or order.version, issued_at=tx.now)


def _issued(order: PurchaseOrder, result: _Placed | None) -> OrderIssued:
    refs = [Ref(events.UNIT_REF, order.business_unit_id)]
    refs += [Ref("supplier", order.supplier_id)] if order.supplier_id else []
    return OrderIssued(
        stream=order_stream(order.id),
        refs=tuple(refs),
        version=order.version,
        version_hash=order.version_hash(),
        erp=order.erp.instance if order.erp else None,
        erp_number=order.erp.number if order.erp else None,
        adopted=isinstance(result, Duplicate),
        total=order.total,
        currency=order.currency,
    )


def _placed_too_late(tx: Tx, order: PurchaseOrder) -> None:
    """The order was edited, stopped or cancelled while its confirmation was on the way: the ERP placed what nobody approves."""
    drift_case(tx, order, Drift.BYPASSED_GATE, ())
    events.append(tx, [drift_event(order, Drift.BYPASSED_GATE, (), None)])


def _conflict(tx: Tx, held: Claim, order: PurchaseOrder, result: Conflict) -> None:
    """The ERP's document moved on: read it again; what was approved does not stand there. A buyer's own draft is left alone."""
    refused(tx, held, Failure("erp_conflict", "the order was changed in the ERP before it could be confirmed", permanent=True))
    message_batches.skip(tx, held.message.id)
    if order.status is Status.APPROVED:
        _take_back(tx, [order], {order.id: _Stop("erp_conflict")})
    if order.erp is not None:
        taken_back = order.status is Status.APPROVED
        jobs.enqueue_many(tx, [read_order_job(order.erp.instance, order.erp.external_id, again=taken_back)])


def rejected_key(order_id: OrderId) -> str:
    """Return the natural key of the exception that the ERP refused an order."""
    return f"erp_rejected:{order_id}"


def _rejected(tx: Tx, held: Claim, order: PurchaseOrder, result: Rejected) -> None:
    """A rule of the ERP refused the order: a person mends it there or here and replays the message."""
    refused(tx, held, Failure("erp_rejected", f"{result.code}: {result.message}", permanent=True))
    open_case(
        tx,
        OpenCase(
            type=ExceptionType.ERP_REJECTED,
            natural_key=rejected_key(order.id),
            summary=f"The ERP refused {order.order_ref}: {result.code}" + (f" on {result.field}" if result.field else ""),
            order_id=order.id,
            message_id=held.message.id,
            business_unit_id=order.business_unit_id,
            supplier_id=order.supplier_id,
            proposed_resolution="replay",
        ),
    )
