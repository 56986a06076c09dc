"""The five stages of an order: create, revise, approve, acknowledge, receive. A stage that was skipped says why and who said so.

Made from the events of the order alone, so the stages say what the log says (checklist.md S2).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from purveyor.core.lifecycle import WITH_SUPPLIER, Status
from purveyor.core.order import PurchaseOrder
from purveyor.core.progress import LineProgress, is_received
from purveyor.store.events import RecordedEvent
from purveyor.web.i18n import marked
from purveyor.web.words import SupplierAnswer, Word

Translate = Callable[[str], str]


class StageState(StrEnum):
    """Where a stage stands."""

    DONE = "done"
    NOW = "now"
    LATER = "later"
    SKIPPED = "skipped"


STATE: Final[dict[StageState, Word]] = {
    StageState.DONE: Word(marked("Done"), "good", "check"),
    StageState.NOW: Word(marked("Now"), "wait", "hourglass"),
    StageState.LATER: Word(marked("Not yet"), "neutral", "circle-dashed"),
    StageState.SKIPPED: Word(marked("Skipped"), "info", "arrow-right"),
}


_ANSWERED_BY: Final[dict[SupplierAnswer | None, str]] = {
    SupplierAnswer.DIFFERENT: marked("answered with differences by %(who)s"),
    SupplierAnswer.PARTLY_REJECTED: marked("partly rejected by %(who)s"),
    SupplierAnswer.REJECTED: marked("rejected by %(who)s"),
}


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: its name, where it stands, when that was decided, and why."""

    name: str
    state: StageState
    note: str
    at: datetime | None = None

    @property
    def word(self) -> Word:
        """How the state reads on screen."""
        return STATE[self.state]


@dataclass(frozen=True, slots=True)
class _Log:
    """The events of an order, asked by type."""

    events: Sequence[RecordedEvent]

    def last(self, *types: str) -> RecordedEvent | None:
        return next((event for event in reversed(self.events) if event.type in types), None)

    def count(self, *types: str) -> int:
        return sum(event.type in types for event in self.events)


def stages_of(
    order: PurchaseOrder,
    events: Sequence[RecordedEvent],
    progress: Sequence[LineProgress],
    who: Callable[[RecordedEvent], str],
    _: Translate,
    answer: SupplierAnswer | None = None,
) -> list[Stage]:
    """Return the five stages in order; ``who`` names the actor of an event, ``answer`` is what the supplier's answer comes to."""
    log = _Log(events)
    return [
        _create(order, log, who, _),
        _revise(order, log, who, _),
        _approve(order, log, who, _),
        _acknowledge(order, log, progress, who, _, answer),
        _receive(order, log, progress, who, _, answer),
    ]


def _create(order: PurchaseOrder, log: _Log, who: Callable[[RecordedEvent], str], _: Translate) -> Stage:
    drafted = log.last("order.drafted")
    source = _("taken in by %(who)s") % {"who": who(drafted)} if drafted else _("entered here")
    return Stage(_("Create"), StageState.DONE, source, drafted.occurred_at if drafted else order.created_at)


def _revise(order: PurchaseOrder, log: _Log, who: Callable[[RecordedEvent], str], _: Translate) -> Stage:
    edited = log.last("order.edited", "change_order.applied")
    if edited is not None:
        values = {"version": order.version, "who": who(edited)}
        return Stage(_("Revise"), StageState.DONE, _("version %(version)s by %(who)s") % values, edited.occurred_at)
    checked = log.last("order.checked")
    if order.status is Status.DRAFT:
        blocked = bool(checked and checked.payload.get("blocked"))
        note = _("the gate stopped it, correct what it found") if blocked else _("may still be changed")
        return Stage(_("Revise"), StageState.NOW, note, checked.occurred_at if checked else None)
    note = _("nothing to correct, says the gate") if checked else _("never checked")
    return Stage(_("Revise"), StageState.SKIPPED, note, checked.occurred_at if checked else None)


def _approve(order: PurchaseOrder, log: _Log, who: Callable[[RecordedEvent], str], _: Translate) -> Stage:
    name, approved = _("Approve"), log.last("order.approved")
    if order.status is Status.PENDING_APPROVAL:
        opened = log.last("approval.step_opened", "approval.step_escalated", "order.submitted")
        return Stage(name, StageState.NOW, _("waits for a decision"), opened.occurred_at if opened else None)
    if order.status is Status.DRAFT:
        voided = log.last("approval.voided")
        note = _("the approval before is void, the order changed") if voided else _("after it is submitted")
        return Stage(name, StageState.LATER, note)
    if approved is None:
        bypassed = log.last("order.erp_drift_found", "order.cancelled")
        note = _("never approved here: %(who)s went past it") % {"who": who(bypassed)} if bypassed else _("never asked for")
        return Stage(name, StageState.SKIPPED, note, bypassed.occurred_at if bypassed else None)
    by_policy = approved.payload.get("by_policy")
    if by_policy:
        note = _("no approver needed, says policy row %(row)s") % {"row": _rows(str(by_policy))}
        return Stage(name, StageState.SKIPPED, note, approved.occurred_at)
    decided = log.last("approval.step_decided")
    return Stage(name, StageState.DONE, _("by %(who)s") % {"who": who(decided or approved)}, approved.occurred_at)


def _rows(sources: str) -> str:
    """Return the ids of the policy rows without their table and its version: ``A1``."""
    return ", ".join(source.partition("@")[0].partition(":")[2] for source in sources.split("; "))


def _acknowledge(
    order: PurchaseOrder,
    log: _Log,
    progress: Sequence[LineProgress],
    who: Callable[[RecordedEvent], str],
    _: Translate,
    answer: SupplierAnswer | None,
) -> Stage:
    name, answered = _("Acknowledge"), log.last("order.acknowledged")
    if order.status is Status.ISSUED:
        return Stage(name, StageState.NOW, _("the supplier's confirmation is awaited"), order.issued_at)
    if answered is not None:
        said = log.last("acknowledgment.received") or answered
        note = _(_ANSWERED_BY[answer]) if answer in _ANSWERED_BY else _("by %(who)s")
        return Stage(name, StageState.DONE, note % {"who": who(said)}, answered.occurred_at)
    if order.status is Status.CLOSED or any(line.received for line in progress):
        goods = log.last("goods.received", "quantity.moved", "order.closed")
        note = _("the goods came without it, says %(who)s") % {"who": who(goods)} if goods else _("the goods came without it")
        return Stage(name, StageState.SKIPPED, note, goods.occurred_at if goods else None)
    return _not_reached(name, order, log, who, _)


def _receive(
    order: PurchaseOrder,
    log: _Log,
    progress: Sequence[LineProgress],
    who: Callable[[RecordedEvent], str],
    _: Translate,
    answer: SupplierAnswer | None,
) -> Stage:
    name, last = _("Receive"), log.last("goods.received", "quantity.moved", "line.closed_short", "order.closed")
    if progress and is_received(progress) and order.status is not Status.CANCELLED:
        note = _("by %(who)s") % {"who": who(last)} if last else ""
        return Stage(name, StageState.DONE, note, last.occurred_at if last else None)
    if any(line.received for line in progress):
        return Stage(name, StageState.NOW, _("partly received"), last.occurred_at if last else None)
    if any(line.in_transit for line in progress):
        return Stage(name, StageState.NOW, _("on the way"), last.occurred_at if last else None)
    if answer is SupplierAnswer.REJECTED and order.status is Status.ACKNOWLEDGED:
        return Stage(name, StageState.NOW, _("nothing comes: the supplier rejects the order"))
    return _not_reached(name, order, log, who, _)


def _not_reached(name: str, order: PurchaseOrder, log: _Log, who: Callable[[RecordedEvent], str], _: Translate) -> Stage:
    cancelled = log.last("order.cancelled")
    if order.status in WITH_SUPPLIER:
        state = StageState.NOW if order.status is Status.ACKNOWLEDGED else StageState.LATER
        return Stage(name, state, _("the goods are awaited"))
    if order.status is not Status.CANCELLED or cancelled is None:
        return Stage(name, StageState.LATER, _("after the order is sent"))
    reason = cancelled.reason or _("deleted in the ERP")
    note = _("cancelled by %(who)s: %(reason)s") % {"who": who(cancelled), "reason": reason}
    return Stage(name, StageState.SKIPPED, note, cancelled.occurred_at)
