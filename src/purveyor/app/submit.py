"""Submit drafts: blocked ones stay drafts, clean small ones are approved by a policy row, others are routed.

Written for many orders at once; one order is the same path with one. The gate has run before: its reports come in with the
locked orders, so that both decide on the same facts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from purveyor.app import approval_steps, cases, policy
from purveyor.app.approve import queue_release
from purveyor.core.access import ActorKind, Permission
from purveyor.core.approval import (
    EarlierOrder,
    Route,
    RouteResult,
    RoutingFacts,
    policy_currency,
    route,
)
from purveyor.core.approval_chain import ApprovalChain, start_chain
from purveyor.core.approval_decisions import approved_event
from purveyor.core.cases import ExceptionType, OpenCase
from purveyor.core.events.approval import OrderSubmitted, SubmitStopped
from purveyor.core.events.base import Event, Ref
from purveyor.core.events.order import order_stream
from purveyor.core.finding import Severity
from purveyor.core.gate import GateReport
from purveyor.core.ids import ChainId, StepId
from purveyor.core.lifecycle import Status, Verb
from purveyor.core.order import Origin, PurchaseOrder, advance
from purveyor.core.policy.approval_terms import approval_limits
from purveyor.core.policy.policy_set import PolicySet
from purveyor.store import approvals, approvers, events, orders, rates
from purveyor.store.db import Tx

OVER_BUDGET = "OVER_BUDGET"


@dataclass(frozen=True, slots=True)
class Checked:
    """A locked draft with its gate report."""

    order: PurchaseOrder
    report: GateReport


@dataclass(frozen=True, slots=True)
class _Routed:
    order: PurchaseOrder
    chain: ApprovalChain
    events: tuple[Event, ...]


def submit_checked(tx: Tx, checked: Sequence[Checked]) -> list[PurchaseOrder]:
    """Submit locked drafts whose gate reports are fresh; returns every order as it stands afterwards, in the same order.

    Raises: NotAuthorised, IllegalTransition, OrderOnHold, PolicyMissing; then nothing was done.
    """
    tx.actor.require(Permission.ORDER_SUBMIT)
    for item in checked:
        advance(item.order, Verb.SUBMIT, Status.APPROVED)  # refuses what is no draft or on hold, blocked at the gate or not
    policies = policy.current(tx)
    limits = approval_limits(policies)
    free = [item for item in checked if not item.report.blocked]
    earlier = list(approvals.earlier_orders(tx, [item.order for item in free], limits.split_window_days, tx.now.date()))
    routed: list[_Routed] = []
    editors = approvers.editors(tx, [item.order.id for item in free if item.order.version > 1])
    for item in free:
        made = _route(tx, item, policies, tuple(earlier), _parties(tx, item.order) | editors.get(item.order.id, frozenset()))
        earlier.extend(_as_earlier(tx, made))
        routed.append(made)
    saved = dict(zip((made.order.id for made in routed), orders.save_many(tx, [made.order for made in routed]), strict=True))
    approvals.save_chains(tx, [made.chain for made in routed])
    stopped = [_stopped(item) for item in checked if item.report.blocked]
    events.append(tx, [*(event for made in routed for event in made.events), *stopped])
    queue_release(tx, *(order for order in saved.values() if order.status is Status.APPROVED))
    return [saved.get(item.order.id, item.order) for item in checked]


def _route(tx: Tx, item: Checked, policies: PolicySet, earlier: tuple[EarlierOrder, ...], parties: frozenset[str]) -> _Routed:
    order, report = item.order, item.report
    rate = rates.rate_on(tx, order.currency, policy_currency(policies), order.order_date)
    facts = RoutingFacts(
        rate=None if rate is None else rate.rate,
        entered_on=_entered_on(order),
        severity=report.worst,
        over_budget=any(finding.code == OVER_BUDGET for finding in report.standing),
        at_suggestion=_at_suggestion(order, report),
        earlier_orders=earlier,
    )
    decided = route(order, policies, facts)
    step_ids = tuple(StepId(tx.new_id()) for _ in decided.chain)
    chain = start_chain(order, decided, ChainId(tx.new_id()), step_ids, parties, tx.now)
    told: list[Event] = [_submitted(order, chain, decided)]
    if chain.steps:
        order = advance(order, Verb.SUBMIT, Status.PENDING_APPROVAL)
        opened = approval_steps.open_next(tx, order, chain)
        chain = opened.chain
        told.extend(opened.events)
    else:
        order = advance(order, Verb.SUBMIT, Status.APPROVED)
        told.append(approved_event(chain, by_policy="; ".join(chain.sources)))
    if decided.result is RouteResult.UNDECIDABLE:
        _open_undecidable(tx, order, decided)
    return _Routed(order, chain, tuple(told))


def _parties(tx: Tx, order: PurchaseOrder) -> frozenset[str]:
    """Return the person keys of those who asked for the order as it stands: its requester and whoever submits it."""
    submitter = tx.actor.person_key if tx.actor.kind is ActorKind.USER else None
    return frozenset(key for key in (order.requester, submitter) if key is not None)


def _at_suggestion(order: PurchaseOrder, report: GateReport) -> bool:
    """Say whether this is plain restocking: planned by the ERP, unchanged since, and without anything to warn of."""
    return order.origin is Origin.PLANNED and order.version == 1 and report.worst in (None, Severity.INFO)


def _entered_on(order: PurchaseOrder) -> date:
    return order.order_date if order.created_at is None else order.created_at.date()


def _as_earlier(tx: Tx, made: _Routed) -> list[EarlierOrder]:
    """Let the following orders of the same batch be compared with this one too."""
    order, chain = made.order, made.chain
    if chain.policy_amount is None:
        return []
    return [
        EarlierOrder(
            order_id=order.id,
            order_ref=order.order_ref,
            requester=order.requester,
            supplier_id=order.supplier_id,
            categories=frozenset(chain.categories),
            entered_on=_entered_on(order),
            policy_amount=chain.policy_amount,
            at_suggestion=chain.at_suggestion,
        )
    ]


def _submitted(order: PurchaseOrder, chain: ApprovalChain, decided: Route) -> OrderSubmitted:
    return OrderSubmitted(
        stream=order_stream(order.id),
        refs=(Ref("approval_chain", chain.id), Ref(events.UNIT_REF, order.business_unit_id)),
        policy_set=chain.policy_set,
        chain_id=chain.id,
        version=chain.version,
        version_hash=chain.version_hash,
        result=chain.result.value,
        chain=decided.chain,
        policy_amount=chain.policy_amount,
        routing_amount=chain.routing_amount,
        policy_currency=chain.policy_currency,
        band=chain.band,
        undecided_field=chain.undecided_field,
        sources=chain.sources,
        findings=tuple(finding.code for finding in decided.findings),
    )


def _stopped(item: Checked) -> SubmitStopped:
    codes = {finding.code for finding in item.report.standing if finding.severity is Severity.BLOCK}
    return SubmitStopped(stream=order_stream(item.order.id), version=item.order.version, codes=tuple(sorted(codes)))


def _open_undecidable(tx: Tx, order: PurchaseOrder, decided: Route) -> None:
    cases.open_case(
        tx,
        OpenCase(
            type=ExceptionType.POLICY_UNDECIDABLE,
            natural_key=approval_steps.undecidable_key(order.id),
            summary=f"Policy cannot route this order without {decided.field}; a person decides.",
            order_id=order.id,
            business_unit_id=order.business_unit_id,
            supplier_id=order.supplier_id,
            category=approval_steps.dearest_category(order),
        ),
    )
