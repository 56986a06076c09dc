"""Put suggestions of models on record, ask a person where the score is high, and keep what the person did.

``record`` runs as the advisory itself, under a database role that can do nothing else; everything after it is a person's or
follows from what a person did. Until somebody decides, the order stays where it is: approved, and not sent.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from purveyor.app import cases
from purveyor.app.approve import queue_release
from purveyor.core import advisory as advisories
from purveyor.core import case_decisions
from purveyor.core.access import ActorKind, Permission
from purveyor.core.advisory import (
    ANOMALY,
    Advisory,
    AdvisoryDecision,
    AdvisoryState,
    AdvisoryUndecided,
    AdvisoryVerdict,
    Suggestion,
)
from purveyor.core.cases import ExceptionType, OpenCase, compared
from purveyor.core.errors import NotAuthorised, NotFound
from purveyor.core.gate import GateReport
from purveyor.core.ids import AdvisoryId, ExceptionCaseId, OrderId
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.core.rules.wording import quantity
from purveyor.store import advisories as rows
from purveyor.store import cases as exceptions
from purveyor.store import events, findings, jobs, orders
from purveyor.store.db import Tx
from purveyor.store.jobs import NewJob

ADVISE: Final = "advise"
"""Kind of the job that asks the models about an order; its task is in worker/compute.py."""

KEY: Final = "advisory:"
"""How the natural key of an exception begins that a suggestion opened."""

CONFIRM: Final = "confirm_quantity"
REDUCE: Final = "reduce_quantity"
RESOLUTION: Final = {AdvisoryVerdict.KEPT: CONFIRM, AdvisoryVerdict.TAKEN: REDUCE}
"""How the exception ends that a suggestion opened."""


def record(tx: Tx, suggestions: Sequence[Suggestion]) -> list[Advisory]:
    """Put on record what models said; what is on record already, or is about a quantity that was kept, changes nothing.

    Over the threshold it opens an exception for the owner policy names. Only an advisory may do this: raises NotAuthorised.
    """
    if tx.actor.kind is not ActorKind.ADVISORY:
        raise NotAuthorised(permission="advisory", roles="")
    known = rows.of_orders(tx, {one.question.order_id for one in suggestions})
    made = []
    for suggestion in suggestions:
        if not advisories.is_new(suggestion, known.get(suggestion.question.order_id, ())):
            continue
        decision = advisories.record(suggestion, AdvisoryId(tx.new_id()), tx.now)
        opens = suggestion.over
        case = ExceptionCaseId(tx.new_id()) if opens else None
        advisory = replace(decision.advisory, case_id=case)
        if rows.add(tx, advisory):
            events.append(tx, [decision.event])
            if case is not None:
                cases.open_new(tx, _question(suggestion, advisory), case)
            made.append(advisory)
    return made


def _question(suggestion: Suggestion, advisory: Advisory) -> OpenCase:
    asked, uom = suggestion.question, advisory.inputs.uom
    ordered = quantity(advisory.inputs.ordered, uom)
    return OpenCase(
        type=ExceptionType.QUANTITY_ANOMALY,
        natural_key=KEY + str(advisory.id),
        summary=f"{asked.order_ref} line {asked.line_no}: {ordered} for {asked.site_code} is larger than usual.",
        order_id=asked.order_id,
        line_no=asked.line_no,
        business_unit_id=asked.business_unit_id,
        supplier_id=asked.supplier_id,
        category=asked.category,
        owner_id=asked.buyer_id,
        exposure=asked.exposure,
        evidence=(compared("quantity", order=ordered, usual=f"about {quantity(advisory.proposal, uom)}"),),
        proposed_resolution=REDUCE,
    )


@dataclass(frozen=True, slots=True)
class DecideAdvisory:
    """Command: keep the quantity (with a reason) or take the suggestion."""

    verdict: AdvisoryVerdict
    reason: str | None = None


def decide(tx: Tx, advisory_id: AdvisoryId, command: DecideAdvisory) -> Advisory:
    """Record what a person does with a suggestion and settle its exception; a kept quantity lets an approved order leave.

    Taking it changes nothing by itself: the order is changed on its edit page and stays here until then.
    Raises NotFound, NotAuthorised, NotYourException, IllegalTransition, ReasonRequired.
    """
    tx.actor.require(Permission.EXCEPTION_RESOLVE)
    order = orders.lock(tx, rows.load(tx, advisory_id).order_id)
    advisory = rows.load(tx, advisory_id)
    decision = advisories.decide(advisory, command.verdict, tx.actor, command.reason, tx.now)
    assert advisory.case_id is not None
    case = exceptions.load(tx, advisory.case_id, for_update=True)
    if case.is_open:
        resolution = RESOLUTION[command.verdict]
        known = (resolution,)
        cases.keep(tx, case_decisions.resolve(case, tx.actor, resolution, command.reason, tx.now, known))
    return _keep(tx, decision, order)


def settled(tx: Tx, case_id: ExceptionCaseId, resolution: str, reason: str | None) -> None:
    """Keep what a person did with the suggestion an exception asked about, after the exception was settled.

    Raises IllegalTransition, ReasonRequired.
    """
    advisory = rows.of_case(tx, case_id)
    if advisory is None or advisory.state is not AdvisoryState.OPEN:
        return
    order = orders.lock(tx, advisory.order_id)
    verdict = AdvisoryVerdict.KEPT if resolution == CONFIRM else AdvisoryVerdict.TAKEN
    _keep(tx, advisories.decide(advisory, verdict, tx.actor, reason, tx.now), order)


def _keep(tx: Tx, decision: AdvisoryDecision, order: PurchaseOrder) -> Advisory:
    rows.save_decision(tx, decision.advisory)
    events.append(tx, [decision.event])
    if decision.advisory.state is AdvisoryState.KEPT and order.status is Status.APPROVED and order.hold is None:
        queue_release(tx, order)
    return decision.advisory


def follow(tx: Tx, reports: Mapping[OrderId, GateReport]) -> None:
    """Bring the suggestions about checked orders up to date and ask the models about lines that are suspicious to the gate.

    A suggestion about a version that is gone is settled: taken when a person ordered less. The caller holds the orders' locks.
    """
    known = rows.of_orders(tx, list(reports))
    for order_id, said in known.items():
        _settle_old(tx, reports[order_id], said)
    unasked = [order_id for order_id, report in reports.items() if _unasked(report, known.get(order_id, ()))]
    jobs.enqueue_many(tx, [NewJob(ADVISE, str(order_id), {"order_id": str(order_id)}) for order_id in unasked])


def lines_undecided(tx: Tx, reports: Sequence[GateReport]) -> dict[OrderId, tuple[int, ...]]:
    """Return the orders that may not leave before a person has decided, with the lines in question."""
    known = rows.of_orders(tx, [report.order.id for report in reports])
    found = {report.order.id: advisories.undecided(report, known.get(report.order.id, ())) for report in reports}
    return {order_id: lines for order_id, lines in found.items() if lines}


def _unasked(report: GateReport, said: Collection[Advisory]) -> bool:
    answered = {one.line_no for one in said if one.order_version == report.order.version}
    return bool(advisories.suspicious_lines(report) - answered)


def _settle_old(tx: Tx, report: GateReport, said: Collection[Advisory]) -> None:
    gone = [one for one in said if one.state is AdvisoryState.OPEN and one.order_version != report.order.version]
    if not gone:
        return
    ordered = {(one.line_no, one.inputs.site_id): one.inputs.ordered for one in advisories.questions(report)}
    for one in gone:
        _end(tx, advisories.follow(one, ordered.get((one.line_no, one.inputs.site_id)), tx.actor, tx.now))


def settle_old(tx: Tx, order_id: OrderId) -> None:
    """Settle suggestions that came after the version they are about was gone, or after the order ended."""
    order = orders.lock(tx, order_id)
    if order.status in (Status.CANCELLED, Status.CLOSED):
        end_with_order(tx, order_id)
        return
    _, report = findings.newest(tx, order_id)
    if report.order.version == order.version:
        _settle_old(tx, report, rows.of_orders(tx, [order_id]).get(order_id, ()))


def end_with_order(tx: Tx, order_id: OrderId) -> None:
    """Settle every open suggestion about an order that ended; the caller holds its lock."""
    for one in rows.of_orders(tx, [order_id]).get(order_id, ()):
        if one.state is AdvisoryState.OPEN:
            _end(tx, advisories.follow(one, one.inputs.ordered, tx.actor, tx.now))


def overridden(tx: Tx, order_id: OrderId, code: str, line_no: int | None, reason: str) -> None:
    """A person who overrides the gate's finding about a quantity has decided to keep it; the caller holds the order's lock."""
    if code != ANOMALY:
        return
    order = orders.get(tx, order_id)
    for one in rows.of_orders(tx, [order_id]).get(order_id, ()):
        if (one.state, one.line_no, one.order_version) == (AdvisoryState.OPEN, line_no, order.version):
            _keep(tx, advisories.keep_by_override(one, tx.actor, reason, tx.now), order)
            cases.clear(tx, KEY + str(one.id))


def _end(tx: Tx, decision: AdvisoryDecision) -> None:
    rows.save_decision(tx, decision.advisory)
    events.append(tx, [decision.event])
    cases.clear(tx, KEY + str(decision.advisory.id))


def require_decided(tx: Tx, order: PurchaseOrder) -> None:
    """Raise AdvisoryUndecided naming the lines when a person has to decide about a quantity before the order may leave.

    Nothing is asked about an order that was never checked; the gate looks at it before it leaves.
    """
    try:
        _, report = findings.newest(tx, order.id)
    except NotFound:
        return
    lines = lines_undecided(tx, [report]).get(order.id)
    if lines:
        raise AdvisoryUndecided(order_ref=order.order_ref, lines=", ".join(map(str, lines)))
