"""Search over what a person may have at hand: order reference, ERP number, item, supplier's item number, shipment, supplier.

The database's locale folds ASCII only, so Python folds both the stored text and the words looked for.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, literal, select

from purveyor.store.db import Tx
from purveyor.store.tables.goods import SHIP_NOTICE
from purveyor.store.tables.masters import ITEM, SUPPLIER, SUPPLIER_ITEM
from purveyor.store.tables.orders import ORDER_LINE, PURCHASE_ORDER

_ESCAPE: Final = "\\"


def folded(*texts: str | None) -> str:
    """Join texts for searching: accents and case removed, absent ones left out."""
    joined = " ".join(text for text in texts if text)
    if joined.isascii():
        return joined.lower()
    decomposed = unicodedata.normalize("NFKD", joined)
    return "".join(char for char in decomposed if not unicodedata.combining(char)).casefold()


def matches(column: ColumnElement[str], words: str) -> ColumnElement[bool]:
    """Return the condition that every word looked for occurs in a folded column; wildcards count as plain characters."""
    return and_(*(column.contains(word, autoescape=True, escape=_ESCAPE) for word in folded(words).split()))


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found: what kind it is (order, item, supplier), its code, and the name beside it."""

    kind: str
    id: UUID
    code: str
    name: str


def search(tx: Tx, words: str, limit: int = 20) -> list[Hit]:
    """Find orders, items and suppliers by any of their codes or names; at most ``limit`` of each kind, nothing for no words."""
    if not folded(words).split():
        return []
    return [hit for query in _queries(words) for hit in _hits(tx, query, limit)]


def _queries(words: str) -> list[Select[str, UUID, str, str]]:
    on_line = select(ORDER_LINE.c.order_id).where(matches(ORDER_LINE.c.search_text, words))
    on_the_way = select(SHIP_NOTICE.c.order_id).where(matches(SHIP_NOTICE.c.search_text, words))
    part_numbers = select(SUPPLIER_ITEM.c.item_id).where(matches(SUPPLIER_ITEM.c.search_text, words))
    orders = PURCHASE_ORDER.c
    return [
        select(literal("order").label("kind"), orders.id, orders.order_ref, func.coalesce(SUPPLIER.c.name, orders.supplier_code))
        .outerjoin(SUPPLIER, SUPPLIER.c.id == orders.supplier_id)
        .where(matches(orders.search_text, words) | orders.id.in_(on_line) | orders.id.in_(on_the_way))
        .order_by(orders.id.desc()),
        select(literal("item").label("kind"), ITEM.c.id, ITEM.c.sku, ITEM.c.name)
        .where(matches(ITEM.c.search_text, words) | ITEM.c.id.in_(part_numbers))
        .order_by(ITEM.c.sku),
        select(literal("supplier").label("kind"), SUPPLIER.c.id, SUPPLIER.c.code, SUPPLIER.c.name)
        .where(matches(SUPPLIER.c.search_text, words))
        .order_by(SUPPLIER.c.code),
    ]


def _hits(tx: Tx, query: Select[str, UUID, str, str], limit: int) -> list[Hit]:
    return [Hit(*row) for row in tx.conn.execute(query.limit(limit))]
