"""Which ERP a master record belongs to: the one that told of it first keeps it, another one that knows it too only refers to it.

Without an owner two ERPs that describe the same supplier would rename it back and forth with every reading.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final
from uuid import UUID

from sqlalchemy import Table, and_, bindparam, func, select

from purveyor.core.erp_records import Entity
from purveyor.core.ids import ErpInstance, ItemId, SupplierId
from purveyor.store.db import Tx
from purveyor.store.tables.flow import XREF
from purveyor.store.tables.masters import ITEM, SUPPLIER, SUPPLIER_ITEM

_TABLES: Final[Mapping[Entity, Table]] = {Entity.SUPPLIER: SUPPLIER, Entity.ITEM: ITEM}


def of_others(tx: Tx, erp: ErpInstance, entity: Entity, ids: Collection[UUID]) -> frozenset[UUID]:
    """Return which of these suppliers or items belong to another ERP that still knows them."""
    table = _TABLES[entity]
    known_there = and_(XREF.c.entity == entity.value, XREF.c.erp_instance == table.c.source, XREF.c.internal_id == table.c.id)
    query = select(table.c.id).join(XREF, known_there).where(table.c.source != erp, table.c.id == func.any(bindparam("ids")))
    return frozenset(tx.conn.scalars(query, {"ids": list(ids)}))


def terms_of_others(
    tx: Tx, erp: ErpInstance, pairs: Collection[tuple[SupplierId, ItemId]]
) -> frozenset[tuple[SupplierId, ItemId]]:
    """Return for which suppliers and items the terms in force belong to another ERP that still knows the item."""
    columns = SUPPLIER_ITEM.c
    known_there = and_(
        XREF.c.entity == Entity.ITEM.value, XREF.c.erp_instance == columns.source, XREF.c.internal_id == columns.item_id
    )
    query = (
        select(columns.supplier_id, columns.item_id)
        .join(XREF, known_there)
        .where(columns.source != erp, columns.item_id == func.any(bindparam("ids")))
    )
    rows = tx.conn.execute(query, {"ids": list({item for _, item in pairs})})
    return frozenset((SupplierId(row.supplier_id), ItemId(row.item_id)) for row in rows) & frozenset(pairs)
