"""The business unit that was bought last year: its legacy ERP exchanges files and has other codes for the same things.

Its codes are mapped from one table before its ERP is read; the one that is missing there, an old number for the bigger
pump, is the story's.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from threading import Event, Thread
from typing import Any, Final
from uuid import UUID

from purveyor.app import approve, masters, own_codes
from purveyor.app.own_codes import CodePair
from purveyor.connectors.erp.memory import MemoryErp
from purveyor.core.access import SYSTEM
from purveyor.core.erp_records import (
    Entity,
    ErpItem,
    ErpOrder,
    ErpOrderLine,
    ErpOrderStatus,
    ErpRecord,
    ErpSite,
    ErpStock,
    ErpSupplier,
    ErpSupplierItem,
    ErpUom,
)
from purveyor.core.ids import BusinessUnitId, ErpInstance
from purveyor.core.items import ItemStatus
from purveyor.core.order import Origin
from purveyor.core.parties import BusinessUnit, SupplierStatus
from purveyor.demo.partners.legacy_erp import LegacyErp
from purveyor.demo.people import PEOPLE
from purveyor.store import logins
from purveyor.store import masters as stored
from purveyor.store.db import Database

COMPANY: Final = "Ohio River Pump Supply"
ERP: Final = ErpInstance("ohio")
UNIT: Final = BusinessUnitId(UUID("0192f0c1-0000-7000-8000-00000000d002"))
SITE: Final = "W9"
SUPPLIER: Final = "10077"
PUMP, BIGGER_PUMP, OLD_NUMBER = "ART-4711", "ART-4712", "ART-4799"
PIECE, CARTON = "PCS", "CS12"
SAME: Final = (
    CodePair("supplier", SUPPLIER, "KEYSTONE"),
    CodePair("item", PUMP, "PMP-100"),
    CodePair("item", BIGGER_PUMP, "PMP-120"),
)
"""What the table of the merger says."""
JOB_EVERY: Final = 1.0


def connection(folder: Path) -> str:
    """Return the part of the connections file that names this ERP."""
    return (
        f'[erp.{ERP}]\nkind = "files"\nfolder = "{folder}"\nbusiness_unit = "ORPS"\nsettle_seconds = 1\n'
        f'patience_seconds = 4\nguards_versions = true\n\n[erp.{ERP}.units]\n{PIECE} = "EA"\n{CARTON} = "CTN12"\n\n'
    )


class AcquiredErp:
    """The legacy ERP with its job, which runs every second here and every night elsewhere."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.legacy = LegacyErp(folder, MemoryErp(_books()))
        self.legacy.set_up()
        self.legacy.run()
        self._stop = Event()
        self._job = Thread(target=self._run, daemon=True)
        self._job.start()

    def _run(self) -> None:
        while not self._stop.wait(JOB_EVERY):
            self.legacy.run()

    def stop(self) -> None:
        """Stop the job."""
        self._stop.set()
        self._job.join()

    def type(self, item: str, quantity: str, price: str, typist: str | None = None) -> str:
        """Let somebody there draft an order of cartons; returns the ERP's id."""
        with self.legacy.at_work:
            ledger = self.legacy.books.ledger
            external_id = ledger.new_id(Entity.ORDER)
            line = ErpOrderLine(
                external_id=f"{external_id}-1",
                line_no=1,
                item=item,
                description="",
                quantity=Decimal(quantity),
                uom=CARTON,
                unit_price=Decimal(price),
                need_by=date(2026, 4, 20),
            )
            draft = ErpOrder(
                external_id=external_id,
                version="",
                number=None,
                order_ref=None,
                revision=0,
                supplier=SUPPLIER,
                site=SITE,
                currency="USD",
                order_date=None,
                payment_terms=None,
                status=ErpOrderStatus.DRAFT,
                origin=Origin.TYPED if typist else Origin.PLANNED,
                typist=typist,
                lines=(line,),
            )
            ledger.save(Entity.ORDER, draft)
        self.legacy.run()
        return external_id

    def order(self, external_id: str) -> ErpOrder | None:
        """Return an order as it really stands there."""
        with self.legacy.at_work:
            return self.legacy.books.ledger.order(external_id)


def seed_people(database: Database) -> None:
    """Set the unit up and let the people of the whole company work for it too, by the same policies."""
    with database.transaction(SYSTEM, source="demo") as tx:
        masters.save_unit(tx, BusinessUnit(UNIT, "ORPS", COMPANY, "USD", "US"), ERP, COMPANY)
        for one in PEOPLE:
            account = logins.account(tx, one.login)
            assert account is not None
            units = [unit.id for unit in stored.business_units(tx).values()]
            logins.set_roles(tx, account.user_id, one.roles, units)
            if one.approves is not None:
                approve.assign_holder(tx, UNIT, one.approves, account.user_id, rank=one.rank)


def map_codes(database: Database) -> None:
    """Take the table of the merger, before the ERP is read for the first time."""
    with database.transaction(SYSTEM, source="demo") as tx:
        own_codes.map_table(tx, ERP, SAME)


def _books() -> list[ErpRecord]:
    common: dict[str, Any] = {"version": "1"}
    pump = ErpItem(
        external_id=PUMP,
        sku=PUMP,
        name="CIRC PUMP 1/12",
        base_uom=PIECE,
        purchase_uom=CARTON,
        uom_category="COUNT",
        category="pumps",
        status=ItemStatus.ACTIVE,
        purchasable=True,
        discrete=True,
        sales_price=Decimal("141.00"),
        **common,
    )
    terms = ErpSupplierItem(
        external_id=f"{SUPPLIER}:{PUMP}",
        supplier=SUPPLIER,
        item=PUMP,
        supplier_part_no="KP-C112",
        order_uom=CARTON,
        lead_time_days=10,
        minimum=Decimal(1),
        multiple=Decimal(1),
        price_breaks=(),
        **common,
    )
    return [
        ErpSite(external_id=SITE, code="CIN", name="Cincinnati", legal_entity=COMPANY, country="US", **common),
        ErpUom(external_id=PIECE, code=PIECE, name="Piece", category="COUNT", factor=Fraction(1), discrete=True, **common),
        ErpUom(external_id=CARTON, code=CARTON, name="Case", category="COUNT", factor=Fraction(12), discrete=True, **common),
        ErpSupplier(
            external_id=SUPPLIER,
            code=SUPPLIER,
            name="KEYSTONE PUMPS INC",
            currency="USD",
            status=SupplierStatus.ACTIVE,
            country="US",
            **common,
        ),
        pump,
        replace(pump, external_id=BIGGER_PUMP, sku=BIGGER_PUMP, name="CIRC PUMP 1/8"),
        terms,
        *(_stock(item) for item in (PUMP, BIGGER_PUMP)),
    ]


def _stock(item: str) -> ErpStock:
    return ErpStock(
        external_id=f"{item}:{SITE}",
        version="1",
        item=item,
        site=SITE,
        on_hand=Decimal(36),
        allocated=Decimal(0),
        on_order=Decimal(0),
        daily_demand=Decimal(3),
        reorder_point=Decimal(48),
        maximum=Decimal(240),
    )
