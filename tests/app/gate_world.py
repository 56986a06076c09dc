"""A small distributor in the database for tests of the gate: one supplier, three pumps, three warehouses and their figures."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from purveyor.app import policy
from purveyor.app.policy import LoadPolicies
from purveyor.core.access import SYSTEM
from purveyor.core.ids import ItemId, SiteId
from purveyor.core.items import Agreement, SupplierItem
from purveyor.core.order import PurchaseOrder
from purveyor.core.parties import BusinessUnit
from purveyor.store import masters, orders, stock
from purveyor.store.db import Database, Tx
from purveyor.store.masters import Provenance
from purveyor.store.stock import LeadTimeObservation, PastOrder
from tests.app.people import policy_files, set_clock
from tests.core.builders import (
    DAYTON,
    ERP,
    NOW,
    SITES,
    SUPPLIER,
    UNIT,
    USUAL_ORDERS,
    a_stock,
    a_supplier,
    a_supplier_item,
    an_agreement,
    an_item,
)

ITEMS = tuple(an_item(number) for number in (1, 2, 3))


def a_distributor(database: Database, **stock_figures: Any) -> None:
    """Set the clock to NOW and save masters, policies, stock (changed as told), history and lead times; everything is fresh."""
    set_clock(database, NOW)
    with database.transaction(SYSTEM) as tx:
        told = Provenance(tx.now, ERP)
        masters.save_business_units(tx, [BusinessUnit(UNIT, "MAIN", "Main unit", "USD", "US")])
        policy.load(tx, LoadPolicies(policy_files(), author="ann", publisher="bob"))
        masters.save_sites(tx, SITES.values())
        masters.save_suppliers(tx, [a_supplier()], told)
        masters.save_items(tx, ITEMS, told)
        masters.save_supplier_items(tx, [_terms(item.id) for item in ITEMS], told)
        masters.save_agreements(tx, [_agreement(tx, item.id) for item in ITEMS], told)
        positions = [a_stock(item_id=item.id, site_id=site, **stock_figures) for item in ITEMS for site in SITES]
        stock.save_stock(tx, positions, dict.fromkeys(SITES, UNIT), told)
        stock.save_history(tx, [past for item in ITEMS for past in _past(item.id, DAYTON)], ERP)
        stock.save_lead_times(tx, [_delivery(item.id, number) for item in ITEMS for number in range(12)])


def _terms(item_id: ItemId) -> SupplierItem:
    return a_supplier_item(item_id=item_id)


def _agreement(tx: Tx, item_id: ItemId) -> Agreement:
    return an_agreement(id=tx.new_id(), item_id=item_id)


def _past(item_id: ItemId, site: SiteId) -> list[PastOrder]:
    return [
        PastOrder(item_id, f"{ERP}:{number}", UNIT, quantity, date(2026, 1, 5) + timedelta(days=number), site, SUPPLIER)
        for number, quantity in enumerate(USUAL_ORDERS)
    ]


def _delivery(item_id: ItemId, number: int) -> LeadTimeObservation:
    ordered = date(2026, 1, 5)
    return LeadTimeObservation(SUPPLIER, item_id, f"delivery-{number}", ordered, ordered + timedelta(days=3 + number))


def saved(database: Database, *drafts: PurchaseOrder) -> list[PurchaseOrder]:
    """Save orders and return them as they are kept."""
    with database.transaction(SYSTEM) as tx:
        return orders.save_many(tx, drafts)
