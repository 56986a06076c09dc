"""Identities in other systems: which of our records an ERP's id stands for, and what waits because nobody knows yet.

A code that is not mapped is never guessed. The record that named it is kept whole in quarantine, together with the orders it
blocks, and is taken up again when somebody maps the code.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, func, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert

from purveyor.core.ids import BusinessUnitId, ErpInstance, OrderId
from purveyor.store.db import Tx
from purveyor.store.tables.flow import XREF
from purveyor.store.tables.masters import QUARANTINE, QUARANTINED_ORDER

_LOOKUP: Final = text(
    """
    SELECT xref.entity, xref.external_id, xref.internal_id
      FROM xref
      JOIN unnest(CAST(:entities AS text[]), CAST(:external_ids AS text[])) AS wanted (entity, external_id)
        ON xref.entity = wanted.entity AND xref.external_id = wanted.external_id
     WHERE xref.erp_instance = :erp
    """
)


@dataclass(frozen=True, slots=True)
class Code:
    """An ERP's id for one kind of record."""

    entity: str
    external_id: str


def lookup(tx: Tx, erp: ErpInstance, codes: Iterable[Code]) -> dict[Code, UUID]:
    """Return our ids for the codes that are mapped; the others are left out."""
    wanted = sorted({(code.entity, code.external_id) for code in codes})
    if not wanted:
        return {}
    given = {"erp": erp, "entities": [entity for entity, _ in wanted], "external_ids": [external for _, external in wanted]}
    rows = tx.conn.execute(_LOOKUP, given)
    return {Code(entity, external): own for entity, external, own in rows}


def external_ids(tx: Tx, erp: ErpInstance, entity: str, own_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the ERP's ids of our records, of several the first by name; records the ERP does not know are left out."""
    columns = XREF.c
    query = select(columns.internal_id, columns.external_id).where(
        columns.erp_instance == erp, columns.entity == entity, columns.internal_id == func.any(bindparam("ids"))
    )
    rows = tx.conn.execute(query.order_by(columns.external_id.desc()), {"ids": list(own_ids)})
    return {row[0]: row[1] for row in rows}


def known_as(tx: Tx, entity: str) -> dict[UUID, frozenset[tuple[ErpInstance, str]]]:
    """Return under which ids which ERPs know our records of a kind."""
    columns = XREF.c
    found: dict[UUID, set[tuple[ErpInstance, str]]] = defaultdict(set)
    for row in tx.conn.execute(select(XREF).where(columns.entity == entity)):
        found[row.internal_id].add((ErpInstance(row.erp_instance), row.external_id))
    return {own: frozenset(names) for own, names in found.items()}


def remember(tx: Tx, erp: ErpInstance, mapping: Mapping[Code, UUID]) -> None:
    """Map codes to our records; a code that was mapped before points to the new record from now on."""
    if not mapping:
        return
    rows = [
        {"erp_instance": erp, "entity": code.entity, "external_id": code.external_id, "internal_id": own}
        for code, own in mapping.items()
    ]
    statement = upsert(XREF)
    moved = {"internal_id": statement.excluded.internal_id}
    tx.conn.execute(statement.on_conflict_do_update(index_elements=["erp_instance", "entity", "external_id"], set_=moved), rows)


@dataclass(frozen=True, slots=True)
class Unmapped:
    """A record that cannot be taken over because it names an unknown code; ``content`` is the record itself."""

    record: Code
    unknown: Code
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A quarantined record as it is listed, with the orders it blocks."""

    id: UUID
    erp: ErpInstance
    record: Code
    unknown: Code
    first_seen: datetime
    order_ids: tuple[OrderId, ...]


def quarantine(tx: Tx, erp: ErpInstance, found: Sequence[Unmapped]) -> dict[tuple[Code, Code], tuple[UUID, bool]]:
    """Keep records that name unknown codes; return the id of each and whether it is new (or waits again)."""
    kept: dict[tuple[Code, Code], tuple[UUID, bool]] = {}
    for one in found:
        values = {
            "id": tx.new_id(),
            "erp_instance": erp,
            "entity": one.record.entity,
            "external_id": one.record.external_id,
            "unknown_entity": one.unknown.entity,
            "unknown_code": one.unknown.external_id,
            "record": dict(one.content),
            "first_seen": tx.now,
            "last_seen": tx.now,
        }
        before = _kept_before(tx, values)
        statement = upsert(QUARANTINE).values(**values)
        moved = {"record": statement.excluded.record, "last_seen": tx.now, "resolved_at": None}
        key = ["erp_instance", "entity", "external_id", "unknown_entity", "unknown_code"]
        saved = tx.conn.execute(
            statement.on_conflict_do_update(index_elements=key, set_=moved).returning(QUARANTINE.c.id)
        ).scalar_one()
        kept[one.record, one.unknown] = (saved, not before)
    return kept


def _kept_before(tx: Tx, values: Mapping[str, Any]) -> bool:
    columns = QUARANTINE.c
    same = [columns[name] == values[name] for name in ("erp_instance", "entity", "external_id", "unknown_entity", "unknown_code")]
    return tx.conn.scalar(select(columns.id).where(*same, columns.resolved_at.is_(None))) is not None


def block(tx: Tx, quarantine_id: UUID, order_id: OrderId, unit: BusinessUnitId) -> None:
    """Note that an order cannot leave before a quarantined record is settled."""
    values = {"quarantine_id": quarantine_id, "order_id": order_id, "business_unit_id": unit}
    tx.conn.execute(upsert(QUARANTINED_ORDER).values(**values).on_conflict_do_nothing())


def waiting(tx: Tx, *, erp: ErpInstance | None = None) -> list[Waiting]:
    """Return what waits in quarantine, the oldest first: everything, or of one ERP."""
    columns = QUARANTINE.c
    query = select(QUARANTINE).where(columns.resolved_at.is_(None)).order_by(columns.first_seen, columns.id)
    if erp is not None:
        query = query.where(columns.erp_instance == erp)
    rows = tx.conn.execute(query).all()
    blocked: dict[UUID, list[OrderId]] = defaultdict(list)
    orders = select(QUARANTINED_ORDER).where(QUARANTINED_ORDER.c.quarantine_id == func.any(bindparam("ids")))
    for row in tx.conn.execute(orders, {"ids": [row.id for row in rows]}):
        blocked[row.quarantine_id].append(OrderId(row.order_id))
    return [
        Waiting(
            id=row.id,
            erp=ErpInstance(row.erp_instance),
            record=Code(row.entity, row.external_id),
            unknown=Code(row.unknown_entity, row.unknown_code),
            first_seen=row.first_seen,
            order_ids=tuple(sorted(blocked[row.id])),
        )
        for row in rows
    ]


def unmapped_of(tx: Tx, order_ids: Collection[OrderId]) -> dict[OrderId, list[tuple[ErpInstance, Code]]]:
    """Return the unknown codes that block each of these orders."""
    columns = QUARANTINE.c
    query = (
        select(QUARANTINED_ORDER.c.order_id, columns.erp_instance, columns.unknown_entity, columns.unknown_code)
        .join_from(QUARANTINED_ORDER, QUARANTINE)
        .where(QUARANTINED_ORDER.c.order_id == func.any(bindparam("ids")), columns.resolved_at.is_(None))
        .order_by(columns.unknown_entity, columns.unknown_code)
    )
    found: dict[OrderId, list[tuple[ErpInstance, Code]]] = defaultdict(list)
    for order_id, erp, entity, code in tx.conn.execute(query, {"ids": list(order_ids)}):
        found[OrderId(order_id)].append((ErpInstance(erp), Code(entity, code)))
    return dict(found)


def settle(tx: Tx, erp: ErpInstance, mapped: Collection[Code]) -> list[Waiting]:
    """Take everything out of quarantine that waited for codes which are mapped now, and return it."""
    codes = set(mapped)
    settled = [one for one in waiting(tx, erp=erp) if one.unknown in codes]
    if settled:
        ids = [one.id for one in settled]
        tx.conn.execute(update(QUARANTINE).where(QUARANTINE.c.id.in_(ids)).values(resolved_at=tx.now))
    return settled


def lock_waiting(tx: Tx, erp: ErpInstance, code: Code) -> None:
    """Lock what waits for a code, in stable order."""
    columns = QUARANTINE.c
    same = (columns.erp_instance == erp, columns.unknown_entity == code.entity, columns.unknown_code == code.external_id)
    tx.conn.execute(select(columns.id).where(*same, columns.resolved_at.is_(None)).order_by(columns.id).with_for_update())


def settle_record(tx: Tx, erp: ErpInstance, records: Collection[Code]) -> None:
    """Take records out of quarantine that could be taken over after all."""
    pairs = [(record.entity, record.external_id) for record in records]
    if pairs:
        columns = QUARANTINE.c
        same = (columns.erp_instance == erp) & tuple_(columns.entity, columns.external_id).in_(pairs)
        tx.conn.execute(update(QUARANTINE).where(same, columns.resolved_at.is_(None)).values(resolved_at=tx.now))
