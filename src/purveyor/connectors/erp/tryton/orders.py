"""Purchases as Tryton keeps them, read whole: header, lines, what was received and billed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Final

from purveyor.connectors.erp.tryton.codes import OUR_REFERENCE, order_status, origin_and_typist, unit_code
from purveyor.connectors.erp.tryton.feed import Feed, latest, stamp_fields, version_of
from purveyor.connectors.erp.tryton.masters import unit_factor
from purveyor.connectors.erp.tryton.rpc import Row, TrytonRpc, quantity_from_wire, to_many, to_one
from purveyor.core.erp_records import ErpOrder, ErpOrderLine
from purveyor.core.quantity import as_decimal

FEED: Final = Feed("purchase.purchase", children=("lines",))
HEADER: Final = (
    *("number", "reference", "revision", "party", "warehouse", "currency.code", "purchase_date", "delivery_date"),
    *("payment_term.name", "description", "state", "shipment_state", "invoice_address"),
)
LINE: Final = (
    *("type", "sequence", "product", "description", "product.name", "quantity", "unit.symbol", "unit.factor"),
    *("unit.rate", "unit_price", "delivery_date_store", "taxes.name", "product_supplier"),
)
MOVED: Final = (
    *("moves.state", "moves.quantity", "moves.unit.factor", "moves.unit.rate"),
    *("invoice_lines.quantity", "invoice_lines.unit.factor", "invoice_lines.unit.rate", "invoice_lines.invoice.state"),
)
FIELDS: Final = (*stamp_fields(FEED), *HEADER, *(f"lines.{name}" for name in (*LINE, *MOVED)))


def read_rows(rpc: TrytonRpc, ids: Sequence[str]) -> Mapping[str, Row]:
    """Read the named purchases, by id; those that are gone are left out."""
    domain = [["id", "in", [int(identifier) for identifier in ids if identifier.isdigit()]]]
    return {str(row["id"]): row for row in rpc.search_read(FEED.model, domain, FIELDS)}


def read_orders(rpc: TrytonRpc, ids: Sequence[str]) -> tuple[ErpOrder, ...]:
    """Read the named purchases as canonical orders, in the order of the ids."""
    rows = read_rows(rpc, ids)
    return tuple(to_order(rows[identifier]) for identifier in ids if identifier in rows)


def order_lines(row: Row) -> list[Row]:
    """Return the rows of a purchase that order something, in the order people see."""
    rows = [line for line in to_many(row, "lines") if line["type"] == "line"]
    return sorted(rows, key=lambda line: (line["sequence"] is None, line["sequence"] or 0, line["id"]))


def to_order(row: Row) -> ErpOrder:
    """Translate a purchase."""
    origin, typist = origin_and_typist(row["description"])
    reference = row["reference"] or ""
    return ErpOrder(
        external_id=str(row["id"]),
        version=version_of(FEED, row),
        updated_at=latest(FEED, row),
        number=row["number"],
        order_ref=reference if OUR_REFERENCE.fullmatch(reference) else None,
        revision=row["revision"] or 0,
        supplier=str(row["party"]),
        site=str(row["warehouse"]) if row["warehouse"] else None,
        currency=to_one(row, "currency")["code"],
        order_date=row["purchase_date"],
        payment_terms=to_one(row, "payment_term").get("name"),
        status=order_status(row["state"], row["shipment_state"]),
        origin=origin,
        typist=typist,
        lines=tuple(_line(line, position, row) for position, line in enumerate(order_lines(row), start=1)),
    )


def _line(line: Row, position: int, header: Row) -> ErpOrderLine:
    unit, header_date = to_one(line, "unit"), header["delivery_date"]
    received = [move for move in to_many(line, "moves") if move["state"] == "done"]
    billed = [entry for entry in to_many(line, "invoice_lines") if to_one(entry, "invoice").get("state") in ("posted", "paid")]
    return ErpOrderLine(
        external_id=str(line["id"]),
        line_no=position,
        item=str(line["product"]) if line["product"] else None,
        description=line["description"] or to_one(line, "product").get("name") or "",
        quantity=quantity_from_wire(line["quantity"]),
        uom=unit_code(unit["symbol"]) if unit else None,
        unit_price=line["unit_price"],
        need_by=line["delivery_date_store"] or header_date,
        tax_codes=tuple(tax["name"] for tax in to_many(line, "taxes")),
        quantity_received=_in_unit(received, unit),
        quantity_invoiced=_in_unit(billed, unit),
    )


def _in_unit(entries: Sequence[Row], unit: Row) -> Decimal:
    """Sum quantities of other records in the line's unit."""
    if not unit:
        return Decimal(0)
    total = sum(
        (Fraction(quantity_from_wire(entry["quantity"])) * unit_factor(to_one(entry, "unit")) for entry in entries),
        Fraction(0),
    )
    return as_decimal(total / unit_factor(unit))
