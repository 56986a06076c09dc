"""Master data in and out of the database, many records per statement.

What came from an ERP is replaced by what the ERP says now, with the moment it was true and the system that said so; what we own
(how a supplier wants to be spoken to) is never touched by an ERP.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Table, bindparam, delete, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from purveyor.core.errors import NotFound
from purveyor.core.ids import AgreementId, BusinessUnitId, ItemId, SiteId, SupplierId
from purveyor.core.items import Agreement, Item, ItemStatus, PriceEntry, PricingDate, SupplierItem, TieRule
from purveyor.core.parties import AnswerMode, BusinessUnit, Site, Supplier, SupplierStatus
from purveyor.core.quantity import UnitTable
from purveyor.store.db import Tx
from purveyor.store.search import folded
from purveyor.store.tables.masters import (
    AGREEMENT,
    DEMAND_LINE,
    ERP_UOM,
    ITEM,
    ITEM_UOM,
    PRICE_ENTRY,
    SITE,
    STOCK_POSITION,
    SUPPLIER,
    SUPPLIER_ITEM,
    SUPPLIER_PROFILE,
)
from purveyor.store.tables.parties import BUSINESS_UNIT

_CODES: Final = {"site": SITE.c.code, "supplier": SUPPLIER.c.code, "item": ITEM.c.sku, "legal_entity": BUSINESS_UNIT.c.code}
_DATED: Final = {
    "supplier": SUPPLIER,
    "item": ITEM,
    "supplier_item": SUPPLIER_ITEM,
    "agreement": AGREEMENT,
    "stock": STOCK_POSITION,
    "demand": DEMAND_LINE,
}
_OURS: Final = ("country", "time_zone", "freight_term", "fob_point", "incoterm")
PROFILE_FIELDS: Final = ("channels", "email", "api_url", "answer_mode", "transit_days", "language")


@dataclass(frozen=True, slots=True)
class Provenance:
    """When records were true (UTC) and which system said so."""

    as_of: datetime
    source: str

    def columns(self) -> dict[str, object]:
        """Return the two columns that every record of an ERP carries."""
        return {"as_of": self.as_of, "source": self.source}


def merge_rows(tx: Tx, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, or replace the rows with the same primary key."""
    if not rows:
        return
    statement = upsert(table)
    keys = [column.name for column in table.primary_key.columns]
    changes = {name: statement.excluded[name] for name in rows[0] if name not in keys}
    tx.conn.execute(statement.on_conflict_do_update(index_elements=keys, set_=changes), list(rows))


def _plain(value: Any, *left_out: str) -> dict[str, Any]:
    """Return the fields of a value as columns; words of an enumeration as their text."""
    named = {field.name: getattr(value, field.name) for field in fields(value) if field.name not in left_out}
    return {name: getattr(content, "value", content) for name, content in named.items()}


def save_business_units(tx: Tx, units: Iterable[BusinessUnit]) -> None:
    """Write business units."""
    merge_rows(tx, BUSINESS_UNIT, [_plain(unit) for unit in units])


def save_sites(tx: Tx, sites: Iterable[Site]) -> None:
    """Write sites."""
    merge_rows(tx, SITE, [_plain(site) for site in sites])


def save_suppliers(tx: Tx, suppliers: Sequence[Supplier], came: Provenance) -> None:
    """Write what an ERP knows of suppliers; one that is new gets the profile it carries, a known profile stays as it is."""
    rows = [
        {**_plain(supplier, *PROFILE_FIELDS), **came.columns(), "search_text": folded(supplier.code, supplier.name)}
        for supplier in suppliers
    ]
    merge_rows(tx, SUPPLIER, rows)
    if suppliers:
        profiles = upsert(SUPPLIER_PROFILE).on_conflict_do_nothing()
        tx.conn.execute(profiles, [_profile_row(supplier) for supplier in suppliers])


def save_profiles(tx: Tx, suppliers: Sequence[Supplier]) -> None:
    """Write how suppliers want to be spoken to: channels, addresses, the meaning of a second answer, transit days."""
    merge_rows(tx, SUPPLIER_PROFILE, [_profile_row(supplier) for supplier in suppliers])


def save_delivery_terms(tx: Tx, suppliers: Sequence[Supplier]) -> None:
    """Write the delivery terms, country and time zone of known suppliers: what ERPs seldom keep, set by people here."""
    for one in suppliers:
        tx.conn.execute(update(SUPPLIER).where(SUPPLIER.c.id == one.id).values(**{name: getattr(one, name) for name in _OURS}))


def _profile_row(supplier: Supplier) -> dict[str, Any]:
    row = {name: getattr(supplier, name) for name in PROFILE_FIELDS}
    return {
        **row,
        "supplier_id": supplier.id,
        "channels": list(supplier.channels),
        "answer_mode": supplier.answer_mode.value,
    }


@dataclass(frozen=True, slots=True)
class ItemSource:
    """What an ERP says of an item beyond the item itself: its group of units, and the sales price per base unit."""

    unit_group: str | None = None
    sales_price: Decimal | None = None


def save_items(tx: Tx, items: Sequence[Item], came: Provenance, sources: Mapping[ItemId, ItemSource] | None = None) -> None:
    """Write items with all their units."""
    known = sources or {}
    rows = [
        {
            **_plain(item, "units"),
            **came.columns(),
            **_plain(known.get(item.id, ItemSource())),
            "base_uom": item.units.base_uom,
            "search_text": folded(item.sku, item.name),
        }
        for item in items
    ]
    merge_rows(tx, ITEM, rows)
    save_units(tx, {item.id: item.units for item in items})


def save_units(tx: Tx, units: Mapping[ItemId, UnitTable]) -> None:
    """Replace all units of items."""
    if not units:
        return
    tx.conn.execute(delete(ITEM_UOM).where(ITEM_UOM.c.item_id.in_(list(units))))
    factors = [
        {"item_id": item_id, "uom": uom, "numerator": factor.numerator, "denominator": factor.denominator}
        for item_id, table in units.items()
        for uom, factor in table.factors.items()
    ]
    if factors:
        tx.conn.execute(insert(ITEM_UOM), factors)


@dataclass(frozen=True, slots=True)
class UnitOfMeasure:
    """A unit of an ERP: ``factor`` base units of its group are one of it."""

    erp_instance: str
    external_id: str
    code: str
    unit_group: str
    factor: Fraction


def save_uoms(tx: Tx, uoms: Sequence[UnitOfMeasure]) -> None:
    """Write the units of an ERP."""
    rows = [{**_plain(uom, "factor"), "numerator": uom.factor.numerator, "denominator": uom.factor.denominator} for uom in uoms]
    merge_rows(tx, ERP_UOM, rows)


def forget_uoms(tx: Tx, erp: str, external_ids: Collection[str]) -> None:
    """Forget units of an ERP; those it does not have are left out."""
    columns = ERP_UOM.c
    same = (columns.erp_instance == erp) & (columns.external_id == func.any(bindparam("ids")))
    tx.conn.execute(delete(ERP_UOM).where(same), {"ids": list(external_ids)})


def unit_groups(tx: Tx, groups: Collection[str]) -> dict[str, dict[str, Fraction]]:
    """Return the units of groups with their factors to the base of the group."""
    found: dict[str, dict[str, Fraction]] = defaultdict(dict)
    for row in _rows(tx, ERP_UOM, groups, key="unit_group"):
        found[row.unit_group][row.code] = Fraction(int(row.numerator), int(row.denominator))
    return dict(found)


def items_counted_in(tx: Tx, groups: Collection[str]) -> dict[ItemId, tuple[str, str]]:
    """Return the items whose units belong to these groups: their base unit and their group."""
    return {ItemId(row.id): (row.base_uom, row.unit_group) for row in _rows(tx, ITEM, groups, key="unit_group")}


def sales_prices(tx: Tx, ids: Collection[ItemId]) -> dict[ItemId, Decimal]:
    """Return what customers pay per base unit, for the items that have a price."""
    return {ItemId(row.id): row.sales_price for row in _rows(tx, ITEM, ids) if row.sales_price is not None}


def save_supplier_items(tx: Tx, terms: Sequence[SupplierItem], came: Provenance) -> None:
    """Write what suppliers sell items for; all prices of each are replaced."""
    rows = [{**_plain(term, "prices"), **came.columns(), "search_text": folded(term.supplier_part_no)} for term in terms]
    merge_rows(tx, SUPPLIER_ITEM, rows)
    _replace_prices(
        tx, {_terms_key(term.supplier_id, term.item_id): (term.supplier_id, term.item_id, None, term.prices) for term in terms}
    )


def save_agreements(tx: Tx, agreements: Sequence[Agreement], came: Provenance) -> None:
    """Write agreements; all price entries of each are replaced."""
    merge_rows(tx, AGREEMENT, [{**_plain(agreement, "entries"), **came.columns()} for agreement in agreements])
    _replace_prices(
        tx,
        {
            f"agreement:{agreement.id}": (agreement.supplier_id, agreement.item_id, agreement.id, agreement.entries)
            for agreement in agreements
        },
    )


def _terms_key(supplier_id: SupplierId, item_id: ItemId) -> str:
    return f"terms:{supplier_id}:{item_id}"


_PricesOf = tuple[SupplierId, ItemId, AgreementId | None, tuple[PriceEntry, ...]]


def _replace_prices(tx: Tx, owners: Mapping[str, _PricesOf]) -> None:
    if not owners:
        return
    tx.conn.execute(delete(PRICE_ENTRY).where(PRICE_ENTRY.c.owner.in_(list(owners))))
    rows = [
        {
            **_plain(entry, "id"),
            "owner": owner,
            "place": place,
            "entry_id": entry.id,
            "supplier_id": supplier_id,
            "item_id": item_id,
            "agreement_id": agreement_id,
        }
        for owner, (supplier_id, item_id, agreement_id, entries) in owners.items()
        for place, entry in enumerate(entries)
    ]
    if rows:
        tx.conn.execute(insert(PRICE_ENTRY), rows)


def still_true(tx: Tx, kind: str, came: Provenance) -> None:
    """Note that all records of a kind a system told us are still so, because its feed of changes was read to the end."""
    table = _DATED.get(kind)
    if table is not None:
        tx.conn.execute(update(table).where(table.c.source == came.source, table.c.as_of < came.as_of).values(as_of=came.as_of))


def business_units(tx: Tx) -> dict[BusinessUnitId, BusinessUnit]:
    """Return the business units of this scope, by id."""
    return {
        BusinessUnitId(row.id): BusinessUnit(BusinessUnitId(row.id), row.code, row.name, row.currency, row.country)
        for row in tx.conn.execute(select(BUSINESS_UNIT).order_by(BUSINESS_UNIT.c.code))
    }


def sites(tx: Tx, ids: Collection[SiteId] | None = None) -> dict[SiteId, Site]:
    """Return sites by id, all of them when no ids are given."""
    return {SiteId(row.id): Site(**row._mapping) for row in _rows(tx, SITE, ids)}


def suppliers(tx: Tx, ids: Collection[SupplierId] | None = None) -> dict[SupplierId, Supplier]:
    """Return suppliers with their channel profiles by id, all of them when no ids are given."""
    query = select(SUPPLIER, *(SUPPLIER_PROFILE.c[name] for name in PROFILE_FIELDS)).join(SUPPLIER_PROFILE)
    if ids is not None:
        query = query.where(SUPPLIER.c.id == func.any(bindparam("ids")))
    rows = tx.conn.execute(query.order_by(SUPPLIER.c.id), {} if ids is None else {"ids": list(ids)})
    return {SupplierId(row.id): _supplier(row) for row in rows}


def supplier(tx: Tx, supplier_id: SupplierId) -> Supplier:
    """Return one supplier; raise NotFound."""
    found = suppliers(tx, [supplier_id])
    if supplier_id not in found:
        raise NotFound(supplier=supplier_id)
    return found[supplier_id]


def _supplier(row: Row[Any]) -> Supplier:
    named = {field.name: getattr(row, field.name) for field in fields(Supplier)}
    named.update(status=SupplierStatus(row.status), channels=tuple(row.channels), answer_mode=AnswerMode(row.answer_mode))
    return Supplier(**named)


def items(tx: Tx, ids: Collection[ItemId] | None = None) -> dict[ItemId, Item]:
    """Return items with their units by id, all of them when no ids are given."""
    factors: dict[UUID, dict[str, Fraction]] = defaultdict(dict)
    for row in _rows(tx, ITEM_UOM, ids, key="item_id"):
        factors[row.item_id][row.uom] = Fraction(int(row.numerator), int(row.denominator))
    return {ItemId(row.id): _item(row, factors[row.id]) for row in _rows(tx, ITEM, ids)}


def _item(row: Row[Any], factors: Mapping[str, Fraction]) -> Item:
    return Item(
        id=ItemId(row.id),
        sku=row.sku,
        name=row.name,
        units=UnitTable(row.base_uom, factors),
        category=row.category,
        status=ItemStatus(row.status),
        discrete=row.discrete,
        purchase_uom=row.purchase_uom,
        superseded_by=ItemId(row.superseded_by) if row.superseded_by else None,
        updated_at=row.updated_at,
    )


def ids_by_code(tx: Tx, kind: str, codes: Collection[str]) -> dict[str, UUID]:
    """Return the ids of sites, suppliers, items or legal entities (``kind``) by their code; codes nobody knows are left out."""
    column = _CODES[kind]
    query = select(column, column.table.c.id).where(column == func.any(bindparam("codes")))
    return {row[0]: row[1] for row in tx.conn.execute(query, {"codes": list(codes)})}


def supplier_items(tx: Tx, item_ids: Collection[ItemId]) -> dict[tuple[SupplierId, ItemId], SupplierItem]:
    """Return what every supplier sells these items for, with prices."""
    prices = _prices(tx, item_ids)
    found = {}
    for row in _rows(tx, SUPPLIER_ITEM, item_ids, key="item_id"):
        key = (SupplierId(row.supplier_id), ItemId(row.item_id))
        found[key] = SupplierItem(
            supplier_id=key[0],
            item_id=key[1],
            supplier_part_no=row.supplier_part_no,
            order_uom=row.order_uom,
            lead_time_days=row.lead_time_days,
            minimum=row.minimum,
            multiple=row.multiple,
            maximum=row.maximum,
            prices=tuple(prices[_terms_key(*key)]),
            updated_at=row.updated_at,
        )
    return found


def part_numbers(tx: Tx, item_ids: Collection[ItemId]) -> dict[tuple[SupplierId, ItemId], str]:
    """Return the suppliers' own numbers of items, where they have one."""
    columns = SUPPLIER_ITEM.c
    query = select(columns.supplier_id, columns.item_id, columns.supplier_part_no).where(
        columns.item_id == func.any(bindparam("ids")), columns.supplier_part_no.is_not(None)
    )
    return {(SupplierId(row[0]), ItemId(row[1])): row[2] for row in tx.conn.execute(query, {"ids": list(item_ids)})}


def agreements(tx: Tx, item_ids: Collection[ItemId]) -> dict[tuple[SupplierId, ItemId], list[Agreement]]:
    """Return the agreements with any supplier over these items, by number and version."""
    prices = _prices(tx, item_ids)
    found: dict[tuple[SupplierId, ItemId], list[Agreement]] = defaultdict(list)
    for row in sorted(_rows(tx, AGREEMENT, item_ids, key="item_id"), key=lambda row: (row.number, row.version)):
        key = (SupplierId(row.supplier_id), ItemId(row.item_id))
        found[key].append(
            Agreement(
                id=AgreementId(row.id),
                number=row.number,
                version=row.version,
                supplier_id=key[0],
                item_id=key[1],
                entries=tuple(prices[f"agreement:{row.id}"]),
                tie_rule=TieRule(row.tie_rule),
                pricing_date=PricingDate(row.pricing_date),
                valid_from=row.valid_from,
                valid_to=row.valid_to,
            )
        )
    return dict(found)


def _prices(tx: Tx, item_ids: Collection[ItemId]) -> dict[str, list[PriceEntry]]:
    found: dict[str, list[PriceEntry]] = defaultdict(list)
    for row in sorted(_rows(tx, PRICE_ENTRY, item_ids, key="item_id"), key=lambda row: int(row.place)):
        named = {field.name: getattr(row, field.name) for field in fields(PriceEntry) if field.name != "id"}
        found[row.owner].append(PriceEntry(id=row.entry_id, **named))
    return found


def _rows(tx: Tx, table: Table, ids: Collection[UUID] | Collection[str] | None, key: str = "id") -> Sequence[Row[Any]]:
    query = select(table)
    if ids is None:
        return tx.conn.execute(query.order_by(table.c[key])).all()
    return tx.conn.execute(query.where(table.c[key] == func.any(bindparam("ids"))), {"ids": list(ids)}).all()
