"""Names beside ids: people, suppliers, sites and programs, as pages show them; and what lists offer to filter by."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, exists, func, select

from purveyor.store.db import Tx
from purveyor.store.tables.masters import SITE, SUPPLIER
from purveyor.store.tables.orders import PURCHASE_ORDER
from purveyor.store.tables.parties import API_CLIENT, APP_USER


def people(tx: Tx, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the display names of people; who is gone is absent."""
    query = select(APP_USER.c.id, APP_USER.c.display_name).where(APP_USER.c.id == func.any(bindparam("ids")))
    return {row.id: row.display_name for row in tx.conn.execute(query, {"ids": list(ids)})}


@dataclass(frozen=True, slots=True)
class Program:
    """A client of the API: what its key is called, and whose it is when it is a supplier's."""

    name: str
    supplier_id: UUID | None


def programs(tx: Tx) -> dict[UUID, Program]:
    """Return every client of the API by its id; they are known under the product's own scope alone."""
    client = API_CLIENT.c
    found = tx.conn.execute(select(client.id, client.name, client.supplier_id))
    return {row.id: Program(row.name, row.supplier_id) for row in found}


def supplier_names(tx: Tx, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the names of suppliers."""
    query = select(SUPPLIER.c.id, SUPPLIER.c.name).where(SUPPLIER.c.id == func.any(bindparam("ids")))
    return {row.id: row.name for row in tx.conn.execute(query, {"ids": list(ids)})}


def site_names(tx: Tx, ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the names of sites."""
    query = select(SITE.c.id, SITE.c.name).where(SITE.c.id == func.any(bindparam("ids")))
    return {row.id: row.name for row in tx.conn.execute(query, {"ids": list(ids)})}


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing a list can be filtered by."""

    id: UUID
    name: str


@dataclass(frozen=True, slots=True)
class OrderChoices:
    """Who and what occurs in the orders of the reader's scope."""

    suppliers: tuple[Choice, ...]
    sites: tuple[Choice, ...]
    buyers: tuple[Choice, ...]


def order_choices(tx: Tx) -> OrderChoices:
    """Return the suppliers and buyers that have orders in the reader's scope, and the sites in use, by name."""
    order = PURCHASE_ORDER.c
    ordered = select(SUPPLIER.c.id, SUPPLIER.c.name).where(exists().where(order.supplier_id == SUPPLIER.c.id))
    sites = select(SITE.c.id, SITE.c.name).where(SITE.c.active)
    buyers = select(APP_USER.c.id, APP_USER.c.display_name).where(exists().where(order.buyer_id == APP_USER.c.id))
    queries = (ordered.order_by(SUPPLIER.c.name), sites.order_by(SITE.c.name), buyers.order_by(APP_USER.c.display_name))
    found = [tuple(Choice(*row) for row in tx.conn.execute(query)) for query in queries]
    return OrderChoices(*found)
