"""Everything the pages of one order show above their tabs: the order, its people, what may be done with it now, what waits."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from purveyor.app.advise import KEY
from purveyor.app.approve import waiting_for_actor
from purveyor.app.progress import progress_of_loaded
from purveyor.core.access import Actor, Permission
from purveyor.core.acknowledge import LineState
from purveyor.core.approval_chain import ApprovalChain
from purveyor.core.cases import ExceptionCase
from purveyor.core.errors import NotFound
from purveyor.core.gate import GateReport
from purveyor.core.ids import OrderId, StepId
from purveyor.core.lifecycle import ENDED, Status, Verb, allowed_verbs
from purveyor.core.messaging import MessageKind
from purveyor.core.order import PurchaseOrder
from purveyor.core.progress import LineProgress
from purveyor.core.quantity import UnknownUnit
from purveyor.store import acknowledgments, approvals, cases, findings, messages, orders
from purveyor.store.acknowledgments import AnsweredLine
from purveyor.store.cases import CaseFilter
from purveyor.store.db import Tx
from purveyor.store.messages import Message
from purveyor.store.views import names
from purveyor.store.views.approval_card import names_by_person


class Action(StrEnum):
    """What a person can do on the page of an order; the first four are verbs of the lifecycle."""

    SUBMIT = "submit"
    EDIT = "edit"
    RELEASE = "release"
    CANCEL = "cancel"
    HOLD = "hold"
    LIFT_HOLD = "lift_hold"


@dataclass(frozen=True, slots=True)
class OrderStory:
    """An order as its pages see it; ``report`` is None before the first check."""

    order: PurchaseOrder
    supplier_name: str
    buyer_name: str | None
    requester_name: str | None
    hold_owner: str | None
    actions: frozenset[Action]
    report: GateReport | None
    chain: ApprovalChain | None
    progress: dict[int, LineProgress]
    answers: dict[int, AnsweredLine]
    exceptions: tuple[ExceptionCase, ...]
    messages: tuple[Message, ...]
    own_step: StepId | None

    @property
    def line_states(self) -> tuple[LineState, ...]:
        """Where the lines stand with the supplier."""
        return tuple(answer.state for answer in self.answers.values())

    @property
    def waits_for_decision(self) -> bool:
        """Say whether a suggestion that nobody has decided about keeps it here."""
        return any(case.natural_key.startswith(KEY) for case in self.open_exceptions)

    @property
    def open_exceptions(self) -> tuple[ExceptionCase, ...]:
        """The exceptions somebody still has to settle."""
        return tuple(case for case in self.exceptions if case.is_open)

    @property
    def failed_messages(self) -> tuple[Message, ...]:
        """The messages that were given up."""
        return tuple(message for message in self.messages if message.state == "dead")


def load_story(tx: Tx, reference: str) -> OrderStory:
    """Load an order by our reference with what stands around it; raise NotFound and NotAuthorised."""
    order = find_order(tx, reference)
    known = names.people(tx, {each for each in (order.buyer_id, order.hold.owner if order.hold else None) if each})
    suppliers = names.supplier_names(tx, {order.supplier_id} if order.supplier_id else set())
    sent = tuple(messages.of_order(tx, order.id))
    return OrderStory(
        order=order,
        supplier_name=suppliers.get(order.supplier_id, order.supplier_code) if order.supplier_id else order.supplier_code,
        buyer_name=known.get(order.buyer_id) if order.buyer_id else None,
        requester_name=_requester(tx, order),
        hold_owner=known.get(order.hold.owner) if order.hold and order.hold.owner else None,
        actions=actions_for(tx.actor, order, sent),
        report=newest_report(tx, order.id),
        chain=approvals.in_force(tx, order.id),
        progress=_progress(tx, order),
        answers={line.line_no: line for line in acknowledgments.lines_of(tx, [order.id]).get(order.id, [])},
        exceptions=tuple(cases.listed(tx, CaseFilter(order_id=order.id, include_resolved=True), limit=200)),
        messages=sent,
        own_step=own_step(tx, order.id),
    )


def _requester(tx: Tx, order: PurchaseOrder) -> str | None:
    """Return who asked for the order: by name when he is known here, else as the ERP calls him."""
    if order.requester is None:
        return None
    return names_by_person(tx, [order.requester]).get(order.requester, order.requester)


def find_order(tx: Tx, reference: str) -> PurchaseOrder:
    """Return an order by our reference; suppliers have pages of their own. Raises NotFound and NotAuthorised."""
    tx.actor.require(Permission.EVENT_READ)
    return orders.by_ref(tx, reference.strip().upper())


def newest_report(tx: Tx, order_id: OrderId) -> GateReport | None:
    """Return the report of the newest check, None before the first."""
    try:
        return findings.newest(tx, order_id)[1]
    except NotFound:
        return None


def _progress(tx: Tx, order: PurchaseOrder) -> dict[int, LineProgress]:
    """Return the progress by line; a draft whose unit nobody knows has none yet."""
    try:
        return {line.line_no: line for line in progress_of_loaded(tx, {order.id: order})[order.id]}
    except UnknownUnit:
        return {}


def actions_for(actor: Actor, order: PurchaseOrder, sent: tuple[Message, ...]) -> frozenset[Action]:
    """Return what this person may do now: the verbs of the lifecycle table and the hold, by permission."""
    verbs = allowed_verbs(order.status)
    held = order.hold is not None
    writes = actor.may(Permission.ORDER_WRITE)
    possible = {
        Action.SUBMIT: Verb.SUBMIT in verbs and not held and actor.may(Permission.ORDER_SUBMIT),
        Action.EDIT: Verb.EDIT in verbs and writes,
        Action.RELEASE: _waits_for_a_hand(order, sent) and not held and actor.may(Permission.ORDER_RELEASE),
        Action.CANCEL: Verb.CANCEL in verbs and actor.may(Permission.ORDER_CANCEL),
        Action.HOLD: order.status not in ENDED and not held and writes,
        Action.LIFT_HOLD: held and writes,
    }
    return frozenset(action for action, allowed in possible.items() if allowed)


def _waits_for_a_hand(order: PurchaseOrder, sent: tuple[Message, ...]) -> bool:
    """An approved order leaves by itself; only one whose confirmation was called off needs a person to send it."""
    confirmations = [message for message in sent if message.kind == MessageKind.ERP_CONFIRM]
    under_way = any(message.state in ("ready", "leased", "dead") for message in confirmations)
    return order.status is Status.APPROVED and bool(confirmations) and not under_way


def own_step(tx: Tx, order_id: OrderId) -> StepId | None:
    """Return the approval step of an order that this person decides, himself or for somebody away; None when there is none."""
    if not tx.actor.may(Permission.APPROVAL_DECIDE):
        return None
    waiting = (one.step for one in waiting_for_actor(tx))
    return next((step.step_id for step in waiting if step.order_id == order_id and step.may_decide), None)
