"""The order flow for fault tests: a real Postgres, the product's own tasks, an ERP in memory, and partners on real sockets.

Verbs are what the people and partners of a distributor do; ``tests.chaos.history`` says afterwards whether anything was lost or
doubled.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg

from purveyor.app import acknowledge, approve, masters, match, outbound, receive, ship
from purveyor.app.acknowledge import AcknowledgmentCommand, AcknowledgmentResult
from purveyor.app.approve import assign_holder
from purveyor.app.match import InvoiceResult
from purveyor.app.policy import LoadPolicies, load
from purveyor.app.quarantine import PULL_JOB
from purveyor.app.receive import CountedLine, ReceiptCommand, ReceiptResult
from purveyor.app.ship import ShipNoticeCommand, ShipNoticeResult
from purveyor.connectors.erp.contract import ErpConnector
from purveyor.connectors.erp.memory import MemoryErp
from purveyor.connectors.erp.memory.ledger import Posting
from purveyor.connectors.suppliers.api import ApiChannel
from purveyor.connectors.suppliers.email import EmailChannel
from purveyor.connectors.transport.http import HttpTransport
from purveyor.connectors.transport.smtp import SmtpTransport
from purveyor.connectors.wms.rest import RestWms
from purveyor.core.access import SYSTEM, SYSTEM_SCOPE, Actor, ActorKind, Role
from purveyor.core.acknowledge import Outcome
from purveyor.core.approval_chain import Verdict
from purveyor.core.approval_decisions import DecideStep
from purveyor.core.erp_records import Entity, ErpItem, ErpOrder, ErpRecord, ErpStock, ErpSupplierItem
from purveyor.core.ids import ItemId, SupplierId
from purveyor.core.invoice import InvoiceCommand, InvoiceLine
from purveyor.core.lifecycle import Status
from purveyor.core.messaging import MessageKind
from purveyor.core.order import PurchaseOrder
from purveyor.core.parties import BusinessUnit
from purveyor.core.shipping import ShippedLine
from purveyor.demo.partners.mailbox import Mailbox
from purveyor.demo.partners.suppliers import SupplierApi, shared_secret
from purveyor.demo.partners.warehouse import Warehouse
from purveyor.settings import Settings
from purveyor.store import approvals, cases, jobs, logins, messages, orders, stock, xref
from purveyor.store import masters as master_rows
from purveyor.store.cases import CaseFilter
from purveyor.store.db import Database, Tx
from purveyor.store.messages import Message
from purveyor.store.stock import PastOrder
from purveyor.store.xref import Code
from purveyor.worker.connections import Connections, ErpConnection
from purveyor.worker.loop import work_off
from purveyor.worker.tasks import build_registry
from tests.app.erp_world import a_draft, a_draft_line, erp_masters
from tests.app.people import MONDAY_NINE, policy_files, set_clock
from tests.order_builders import ERP, UNIT

SUPPLIER = "KELLER"
WMS_TOKEN = "the-warehouse-system"
ITEMS = 12
PULLED_ENTITIES = ("site", "uom", "item", "supplier", "supplier_item", "agreement", "stock")


@dataclass
class Partners:
    """The other sides, each on a socket of its own."""

    suppliers: SupplierApi = field(default_factory=SupplierApi)
    mailbox: Mailbox = field(default_factory=Mailbox)
    warehouse: Warehouse = field(default_factory=lambda: Warehouse(WMS_TOKEN))

    def stop(self) -> None:
        """Take them off the network."""
        self.suppliers.server.stop()
        self.mailbox.stop()
        self.warehouse.server.stop()


def connections(erp: ErpConnector, supplier_timeout: float, wms_url: str, smtp_port: int) -> Connections:
    """What a worker of this distributor is connected to."""
    wms = HttpTransport(wms_url, {"authorization": f"Bearer {WMS_TOKEN}"}, timeout=supplier_timeout)
    smtp = SmtpTransport("127.0.0.1", smtp_port, timeout=supplier_timeout)
    return Connections(
        company="Pump & Co",
        erps={ERP: ErpConnection(ERP, erp, "PUMPCO")},
        wms=RestWms(wms),
        channels={
            "api": ApiChannel(HttpTransport(timeout=supplier_timeout)),
            "email": EmailChannel(smtp, "purchasing@pump.example", "Pump & Co"),
        },
        secret_of=shared_secret,
    )


@dataclass
class Flow:
    """The distributor and its partners. ``settings`` are those of the worker; ``superuser`` lets real time pass."""

    database: Database
    superuser: psycopg.Connection[tuple[object, ...]]
    partners: Partners
    settings: Settings
    martha: Actor
    erp: MemoryErp = field(default_factory=MemoryErp)

    def __post_init__(self) -> None:
        wired = connections(self.erp, 5.0, self.partners.warehouse.server.url, self.partners.mailbox.port)
        self.registry = build_registry(self.settings, wired)

    # -- the background

    def works(self) -> None:
        """A worker does everything that can be done now."""
        work_off(self.database, self.settings, self.registry)

    def waits_over(self) -> None:
        """The waits of messages and of failed jobs pass; they are in real time."""
        self.superuser.execute(
            "UPDATE message SET next_attempt_at = now() - interval '1 second' WHERE state = 'ready' AND queued_at IS NULL"
        )
        self.superuser.execute("UPDATE procrastinate_jobs SET scheduled_at = NULL WHERE status = 'todo'")

    def waits_over_now(self) -> None:
        """The same while workers run: long waits become short ones; more would only keep the workers busy with asking."""
        self.superuser.execute(
            "UPDATE message SET next_attempt_at = now() + interval '1 second'"
            " WHERE state = 'ready' AND queued_at IS NULL AND next_attempt_at > now() + interval '2 seconds'"
        )

    def jobs_left(self) -> int:
        """How many jobs wait or run, beside those that the clock starts."""
        query = "SELECT count(*) FROM procrastinate_jobs WHERE status IN ('todo', 'doing') AND task_name NOT LIKE 'erp_pull%'"
        [(found,)] = self.superuser.execute(query).fetchall()
        assert isinstance(found, int)
        return found

    def waits_end(self) -> None:
        """The waits pass, and the worker goes on."""
        self.waits_over()
        self.works()

    def settles(self, rounds: int = 15) -> None:
        """Time passes until no message waits for another try."""
        for _ in range(rounds):
            self.waits_end()
            if not self.waiting_messages():
                return

    def time_passes(self, span: timedelta) -> None:
        """Business time runs on."""
        set_clock(self.database, self.now() + span)

    def now(self) -> datetime:
        """The business time."""
        with self.database.read(SYSTEM) as tx:
            return tx.now

    # -- the buyers

    def types(self, *drafts: ErpOrder) -> list[ErpOrder]:
        """Buyers type drafts into the ERP."""
        self.erp.ledger.load(drafts)
        return list(drafts)

    def pulls(self) -> None:
        """The worker reads the ERP's orders, checks them, and does all that follows."""
        self.asks_for_orders()
        self.works()

    def asks_for_orders(self) -> None:
        """The clock asks for the ERP's orders."""
        with self.database.transaction(SYSTEM) as tx:
            jobs.enqueue(tx, PULL_JOB, f"{ERP}:pull", {"erp": ERP, "entity": Entity.ORDER})

    def takes_in(self, *drafts: ErpOrder) -> list[PurchaseOrder]:
        """Drafts are typed, read and followed up; returns our orders."""
        self.types(*drafts)
        self.pulls()
        return [self.order(draft.external_id) for draft in drafts]

    def order(self, external_id: str) -> PurchaseOrder:
        """Our order for the ERP's id, as it stands."""
        with self.database.read(SYSTEM) as tx:
            return orders.by_erp_id(tx, ERP, external_id)

    def orders(self) -> list[PurchaseOrder]:
        """All orders as they stand."""
        with self.database.read(SYSTEM) as tx:
            ids = orders.ids_by_erp(tx, ERP, sorted(self.erp.ledger.ids(Entity.ORDER)))
            return list(orders.get_many(tx, list(ids.values())).values())

    def approves(self, order: PurchaseOrder) -> None:
        """The line manager says yes."""
        with self.database.read(SYSTEM) as tx:
            chain = approvals.in_force(tx, order.id)
        assert chain is not None
        assert chain.open_step is not None
        with self.database.transaction(self.martha) as tx:
            approve.decide(tx, chain.open_step.id, DecideStep(Verdict.APPROVE, order.version))

    def replays(self, order: PurchaseOrder, kind: MessageKind) -> None:
        """Somebody of IT sends a failed message again."""
        [message] = [message for message in self.messages_of(order, kind) if message.state == "dead"]
        with self.database.transaction(SYSTEM) as tx:
            outbound.replay(tx, message.id)
        self.settles()

    def replays_all(self) -> None:
        """Somebody of IT sends every failed message again."""
        with self.database.transaction(SYSTEM) as tx:
            for message in messages.dead(tx):
                outbound.replay(tx, message.id)

    # -- the partners

    def keller(self) -> Actor:
        """The supplier, however he comes in."""
        with self.database.read(SYSTEM) as tx:
            [supplier] = master_rows.suppliers(tx).values()
        return Actor(ActorKind.SUPPLIER, roles=frozenset({Role.SUPPLIER}), supplier_id=SupplierId(supplier.id))

    def answers(self, order: PurchaseOrder, name: str = "", **given: Any) -> AcknowledgmentResult:
        """The supplier accepts the order as it is."""
        with self.database.transaction(self.keller(), SYSTEM_SCOPE) as tx:
            return acknowledge.record(tx, an_answer(order, name or f"a-{order.order_ref}", **given))

    def ships(self, order: PurchaseOrder, name: str = "", **given: Any) -> ShipNoticeResult:
        """The supplier announces the whole order."""
        with self.database.transaction(self.keller(), SYSTEM_SCOPE) as tx:
            return ship.record(tx, a_notice(order, name or f"s-{order.order_ref}", **given))

    def receives(self, order: PurchaseOrder, name: str = "", **given: Any) -> ReceiptResult:
        """The warehouse counts the whole order in."""
        with self.database.transaction(SYSTEM) as tx:
            return receive.record(tx, a_receipt(order, name or f"r-{order.order_ref}", **given))

    def bills(self, order: PurchaseOrder, name: str = "", **given: Any) -> InvoiceResult:
        """The supplier bills the whole order."""
        with self.database.transaction(SYSTEM) as tx:
            return match.record(tx, an_invoice(order, name or f"KP-{order.order_ref}", **given))

    def finishes(self, *some: PurchaseOrder) -> None:
        """Answer, shipment, receipt and invoice of each order come in, and the worker does the rest."""
        for order in some:
            self.answers(order)
            self.ships(order)
            self.receives(order)
        self.works()
        for order in some:
            self.bills(order)
        self.works()

    # -- looking

    def messages_of(self, order: PurchaseOrder, kind: str | None = None) -> list[Message]:
        """The messages of an order, oldest first."""
        with self.database.read(SYSTEM) as tx:
            return [message for message in messages.of_order(tx, order.id) if kind in (None, message.kind)]

    def waiting_messages(self) -> int:
        """How many messages wait or are being sent."""
        with self.database.read(SYSTEM) as tx:
            return sum(messages.waiting_by_partner(tx).values())

    def open_types(self, order: PurchaseOrder) -> list[str]:
        """The types of the open exceptions of an order."""
        with self.database.read(SYSTEM) as tx:
            return sorted(case.type.value for case in cases.listed(tx, CaseFilter(order_id=order.id)))

    def postings(self) -> list[Posting]:
        """What was posted in the ERP: receipts, then invoices."""
        found = [*self.erp.ledger.records(Entity.RECEIPT), *self.erp.ledger.records(Entity.INVOICE)]
        return [posting for posting in found if isinstance(posting, Posting)]

    def statuses(self) -> set[Status]:
        """Where all orders stand."""
        return {order.status for order in self.orders()}


def a_clean_draft(number: int, cartons: int = 0, **given: Any) -> ErpOrder:
    """A small draft that nothing is wrong with; no two numbers make the same order."""
    item = 1 + (number - 1) % ITEMS
    quantity = cartons or 2 + (number - 1) // ITEMS % 3
    day = date(2026, 4, 10) + timedelta(days=5 * ((number - 1) // (3 * ITEMS)))
    line = a_draft_line(1, str(quantity), item=f"i{item}", need_by=day, external_id=f"l{number}")
    return a_draft(f"d{number}", line, **given)


def an_answer(order: PurchaseOrder, name: str, *, minutes: int = 0, **given: Any) -> AcknowledgmentCommand:
    """The supplier's yes to all lines."""
    plain: dict[str, Any] = {
        "source": f"supplier:{order.supplier_id}",
        "channel": "api",
        "external_id": name,
        "sent_at": MONDAY_NINE + timedelta(hours=1, minutes=minutes),
        "version": order.version,
        "header": None if "lines" in given else Outcome.ACCEPT,
    }
    return AcknowledgmentCommand(order.id, **{**plain, **given})


def a_notice(order: PurchaseOrder, name: str, *, minutes: int = 0, **given: Any) -> ShipNoticeCommand:
    """The supplier's notice that everything is on its way."""
    plain: dict[str, Any] = {
        "source": f"supplier:{order.supplier_id}",
        "channel": "api",
        "external_id": name,
        "number": name,
        "sent_at": MONDAY_NINE + timedelta(hours=2, minutes=minutes),
        "lines": tuple(ShippedLine(line.line_no, line.quantity) for line in order.lines),
    }
    return ShipNoticeCommand(order.id, **{**plain, **given})


def a_receipt(order: PurchaseOrder, name: str, *, minutes: int = 0, **given: Any) -> ReceiptCommand:
    """The dock's count of everything."""
    plain: dict[str, Any] = {
        "source": "wms:dayton",
        "external_id": name,
        "counted_at": MONDAY_NINE + timedelta(hours=3, minutes=minutes),
        "lines": tuple(CountedLine(line.line_no, line.quantity) for line in order.lines),
    }
    return ReceiptCommand(order.id, **{**plain, **given})


def an_invoice(order: PurchaseOrder, name: str, **given: Any) -> InvoiceCommand:
    """The supplier's bill at the prices of the order."""
    assert order.supplier_id is not None
    lines = tuple(
        InvoiceLine(line.line_no, order.order_ref, line.line_no, line.quantity, line.uom, line.unit_price) for line in order.lines
    )
    plain: dict[str, Any] = {
        "source": f"supplier:{order.supplier_id}",
        "external_id": name,
        "supplier_id": order.supplier_id,
        "currency": order.currency,
        "number": name,
        "invoice_date": date(2026, 3, 9),
        "lines": lines,
    }
    return InvoiceCommand(**{**plain, **given})


def flow_masters(at: datetime) -> list[ErpRecord]:
    """The pump distributor with twelve pumps; the warehouse has room for all that is ordered in a test."""
    records = [record for record in erp_masters(at) if not _numbered(record, "2", "3")]
    for number in range(2, ITEMS + 1):
        for record in erp_masters(at):
            if isinstance(record, ErpItem) and record.external_id == "i1":
                records.append(replace(record, external_id=f"i{number}", sku=f"PUMP-{number}"))
            elif isinstance(record, ErpSupplierItem) and record.external_id == "t1":
                part = f"KP-25{number:02}"
                records.append(replace(record, external_id=f"t{number}", item=f"i{number}", supplier_part_no=part))
            elif isinstance(record, ErpStock) and record.item == "i1":
                records.append(replace(record, external_id=f"i{number}@w1", item=f"i{number}"))
    return [
        replace(one, maximum=Decimal(100_000), daily_demand=Decimal(60)) if isinstance(one, ErpStock) else one for one in records
    ]


def _numbered(record: ErpRecord, *numbers: str) -> bool:
    about_item = isinstance(record, ErpItem | ErpSupplierItem | ErpStock)
    return about_item and record.external_id.partition("@")[0][1:] in numbers


def set_up(database: Database, records: Sequence[ErpRecord], api_url: str) -> Actor:
    """Clock, policies, people, masters by the product's own verbs, and a year of usual orders. Returns the line manager."""
    set_clock(database, MONDAY_NINE)
    with database.transaction(SYSTEM) as tx:
        load(tx, LoadPolicies(policy_files(), author="ann", publisher="bob"))
        masters.save_unit(tx, BusinessUnit(UNIT, "PUMPCO", "Pump & Co", "USD", "US"), ERP, "1")
        erp = MemoryErp(records)
        for entity in PULLED_ENTITIES:
            found = erp.ledger.records(Entity(entity))
            assert masters.receive(tx, ERP, Entity(entity), found, masters.Defaults("US", "America/New_York")).quarantined == 0
        supplier = next(iter(master_rows.suppliers(tx).values()))
        profile = replace(supplier, channels=("api", "email"), api_url=api_url, freight_term="prepaid", fob_point="destination")
        masters.configure_supplier(tx, profile)
        stock.save_history(tx, list(_a_year_of_orders(tx)), ERP)
        return _the_line_manager(tx)


def _a_year_of_orders(tx: Tx) -> Iterator[PastOrder]:
    site = next(iter(master_rows.sites(tx)))
    codes = [Code(Entity.ITEM, f"i{number}") for number in range(1, ITEMS + 1)]
    for code, found in xref.lookup(tx, ERP, codes).items():
        for month in range(1, 11):
            day = MONDAY_NINE.date() - timedelta(days=30 * month)
            yield PastOrder(ItemId(found), f"old-{code.external_id}-{month}", UNIT, Decimal(30 + 5 * month), day, site)


def _the_line_manager(tx: Tx) -> Actor:
    """Add one person for every role, so that everything can have an owner; Martha is line manager."""
    for role in Role:
        if role is not Role.SUPPLIER:
            someone = logins.add_user(tx, role.value, role.value.title(), person_key=role.value)
            logins.set_roles(tx, someone, [role], [UNIT])
    martha = logins.add_user(tx, "martha", "Martha", person_key="martha")
    logins.set_roles(tx, martha, [Role.APPROVER], [UNIT])
    assign_holder(tx, UNIT, "line_manager", martha)
    return Actor(ActorKind.USER, martha, "martha", frozenset({Role.APPROVER}), frozenset({UNIT}))


@contextmanager
def a_flow(database: Database, superuser: psycopg.Connection[tuple[object, ...]], data: Path, **given: Any) -> Iterator[Flow]:
    """The distributor with everything set up and everybody listening; ``given`` changes the worker's settings."""
    partners = Partners()
    try:
        settings = Settings(data_dir=data, **{"erp_away_seconds": Decimal(60), "worker_concurrency": 2, **given})
        records = flow_masters(MONDAY_NINE)
        martha = set_up(database, records, partners.suppliers.address(SUPPLIER))
        yield Flow(database, superuser, partners, settings, martha, MemoryErp(records))
    finally:
        partners.stop()
