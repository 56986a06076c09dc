"""A distributor's Monday for the pages: orders stopped, waiting, sent, answered, received and billed, by the product's verbs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Final

from purveyor.app import acknowledge, masters, match, outbound, receive, ship
from purveyor.app.acknowledge import AcknowledgmentCommand
from purveyor.app.approve import assign_holder
from purveyor.app.outbound import Failure
from purveyor.app.receive import CountedLine, ReceiptCommand
from purveyor.app.ship import ShipNoticeCommand
from purveyor.core.access import SYSTEM, SYSTEM_SCOPE, Actor, ActorKind, Role
from purveyor.core.acknowledge import AnswerPart, LineAnswer, Outcome
from purveyor.core.erp_records import MASTERS, Entity
from purveyor.core.ids import OrderId, SupplierId, UserId
from purveyor.core.invoice import InvoiceCommand, InvoiceLine
from purveyor.core.messaging import MessageKind
from purveyor.core.order import Origin, PurchaseOrder
from purveyor.core.shipping import ShippedLine
from purveyor.store import logins, orders
from purveyor.store.db import Database
from tests.app.erp_world import Company, a_company, a_draft, a_draft_line
from tests.app.people import MONDAY_NINE, pass_hours
from tests.order_builders import ERP, UNIT
from tests.web.people import PASSWORD

LOGINS: Final = {
    "dana": Role.BUYER,
    "carl": Role.CATEGORY_MANAGER,
    "martha": Role.APPROVER,
    "wendy": Role.WAREHOUSE,
    "paul": Role.ACCOUNTS_PAYABLE,
    "ines": Role.IT,
    "audrey": Role.AUDITOR,
}
NAMES: Final = {
    "dana": "Dana Ortiz",
    "carl": "Carl Weber",
    "martha": "Martha Lindqvist",
    "wendy": "Wendy Shaw",
    "paul": "Paul Adeyemi",
    "ines": "Inês Duarte",
    "audrey": "Audrey Blake",
}


@dataclass(frozen=True)
class Story:
    """What the pages show: the people by login, and orders by what happened to them."""

    database: Database
    people: dict[str, Actor]
    stopped: str
    waiting: str
    silent: str
    answered: str
    received: str
    failed: str

    def order(self, reference: str) -> PurchaseOrder:
        """Return an order as it stands now."""
        with self.database.read(SYSTEM) as tx:
            return orders.by_ref(tx, reference)


def a_story(database: Database) -> Story:
    """Play the Monday on a fresh database."""
    company = a_company(database)
    people = _people(database)
    dear = a_draft("101", a_draft_line(1, "240"), origin=Origin.TYPED, typist="dana")
    right = a_draft("102", a_draft_line(2, "20", "998.40"), origin=Origin.TYPED, typist="dana")
    small = [a_draft(f"10{2 + item}", a_draft_line(item, "4")) for item in (1, 2, 3)]
    small.append(a_draft("106", a_draft_line(3, "3", need_by=date(2026, 5, 20))))
    stopped, waiting, *rest = company.takes_in(dear, right, *small)
    silent, answered, received, failed = (company.issues(order) for order in rest)
    _supplier_messages(company, answered, received, failed)
    _answers(database, answered, received)
    _goods(database, received)
    pass_hours(database, 30)
    _feeds_are_read(database)
    return Story(database, people, *(order.order_ref for order in (stopped, waiting, silent, answered, received, failed)))


def _feeds_are_read(database: Database) -> None:
    """The ERP was read to its end just now, so every figure is fresh."""
    with database.transaction(SYSTEM) as tx:
        for entity in (*MASTERS, Entity.STOCK):
            masters.up_to_date(tx, ERP, entity)


def _people(database: Database) -> dict[str, Actor]:
    people = {}
    with database.transaction(SYSTEM) as tx:
        for login, role in LOGINS.items():
            user = logins.add_user(tx, login, NAMES[login], person_key=login, time_zone="America/New_York")
            logins.set_password(tx, user, PASSWORD)
            logins.set_roles(tx, user, [role], [UNIT])
            people[login] = Actor(ActorKind.USER, user, login, frozenset({role}), frozenset({UNIT}))
        for approval_role, login in (("line_manager", "martha"), ("category_manager", "carl"), ("process_owner", "carl")):
            assign_holder(tx, UNIT, approval_role, UserId(_id(people[login])))
    return people


def _id(actor: Actor) -> UserId:
    assert actor.id is not None
    return UserId(actor.id)


def _supplier_messages(company: Company, answered: PurchaseOrder, received: PurchaseOrder, failed: PurchaseOrder) -> None:
    """One order goes out by mail after the API failed, one at once, one by no channel at all."""
    down = Failure("http_503", "the supplier's API answered 503", permanent=True)
    for order, failures in ((answered, 1), (received, 0), (failed, 2)):
        message = company.message(order, MessageKind.SUPPLIER_ORDER)
        for _ in range(failures):
            held = company.claims(message)
            with company.database.transaction(SYSTEM) as tx:
                outbound.mark_failed(tx, held, down)
        if failures < 2:
            held = company.claims(message)
            with company.database.transaction(SYSTEM) as tx:
                outbound.mark_sent(tx, held, {"outcome": "accepted"})


def _supplier(order: PurchaseOrder) -> Actor:
    assert order.supplier_id is not None
    return Actor(ActorKind.SUPPLIER, roles=frozenset({Role.SUPPLIER}), supplier_id=SupplierId(order.supplier_id))


def _answers(database: Database, answered: PurchaseOrder, received: PurchaseOrder) -> None:
    split = (
        AnswerPart(Outcome.ACCEPT, Decimal(3), promised_delivery=date(2026, 4, 9)),
        AnswerPart(Outcome.ACCEPT, Decimal(1), promised_delivery=date(2026, 4, 24)),
    )
    whole = (AnswerPart(Outcome.ACCEPT, promised_ship=date(2026, 3, 30)),)
    for order, parts, name in ((answered, split, "a1"), (received, whole, "a2")):
        answer(database, order, parts, name)
    later = (AnswerPart(Outcome.ACCEPT, promised_delivery=date(2026, 4, 28)),)
    answer(database, answered, later, "a3", hours=2)


def answer(
    database: Database, order: PurchaseOrder, parts: tuple[AnswerPart, ...], name: str, hours: int = 1, by: Actor | None = None
) -> None:
    """Let the supplier, or a program, answer the first line of an order."""
    command = AcknowledgmentCommand(
        OrderId(order.id),
        source="api:keller",
        channel="api",
        external_id=name,
        sent_at=MONDAY_NINE + timedelta(hours=hours),
        version=order.version,
        lines=(LineAnswer(order.lines[0].line_no, parts),),
    )
    with database.transaction(by or _supplier(order), SYSTEM_SCOPE) as tx:
        acknowledge.record(tx, command)


def _goods(database: Database, order: PurchaseOrder) -> None:
    """Four cartons are announced, three arrive, four are billed at the old price."""
    line_no = order.lines[0].line_no
    notice = ShipNoticeCommand(
        order.id,
        source="api:keller",
        channel="api",
        external_id="S-771",
        number="S-771",
        sent_at=MONDAY_NINE,
        lines=(ShippedLine(line_no, Decimal(4)),),
    )
    with database.transaction(_supplier(order), SYSTEM_SCOPE) as tx:
        ship.record(tx, notice)
    counted = CountedLine(line_no, Decimal(3), uom="CT")
    receipt = ReceiptCommand(
        order.id, source="wms:dayton", external_id="R-88", counted_at=MONDAY_NINE + timedelta(hours=3), lines=(counted,)
    )
    with database.transaction(SYSTEM) as tx:
        receive.record(tx, receipt)
    assert order.supplier_id is not None
    bill = InvoiceCommand(
        source="api:keller",
        external_id="KP-10442",
        supplier_id=order.supplier_id,
        number="KP-10442",
        currency="USD",
        invoice_date=date(2026, 3, 9),
        lines=(InvoiceLine(1, order.order_ref, line_no, Decimal(3), "CT", Decimal("1075.20")),),
    )
    with database.transaction(SYSTEM) as tx:
        match.record(tx, bill)
