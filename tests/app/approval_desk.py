"""What people do at the approval desk, for tests: submit orders, look at the queue, say yes or no, read the log."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from purveyor.app import approve, submit
from purveyor.app.submit import Checked
from purveyor.core.access import SYSTEM, Actor
from purveyor.core.approval_chain import (
    ApprovalStep,
    Verdict,
)
from purveyor.core.approval_decisions import DecideStep
from purveyor.core.cases import ExceptionType
from purveyor.core.events.base import Ref
from purveyor.core.facts import GatePolicy, OrderFacts
from purveyor.core.finding import Finding, Result, Section, Severity
from purveyor.core.gate import GateReport
from purveyor.core.ids import StepId
from purveyor.core.order import PurchaseOrder
from purveyor.store import approvals, cases, events, orders
from purveyor.store.db import Database
from tests.app.people import MONDAY_NINE
from tests.order_builders import a_line, an_order


def worth(amount: str, requester: str | None = "rita", category: str | None = "pumps", **given: Any) -> PurchaseOrder:
    order = an_order(a_line(quantity=1, price=amount, category=category), requester=requester, created_at=MONDAY_NINE)
    return replace(order, **given)


def a_finding(severity: Severity, code: str = "SOMETHING") -> Finding:
    return Finding("PV000001", None, "rule", code, Result.FAIL, severity, Section.POLICY, "Something is to be said.")


def submitted(
    database: Database, *drafts: PurchaseOrder, by: Actor = SYSTEM, severity: Severity | None = None
) -> list[PurchaseOrder]:
    """Save drafts, check them with one finding or none, and submit them."""
    found = () if severity is None else (a_finding(severity),)
    with database.transaction(by) as tx:
        saved = orders.save_many(tx, drafts)
        checked = [Checked(order, GateReport(order, OrderFacts(), GatePolicy(), tx.now, found)) for order in saved]
        return submit.submit_checked(tx, checked)


def the_step(database: Database, order: PurchaseOrder) -> ApprovalStep:
    with database.read(SYSTEM) as tx:
        chain = approvals.in_force(tx, order.id)
    assert chain is not None
    assert chain.open_step is not None
    return chain.open_step


def say(
    database: Database, by: Actor, step: StepId, verdict: Verdict = Verdict.APPROVE, version: int = 1, reason: str | None = None
) -> ApprovalStep:
    with database.transaction(by) as tx:
        return approve.decide(tx, step, DecideStep(verdict, version, reason))


def standing(database: Database, order: PurchaseOrder) -> PurchaseOrder:
    with database.read(SYSTEM) as tx:
        return orders.get(tx, order.id)


def told(database: Database, order: PurchaseOrder) -> list[str]:
    with database.read(SYSTEM) as tx:
        return [event.type for event in events.read_stream(tx, Ref("order", order.id))]


def open_types(database: Database, *keys: str) -> list[ExceptionType]:
    with database.transaction(SYSTEM) as tx:
        found = [cases.find_open(tx, key) for key in keys]
    return [case.type for case in found if case is not None]


def queue(database: Database, by: Actor) -> list[approve.WaitingApproval]:
    with database.read(by) as tx:
        return approve.waiting_for_actor(tx)
