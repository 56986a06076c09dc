"""The codes of a page of ERP orders in our terms: suppliers, items and sites, loaded together, the unknown ones noted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from purveyor.core.canonical import to_json
from purveyor.core.erp_records import Entity, ErpOrder
from purveyor.core.ids import BusinessUnitId, ErpInstance, ItemId, OrderId, SiteId, SupplierId
from purveyor.core.intake import Mapped, record_of
from purveyor.core.items import Item
from purveyor.core.order import PurchaseOrder
from purveyor.core.parties import Site, Supplier
from purveyor.store import masters, xref
from purveyor.store.db import Tx
from purveyor.store.xref import Code, Unmapped


@dataclass(frozen=True, slots=True)
class ErpNames:
    """Everything the orders of a page refer to. ``only_unit`` owns orders without a known site, when there is just one unit."""

    codes: Mapping[Code, UUID]
    suppliers: Mapping[SupplierId, Supplier]
    items: Mapping[ItemId, Item]
    sites: Mapping[SiteId, Site]
    part_numbers: Mapping[tuple[SupplierId, ItemId], str]
    only_unit: BusinessUnitId | None

    def mapped(self, record: ErpOrder) -> Mapped | None:
        """Return what the codes of one order stand for; None when nobody can say which business unit it belongs to."""
        site_id = self._site(record)
        unit = self.sites[site_id].business_unit_id if site_id else self.only_unit
        if unit is None:
            return None
        supplier_id = self.codes.get(Code(Entity.SUPPLIER, record.supplier))
        supplier = self.suppliers.get(SupplierId(supplier_id)) if supplier_id else None
        items = {
            line.item: self.items[ItemId(own)]
            for line in record.lines
            if line.item and (own := self.codes.get(Code(Entity.ITEM, line.item))) and own in self.items
        }
        numbers = (
            {
                item.id: self.part_numbers[supplier.id, item.id]
                for item in items.values()
                if (supplier.id, item.id) in self.part_numbers
            }
            if supplier
            else {}
        )
        return Mapped(unit, supplier, {record.site: site_id} if record.site and site_id else {}, items, numbers)

    def _site(self, record: ErpOrder) -> SiteId | None:
        own = self.codes.get(Code(Entity.SITE, record.site)) if record.site else None
        return SiteId(own) if own is not None and own in self.sites else None

    def unmapped(self, record: ErpOrder) -> list[Unmapped]:
        """Return the codes of one order that nobody knows, each with the order that waits for it."""
        unknown = [code for code in order_codes(record) if code not in self.codes]
        if not unknown:
            return []
        content = to_json(record)
        assert isinstance(content, dict)
        return [Unmapped(Code(Entity.ORDER, record.external_id), code, content) for code in unknown]


def order_codes(record: ErpOrder) -> list[Code]:
    """Return every code an order refers to, each once."""
    codes = [Code(Entity.SUPPLIER, record.supplier)]
    codes += [Code(Entity.SITE, record.site)] if record.site else []
    codes += [Code(Entity.ITEM, line.item) for line in record.lines if line.item]
    return list(dict.fromkeys(codes))


def load_names(tx: Tx, erp: ErpInstance, records: Sequence[ErpOrder]) -> ErpNames:
    """Load everything the orders of a page refer to in a fixed number of queries."""
    codes = xref.lookup(tx, erp, [code for record in records for code in order_codes(record)])
    wanted: dict[str, list[UUID]] = {Entity.SUPPLIER: [], Entity.ITEM: [], Entity.SITE: []}
    for code, own in codes.items():
        wanted[code.entity].append(own)
    items = [ItemId(own) for own in wanted[Entity.ITEM]]
    units = list(masters.business_units(tx))
    return ErpNames(
        codes=codes,
        suppliers=masters.suppliers(tx, [SupplierId(own) for own in wanted[Entity.SUPPLIER]]),
        items=masters.items(tx, items),
        sites=masters.sites(tx, [SiteId(own) for own in wanted[Entity.SITE]]),
        part_numbers=masters.part_numbers(tx, items),
        only_unit=units[0] if len(units) == 1 else None,
    )


def order_as_record(tx: Tx, order: PurchaseOrder) -> ErpOrder:
    """Return our order as its ERP is to confirm it; raise UnknownReference for a record the ERP does not know."""
    return orders_as_records(tx, [order])[order.id]


def orders_as_records(tx: Tx, orders: Sequence[PurchaseOrder]) -> dict[OrderId, ErpOrder]:
    """Return orders as their ERPs are to confirm them; raise UnknownReference for a record an ERP does not know."""
    found: dict[OrderId, ErpOrder] = {}
    for erp in sorted({order.erp.instance for order in orders if order.erp is not None}):
        ours = [order for order in orders if order.erp is not None and order.erp.instance == erp]
        lines = [line for order in ours for line in order.lines]
        wanted: dict[Entity, set[UUID]] = {
            Entity.SUPPLIER: {order.supplier_id for order in ours if order.supplier_id is not None},
            Entity.ITEM: {line.item_id for line in lines if line.item_id is not None},
            Entity.SITE: {part.ship_to for line in lines for part in line.schedules if part.ship_to is not None},
        }
        known: dict[UUID, str] = {}
        for entity, own_ids in wanted.items():
            known |= xref.external_ids(tx, erp, entity, own_ids)
        found |= {order.id: record_of(order, known) for order in ours}
    return found
