"""Everything one approval card shows, read in one transaction: the order, why it came here, and whether this person decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from purveyor.app.approve import waiting_minutes
from purveyor.core.access import Actor, ActorKind, Permission
from purveyor.core.approval_chain import ApprovalChain, ApprovalStep, ChainState, Holder, StepState, acting_holder
from purveyor.core.documents import FieldChange, differences
from purveyor.core.errors import NotFound
from purveyor.core.finding import Finding
from purveyor.core.gate import GateReport
from purveyor.core.ids import SiteId, StepId, UserId
from purveyor.core.order import OrderLine, PurchaseOrder
from purveyor.core.pricing import Resolved
from purveyor.core.rules.base import line_check, order_check
from purveyor.store import approvals, approvers, findings, masters, orders
from purveyor.store.db import Tx
from purveyor.store.views import names
from purveyor.store.views.approval_card import SimilarLine, names_by_person, similar_lines
from purveyor.web.workbench.policy_words import PolicyReader, RowWords


@dataclass(frozen=True, slots=True)
class PriceCheck:
    """A line's price beside the agreed one, both per unit of the line; ``difference`` is the line's amount above it."""

    agreed: Decimal
    source: str | None
    difference: Decimal


@dataclass(frozen=True, slots=True)
class Card:
    """One approval step with all that helps to decide it. ``unchecked``: the gate never saw this order.

    ``order`` reads as in the version the approval was asked for, ``changes`` say what differs from it today.
    """

    order: PurchaseOrder
    version_now: int
    changes: tuple[FieldChange, ...]
    chain: ApprovalChain
    step: ApprovalStep
    acting: Holder | None
    supplier: str
    requester: str | None
    people: Mapping[UUID, str]
    sites: Mapping[SiteId, str]
    why: tuple[RowWords, ...]
    findings: tuple[Finding, ...]
    at_stake: Decimal
    prices: Mapping[int, PriceCheck]
    similar: tuple[SimilarLine, ...]
    waited_minutes: int
    unchecked: bool

    @property
    def open(self) -> bool:
        """Say whether the step waits for a decision."""
        return self.chain.state is ChainState.OPEN and self.step.state is StepState.OPEN

    @property
    def moved_on(self) -> bool:
        """Say whether the order changed after it was sent for approval."""
        return self.chain.version != self.version_now

    def decided_by(self, actor: Actor) -> bool:
        """Say whether this person may decide the step now."""
        if not self.open or self.order.hold is not None or actor.kind is not ActorKind.USER:
            return False
        own = actor.person_key in self.chain.parties
        mine = self.acting is not None and (self.acting.user_id, self.acting.person_key) == (actor.id, actor.person_key)
        return mine and not own and actor.may(Permission.APPROVAL_DECIDE)

    def stands_in_for(self, actor: Actor) -> UserId | None:
        """Return whom this person decides for, None when he decides for himself."""
        holder = self.step.holder
        return holder.user_id if holder is not None and self.decided_by(actor) and holder.user_id != actor.id else None


def load_card(tx: Tx, step_id: StepId, locale: str) -> Card:
    """Return the card of a step; raises NotFound and NotAuthorised."""
    tx.actor.require(Permission.APPROVAL_READ)
    chain = approvals.get_by_step(tx, step_id)
    step = chain.step(step_id)
    now = orders.get(tx, chain.order_id)
    order = now if now.version == chain.version else orders.version(tx, now.id, chain.version)
    given = approvers.delegations_of(tx, [step.holder.user_id], chain.business_unit_id) if step.holder is not None else ()
    acting = acting_holder(chain, step, given, tx.now)
    report = _report(tx, order)
    known = [order.buyer_id, *_people_of(chain), None if acting is None else acting.user_id]
    sites = {part.ship_to for line in order.lines for part in line.schedules if part.ship_to is not None}
    suppliers = names.supplier_names(tx, [order.supplier_id]) if order.supplier_id is not None else {}
    requester = names_by_person(tx, [order.requester]).get(order.requester) if order.requester is not None else None
    return Card(
        order=order,
        version_now=now.version,
        changes=differences(order, now),
        chain=chain,
        step=step,
        acting=acting,
        supplier=next(iter(suppliers.values()), order.supplier_code),
        requester=requester,
        people=names.people(tx, [each for each in known if each is not None]),
        sites={site.id: site.name for site in masters.sites(tx, sites).values()},
        why=tuple(PolicyReader(locale).why_routed(tx, chain)),
        findings=_findings(tx, now) if order is now else () if report is None else report.standing,
        at_stake=Decimal(0) if report is None else report.at_stake,
        prices={} if report is None else _prices(report),
        similar=tuple(similar_lines(tx, order)),
        waited_minutes=waiting_minutes(tx, chain, step),
        unchecked=report is None,
    )


def _findings(tx: Tx, order: PurchaseOrder) -> tuple[Finding, ...]:
    found = findings.of_orders(tx, [order.id]).get(order.id, [])
    return tuple(each.finding for each in found if not each.overridden)


def _report(tx: Tx, order: PurchaseOrder) -> GateReport | None:
    try:
        return findings.newest(tx, order.id, order.version)[1]
    except NotFound:
        return None


def _people_of(chain: ApprovalChain) -> list[UUID | None]:
    steps = chain.steps
    return [*(None if each.holder is None else each.holder.user_id for each in steps), *_deciders(chain)]


def _deciders(chain: ApprovalChain) -> list[UUID | None]:
    return [who for step in chain.steps for who in (step.decided_by, step.decided_for)]


def _prices(report: GateReport) -> dict[int, PriceCheck]:
    """Set each price beside the agreed one, from the facts the gate used."""
    whole = order_check(report.order, report.facts, report.policy, report.checked_at)
    checked = {}
    for line in report.order.lines:
        answer = line_check(whole, line).agreed
        if not line.cancelled and isinstance(answer, Resolved):
            checked[line.line_no] = _price(line, report.order.currency, answer)
    return checked


def _price(line: OrderLine, currency: str, agreed: Resolved) -> PriceCheck:
    amount = line.amount(currency)
    difference = Decimal(0) if amount is None else amount - agreed.extended
    return PriceCheck(agreed.unit_price, agreed.agreement.number if agreed.agreement else None, difference)
