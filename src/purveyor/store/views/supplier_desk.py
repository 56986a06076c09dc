"""Suppliers as our own people look at them: the list, the codes each ERP has for one, and the items he sells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from purveyor.core.ids import ItemId, SupplierId
from purveyor.core.items import Item, SupplierItem
from purveyor.core.lifecycle import OPEN
from purveyor.store import masters
from purveyor.store.db import Tx
from purveyor.store.search import matches
from purveyor.store.tables.flow import XREF
from purveyor.store.tables.masters import ITEM, SUPPLIER, SUPPLIER_ITEM
from purveyor.store.tables.orders import PURCHASE_ORDER

MOST_ITEMS: Final = 100
"""So many items stand on the page of a supplier, by item number; the page says when there are more."""


@dataclass(frozen=True, slots=True)
class SupplierRow:
    """One supplier of the list with the number of his open orders."""

    id: SupplierId
    code: str
    name: str
    status: str
    open_orders: int


@dataclass(frozen=True, slots=True)
class Sold:
    """One item with this supplier's terms."""

    item: Item
    terms: SupplierItem


def listed(tx: Tx, words: str = "", after: str | None = None, limit: int = 50) -> list[SupplierRow]:
    """Return suppliers by code; ``after`` goes on behind a code. Orders are counted inside the reader's scope."""
    order = PURCHASE_ORDER.c
    counted = (
        select(func.count())
        .where(order.supplier_id == SUPPLIER.c.id, order.status.in_([status.value for status in OPEN]))
        .scalar_subquery()
    )
    query = select(SUPPLIER.c.id, SUPPLIER.c.code, SUPPLIER.c.name, SUPPLIER.c.status, counted).order_by(SUPPLIER.c.code)
    if words.strip():
        query = query.where(matches(SUPPLIER.c.search_text, words))
    if after is not None:
        query = query.where(SUPPLIER.c.code > after)
    return [SupplierRow(*row) for row in tx.conn.execute(query.limit(limit))]


def codes(tx: Tx, supplier_id: SupplierId) -> list[tuple[str, str]]:
    """Return ERP and code of a supplier in each ERP that knows him."""
    query = select(XREF.c.erp_instance, XREF.c.external_id).where(XREF.c.entity == "supplier", XREF.c.internal_id == supplier_id)
    return [(row[0], row[1]) for row in tx.conn.execute(query.order_by(XREF.c.erp_instance, XREF.c.external_id))]


def sold(tx: Tx, supplier_id: SupplierId, limit: int = MOST_ITEMS) -> list[Sold]:
    """Return what a supplier sells, by item number, with his terms and price breaks."""
    query = select(ITEM.c.id).join(SUPPLIER_ITEM, SUPPLIER_ITEM.c.item_id == ITEM.c.id)
    chosen = query.where(SUPPLIER_ITEM.c.supplier_id == supplier_id).order_by(ITEM.c.sku).limit(limit)
    ids: list[UUID] = list(tx.conn.scalars(chosen))
    items = masters.items(tx, [ItemId(each) for each in ids])
    terms = masters.supplier_items(tx, list(items))
    return [Sold(items[ItemId(each)], terms[supplier_id, ItemId(each)]) for each in ids]
