"""The work inbox: everything that waits for the person who is signed in, earliest due first, then most money at stake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, Literal
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from purveyor.app import calendars
from purveyor.app.approve import WaitingApproval, waiting_for_actor
from purveyor.core.access import Actor, Permission
from purveyor.core.calendar import BusinessCalendar, business_minutes
from purveyor.core.ids import BusinessUnitId
from purveyor.core.money import Money
from purveyor.store.db import Database, Tx
from purveyor.store.views.work import MOST_LISTED, WorkKind, WorkRow, WorkTotal, waiting_work
from purveyor.web.i18n import gettext, marked
from purveyor.web.security import SignedIn, page_router
from purveyor.web.templating import page
from purveyor.web.words import Word
from purveyor.web.workbench import terms

router = page_router()
SHOWN_AT_FIRST: Final = 50
"""More is a click away: nobody reads further before the first of them are done."""

KIND: Final[dict[str, Word]] = {
    "approval": Word(marked("Approval"), "wait", "user-check"),
    WorkKind.EXCEPTION: Word(marked("Exception"), "warn", "alert-triangle"),
    WorkKind.STOPPED: Word(marked("Stopped by the gate"), "bad", "hand-stop"),
    WorkKind.DRAFT: Word(marked("Draft to submit"), "neutral", "pencil"),
    WorkKind.HELD: Word(marked("On hold"), "warn", "player-pause"),
    WorkKind.UNANSWERED: Word(marked("Supplier is silent"), "wait", "hourglass"),
    WorkKind.MESSAGE: Word(marked("Failed message"), "bad", "alert-circle"),
}
BUTTON: Final[dict[str, str]] = {
    "approval": marked("Decide"),
    WorkKind.EXCEPTION: marked("Settle"),
    WorkKind.STOPPED: marked("Correct"),
    WorkKind.DRAFT: marked("Submit"),
    WorkKind.HELD: marked("Look"),
    WorkKind.UNANSWERED: marked("Look"),
    WorkKind.MESSAGE: marked("Repair"),
}


@dataclass(frozen=True, slots=True)
class Work:
    """One line of the inbox. ``age_minutes`` are business minutes; ``href`` is where it is decided."""

    kind: str
    what: str
    note: str | None
    order_ref: str | None
    supplier: str | None
    stake: Money | None
    since: datetime
    due_at: datetime | None
    age_minutes: int
    href: str
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Summary:
    """What the first line says: how many things wait, how many late, what is at stake, since when the oldest waits."""

    count: int
    late: int
    stakes: tuple[Money, ...]
    oldest_minutes: int
    listed: int


@router.get("/")
def inbox(request: Request, actor: SignedIn, show: Literal["all"] | None = None) -> Response:
    """What waits for me, and what first? A day's work is shown at first, more on request."""
    actor.require(Permission.EXCEPTION_READ)
    database: Database = request.app.state.database
    _ = gettext(request.state.viewer.locale)
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        ages = _Ages(tx)
        approvals = waiting_for_actor(tx) if actor.may(Permission.APPROVAL_DECIDE) else []
        mine = [each for each in approvals if each.step.may_decide]
        most = MOST_LISTED if show else SHOWN_AT_FIRST
        waiting = waiting_work(tx, most)
        work = [*(_approval(each) for each in mine), *(_work(row, ages) for row in waiting.rows)]
        summary = _summary(mine, waiting.totals, ages, most)
    work.sort(key=_urgency)
    shown = work[:most]
    words: dict[str, Any] = {"kinds": KIND, "buttons": BUTTON, "terms": terms, "most": MOST_LISTED}
    return page(request, "workbench/inbox.html", now=tx.now, work=shown, summary=summary, fills=_fills(actor), **words)


def _urgency(work: Work) -> tuple[bool, datetime | None, Decimal, datetime]:
    never = work.due_at is None
    return (never, work.due_at or work.since, -(work.stake.amount if work.stake else Decimal(0)), work.since)


class _Ages:
    """Counts business minutes in the calendar of each business unit, which is read once."""

    def __init__(self, tx: Tx) -> None:
        self._tx = tx
        self._calendars: dict[UUID | None, BusinessCalendar] = {}

    def since(self, moment: datetime, unit: UUID | None) -> int:
        """Return the business minutes that passed since a moment."""
        if unit not in self._calendars:
            self._calendars[unit] = calendars.of_unit(self._tx, None if unit is None else BusinessUnitId(unit))
        return business_minutes(self._calendars[unit], moment, self._tx.now)


def _approval(waiting: WaitingApproval) -> Work:
    step = waiting.step
    amount = None if step.policy_amount is None else Money(step.policy_amount, step.policy_currency)
    return Work(
        kind="approval",
        what=terms.APPROVAL_ROLE.get(step.role, step.role),
        note=None,
        order_ref=step.order_ref,
        supplier=step.supplier,
        stake=amount,
        since=step.opened_at,
        due_at=step.due_at,
        age_minutes=waiting.age_minutes,
        href=f"/approvals/{step.step_id}",
    )


def _work(row: WorkRow, ages: _Ages) -> Work:
    stake = None if row.amount is None or row.currency is None else Money(row.amount, row.currency)
    return Work(
        kind=row.kind.value,
        what=_what(row),
        note=row.note,
        order_ref=row.order_ref,
        supplier=row.supplier,
        stake=stake,
        since=row.since,
        due_at=row.due_at,
        age_minutes=ages.since(row.since, row.unit_id),
        href=_href(row),
        paused=row.paused,
    )


_KINDS_OF_EXCEPTION: Final[Mapping[str, str]] = {kind.value: text for kind, text in terms.EXCEPTION.items()}


def _what(row: WorkRow) -> str:
    """Return the words for a row; they are translated when shown."""
    known = _KINDS_OF_EXCEPTION.get(row.code) or terms.MESSAGE.get(row.code)
    return known or KIND[row.kind].text


def _href(row: WorkRow) -> str:
    """Return where a row is decided: the gate's findings and failed messages on the order, every other exception on its page."""
    at = f"/orders/{row.order_ref}"
    if row.order_ref is not None and row.kind is WorkKind.STOPPED:
        return f"{at}/check"
    if row.order_ref is not None and row.kind is WorkKind.MESSAGE:
        return f"{at}/messages"
    if row.kind is WorkKind.EXCEPTION:
        return f"/exceptions/{row.id}"
    return at if row.order_ref is not None else "/orders"


def _summary(approvals: Sequence[WaitingApproval], totals: Sequence[WorkTotal], ages: _Ages, most: int) -> Summary:
    """Add up approvals and everything else; one sum for each currency."""
    stakes: dict[str, Decimal] = {}
    for total in totals:
        if total.currency is not None and total.amount is not None:
            stakes[total.currency] = stakes.get(total.currency, Decimal(0)) + total.amount
    for each in approvals:
        if each.step.policy_amount is not None:
            currency = each.step.policy_currency
            stakes[currency] = stakes.get(currency, Decimal(0)) + each.step.policy_amount
    count = len(approvals) + sum(total.count for total in totals)
    waits = [each.age_minutes for each in approvals] + [ages.since(total.oldest, total.unit_id) for total in totals]
    return Summary(
        count=count,
        late=sum(each.overdue for each in approvals) + sum(total.late for total in totals),
        stakes=tuple(Money(amount, currency) for currency, amount in sorted(stakes.items()) if amount),
        oldest_minutes=max(waits, default=0),
        listed=min(count, most),
    )


def _fills(actor: Actor) -> str:
    """Say what would fill an empty inbox of this person."""
    if actor.may(Permission.APPROVAL_DECIDE):
        return marked(
            "Approvals appear here when policy asks you or somebody you stand in for, exceptions when your role owns them."
        )
    if actor.may(Permission.ORDER_WRITE):
        return marked("Orders the gate stops, suppliers who do not answer and exceptions of buyers appear here.")
    return marked("Exceptions that belong to your role appear here as soon as they are opened.")
