"""A pump order with its supplier in an organisation of buyers, warehouse, accounts payable and IT, for tests of their pages."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal

from purveyor.app.match import InvoiceResult
from purveyor.core.access import SYSTEM, Actor, ActorKind, Role
from purveyor.core.cases import ExceptionCase, ExceptionType
from purveyor.core.ids import BusinessUnitId
from purveyor.core.order import PurchaseOrder
from purveyor.settings import Settings
from purveyor.store import cases, logins
from purveyor.store.cases import CaseFilter
from purveyor.store.db import Database, Tx
from tests.app.invoicing import a_bill, billed, goods_came
from tests.app.people import People
from tests.app.supplier_world import a_world, an_issued_order
from tests.order_builders import UNIT
from tests.web.desks import Desk, desks


@dataclass
class World:
    """The people at their desks, and the pump order of 20 cartons."""

    database: Database
    people: People
    order: PurchaseOrder
    buyer: Desk
    manager: Desk
    warehouse: Desk
    payable: Desk
    it: Desk
    auditor: Desk

    def open_cases(self, *types: ExceptionType) -> list[ExceptionCase]:
        """Every open exception, or those of some types."""
        with self.database.read(SYSTEM) as tx:
            return cases.listed(tx, CaseFilter(types=frozenset(types)))

    def case(self, kind: ExceptionType) -> ExceptionCase:
        """The one open exception of a type."""
        (found,) = self.open_cases(kind)
        return found

    def stored(self, case: ExceptionCase) -> ExceptionCase:
        """An exception as it stands now."""
        with self.database.read(SYSTEM) as tx:
            return cases.load(tx, case.id)


def an_account(tx: Tx, name: str, role: Role) -> Actor:
    """Add a person of one role in the unit of the tests."""
    user_id = logins.add_user(tx, name, name.title(), person_key=name)
    logins.set_roles(tx, user_id, [role], [BusinessUnitId(UNIT)])
    return Actor(ActorKind.USER, user_id, name, frozenset({role}), frozenset({UNIT}))


@contextmanager
def a_dock_world(database: Database, settings: Settings) -> Iterator[World]:
    """Serve the application to one person of each role, with an order at its supplier."""
    people = a_world(database)
    order = an_issued_order(database, price="998.40")
    roles = {"walt": Role.WAREHOUSE, "ada": Role.ACCOUNTS_PAYABLE, "ivan": Role.IT, "olga": Role.AUDITOR}
    with database.transaction(SYSTEM) as tx:
        others = [an_account(tx, name, role) for name, role in roles.items()]
    with desks(database, settings, people.rita, people.carl, *others) as seated:
        yield World(database, people, order, *seated)


def a_price_dispute(world: World) -> InvoiceResult:
    """Twelve cartons billed at the price of last year: 460.80 over."""
    goods_came(world.database, world.order, 12)
    return billed(world.database, a_bill(world.order, price=str(Decimal("998.40") + Decimal("38.40"))))
