"""Our records by code and name, as a field offers them that asks which record a code of an ERP stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import ColumnElement, select

from purveyor.store.db import Tx
from purveyor.store.tables.masters import ERP_UOM, ITEM, SITE, SUPPLIER
from purveyor.store.tables.parties import BUSINESS_UNIT

MOST_OFFERED: Final = 500
"""More records than this are no help to choose from: the code is typed."""

_NAMED: Final[dict[str, tuple[ColumnElement[str], ColumnElement[str]]]] = {
    "item": (ITEM.c.sku, ITEM.c.name),
    "supplier": (SUPPLIER.c.code, SUPPLIER.c.name),
    "site": (SITE.c.code, SITE.c.name),
    "legal_entity": (BUSINESS_UNIT.c.code, BUSINESS_UNIT.c.name),
}


@dataclass(frozen=True, slots=True)
class OwnRecord:
    """One record of ours: the code it is entered by, and its name where it has one."""

    code: str
    name: str | None = None


def offered(tx: Tx, kind: str) -> tuple[OwnRecord, ...]:
    """Return all items, suppliers, sites or legal entities (``kind``) by code; nothing when they are too many to choose from."""
    code, name = _NAMED[kind]
    rows = tx.conn.execute(select(code, name).order_by(code).limit(MOST_OFFERED + 1)).all()
    return tuple(OwnRecord(*row) for row in rows) if len(rows) <= MOST_OFFERED else ()


def offered_units(tx: Tx, group: str) -> tuple[OwnRecord, ...]:
    """Return the units of a group by code; they have no names."""
    code = ERP_UOM.c.code
    rows = tx.conn.scalars(select(code).where(ERP_UOM.c.unit_group == group).distinct().order_by(code).limit(MOST_OFFERED))
    return tuple(OwnRecord(each) for each in rows)
