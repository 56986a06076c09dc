"""Master data from an ERP: taken over under our own identities, page by page, in any order and any number of times.

A record that names a code nobody mapped is quarantined and taken up again when the code is known; nothing is guessed. A code that
exists here under the same name but came from elsewhere also waits for a person, because equal names are no proof. A record that
two ERPs know stays as the one tells it that told of it first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction
from typing import Final, TypeVar
from uuid import NAMESPACE_URL, UUID, uuid5

from purveyor.app.master_terms import take_agreements, take_demand, take_stock, take_supplier_items
from purveyor.app.quarantine import Translation, hold_back, read_order_job, take_up
from purveyor.core.access import Permission
from purveyor.core.canonical import to_json
from purveyor.core.erp_records import (
    Entity,
    ErpAgreement,
    ErpDemand,
    ErpItem,
    ErpRecord,
    ErpSite,
    ErpStock,
    ErpSupplier,
    ErpSupplierItem,
    ErpUom,
)
from purveyor.core.events.base import Ref
from purveyor.core.events.master import MastersSynchronised
from purveyor.core.ids import BusinessUnitId, ErpInstance, ItemId, SiteId, SupplierId
from purveyor.core.items import Item, ItemStatus
from purveyor.core.parties import BusinessUnit, Site, Supplier, SupplierStatus
from purveyor.core.quantity import UnitTable
from purveyor.store import events, jobs, masters, orders, owners, xref
from purveyor.store.db import Tx
from purveyor.store.masters import ItemSource, Provenance, UnitOfMeasure
from purveyor.store.xref import Code, Unmapped

LEGAL_ENTITY: Final = "legal_entity"
_NO_ID: Final = UUID(int=0)
"""Units have no identity of ours; that one is known is all that counts."""
_R = TypeVar("_R", bound=ErpRecord)


@dataclass(frozen=True, slots=True)
class Defaults:
    """What an ERP does not tell about sites and suppliers; known records keep what was set here."""

    country: str = "US"
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Taken:
    """How many records of a page were taken over and how many wait in quarantine."""

    taken: int
    quarantined: int


def save_unit(tx: Tx, unit: BusinessUnit, erp: ErpInstance, legal_entity: str) -> None:
    """Set a business unit up and say which legal entity of an ERP it is. Raises NotAuthorised."""
    tx.actor.require(Permission.ORDER_WRITE)
    masters.save_business_units(tx, [unit])
    xref.remember(tx, erp, {Code(LEGAL_ENTITY, legal_entity): unit.id})
    take_up(tx, erp, [Code(LEGAL_ENTITY, legal_entity)])


def configure_supplier(tx: Tx, supplier: Supplier) -> None:
    """Set how a known supplier is spoken to and which delivery terms hold; later ERP records leave both alone.

    Raises NotAuthorised, NotFound.
    """
    tx.actor.require(Permission.ORDER_WRITE)
    masters.supplier(tx, supplier.id)
    masters.save_profiles(tx, [supplier])
    masters.save_delivery_terms(tx, [supplier])


def receive(
    tx: Tx,
    erp: ErpInstance,
    entity: Entity,
    records: Sequence[ErpRecord],
    defaults: Defaults | None = None,
    as_of: datetime | None = None,
) -> Taken:
    """Take over one page of master or stock records; the same page twice changes nothing.

    ``as_of`` is the moment of which they tell when the ERP told it earlier than now.
    """
    came = _came(tx, erp, as_of)
    match entity:
        case Entity.SITE:
            held = _take_sites(tx, erp, _only(records, ErpSite), defaults or Defaults())
        case Entity.UOM:
            held = _take_uoms(tx, erp, _only(records, ErpUom))
        case Entity.ITEM:
            held = _take_items(tx, erp, _only(records, ErpItem), came)
        case Entity.SUPPLIER:
            held = _take_suppliers(tx, erp, _only(records, ErpSupplier), came, defaults or Defaults())
        case Entity.SUPPLIER_ITEM:
            held = take_supplier_items(tx, erp, _only(records, ErpSupplierItem), came)
        case Entity.AGREEMENT:
            held = take_agreements(tx, erp, _only(records, ErpAgreement), came)
        case Entity.STOCK:
            held = take_stock(tx, erp, _only(records, ErpStock), came)
        case Entity.DEMAND:
            held = take_demand(tx, erp, _only(records, ErpDemand), came)
        case _:
            raise ValueError(f"{entity} is a document, not master data")
    waiting = {one.record.external_id for one in held}
    hold_back(tx, erp, held)
    settled = [record.external_id for record in records if record.external_id not in waiting]
    xref.settle_record(tx, erp, [Code(entity, external_id) for external_id in settled])
    result = Taken(len(settled), len(waiting))
    events.append(tx, [_synchronised(erp, entity, result)])
    return result


def up_to_date(tx: Tx, erp: ErpInstance, entity: Entity, as_of: datetime | None = None) -> None:
    """Note that a feed was read to its end: everything it told before is still true now, or was at ``as_of``."""
    masters.still_true(tx, entity.value, _came(tx, erp, as_of))


def _came(tx: Tx, erp: ErpInstance, as_of: datetime | None) -> Provenance:
    """A moment in the future is a wrong clock, and no proof that something is true longer than now."""
    return Provenance(min(as_of or tx.now, tx.now), erp)


def _synchronised(erp: ErpInstance, entity: Entity, result: Taken) -> MastersSynchronised:
    feed = Ref("erp_feed", uuid5(NAMESPACE_URL, f"purveyor:{erp}:{entity}"))
    return MastersSynchronised(stream=feed, erp=erp, entity=entity, taken=result.taken, quarantined=result.quarantined)


def _only(records: Sequence[ErpRecord], kind: type[_R]) -> list[_R]:
    return [record for record in records if isinstance(record, kind)]


def _content(record: ErpRecord) -> Mapping[str, object]:
    content = to_json(record)
    assert isinstance(content, dict)
    return content


@dataclass(frozen=True, slots=True)
class _Identities:
    """Our ids for the records of a page, made for those that are new; and the records whose code is taken here already."""

    ids: Mapping[str, UUID]
    fresh: frozenset[str]
    held: list[Unmapped]


def _identities(tx: Tx, erp: ErpInstance, entity: Entity, codes: Mapping[str, str], records: Sequence[ErpRecord]) -> _Identities:
    """Find or make our ids; ``codes`` are the codes of the records by the ERP's id."""
    known = xref.lookup(tx, erp, [Code(entity, external_id) for external_id in codes])
    ids = {code.external_id: own for code, own in known.items()}
    new = {external_id: code for external_id, code in codes.items() if external_id not in ids}
    taken = masters.ids_by_code(tx, entity.value, list(new.values())) if new else {}
    held = []
    for record in records:
        external_id = record.external_id
        if external_id in new and new[external_id] in taken:
            held.append(Unmapped(Code(entity, external_id), Code(entity, external_id), _content(record)))
        elif external_id in new:
            ids[external_id] = taken[new[external_id]] = tx.new_id()
    fresh = frozenset(external_id for external_id in ids if external_id in new)
    return _Identities(ids, fresh, held)


def _settle_identities(tx: Tx, erp: ErpInstance, entity: Entity, found: _Identities) -> None:
    """Remember the new identities and take up what waited for them."""
    mapping = {Code(entity, external_id): found.ids[external_id] for external_id in found.fresh}
    xref.remember(tx, erp, mapping)
    if mapping:
        take_up(tx, erp, list(mapping))


def _take_sites(tx: Tx, erp: ErpInstance, records: Sequence[ErpSite], defaults: Defaults) -> list[Unmapped]:
    translation = Translation(xref.lookup(tx, erp, [Code(LEGAL_ENTITY, record.legal_entity) for record in records]))
    ready = [
        record
        for record in records
        if translation.find(Code(Entity.SITE, record.external_id), _content(record), Code(LEGAL_ENTITY, record.legal_entity))
    ]
    found = _identities(tx, erp, Entity.SITE, {record.external_id: record.code for record in ready}, ready)
    before = masters.sites(tx, [SiteId(own) for own in found.ids.values()])
    sites = []
    for record in ready:
        if record.external_id not in found.ids:
            continue
        own = SiteId(found.ids[record.external_id])
        kept = before.get(own)
        unit = BusinessUnitId(translation.known[Code(LEGAL_ENTITY, record.legal_entity)])
        sites.append(
            Site(
                id=own,
                business_unit_id=unit,
                code=record.code,
                name=record.name,
                country=record.country or (kept.country if kept else defaults.country),
                time_zone=kept.time_zone if kept else defaults.time_zone,
                subdivision=kept.subdivision if kept else None,
                active=record.active,
            )
        )
    masters.save_sites(tx, sites)
    _settle_identities(tx, erp, Entity.SITE, found)
    return translation.held + found.held


def _group(erp: ErpInstance, category: str) -> str:
    return f"{erp}:{category}"


def _take_uoms(tx: Tx, erp: ErpInstance, records: Sequence[ErpUom]) -> list[Unmapped]:
    """Take over units; items counted in a group that changed get their units anew, and their drafts a look."""
    uoms = [
        UnitOfMeasure(erp, record.external_id, record.code, _group(erp, record.category), record.factor) for record in records
    ]
    masters.forget_uoms(tx, erp, [_stand_in(record.category, record.code) for record in records])
    _save_uoms(tx, erp, uoms)
    return []


def _save_uoms(tx: Tx, erp: ErpInstance, uoms: Sequence[UnitOfMeasure], *, automatic: bool = True) -> None:
    before = masters.unit_groups(tx, {uom.unit_group for uom in uoms})
    masters.save_uoms(tx, uoms)
    groups = masters.unit_groups(tx, {uom.unit_group for uom in uoms})
    counted = masters.items_counted_in(tx, list(groups))
    masters.save_units(
        tx, {item: _units(base, groups[group]) for item, (base, group) in counted.items() if base in groups[group]}
    )
    mapped = [_unit_code(uom.unit_group.removeprefix(_group(erp, "")), uom.code) for uom in uoms]
    take_up(tx, erp, mapped, automatic=automatic)
    fresh = {uom.code for uom in uoms if uom.code not in before.get(uom.unit_group, {})}
    waiting = orders.drafts_in_units(tx, erp, list(counted), fresh) if fresh and counted else []
    jobs.enqueue_many(tx, [read_order_job(erp, external_id, again=True) for external_id in waiting])


def map_unit(tx: Tx, erp: ErpInstance, unit: Code, own_code: str) -> bool:
    """Let a unit's code that an ERP uses and does not explain stand for a unit of the same group; False when that is unknown.

    It counts as much as that unit until the ERP explains the code itself; what waited for it is read again. Raises NotAuthorised.
    """
    tx.actor.require(Permission.EXCEPTION_RESOLVE)
    group, code = unit_in_group(erp, unit)
    factor = masters.unit_groups(tx, [group]).get(group, {}).get(own_code)
    if factor is None:
        return False
    stand_in = UnitOfMeasure(erp, _stand_in(group.removeprefix(_group(erp, "")), code), code, group, factor)
    _save_uoms(tx, erp, [stand_in], automatic=False)
    return True


def unit_in_group(erp: ErpInstance, unit: Code) -> tuple[str, str]:
    """Return the group in which a unit is counted and its code there."""
    category, _, code = unit.external_id.rpartition(":")
    return _group(erp, category), code


def _stand_in(category: str, code: str) -> str:
    """Return the id under which a unit is kept that a person explained, where the ERP's own units have their ids."""
    return f"mapped:{category}:{code}"


def _unit_code(category: str, code: str) -> Code:
    """Return a unit's code within its group; equal codes of two groups are two units."""
    return Code(Entity.UOM, f"{category}:{code}")


def _units(base_uom: str, group: Mapping[str, Fraction]) -> UnitTable:
    base = group[base_uom]
    return UnitTable(base_uom, {code: factor / base for code, factor in group.items() if code != base_uom})


def _take_items(tx: Tx, erp: ErpInstance, records: Sequence[ErpItem], came: Provenance) -> list[Unmapped]:
    groups = masters.unit_groups(tx, {_group(erp, record.uom_category) for record in records})
    translation = Translation(
        {
            _unit_code(record.uom_category, record.base_uom): _NO_ID
            for record in records
            if record.base_uom in groups.get(_group(erp, record.uom_category), {})
        }
    )
    ready = [
        record
        for record in records
        if translation.find(
            Code(Entity.ITEM, record.external_id), _content(record), _unit_code(record.uom_category, record.base_uom)
        )
    ]
    found = _identities(tx, erp, Entity.ITEM, {record.external_id: record.sku for record in ready}, ready)
    before = masters.items(tx, [ItemId(own) for own in found.ids.values()])
    of_others = owners.of_others(tx, erp, Entity.ITEM, found.ids.values())
    items, sources = [], {}
    for record in ready:
        if found.ids.get(record.external_id, _NO_ID) in of_others | {_NO_ID}:
            continue
        own = ItemId(found.ids[record.external_id])
        items.append(_item(record, own, groups[_group(erp, record.uom_category)], before.get(own)))
        sources[own] = ItemSource(_group(erp, record.uom_category), record.sales_price)
    masters.save_items(tx, items, came, sources)
    _settle_identities(tx, erp, Entity.ITEM, found)
    return translation.held + found.held


def _item(record: ErpItem, own: ItemId, group: Mapping[str, Fraction], before: Item | None) -> Item:
    bought = record.active and record.purchasable
    return Item(
        id=own,
        sku=record.sku,
        name=record.name,
        units=_units(record.base_uom, group),
        category=record.category,
        status=record.status if bought or record.status is not ItemStatus.ACTIVE else ItemStatus.INACTIVE,
        discrete=record.discrete,
        purchase_uom=record.purchase_uom,
        superseded_by=before.superseded_by if before else None,
        updated_at=record.updated_at,
    )


def _take_suppliers(
    tx: Tx, erp: ErpInstance, records: Sequence[ErpSupplier], came: Provenance, defaults: Defaults
) -> list[Unmapped]:
    found = _identities(tx, erp, Entity.SUPPLIER, {record.external_id: record.code for record in records}, records)
    before = masters.suppliers(tx, [SupplierId(own) for own in found.ids.values()])
    of_others = owners.of_others(tx, erp, Entity.SUPPLIER, found.ids.values())
    suppliers = []
    for record in records:
        if found.ids.get(record.external_id, _NO_ID) in of_others | {_NO_ID}:
            continue
        own = SupplierId(found.ids[record.external_id])
        blank = Supplier(own, record.code, record.name, record.currency, defaults.country, defaults.time_zone, email=record.email)
        kept = before.get(own, blank)
        suppliers.append(
            replace(
                kept,
                code=record.code,
                name=record.name,
                currency=record.currency,
                country=record.country or kept.country,
                status=record.status if record.active else SupplierStatus.INACTIVE,
                payment_terms=record.payment_terms,
                updated_at=record.updated_at,
            )
        )
    masters.save_suppliers(tx, suppliers, came)
    _settle_identities(tx, erp, Entity.SUPPLIER, found)
    return found.held
