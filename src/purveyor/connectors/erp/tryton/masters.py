"""Tryton's master data as canonical records: warehouses, units, items, suppliers, their terms, agreements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from purveyor.connectors.erp.tryton.codes import HOLD_CATEGORY, OBSOLETE_CATEGORY, unit_code
from purveyor.connectors.erp.tryton.feed import Feed, latest, stamp_fields, version_of
from purveyor.connectors.erp.tryton.rpc import Row, TrytonRpc, quantity_from_wire, to_many, to_one
from purveyor.core.erp_records import (
    Entity,
    ErpAgreement,
    ErpAgreementLine,
    ErpItem,
    ErpPriceBreak,
    ErpRecord,
    ErpSite,
    ErpSupplier,
    ErpSupplierItem,
    ErpUom,
)
from purveyor.core.items import ItemStatus
from purveyor.core.parties import SupplierStatus


@dataclass(frozen=True, slots=True)
class Master:
    """How one entity is found, read and translated; ``build`` gets the row, the record's common fields and the context."""

    feed: Feed
    fields: tuple[str, ...]
    build: Callable[[Row, Mapping[str, Any], Mapping[str, Any]], ErpRecord]


def read_masters(rpc: TrytonRpc, entity: Entity, ids: Sequence[str]) -> tuple[ErpRecord, ...]:
    """Read the named records; the order of the ids is kept, records that are gone are left out."""
    master = MASTERS[entity]
    domain = [["id", "in", [int(identifier) for identifier in ids]]]
    fields = (*stamp_fields(master.feed), *master.fields)
    rows = {str(row["id"]): row for row in rpc.search_read(master.feed.model, domain, fields)}
    return tuple(
        master.build(rows[identifier], _common(master.feed, rows[identifier]), rpc.context)
        for identifier in ids
        if identifier in rows
    )


def _common(feed: Feed, row: Row) -> dict[str, Any]:
    return {
        "external_id": str(row["id"]),
        "version": version_of(feed, row),
        "active": bool(row.get("active", True)),
        "updated_at": latest(feed, row),
    }


def _site(row: Row, common: Mapping[str, Any], context: Mapping[str, Any]) -> ErpSite:
    address = to_one(row, "address")
    return ErpSite(
        **common,
        code=row["code"] or str(row["id"]),
        name=row["name"],
        legal_entity=str(context.get("company.rec_name", "")),
        street=address.get("street"),
        city=address.get("city"),
        postal_code=address.get("postal_code"),
        country=to_one(address, "country").get("code"),
    )


def _uom(row: Row, common: Mapping[str, Any], context: Mapping[str, Any]) -> ErpUom:
    return ErpUom(
        **common,
        code=unit_code(row["symbol"]),
        name=row["name"],
        category=to_one(row, "category")["name"],
        factor=unit_factor(row),
        discrete=row["digits"] == 0,
    )


def unit_factor(row: Row) -> Fraction:
    """Return base units per unit, exactly: of factor and rate Tryton rounds one, the shorter is the one somebody typed."""
    factor, rate = Decimal(str(row["factor"])), Decimal(str(row["rate"]))
    if len(rate.normalize().as_tuple().digits) < len(factor.normalize().as_tuple().digits):
        return 1 / Fraction(rate)
    return Fraction(factor)


def _item(row: Row, common: Mapping[str, Any], context: Mapping[str, Any]) -> ErpItem:
    template, unit = to_one(row, "template"), to_one(row, "default_uom")
    categories = [entry["name"] for entry in to_many(template, "categories")]
    bought = to_one(template, "purchase_uom") or unit
    status = ItemStatus.OBSOLETE if OBSOLETE_CATEGORY in categories else ItemStatus.ACTIVE
    active = bool(row["active"] and template["active"])
    if not active:
        status = ItemStatus.INACTIVE
    plain = [name for name in categories if name != OBSOLETE_CATEGORY]
    taxes = to_many(to_one(row, "account_category"), "supplier_taxes")
    return ErpItem(
        **{**common, "active": active},
        sku=row["code"] or str(row["id"]),
        name=row["name"],
        base_uom=unit_code(unit["symbol"]),
        purchase_uom=unit_code(bought["symbol"]),
        uom_category=to_one(unit, "category")["name"],
        category=(plain[0] if plain else "uncategorised").lower(),
        status=status,
        purchasable=bool(row["purchasable"]),
        discrete=unit["digits"] == 0,
        sales_price=template.get("list_price"),
        currency=None,
        tax_codes=tuple(tax["name"] for tax in taxes),
    )


def _supplier(row: Row, common: Mapping[str, Any], context: Mapping[str, Any]) -> ErpSupplier:
    address = next(iter(to_many(row, "addresses")), {})
    held = any(category["name"] == HOLD_CATEGORY for category in to_many(row, "categories"))
    status = SupplierStatus.HOLD_ORDERS if held else SupplierStatus.ACTIVE
    return ErpSupplier(
        **common,
        code=row["code"] or str(row["id"]),
        name=row["name"],
        currency=to_one(row, "supplier_currency").get("code") or "USD",
        status=status if row["active"] else SupplierStatus.INACTIVE,
        payment_terms=to_one(row, "supplier_payment_term").get("name"),
        city=address.get("city"),
        country=to_one(address, "country").get("code"),
        email=row["email"] or None,
        lead_time_days=_days(row["supplier_lead_time"]),
    )


def _days(span: timedelta | None) -> int | None:
    return span.days if span is not None else None


def _breaks(terms: Row, currency: str) -> tuple[ErpPriceBreak, ...]:
    """Return the supplier's prices by quantity, smallest first."""
    found = (
        ErpPriceBreak(min_qty=quantity_from_wire(price["quantity"]), unit_price=price["unit_price"], currency=currency)
        for price in to_many(terms, "prices")
    )
    return tuple(sorted(found, key=lambda entry: entry.min_qty))


def _supplier_item(row: Row, common: Mapping[str, Any], context: Mapping[str, Any]) -> ErpSupplierItem:
    """The first price's quantity is the supplier's minimum: Tryton finds no price below it. Orders come in whole units."""
    breaks = _breaks(row, to_one(row, "currency")["code"])
    unit = to_one(row, "unit")
    return ErpSupplierItem(
        **common,
        supplier=str(row["party"]),
        item=str(row["product"] or to_one(row, "template")["products"][0]),
        supplier_part_no=row["code"],
        order_uom=unit_code(unit["symbol"]),
        lead_time_days=_days(row["lead_time_used"]),
        minimum=breaks[0].min_qty if breaks else Decimal(0),
        multiple=quantity_from_wire(unit["rounding"]),
        price_breaks=breaks,
    )


def _agreement(row: Row, common: Mapping[str, Any], context: Mapping[str, Any]) -> ErpAgreement:
    currency = to_one(row, "currency")["code"]
    return ErpAgreement(
        **{**common, "active": row["state"] == "running"},
        number=row["number"] or str(row["id"]),
        reference=row["reference"],
        supplier=str(row["supplier"]),
        currency=currency,
        valid_from=row["from_date"],
        valid_to=row["to_date"],
        lines=tuple(_agreement_line(line, currency) for line in to_many(row, "lines")),
    )


def _agreement_line(line: Row, currency: str) -> ErpAgreementLine:
    """Tryton agrees one price per line; the supplier's breaks, in the same unit, hold beside it where they are cheaper."""
    unit, terms = to_one(line, "unit"), to_one(line, "product_supplier")
    same_unit = to_one(terms, "unit").get("id") == unit["id"]
    cheaper = (entry for entry in _breaks(terms, currency) if same_unit and entry.unit_price < line["unit_price"])
    return ErpAgreementLine(
        external_id=str(line["id"]),
        item=str(line["product"]),
        uom=unit_code(unit["symbol"]),
        unit_price=line["unit_price"],
        price_breaks=tuple(cheaper),
        committed=quantity_from_wire(line["quantity"]) if line["quantity"] is not None else None,
        released=quantity_from_wire(line["processed_quantity"]),
    )


MASTERS: Final[Mapping[Entity, Master]] = {
    Entity.SITE: Master(
        Feed("stock.location", domain=(["type", "=", "warehouse"],)),
        ("code", "name", "active", "address.street", "address.city", "address.postal_code", "address.country.code"),
        _site,
    ),
    Entity.UOM: Master(Feed("product.uom"), ("symbol", "name", "category.name", "factor", "rate", "digits", "active"), _uom),
    Entity.ITEM: Master(
        Feed("product.product", parents=("template",)),
        (
            *("code", "name", "active", "purchasable", "default_uom.symbol", "default_uom.digits"),
            *("default_uom.category.name", "template.active", "template.purchase_uom.symbol", "template.list_price"),
            *("template.categories.name", "account_category.supplier_taxes.name"),
        ),
        _item,
    ),
    Entity.SUPPLIER: Master(
        Feed("party.party", domain=(["payment_terms.supplier_payment_term", "!=", None],)),
        (
            *("code", "name", "active", "categories.name", "supplier_lead_time", "supplier_payment_term.name"),
            *("supplier_currency.code", "email", "addresses.city", "addresses.country.code"),
        ),
        _supplier,
    ),
    Entity.SUPPLIER_ITEM: Master(
        Feed("purchase.product_supplier", children=("prices",)),
        (
            *("party", "product", "template.products", "code", "active", "lead_time_used", "currency.code"),
            *("unit.symbol", "unit.rounding", "prices.quantity", "prices.unit_price"),
        ),
        _supplier_item,
    ),
    Entity.AGREEMENT: Master(
        Feed("purchase.blanket_agreement", children=("lines",)),
        (
            *("number", "reference", "supplier", "currency.code", "from_date", "to_date", "state", "lines.product"),
            *("lines.quantity", "lines.processed_quantity", "lines.unit.symbol", "lines.unit_price"),
            *("lines.product_supplier.unit.symbol", "lines.product_supplier.prices.quantity"),
            "lines.product_supplier.prices.unit_price",
        ),
        _agreement,
    ),
}
