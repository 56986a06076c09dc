"""Rows of an export as canonical records; rows that cannot be taken are named with column and reason.

Orders, price lists and agreements have a row per line or price: one bad row keeps the whole record back, never a part of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from purveyor.connectors.erp.files.layout import BadRow, FileKind, Layout
from purveyor.connectors.tables.read import Row, Table
from purveyor.core.canonical import digest, to_json
from purveyor.core.erp_records import (
    Entity,
    ErpAgreement,
    ErpAgreementLine,
    ErpDemand,
    ErpItem,
    ErpOrder,
    ErpOrderLine,
    ErpOrderStatus,
    ErpPriceBreak,
    ErpRecord,
    ErpSite,
    ErpStock,
    ErpSupplier,
    ErpSupplierItem,
    ErpUom,
)
from purveyor.core.items import ItemStatus
from purveyor.core.order import Origin
from purveyor.core.parties import SupplierStatus

Values = Mapping[str, Any]
_WITH_ANOTHER: Final = "belongs to a record of which another row cannot be read"


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedDocument(ErpRecord):
    """A receipt or an invoice that the ERP holds as posted, and the reference under which we look for it."""

    reference: str
    number: str | None = None
    blocked: bool = False


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why a row was not taken."""

    row: Row
    column: str
    reason: str


@dataclass(frozen=True, slots=True)
class Found:
    """What a file brought; ``ids`` are all it names, also in bad rows; ``gaps``: a bad row did not even say which record."""

    records: Mapping[str, ErpRecord]
    complaints: tuple[Complaint, ...]
    ids: frozenset[str]
    gaps: bool


def read_records(kind: FileKind, layout: Layout, table: Table, stamp: datetime) -> Found:
    """Read all rows of an export; a record without a stamp of its own has the file's."""
    assert kind.entity is not None
    build = _BUILDERS[kind.entity]
    complaints: list[Complaint] = []
    groups: dict[str, list[tuple[Row, Values]]] = defaultdict(list)
    bad: set[str] = set()
    gaps = False
    for row in table.rows:
        try:
            values = layout.read(kind, row)
            groups[_id_of(kind, values)].append((row, values))
        except BadRow as error:
            complaints.append(Complaint(row, error.column, str(error)))
            identifier = _id_despite(kind, layout, row)
            gaps = gaps or identifier is None
            bad |= {identifier} if identifier is not None else set()
    records: dict[str, ErpRecord] = {}
    for identifier, rows in groups.items():
        problem = _WITH_ANOTHER if identifier in bad else _contradiction(kind, rows)
        if problem is None:
            records[identifier] = _stamped(build(identifier, [values for _, values in rows]), rows[0][1], stamp)
        else:
            complaints += [Complaint(row, "", problem) for row, _ in rows]
    complaints.sort(key=lambda complaint: complaint.row.number)
    return Found(records, tuple(complaints), frozenset(groups) | bad, gaps)


def _stamped(record: ErpRecord, values: Values, stamp: datetime) -> ErpRecord:
    version = values["version"] or content_version(record)
    return replace(record, version=version, updated_at=values["changed_at"] or stamp, active=bool(values.get("active", True)))


def content_version(record: ErpRecord) -> str:
    """Return a version for a record whose ERP counts none: equal contents have equal versions."""
    return digest(to_json(replace(record, version="", updated_at=None)))[:24]


def _id_of(kind: FileKind, values: Values) -> str:
    given = values["id"]
    if given is not None:
        return str(given)
    if kind.entity is Entity.STOCK:
        return f"{values['item']}:{values['site']}"
    return f"{values['supplier']}:{values['item']}:{values['order_uom']}"


def _id_despite(kind: FileKind, layout: Layout, row: Row) -> str | None:
    """Return which record a bad row is about, when at least that can be read."""
    only = replace(kind, columns=tuple(replace(column, needed=False) for column in kind.columns if column.name in _IDENTITY))
    try:
        values = {"id": None, **layout.read(only, replace(row, problem=None))}
        return _id_of(kind, values) if values["id"] is not None or kind.entity in _COMPOSED else None
    except (BadRow, KeyError):
        return None


_COMPOSED: Final = (Entity.STOCK, Entity.SUPPLIER_ITEM)
_IDENTITY: Final = ("id", "code", "sku", "number", "source_ref", "supplier", "item", "order_uom", "site")
_MANY_ROWS: Final[Mapping[Entity, tuple[str, ...]]] = {
    Entity.ORDER: ("supplier", "site", "currency", "status", "our_reference", "number"),
    Entity.SUPPLIER_ITEM: ("supplier", "item", "order_uom", "minimum", "multiple"),
    Entity.AGREEMENT: ("number", "supplier", "currency", "valid_from", "valid_to"),
}
"""Entities with several rows per record, and the fields in which those rows must agree."""


def _contradiction(kind: FileKind, rows: Sequence[tuple[Row, Values]]) -> str | None:
    assert kind.entity is not None
    shared = _MANY_ROWS.get(kind.entity)
    first = rows[0][1]
    if shared is None:
        return "stands in this file more than once" if any(values != first for _, values in rows) else None
    odd = next((name for name in shared if any(values[name] != first[name] for _, values in rows)), None)
    if odd is not None:
        return f"has another {odd} than the other rows of the same record"
    if kind.entity is Entity.ORDER and len({values["line_no"] for _, values in rows}) < len(rows):
        return "has a line number that stands twice in the order"
    return None


def _site(identifier: str, rows: Sequence[Values]) -> ErpRecord:
    row = rows[0]
    kept = {name: row[name] for name in ("code", "name", "legal_entity", "street", "city", "postal_code", "country")}
    return ErpSite(external_id=identifier, version="", **kept)


def _uom(identifier: str, rows: Sequence[Values]) -> ErpRecord:
    kept = {name: rows[0][name] for name in ("code", "name", "category", "factor", "discrete")}
    return ErpUom(external_id=identifier, version="", **kept)


def _item(identifier: str, rows: Sequence[Values]) -> ErpRecord:
    row = rows[0]
    plain = ("sku", "name", "base_uom", "purchase_uom", "uom_category", "category", "purchasable", "discrete")
    kept = {name: row[name] for name in (*plain, "sales_price", "currency")}
    return ErpItem(
        external_id=identifier, version="", status=ItemStatus(row["status"]), tax_codes=_words(row["tax_codes"]), **kept
    )


def _supplier(identifier: str, rows: Sequence[Values]) -> ErpRecord:
    row = rows[0]
    names = ("code", "name", "currency", "payment_terms", "city", "country", "email", "lead_time_days")
    kept = {name: row[name] for name in names}
    return ErpSupplier(external_id=identifier, version="", status=SupplierStatus(row["status"]), **kept)


def _supplier_item(identifier: str, rows: Sequence[Values]) -> ErpRecord:
    row = rows[0]
    names = ("supplier", "item", "supplier_part_no", "order_uom", "lead_time_days", "minimum", "multiple")
    return ErpSupplierItem(
        external_id=identifier, version="", price_breaks=_breaks(rows, row["currency"]), **{name: row[name] for name in names}
    )


def _breaks(rows: Iterable[Values], currency: str) -> tuple[ErpPriceBreak, ...]:
    found = (
        ErpPriceBreak(
            min_qty=row["min_qty"],
            unit_price=row["unit_price"],
            currency=currency,
            valid_from=row["valid_from"],
            valid_to=row["valid_to"],
        )
        for row in rows
    )
    return tuple(sorted(found, key=lambda entry: (entry.min_qty, str(entry.valid_from or ""))))


def _agreement(identifier: str, rows: Sequence[Values]) -> ErpRecord:
    """A line's own price is in its row without ``min_qty``; its rows with one are the breaks that undercut it."""
    lines: dict[str, list[Values]] = defaultdict(list)
    for row in rows:
        lines[row["line_id"]].append(row)
    kept = {name: rows[0][name] for name in ("number", "reference", "supplier", "currency", "valid_from", "valid_to")}
    built = tuple(_agreement_line(line_id, entries, kept["currency"]) for line_id, entries in lines.items())
    return ErpAgreement(external_id=identifier, version="", lines=built, **kept)


def _agreement_line(line_id: str, rows: Sequence[Values], currency: str) -> ErpAgreementLine:
    own = next((row for row in rows if row["min_qty"] is None), rows[0])
    undercut = [{**row, "valid_from": None, "valid_to": None} for row in rows if row is not own]
    return ErpAgreementLine(
        external_id=line_id,
        item=own["item"],
        uom=own["uom"],
        unit_price=own["unit_price"],
        price_breaks=_breaks(undercut, currency),
        committed=own["committed"],
        released=own["released"],
    )


def _stock(identifier: str, rows: Sequence[Values]) -> ErpRecord:
    names = ("item", "site", "on_hand", "allocated", "on_order", "daily_demand", "reorder_point", "maximum")
    return ErpStock(external_id=identifier, version="", **{name: rows[0][name] for name in names})


def _demand(identifier: str, rows: Sequence[Values]) -> ErpRecord:
    plain = ("item", "site", "quantity", "need_by", "source_ref", "customer", "allocated", "unit_sales_price", "currency")
    return ErpDemand(external_id=identifier, version="", **{name: rows[0][name] for name in plain})


def _order(identifier: str, rows: Sequence[Values]) -> ErpRecord:
    row = rows[0]
    names = ("number", "revision", "supplier", "site", "currency", "order_date", "payment_terms", "typist")
    return ErpOrder(
        external_id=identifier,
        version="",
        order_ref=row["our_reference"],
        status=ErpOrderStatus(row["status"]),
        origin=Origin(row["origin"]),
        lines=tuple(_order_line(each) for each in sorted(rows, key=lambda each: int(each["line_no"]))),
        **{name: row[name] for name in names},
    )


def _order_line(row: Values) -> ErpOrderLine:
    names = ("line_no", "item", "quantity", "uom", "unit_price", "need_by", "quantity_received", "quantity_invoiced")
    return ErpOrderLine(
        external_id=str(row["line_id"]),
        description=row["description"] or "",
        tax_codes=_words(row["tax_codes"]),
        **{name: row[name] for name in names},
    )


def _receipt(identifier: str, rows: Sequence[Values]) -> ErpRecord:
    row = rows[0]
    return PostedDocument(external_id=identifier, version="", reference=row["reference"], number=row["number"])


def _invoice(identifier: str, rows: Sequence[Values]) -> ErpRecord:
    row = rows[0]
    reference = f"{row['supplier']}/{row['supplier_number']}"
    return PostedDocument(external_id=identifier, version="", reference=reference, number=row["number"], blocked=row["blocked"])


def _words(text: str | None) -> tuple[str, ...]:
    return tuple(word.strip() for word in (text or "").split(" ") if word.strip())


_BUILDERS: Final[Mapping[Entity, Callable[[str, Sequence[Values]], ErpRecord]]] = {
    Entity.SITE: _site,
    Entity.UOM: _uom,
    Entity.ITEM: _item,
    Entity.SUPPLIER: _supplier,
    Entity.SUPPLIER_ITEM: _supplier_item,
    Entity.AGREEMENT: _agreement,
    Entity.STOCK: _stock,
    Entity.DEMAND: _demand,
    Entity.ORDER: _order,
    Entity.RECEIPT: _receipt,
    Entity.INVOICE: _invoice,
}
