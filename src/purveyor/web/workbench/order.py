"""The pages of one order: overview, gate report, approvals, messages, goods and invoices, timeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from purveyor.core.access import SYSTEM, Actor, Permission
from purveyor.core.events.base import Ref
from purveyor.core.order import PurchaseOrder
from purveyor.core.quantity import Quantity
from purveyor.store import advisories, approvals, events, invoices, masters, movements, promises, receipts, ship_notices
from purveyor.store.db import Database, Tx
from purveyor.store.events import RecordedEvent
from purveyor.store.views import names
from purveyor.store.views.attempts import attempts_of_many
from purveyor.store.views.names import Program
from purveyor.web import formats
from purveyor.web.i18n import gettext
from purveyor.web.measures import terms as handoff_terms
from purveyor.web.measures.reading import line_handoffs
from purveyor.web.security import SignedIn, page_router
from purveyor.web.templating import page
from purveyor.web.words import answer_of
from purveyor.web.workbench import codes, terms
from purveyor.web.workbench.change_actions import waiting_changes
from purveyor.web.workbench.consistency import systems_of
from purveyor.web.workbench.gate_section import sections_of
from purveyor.web.workbench.matching import shown_invoices
from purveyor.web.workbench.policy_words import PolicyReader
from purveyor.web.workbench.stages import stages_of
from purveyor.web.workbench.story import Action, OrderStory, load_story
from purveyor.web.workbench.timeline import Storyteller, load_names

router = page_router("/orders/{reference}")
_EVENTS_SHOWN = 1000


@dataclass(frozen=True, slots=True)
class Reading:
    """One page of an order while it is being read: the transaction, the order and the reader's language."""

    request: Request
    tx: Tx
    actor: Actor
    story: OrderStory

    @property
    def translate(self) -> Callable[[str], str]:
        """The translating function of the reader."""
        return gettext(self.request.state.viewer.locale)


Content = Callable[[Reading], Mapping[str, Any]]


def show(request: Request, actor: Actor, reference: str, tab: str, content: Content, template: str | None = None) -> Response:
    """Draw one tab of an order; ``content`` reads what the tab needs inside the same transaction."""
    database: Database = request.app.state.database
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        story = load_story(tx, reference)
        extra = content(Reading(request, tx, actor, story))
    shown = {"story": story, "order": story.order, "tab": tab, "terms": terms, "codes": codes, "Action": Action, **extra}
    return page(request, template or f"workbench/order_{tab}.html", now=tx.now, **shown)


@router.get("")
def overview(request: Request, reference: str, actor: SignedIn) -> Response:
    """Where does this order stand, and what is to be done next?"""
    programs = _programs(request)
    return show(request, actor, reference, "overview", lambda reading: overview_of(reading, programs))


def _programs(request: Request) -> Mapping[UUID, Program]:
    """Read the clients of the API under the product's own scope; a page shows those that acted on its order."""
    database: Database = request.app.state.database
    with database.read(SYSTEM, correlation_id=request.state.correlation_id, source="web") as tx:
        return names.programs(tx)


def overview_of(reading: Reading, programs: Mapping[UUID, Program]) -> Mapping[str, Any]:
    """Return stages, lines with their progress, units and handoffs, and the promise ledger."""
    tx, story = reading.tx, reading.story
    told, teller = _told(reading, programs)
    sites = {part.ship_to for line in story.order.lines for part in line.schedules if part.ship_to is not None}
    progress, answer = tuple(story.progress.values()), answer_of(story.line_states)
    return {
        "stages": stages_of(story.order, told, progress, teller.who, reading.translate, answer),
        **suggestions_of(reading),
        "ledgers": promises.ledgers(tx, story.order),
        "sites": names.site_names(tx, sites),
        "packs": _packs(tx, story.order),
        "handoffs": line_handoffs(tx, [story.order.id]),
        "handoff_terms": handoff_terms,
        "systems": systems_of(story.order, story.messages, story.exceptions, reading.translate),
    }


def suggestions_of(reading: Reading) -> Mapping[str, Any]:
    """Return the suggestions that asked a person, the newest first, with the names of those who decided."""
    order = reading.story.order
    said = advisories.of_orders(reading.tx, [order.id]).get(order.id, ())
    shown = [one for one in said[::-1] if one.case_id is not None]
    return {
        "suggestions": shown,
        "deciders": names.people(reading.tx, {one.decided_by for one in shown if one.decided_by is not None}),
        "may_decide": reading.actor.may(Permission.EXCEPTION_RESOLVE),
    }


def _told(reading: Reading, programs: Mapping[UUID, Program]) -> tuple[list[RecordedEvent], Storyteller]:
    """Return the events about the order, and who writes them for this reader."""
    order, viewer = reading.story.order, reading.request.state.viewer
    told = events.read_about(reading.tx, Ref("order", order.id), _EVENTS_SHOWN)
    known = load_names(reading.tx, told, order, reading.story.supplier_name, programs)
    return told, Storyteller(viewer, known, order.currency)


def _packs(tx: Tx, order: PurchaseOrder) -> dict[int, Quantity]:
    """Return what one unit of a line holds in the item's base unit, for lines that are not ordered in it."""
    items = masters.items(tx, {line.item_id for line in order.lines if line.item_id is not None})
    packs = {}
    for line in order.lines:
        units = items[line.item_id].units if line.item_id in items else None
        if units is not None and line.uom is not None and line.uom != units.base_uom and units.knows(line.uom):
            packs[line.line_no] = Quantity(units.convert_decimal(Decimal(1), line.uom, units.base_uom), units.base_uom)
    return packs


@router.get("/check")
def gate_report(request: Request, reference: str, actor: SignedIn) -> Response:
    """What did the gate find, from which figures, and what can be done about it?"""
    return show(request, actor, reference, "check", sections)


@router.get("/check/print")
def printed_report(request: Request, reference: str, actor: SignedIn) -> Response:
    """The gate report on paper: nothing to press, everything unfolded."""
    return show(request, actor, reference, "check", sections, "workbench/order_check_print.html")


def sections(reading: Reading) -> Mapping[str, Any]:
    """Return the sections of the report, none before the first check."""
    report, story = reading.story.report, reading.story
    if report is None:
        return {"sections": [], "current": False}
    current = report.order.version == story.order.version
    editable = current and Action.EDIT in story.actions
    return {"sections": sections_of(report, reading.actor, editable=editable, _=reading.translate), "current": current}


@router.get("/approvals")
def approval_history(request: Request, reference: str, actor: SignedIn) -> Response:
    """Who has to agree, who did, for whom, and which policy row says so?"""
    return show(request, actor, reference, "approvals", chains_of)


def chains_of(reading: Reading) -> Mapping[str, Any]:
    """Return every approval chain, the newest first, with the names of the people and the policy rows in words."""
    chains = approvals.history(reading.tx, reading.story.order.id)[::-1]
    involved = {
        each
        for chain in chains
        for step in chain.steps
        for each in (step.holder.user_id if step.holder else None, step.decided_by, step.decided_for)
        if each is not None
    }
    reader = PolicyReader(reading.request.state.viewer.locale)
    return {
        "changes": waiting_changes(reading.tx, reading.actor, reading.story.order),
        "chains": chains,
        "people": names.people(reading.tx, involved),
        "why": {chain.id: reader.why_routed(reading.tx, chain) for chain in chains},
    }


@router.get("/messages")
def messages_of_order(request: Request, reference: str, actor: SignedIn) -> Response:
    """Who was told what, by which channel, and did it arrive?"""
    return show(request, actor, reference, "messages", attempts)


def attempts(reading: Reading) -> Mapping[str, Any]:
    """Return the attempts at every message of the order; they happen in real time, so pages tell their age by the real clock."""
    made = attempts_of_many(reading.tx, [message.id for message in reading.story.messages])
    real_now = reading.tx.real_now
    may_replay = reading.actor.may(Permission.MESSAGE_REPLAY)
    return {"attempts": made, "may_replay": may_replay, "ago": lambda moment: formats.span_text(real_now - moment)}


@router.get("/goods")
def goods_and_invoices(request: Request, reference: str, actor: SignedIn) -> Response:
    """What was announced, what came, and does the bill fit?"""
    return show(request, actor, reference, "goods", goods)


def goods(reading: Reading) -> Mapping[str, Any]:
    """Return ship notices, receipts, movements, and invoices beside order and receipt."""
    tx, order = reading.tx, reading.story.order
    items = masters.items(tx, {line.item_id for line in order.lines if line.item_id is not None})
    moved = movements.of_order(tx, order.id)
    counted = receipts.of_order(tx, order.id)
    sites = {movement.place.ship_to for movement in moved} | {part.ship_to for line in order.lines for part in line.schedules}
    bills = invoices.of_orders(tx, [order.id])
    figures = {bill.id: invoices.figures_of(tx, bill.id) for bill in bills}
    return {
        "notices": ship_notices.of_order(tx, order.id),
        "receipts": counted,
        "movements": moved[::-1],
        "base_units": {
            line.line_no: items[line.item_id].units.base_uom if line.item_id in items else line.uom for line in order.lines
        },
        "sites": names.site_names(tx, {site for site in sites if site is not None}),
        "invoices": shown_invoices(order, bills, figures),
    }


@router.get("/timeline")
def timeline(request: Request, reference: str, actor: SignedIn) -> Response:
    """What happened, when, by whom, and why?"""
    programs = _programs(request)
    return show(request, actor, reference, "timeline", lambda reading: entries(reading, programs))


def entries(reading: Reading, programs: Mapping[UUID, Program]) -> Mapping[str, Any]:
    """Return every event about the order, the newest first."""
    told, teller = _told(reading, programs)
    return {"entries": [teller.entry(event) for event in reversed(told)]}
