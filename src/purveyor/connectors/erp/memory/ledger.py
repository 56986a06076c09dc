"""What the in-memory ERP holds: records with versions and stamps, and the documents posted against its orders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Final, TypeVar

from purveyor.connectors.erp.contract import Stamped
from purveyor.core.erp_records import (
    Entity,
    ErpAgreement,
    ErpDemand,
    ErpItem,
    ErpOrder,
    ErpRecord,
    ErpSite,
    ErpStock,
    ErpSupplier,
    ErpSupplierItem,
    ErpUom,
)
from purveyor.core.quantity import as_decimal

Record = TypeVar("Record", bound=ErpRecord)

ENTITY: Final[Mapping[type[ErpRecord], Entity]] = {
    ErpSite: Entity.SITE,
    ErpUom: Entity.UOM,
    ErpItem: Entity.ITEM,
    ErpSupplier: Entity.SUPPLIER,
    ErpSupplierItem: Entity.SUPPLIER_ITEM,
    ErpAgreement: Entity.AGREEMENT,
    ErpStock: Entity.STOCK,
    ErpDemand: Entity.DEMAND,
    ErpOrder: Entity.ORDER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Posting(ErpRecord):
    """A posted receipt or invoice: under which reference, against which order."""

    reference: str
    order: str
    blocked: bool = False


class Ledger:
    """Records by entity and id. Every save gives a new version and a later stamp."""

    def __init__(self, started: datetime | None = None) -> None:
        self._started = started or datetime(2026, 1, 1, tzinfo=UTC)
        self._ticks = 0
        self._rows: dict[Entity, dict[str, ErpRecord]] = {entity: {} for entity in Entity}
        self._references: dict[tuple[Entity, str], str] = {}

    def load(self, records: Iterable[ErpRecord]) -> None:
        """Take records over as they are, versions and stamps included."""
        for record in records:
            self._rows[ENTITY[type(record)]][record.external_id] = record

    def new_id(self, entity: Entity) -> str:
        """Return the next free id."""
        return str(max((int(key) for key in self._rows[entity] if key.isdigit()), default=0) + 1)

    def save(self, entity: Entity, record: Record, stamp: datetime | None = None) -> Record:
        """Keep a record under a new version; ``stamp`` pretends that its transaction began then."""
        self._ticks += 1
        moment = stamp or self._started + timedelta(milliseconds=self._ticks)
        saved = replace(record, version=f"v{self._ticks}", updated_at=moment)
        self._rows[entity][record.external_id] = saved
        reference = saved.order_ref if isinstance(saved, ErpOrder) else saved.reference if isinstance(saved, Posting) else None
        if reference:
            self._references[entity, reference] = saved.external_id
        return saved

    def delete(self, entity: Entity, external_id: str) -> None:
        """Forget a record without trace."""
        del self._rows[entity][external_id]

    def ids(self, entity: Entity) -> frozenset[str]:
        """Return the ids of all records of an entity."""
        return frozenset(self._rows[entity])

    def get(self, entity: Entity, external_id: str) -> ErpRecord | None:
        """Return a record, or None."""
        return self._rows[entity].get(external_id)

    def records(self, entity: Entity) -> tuple[ErpRecord, ...]:
        """Return all records of an entity."""
        return tuple(self._rows[entity].values())

    def order(self, external_id: str) -> ErpOrder | None:
        """Return an order, or None."""
        found = self.get(Entity.ORDER, external_id)
        return found if isinstance(found, ErpOrder) else None

    def order_under(self, reference: str) -> ErpOrder | None:
        """Return the order that carries our reference, or None."""
        return self.order(self._references.get((Entity.ORDER, reference), ""))

    def posting(self, entity: Entity, reference: str) -> Posting | None:
        """Return the receipt or invoice under a reference, or None."""
        found = self.get(entity, self._references.get((entity, reference), ""))
        return found if isinstance(found, Posting) else None

    def stamped(self, entity: Entity) -> list[Stamped]:
        """Return id, version and stamp of every record; what was loaded without a stamp counts as there from the start."""
        return [
            Stamped(record.external_id, record.version, record.updated_at or self._started)
            for record in self._rows[entity].values()
        ]

    def in_base_units(self, item: str, quantity: Decimal, uom: str | None) -> Decimal:
        """Convert a quantity into the item's base unit by the units loaded; unknown units count as base units."""
        record = self.get(Entity.ITEM, item)
        units = {unit.code: unit for unit in self.records(Entity.UOM) if isinstance(unit, ErpUom)}
        if not isinstance(record, ErpItem) or uom not in units or record.base_uom not in units:
            return quantity
        return as_decimal(Fraction(quantity) * units[uom].factor / units[record.base_uom].factor)

    def move_stock(self, order: ErpOrder, item: str | None, arrived: Decimal, ordered: Decimal) -> None:
        """Change on hand and on order of the order's site, in base units."""
        position = self.get(Entity.STOCK, f"{item}:{order.site}")
        if isinstance(position, ErpStock):
            changed = replace(
                position,
                on_hand=position.on_hand + arrived,
                on_order=max(position.on_order + ordered - arrived, Decimal(0)),
            )
            self.save(Entity.STOCK, changed)
