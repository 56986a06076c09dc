"""Approvals: the queue, one card to decide on, and what happens when the order changed meanwhile. A GET never decides."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Form
from starlette.requests import Request
from starlette.responses import Response

from purveyor.app import approve
from purveyor.app.approve import WaitingApproval
from purveyor.core.access import Actor, Permission
from purveyor.core.approval_chain import ApprovalStep, ChainState, NotYourStep, SelfApproval, StepClosed, Verdict
from purveyor.core.approval_decisions import DecideStep
from purveyor.core.documents import differences
from purveyor.core.errors import NotAuthorised, NotFound, PurveyorError, ReasonRequired, StaleVersion
from purveyor.core.ids import StepId
from purveyor.core.money import Money
from purveyor.settings import Settings
from purveyor.store import approvals, orders
from purveyor.store.db import Database
from purveyor.store.views import names
from purveyor.web.approvals import away
from purveyor.web.approvals.card import load_card
from purveyor.web.entries import FormReason, SeenNumber
from purveyor.web.flashes import go_to, leave_flash
from purveyor.web.i18n import gettext, marked
from purveyor.web.listing import listing_of
from purveyor.web.navigation import NavItem, Part
from purveyor.web.problems import answer, problem_of
from purveyor.web.security import SignedIn, page_router
from purveyor.web.signin.second_factor import require_fresh_proof
from purveyor.web.templating import page
from purveyor.web.workbench import codes, terms

FORBIDDEN: Final = 403
SORTS: Final = ("due", "age", "amount", "order")
_LAST: Final = datetime.max.replace(tzinfo=UTC)

router = page_router("/approvals")


@dataclass(frozen=True, slots=True)
class QueueTotal:
    """What the first line of the queue says."""

    count: int
    amounts: tuple[Money, ...]
    oldest_minutes: int
    late: int


@router.get("")
def queue(request: Request, actor: SignedIn) -> Response:
    """What waits for my decision?"""
    actor.require(Permission.APPROVAL_DECIDE)
    database: Database = request.app.state.database
    listing = listing_of(request, sorts=SORTS, default="due")
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        waiting = approve.waiting_for_actor(tx)
        known = {each.step.acting_for or each.step.holder_id for each in waiting}
        people = names.people(tx, known)
    waiting.sort(key=lambda each: _sort_key(each, listing.sort_key), reverse=listing.descending)
    mine = [each for each in waiting if each.step.may_decide]
    return page(
        request,
        "approvals/queue.html",
        now=tx.now,
        listing=listing,
        mine=mine,
        handed_over=[each for each in waiting if not each.step.may_decide],
        total=_total(mine),
        people=people,
        terms=terms,
    )


def _sort_key(each: WaitingApproval, key: str) -> tuple[Any, str]:
    step = each.step
    keys: dict[str, Any] = {
        "due": step.due_at or _LAST,
        "age": each.age_minutes,
        "amount": step.policy_amount or step.total or Decimal(0),
        "order": step.order_ref,
    }
    return keys[key], step.order_ref


def _total(waiting: list[WaitingApproval]) -> QueueTotal:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for each in waiting:
        if each.step.total is not None:
            sums[each.step.currency] += each.step.total
    return QueueTotal(
        count=len(waiting),
        amounts=tuple(Money(amount, currency) for currency, amount in sorted(sums.items())),
        oldest_minutes=max((each.age_minutes for each in waiting), default=0),
        late=sum(each.overdue for each in waiting),
    )


@router.get("/{step_id:uuid}")
def card_page(request: Request, step_id: UUID, actor: SignedIn) -> Response:
    """Show one order to its approver; looking decides nothing."""
    return _draw(request, actor, StepId(step_id))


def _require_proof_above_limit(request: Request, actor: Actor, step: StepId) -> None:
    """Raise StepUpNeeded when the amount asks for the second factor once more; an amount nobody can tell asks too."""
    settings: Settings = request.app.state.settings
    database: Database = request.app.state.database
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        amount = approvals.get_by_step(tx, step).policy_amount
    if amount is None or amount >= settings.step_up_amount:
        require_fresh_proof(request, actor)


@router.post("/{step_id:uuid}")
def decide(
    request: Request,
    step_id: UUID,
    actor: SignedIn,
    version: SeenNumber,
    verdict: Annotated[str, Form(max_length=20)] = "",
    reason: FormReason = "",
) -> Response:
    """Record one verdict on the version that was seen; a refused attempt goes into the log."""
    _ = gettext(request.state.viewer.locale)
    step = StepId(step_id)
    if verdict not in set(Verdict):
        return _draw(request, actor, step, errors={"verdict": _("Choose what you decide.")}, reason=reason)
    command = DecideStep(Verdict(verdict), version, reason or None)
    _require_proof_above_limit(request, actor, step)
    try:
        _decide(request, actor, step, command)
    except ReasonRequired:
        errors = {"reason": _("Say why, so that the buyer knows what to do.")}
        return _draw(request, actor, step, errors=errors, verdict=verdict)
    except StaleVersion:
        return _draw_changed(request, actor, step, version)
    except StepClosed:
        return _already_decided(request, actor, step, version)
    except (NotAuthorised, NotYourStep, SelfApproval) as refusal:
        return _refused(request, actor, step, refusal)
    text = {
        Verdict.APPROVE: _("Approved."),
        Verdict.RETURN: _("Returned to the buyer with your question."),
        Verdict.REJECT: _("Rejected. The buyer sees your reason."),
    }
    return go_to(request, "/approvals", text[command.verdict])


def _decide(request: Request, actor: Actor, step_id: StepId, command: DecideStep) -> ApprovalStep:
    database: Database = request.app.state.database
    with database.transaction(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        return approve.decide(tx, step_id, command)


def _refused(request: Request, actor: Actor, step_id: StepId, refusal: PurveyorError) -> Response:
    """Keep the attempt, which rolled back, and say no."""
    database: Database = request.app.state.database
    with database.transaction(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        approve.record_refusal(tx, step_id, refusal.code)
    return answer(request, replace(problem_of(refusal), status=FORBIDDEN))


def _already_decided(request: Request, actor: Actor, step_id: StepId, seen: int) -> Response:
    """A step that is closed: void because the order changed, or decided, perhaps by this very form a moment ago."""
    _ = gettext(request.state.viewer.locale)
    database: Database = request.app.state.database
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        chain = approvals.get_by_step(tx, step_id)
    if chain.state is ChainState.VOID:
        return _draw_changed(request, actor, step_id, seen)
    own = chain.step(step_id).decided_by == actor.id
    text = _("You had decided this already; it counts once.") if own else _("This step was decided by somebody else meanwhile.")
    return go_to(request, f"/approvals/{step_id}", text, "info")


def _draw_changed(request: Request, actor: Actor, step_id: StepId, seen: int) -> Response:
    """Say that the order changed after it was opened, and what differs."""
    database: Database = request.app.state.database
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        order = orders.get(tx, approvals.get_by_step(tx, step_id).order_id)
        try:
            changes = differences(orders.version(tx, order.id, seen), order)
        except NotFound:
            changes = ()
        chain = approvals.in_force(tx, order.id)
    newer = chain.open_step if chain is not None else None
    shown: dict[str, Any] = {"order": order, "seen": seen, "changes": changes, "newer": newer, "codes": codes}
    drawn = page(request, "approvals/changed.html", now=tx.now, status=409, **shown)
    _ = gettext(request.state.viewer.locale)
    text = (
        _("%(order)s changed before you decided, so nothing was counted. Decide on its new version.")
        if newer is not None
        else _("%(order)s changed before you decided, so it left your approvals. It comes back when it is submitted again.")
    )
    leave_flash(request, drawn, text % {"order": order.order_ref}, "info")
    return drawn


def _draw(
    request: Request,
    actor: Actor,
    step_id: StepId,
    *,
    errors: dict[str, str] | None = None,
    verdict: str = "",
    reason: str = "",
) -> Response:
    database: Database = request.app.state.database
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        card = load_card(tx, step_id, request.state.viewer.locale)
    return page(
        request,
        "approvals/card.html",
        now=tx.now,
        status=422 if errors else 200,
        card=card,
        order=card.order,
        step=card.step,
        may_decide=card.decided_by(actor),
        decides_for=card.stands_in_for(actor),
        asked_for_it=actor.person_key in card.chain.parties,
        void=card.chain.state is ChainState.VOID,
        codes=codes,
        errors=errors or {},
        verdict=verdict,
        reason=reason,
        terms=terms,
    )


PART: Final = Part(
    "approvals",
    (away.router, router),
    (NavItem(marked("Approvals"), "/approvals", "user-check", Permission.APPROVAL_DECIDE),),
)
