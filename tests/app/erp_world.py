"""A pump distributor whose ERP stands in memory: masters loaded through the product's own verbs, and its buyers' drafts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from purveyor.app import intake, issue, masters, policy
from purveyor.app.erp_names import order_as_record
from purveyor.app.intake import IntakeResult
from purveyor.app.policy import LoadPolicies
from purveyor.connectors.erp.memory import MemoryErp
from purveyor.core.access import SYSTEM
from purveyor.core.erp_records import (
    MASTERS,
    Entity,
    ErpItem,
    ErpOrder,
    ErpOrderLine,
    ErpOrderStatus,
    ErpPriceBreak,
    ErpRecord,
    ErpSite,
    ErpStock,
    ErpSupplier,
    ErpSupplierItem,
    ErpUom,
)
from purveyor.core.erp_results import WriteResult
from purveyor.core.ids import ItemId, OrderId
from purveyor.core.items import ItemStatus
from purveyor.core.lifecycle import Status
from purveyor.core.messaging import MessageKind
from purveyor.core.order import Origin, PurchaseOrder
from purveyor.core.parties import BusinessUnit, SupplierStatus
from purveyor.store import masters as master_rows
from purveyor.store import message_batches, messages, orders, stock, xref
from purveyor.store.db import Database
from purveyor.store.messages import Claim, Message
from purveyor.store.stock import PastOrder
from purveyor.store.xref import Code
from tests.app.people import MONDAY_NINE, policy_files, set_clock
from tests.order_builders import ERP, UNIT

ITEMS = 3


def erp_masters(at: datetime) -> list[ErpRecord]:
    """One warehouse, one supplier, pumps in cartons of 12 with a quantity break at 20 cartons, and their stock."""
    fresh: dict[str, Any] = {"version": "1", "updated_at": at}
    records: list[ErpRecord] = [
        ErpSite(external_id="w1", code="DAY", name="Dayton", legal_entity="1", country="US", **fresh),
        ErpUom(external_id="u1", code="EA", name="Each", category="pump", factor=Fraction(1), discrete=True, **fresh),
        ErpUom(external_id="u2", code="CT", name="Carton", category="pump", factor=Fraction(12), discrete=True, **fresh),
        ErpSupplier(
            external_id="s1",
            code="KELLER",
            name="Keller Pumps",
            currency="USD",
            status=SupplierStatus.ACTIVE,
            payment_terms="N30",
            country="US",
            email="orders@keller.example",
            **fresh,
        ),
    ]
    return records + [record for number in range(1, ITEMS + 1) for record in _pump(number, fresh)]


def _pump(number: int, fresh: dict[str, Any]) -> list[ErpRecord]:
    return [
        ErpItem(
            external_id=f"i{number}",
            sku=f"PUMP-{number}",
            name=f"Circulator pump {number}",
            base_uom="EA",
            purchase_uom="CT",
            uom_category="pump",
            category="pumps/circulators",
            status=ItemStatus.ACTIVE,
            purchasable=True,
            discrete=True,
            sales_price=Decimal("139.00"),
            **fresh,
        ),
        ErpSupplierItem(
            external_id=f"t{number}",
            supplier="s1",
            item=f"i{number}",
            supplier_part_no=f"KP-250{number}",
            order_uom="CT",
            lead_time_days=14,
            minimum=Decimal(1),
            multiple=Decimal(1),
            price_breaks=(
                ErpPriceBreak(min_qty=Decimal(1), unit_price=Decimal("1036.80"), currency="USD"),
                ErpPriceBreak(min_qty=Decimal(20), unit_price=Decimal("998.40"), currency="USD"),
            ),
            **fresh,
        ),
        ErpStock(
            external_id=f"i{number}@w1",
            item=f"i{number}",
            site="w1",
            on_hand=Decimal(96),
            allocated=Decimal(12),
            on_order=Decimal(0),
            daily_demand=Decimal(6),
            reorder_point=Decimal(60),
            maximum=Decimal(600),
            **fresh,
        ),
    ]


def a_draft(external_id: str, *lines: ErpOrderLine, **given: Any) -> ErpOrder:
    """A draft a buyer typed into the ERP; without lines given it is 4 cartons at the price below the quantity break."""
    plain: dict[str, Any] = {
        "external_id": external_id,
        "version": "1",
        "number": None,
        "order_ref": None,
        "revision": 0,
        "supplier": "s1",
        "site": "w1",
        "currency": "USD",
        "order_date": date(2026, 3, 9),
        "payment_terms": None,
        "status": ErpOrderStatus.DRAFT,
        "origin": Origin.PLANNED,
        "typist": None,
        "lines": lines or (a_draft_line(),),
    }
    return ErpOrder(**{**plain, **given})


def a_draft_line(line_no: int = 1, quantity: str = "4", price: str = "1036.80", **given: Any) -> ErpOrderLine:
    """Cartons of pumps, needed in time for the lead time."""
    plain: dict[str, Any] = {
        "external_id": f"l{line_no}",
        "line_no": line_no,
        "item": f"i{line_no}",
        "description": "",
        "quantity": Decimal(quantity),
        "uom": "CT",
        "unit_price": Decimal(price),
        "need_by": date(2026, 4, 10),
    }
    return ErpOrderLine(**{**plain, **given})


@dataclass
class Company:
    """The distributor: its database and its ERP."""

    database: Database
    erp: MemoryErp = field(default_factory=MemoryErp)

    def types(self, *drafts: ErpOrder) -> list[ErpOrder]:
        """Buyers type drafts into the ERP; returns them with the versions the ERP gave them."""
        self.erp.ledger.load(drafts)
        return [draft for one in drafts if (draft := self.erp.get_order(one.external_id)) is not None]

    def pulls(self, *records: ErpOrder, again: bool = False) -> IntakeResult:
        """One page of orders is taken in."""
        with self.database.transaction(SYSTEM, source=ERP) as tx:
            return intake.receive(tx, ERP, records, again=again)

    def takes_in(self, *drafts: ErpOrder) -> list[PurchaseOrder]:
        """Drafts are typed and pulled; returns our orders as they stand afterwards."""
        self.pulls(*self.types(*drafts))
        return [self.order(draft.external_id) for draft in drafts]

    def order(self, external_id: str) -> PurchaseOrder:
        """Return our order for the ERP's id."""
        with self.database.read(SYSTEM) as tx:
            return orders.by_erp_id(tx, ERP, external_id)

    def releases(self, order: PurchaseOrder) -> issue.ReleaseResult:
        """The release job of an order runs."""
        with self.database.transaction(SYSTEM) as tx:
            return issue.release(tx, order.id)

    def message(self, order: PurchaseOrder, kind: MessageKind = MessageKind.ERP_CONFIRM) -> Message:
        """Return the order's newest message of a kind."""
        with self.database.read(SYSTEM) as tx:
            return [message for message in messages.of_order(tx, order.id) if message.kind == kind][-1]

    def claims(self, message: Message) -> Claim:
        """A worker takes a message up."""
        with self.database.transaction(SYSTEM) as tx:
            claims = message_batches.claim_many(tx, [message.id])
        assert claims, message
        return claims[0]

    def writes(self, order: PurchaseOrder) -> WriteResult:
        """A worker confirms the order in the ERP, outside any transaction."""
        with self.database.read(SYSTEM) as tx:
            record = order_as_record(tx, orders.get(tx, order.id))
        return self.erp.confirm(record, order.order_ref, record.version)

    def hears(self, held: Claim, result: WriteResult) -> None:
        """The ERP's answer is recorded."""
        with self.database.transaction(SYSTEM) as tx:
            issue.confirmed(tx, held, result)

    def issues(self, order: PurchaseOrder) -> PurchaseOrder:
        """An approved order goes through the ERP and is issued."""
        self.releases(order)
        held = self.claims(self.message(order))
        self.hears(held, self.writes(order))
        return self.now(order)

    def now(self, order: PurchaseOrder) -> PurchaseOrder:
        """Return the order as it stands now."""
        with self.database.read(SYSTEM) as tx:
            return orders.get(tx, OrderId(order.id))


def a_company(database: Database) -> Company:
    """Set the clock, publish the shipped policies, load the ERP's masters through the feeds, and add a year of small orders."""
    set_clock(database, MONDAY_NINE)
    company = Company(database, MemoryErp(erp_masters(MONDAY_NINE)))
    with database.transaction(SYSTEM) as tx:
        policy.load(tx, LoadPolicies(policy_files(), author="ann", publisher="bob"))
        masters.save_unit(tx, BusinessUnit(UNIT, "PUMPCO", "Pump & Co", "USD", "US"), ERP, "1")
        for entity in (*MASTERS, Entity.STOCK):
            records: Sequence[ErpRecord] = company.erp.ledger.records(entity)
            taken = masters.receive(tx, ERP, entity, records, masters.Defaults("US", "America/New_York"))
            assert taken.quarantined == 0
        supplier = next(iter(master_rows.suppliers(tx).values()))
        channels = replace(supplier, channels=("api", "email"), api_url="https://keller.example/orders")
        masters.configure_supplier(tx, replace(channels, freight_term="prepaid", fob_point="destination"))
        stock.save_history(tx, [past for number in range(1, ITEMS + 1) for past in _year_of_orders(tx, number)], ERP)
    return company


def _year_of_orders(tx: Any, number: int) -> list[PastOrder]:
    item = ItemId(xref.lookup(tx, ERP, [Code(Entity.ITEM, f"i{number}")])[Code(Entity.ITEM, f"i{number}")])
    site = next(iter(master_rows.sites(tx)))
    today = MONDAY_NINE.date()
    return [
        PastOrder(item, f"old-{number}-{month}", UNIT, Decimal(150 + 10 * month), today - timedelta(days=30 * month), site)
        for month in range(1, 11)
    ]


def statuses(found: Sequence[PurchaseOrder]) -> list[Status]:
    """Return where orders stand."""
    return [order.status for order in found]
