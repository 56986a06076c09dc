"""What an ERP says about buying and holding items: supplier terms, agreements, stock and open demand.

Each record refers to items, suppliers and sites by the ERP's codes; one query per page translates them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

from purveyor.app.agreement_cases import without_rising
from purveyor.app.quarantine import Translation
from purveyor.core.canonical import to_json
from purveyor.core.erp_records import (
    Entity,
    ErpAgreement,
    ErpAgreementLine,
    ErpDemand,
    ErpRecord,
    ErpStock,
    ErpSupplierItem,
)
from purveyor.core.ids import AgreementId, ErpInstance, ItemId, SiteId, SupplierId
from purveyor.core.items import Agreement, DemandLine, PriceEntry, StockPosition, SupplierItem
from purveyor.store import masters, owners, stock, xref
from purveyor.store.db import Tx
from purveyor.store.masters import Provenance
from purveyor.store.stock import OpenDemand
from purveyor.store.xref import Code, Unmapped

_AGREEMENT_LINE = "agreement_line"


def _item(code: str) -> Code:
    return Code(Entity.ITEM, code)


def _site(code: str) -> Code:
    return Code(Entity.SITE, code)


def _supplier(code: str) -> Code:
    return Code(Entity.SUPPLIER, code)


def _translate(tx: Tx, erp: ErpInstance, codes: Sequence[Code]) -> Translation:
    return Translation(xref.lookup(tx, erp, codes))


def _known(translation: Translation, entity: Entity, record: ErpRecord, *codes: Code) -> bool:
    content = to_json(record)
    assert isinstance(content, dict)
    return translation.find(Code(entity, record.external_id), content, *codes)


def take_supplier_items(tx: Tx, erp: ErpInstance, records: Sequence[ErpSupplierItem], came: Provenance) -> list[Unmapped]:
    """Take over what suppliers sell items for; terms that are no longer in use keep no price.

    Terms another ERP told of first stay as they are there: one supplier has one price list, whoever orders.
    """
    codes = [code for record in records for code in (_supplier(record.supplier), _item(record.item))]
    translation = _translate(tx, erp, codes)
    terms = {}
    for record in records:
        supplier, item = _supplier(record.supplier), _item(record.item)
        if not _known(translation, Entity.SUPPLIER_ITEM, record, supplier, item):
            continue
        key = (SupplierId(translation.known[supplier]), ItemId(translation.known[item]))
        terms[key] = SupplierItem(
            supplier_id=key[0],
            item_id=key[1],
            supplier_part_no=record.supplier_part_no,
            order_uom=record.order_uom,
            lead_time_days=record.lead_time_days,
            minimum=record.minimum,
            multiple=record.multiple,
            prices=_breaks(record) if record.active else (),
            updated_at=record.updated_at,
        )
    of_others = owners.terms_of_others(tx, erp, terms)
    masters.save_supplier_items(tx, [one for key, one in terms.items() if key not in of_others], came)
    return translation.held


def _breaks(record: ErpSupplierItem) -> tuple[PriceEntry, ...]:
    return tuple(
        PriceEntry(
            id=f"{record.external_id}:{number}",
            min_qty=one.min_qty,
            uom=record.order_uom,
            price=one.unit_price,
            currency=one.currency,
            valid_from=one.valid_from,
            valid_to=one.valid_to,
        )
        for number, one in enumerate(record.price_breaks, 1)
    )


def take_agreements(tx: Tx, erp: ErpInstance, records: Sequence[ErpAgreement], came: Provenance) -> list[Unmapped]:
    """Take over agreements, one of ours per line; the version counts up when a line says something else than before.

    A line that costs more per unit the more is bought is not taken over and opens an exception.
    """
    codes = [_supplier(record.supplier) for record in records]
    codes += [code for record in records for line in record.lines for code in (_item(line.item), _line_code(line))]
    translation = _translate(tx, erp, codes)
    found = {}
    fresh: dict[Code, UUID] = {}
    for record in records:
        supplier = _supplier(record.supplier)
        if not _known(translation, Entity.AGREEMENT, record, supplier, *(_item(line.item) for line in record.lines)):
            continue
        for line in record.lines:
            own = translation.known.get(_line_code(line)) or fresh.setdefault(_line_code(line), tx.new_id())
            ids = (AgreementId(own), SupplierId(translation.known[supplier]), ItemId(translation.known[_item(line.item)]))
            found[ids[0]] = _agreement(record, line, *ids)
    before = {one.id: one for many in masters.agreements(tx, {one.item_id for one in found.values()}).values() for one in many}
    sound = without_rising(tx, list(found.values()))
    masters.save_agreements(tx, [_next_version(one, before.get(one.id)) for one in sound], came)
    xref.remember(tx, erp, fresh)
    return translation.held


def _line_code(line: ErpAgreementLine) -> Code:
    return Code(_AGREEMENT_LINE, line.external_id)


def _agreement(record: ErpAgreement, line: ErpAgreementLine, own: AgreementId, supplier: SupplierId, item: ItemId) -> Agreement:
    base = PriceEntry(
        id=line.external_id,
        min_qty=Decimal(0),
        uom=line.uom,
        price=line.unit_price,
        currency=record.currency,
        valid_from=record.valid_from,
        valid_to=record.valid_to,
    )
    breaks = tuple(
        replace(base, id=f"{line.external_id}:{each.min_qty:f}", min_qty=each.min_qty, price=each.unit_price)
        for each in line.price_breaks
        if each.currency == record.currency
    )
    return Agreement(
        id=own,
        number=record.reference or record.number,
        version=1,
        supplier_id=supplier,
        item_id=item,
        entries=(base, *breaks) if record.active else (),
        valid_from=record.valid_from,
        valid_to=record.valid_to,
    )


def _next_version(now: Agreement, before: Agreement | None) -> Agreement:
    """Count the version up when anything but the version differs."""
    if before is None:
        return now
    same = replace(now, version=before.version) == before
    return before if same else replace(now, version=before.version + 1)


def take_stock(tx: Tx, erp: ErpInstance, records: Sequence[ErpStock], came: Provenance) -> list[Unmapped]:
    """Take over stock positions; sales prices are those of the items."""
    translation = _translate(tx, erp, [code for record in records for code in (_item(record.item), _site(record.site))])
    ready = [record for record in records if _known(translation, Entity.STOCK, record, _item(record.item), _site(record.site))]
    sales = masters.sales_prices(tx, [ItemId(translation.known[_item(record.item)]) for record in ready])
    positions = {}
    for record in ready:
        item, site = ItemId(translation.known[_item(record.item)]), SiteId(translation.known[_site(record.site)])
        positions[item, site] = StockPosition(
            item_id=item,
            site_id=site,
            on_hand=record.on_hand,
            allocated=record.allocated,
            on_order=record.on_order,
            daily_demand=record.daily_demand,
            reorder_point=record.reorder_point,
            maximum=record.maximum,
            sales_price=sales.get(item),
        )
    units = {site.id: site.business_unit_id for site in masters.sites(tx, {site for _, site in positions}).values()}
    stock.save_stock(tx, list(positions.values()), units, came)
    return translation.held


def take_demand(tx: Tx, erp: ErpInstance, records: Sequence[ErpDemand], came: Provenance) -> list[Unmapped]:
    """Take over open demand; what is served, withdrawn or already allocated in stock is no demand any more."""
    still_open = [record for record in records if record.active and not record.allocated]
    stock.forget_demand(tx, erp, [record.external_id for record in records if not record.active or record.allocated])
    translation = _translate(tx, erp, [code for record in still_open for code in (_item(record.item), _site(record.site))])
    demand = {}
    for record in still_open:
        if not _known(translation, Entity.DEMAND, record, _item(record.item), _site(record.site)):
            continue
        line = DemandLine(
            quantity=record.quantity,
            need_by=record.need_by or tx.now.date(),
            source_ref=record.source_ref,
            customer_ref=record.customer,
            unit_sales_price=record.unit_sales_price,
            currency=record.currency,
        )
        item, site = ItemId(translation.known[_item(record.item)]), SiteId(translation.known[_site(record.site)])
        demand[record.external_id] = OpenDemand(item, site, record.external_id, line)
    units = {site.id: site.business_unit_id for site in masters.sites(tx, {one.site_id for one in demand.values()}).values()}
    stock.save_demand(tx, list(demand.values()), units, came)
    return translation.held
