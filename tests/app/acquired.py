"""A second business unit that was bought with its own ERP: files, other codes for the same supplier, items and units."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from purveyor.app import masters, own_codes
from purveyor.app.approve import assign_holder
from purveyor.app.own_codes import CodePair
from purveyor.connectors.erp.files import FilesAccess, FilesConnector, Layout
from purveyor.connectors.erp.memory import MemoryErp
from purveyor.core.access import SYSTEM, Actor, ActorKind, Role
from purveyor.core.erp_records import (
    ErpItem,
    ErpOrder,
    ErpRecord,
    ErpSite,
    ErpStock,
    ErpSupplier,
    ErpSupplierItem,
    ErpUom,
)
from purveyor.core.ids import ErpInstance, ItemId
from purveyor.core.order import PurchaseOrder
from purveyor.core.parties import BusinessUnit
from purveyor.demo.partners.legacy_erp import LegacyErp
from purveyor.store import logins, orders, stock, xref
from purveyor.store import masters as master_rows
from purveyor.store.db import Database, Tx
from purveyor.store.stock import PastOrder
from purveyor.store.xref import Code
from purveyor.worker.connections import ErpConnection
from purveyor.worker.inbound import PULLED, Reading, read_noting
from tests.app.erp_world import Company, a_company, a_draft, a_draft_line, erp_masters
from tests.app.people import MONDAY_NINE
from tests.order_builders import OTHER_UNIT, UNIT

ACQUIRED = ErpInstance("acquired")
THEIR_CODES = {"s1": "10077", "i1": "ART-1", "i2": "ART-2", "i3": "ART-3", "w1": "W9", "EA": "STK", "CT": "KT"}
SAME = (
    CodePair("supplier", "10077", "KELLER"),
    CodePair("item", "ART-1", "PUMP-1"),
    CodePair("item", "ART-2", "PUMP-2"),
    CodePair("item", "ART-3", "PUMP-3"),
)


def theirs(record: ErpRecord) -> ErpRecord:
    """The same record as the acquired company's ERP keeps it."""
    change: dict[str, Any] = {"external_id": THEIR_CODES.get(record.external_id, record.external_id)}
    match record:
        case ErpSite():
            change |= {"code": "W9", "name": "Lager Ost", "legal_entity": "East Pumps Inc"}
        case ErpUom():
            change |= {"code": THEIR_CODES[record.code], "category": "Menge"}
        case ErpSupplier():
            change |= {"code": "10077", "name": "KELLER PUMPEN (OLD NAME)"}
        case ErpItem():
            units = {"base_uom": "STK", "purchase_uom": "KT", "uom_category": "Menge"}
            change |= {"sku": THEIR_CODES[record.external_id], "name": "Umwälzpumpe", **units}
        case ErpSupplierItem():
            change |= {"supplier": "10077", "item": THEIR_CODES[record.item], "order_uom": "KT"}
        case ErpStock():
            change |= {"external_id": f"{THEIR_CODES[record.item]}:W9", "item": THEIR_CODES[record.item], "site": "W9"}
    return replace(record, **change)


@dataclass
class TwoErps:
    """Both companies: the first with its ERP in memory, the acquired one behind folders."""

    company: Company
    legacy: LegacyErp
    connection: ErpConnection
    boss: Actor

    @property
    def database(self) -> Database:
        """The one database."""
        return self.company.database

    def reads(self) -> list[Reading]:
        """The acquired ERP's job runs, then a worker reads everything it left."""
        self.legacy.run()
        return [read_noting(self.database, self.connection, entity) for entity in PULLED]

    def types_there(self, *drafts: ErpOrder) -> list[PurchaseOrder]:
        """Buyers of the acquired company type drafts; returns our orders once they were read."""
        self.legacy.books.ledger.load(drafts)
        self.reads()
        with self.database.read(SYSTEM) as tx:
            return [orders.by_erp_id(tx, ACQUIRED, draft.external_id) for draft in drafts]


def their_draft(external_id: str, quantity: str = "4", price: str = "1036.80", item: str = "ART-1", **given: Any) -> ErpOrder:
    """The draft of ``a_draft`` in the codes of the acquired company."""
    line = a_draft_line(1, quantity, price, item=item, uom="KT")
    return a_draft(external_id, line, **{"supplier": "10077", "site": "W9", **given})


def two_erps(database: Database, folder: Path) -> TwoErps:
    """Set both companies up: the acquired one's codes were mapped from a table before its ERP was read for the first time."""
    company = a_company(database)
    legacy = LegacyErp(folder, MemoryErp([theirs(record) for record in erp_masters(MONDAY_NINE)]), lambda: datetime.now(UTC))
    legacy.set_up()
    access = FilesAccess(folder, Layout(units={"STK": "EA", "KT": "CT"}), patience=timedelta(seconds=2), guards_versions=True)
    files = FilesConnector(access, clock=lambda: datetime.now(UTC) + timedelta(hours=1), pause=lambda wait: legacy.run())
    with database.transaction(SYSTEM) as tx:
        masters.save_unit(tx, BusinessUnit(OTHER_UNIT, "EAST", "East Pumps", "USD", "US"), ACQUIRED, "East Pumps Inc")
        own_codes.map_table(tx, ACQUIRED, SAME)
        boss = logins.add_user(tx, "martha", "Martha", person_key="martha")
        logins.set_roles(tx, boss, [Role.APPROVER, Role.IT], [UNIT, OTHER_UNIT])
        for unit in (UNIT, OTHER_UNIT):
            assign_holder(tx, unit, "line_manager", boss)
            assign_holder(tx, unit, "category_manager", boss)
    martha = Actor(ActorKind.USER, boss, "martha", frozenset({Role.APPROVER, Role.IT}), frozenset({UNIT, OTHER_UNIT}))
    both = TwoErps(company, legacy, ErpConnection(ACQUIRED, files, "EAST"), martha)
    assert [reading.error for reading in both.reads()] == [None] * len(PULLED)
    with database.transaction(SYSTEM) as tx:
        stock.save_history(tx, _the_same_year_there(tx), ACQUIRED)
    return both


def _the_same_year_there(tx: Tx) -> list[PastOrder]:
    codes = xref.lookup(tx, ACQUIRED, [Code("item", "ART-1"), Code("item", "ART-2"), Code("item", "ART-3"), Code("site", "W9")])
    site = next(one for one in master_rows.sites(tx).values() if one.code == "W9")
    today = MONDAY_NINE.date()
    return [
        PastOrder(
            ItemId(own), f"east-{code.external_id}-{month}", OTHER_UNIT, quantity, today - timedelta(days=30 * month), site.id
        )
        for code, own in codes.items()
        if code.entity == "item"
        for month in range(1, 11)
        for quantity in [Decimal(150 + 10 * month)]
    ]
