"""An order eight times as large as usual for its site, approved, with the model's suggestion about it on record."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from sqlalchemy import delete

from purveyor.app import approve
from purveyor.app.approve import assign_holder
from purveyor.core.access import SYSTEM, Actor, ActorKind, Role
from purveyor.core.advisory import Advisory
from purveyor.core.approval_chain import Verdict
from purveyor.core.approval_decisions import DecideStep
from purveyor.core.erp_records import Entity
from purveyor.core.ids import BusinessUnitId, ItemId
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.store import advisories, approvals, logins, masters, stock, xref
from purveyor.store.db import Database, Tx
from purveyor.store.jobs import Job
from purveyor.store.stock import PastOrder
from purveyor.store.tables.masters import ORDER_HISTORY
from purveyor.store.xref import Code
from purveyor.worker.compute import advise_about
from tests.app.erp_world import Company, a_company, a_draft, a_draft_line
from tests.app.people import MONDAY_NINE
from tests.order_builders import ERP, UNIT

USUAL = (36, 42, 48, 48, 54, 60, 48, 42, 54, 48)
BUYER = Actor(ActorKind.USER, UUID(int=77), "bo", frozenset({Role.BUYER}), frozenset({UNIT}))


def _an_approver(tx: Tx, name: str, approval_role: str) -> None:
    user = logins.add_user(tx, name, name.title(), person_key=name)
    logins.set_roles(tx, user, [Role.APPROVER], [BusinessUnitId(UNIT)])
    assign_holder(tx, UNIT, approval_role, user)


def a_company_of_small_orders(database: Database) -> Company:
    """A company whose site usually orders 48 pumps of each kind."""
    company = a_company(database)
    today = MONDAY_NINE.date()
    with database.transaction(SYSTEM) as tx:
        tx.conn.execute(delete(ORDER_HISTORY))
        site = next(iter(masters.sites(tx)))
        code = Code(Entity.ITEM, "i1")
        item = ItemId(xref.lookup(tx, ERP, [code])[code])
        past = [
            PastOrder(item, f"small-{at}", UNIT, Decimal(pieces), today - timedelta(days=20 * (at + 1)), site)
            for at, pieces in enumerate(USUAL)
        ]
        stock.save_history(tx, past, ERP)
        for name, approval_role in (("martha", "line_manager"), ("carl", "category_manager"), ("owen", "process_owner")):
            _an_approver(tx, name, approval_role)
    return company


def an_unusual_order(company: Company, pieces: str = "384", external_id: str = "100") -> PurchaseOrder:
    """Eight times the usual order, typed in pieces at the price of the cartons, taken in and submitted."""
    price = "83.20" if Decimal(pieces) >= 240 else "86.40"
    (order,) = company.takes_in(a_draft(external_id, a_draft_line(quantity=pieces, price=price, uom="EA")))
    return order


def now_approved(company: Company, order: PurchaseOrder) -> PurchaseOrder:
    """Whoever holds a step says yes, until the order is approved."""
    while company.now(order).status is Status.PENDING_APPROVAL:
        with company.database.read(SYSTEM) as tx:
            chain = approvals.in_force(tx, order.id)
        assert chain is not None
        assert chain.open_step is not None
        assert chain.open_step.holder is not None
        who = chain.open_step.holder
        holder = Actor(ActorKind.USER, who.user_id, who.person_key, frozenset({Role.APPROVER}), frozenset({UNIT}))
        with company.database.transaction(holder) as tx:
            approve.decide(tx, chain.open_step.id, DecideStep(Verdict.APPROVE, chain.version))
    return company.now(order)


def asked_about(company: Company, order: PurchaseOrder) -> list[Advisory]:
    """The job asks the models about an order; returns all that is on record about it."""
    advise_about(company.database, Job(1, "advise", str(order.id), {"order_id": str(order.id)}))
    with company.database.read(SYSTEM) as tx:
        return list(advisories.of_orders(tx, [order.id]).get(order.id, ()))
