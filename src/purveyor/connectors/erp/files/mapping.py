"""Which columns of an ERP's files the canonical model is made of, and which files are exchanged."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from purveyor.connectors.erp.files.layout import ANSWERS, KINDS, Column, FileKind, Layout
from purveyor.connectors.erp.files.requests import CONFIRM, HOLD, INVOICE, RECEIPT, RELEASE
from purveyor.connectors.erp.mapping import RECORDS, Interface, Source, Sources
from purveyor.core.erp_records import Entity

_NAMES: Final = {"id": "external_id", "changed_at": "updated_at", "our_reference": "order_ref", "line_id": "lines.external_id"}
_LINES: Final[Mapping[Entity, tuple[str, ...]]] = {
    Entity.ORDER: (
        *("line_no", "item", "description", "quantity", "uom", "unit_price", "need_by", "tax_codes"),
        *("quantity_received", "quantity_invoiced"),
    ),
    Entity.AGREEMENT: ("item", "uom", "unit_price", "committed", "released"),
}
_MADE: Final = {"version": "digest of the content", "changed_at": "time of the export", "description": "empty"}
_BREAKS: Final = ("min_qty", "unit_price", "currency", "valid_from", "valid_to")


def sources(layout: Layout, headings: Mapping[str, tuple[str, ...]]) -> Sources:
    """Return where each field comes from; ``headings`` are those of the newest file of each kind, if there was one."""
    return {
        kind.entity: _of(kind, layout, headings.get(kind.prefix))
        for kind in KINDS
        if kind.entity is not None and kind.entity in RECORDS
    }


def _of(kind: FileKind, layout: Layout, headings: tuple[str, ...] | None) -> dict[str, Source]:
    found: dict[str, Source] = {}
    given = {column.name: source for column in kind.columns if (source := _source(kind, column, layout, headings)) is not None}
    for column in kind.columns:
        source = given.get(column.name)
        if source is None and column.same_as in given:
            source = Source(f"as {given[column.same_as].where}", default=True)
        if source is None:
            source = _made(kind, column)
        if source is not None:
            found |= dict.fromkeys(_canonical(kind, column.name), source)
    if kind.entity is Entity.ORDER:
        found["active"] = Source("always", default=True)
    return found


def _source(kind: FileKind, column: Column, layout: Layout, headings: tuple[str, ...] | None) -> Source | None:
    heading = layout.heading(kind, column)
    if headings is not None and heading.casefold() in {one.casefold() for one in headings}:
        return Source(f"{kind.prefix}: {heading}")
    default = layout.default(kind, column)
    if default is not None:
        return Source(repr(default), default=True)
    return Source(f"{kind.prefix}: {heading} (no file yet)") if headings is None else None


def _made(kind: FileKind, column: Column) -> Source | None:
    """Return what is made up where an ERP does not say it: versions from the content, ids of what has none, the file's time."""
    if column.name in _MADE:
        return Source(_MADE[column.name], default=True)
    if column.name == "id" and kind.entity in (Entity.STOCK, Entity.SUPPLIER_ITEM):
        return Source("item and site" if kind.entity is Entity.STOCK else "supplier, item and unit", default=True)
    return None


def _canonical(kind: FileKind, name: str) -> list[str]:
    """Return the fields of the model that a column fills."""
    assert kind.entity is not None
    if kind.entity is Entity.SUPPLIER_ITEM and name in _BREAKS:
        return [f"price_breaks.{name}"]
    found = [f"lines.{name}"] if name in _LINES.get(kind.entity, ()) else [_NAMES.get(name, name)]
    if kind.entity is Entity.AGREEMENT:
        found = [one for one in found if one != "min_qty"]
        found += [f"lines.price_breaks.{name}"] if name in ("min_qty", "unit_price", "currency") else []
    return found


_WRITTEN: Final = {
    CONFIRM: "confirm an order with the approved content",
    RECEIPT: "post a receipt",
    INVOICE: "post an invoice",
    HOLD: "block an invoice for payment",
    RELEASE: "lift the payment block",
}
INTERFACES: Final = (
    *(Interface(f"from_erp/{kind.prefix}*.csv, .xlsx", "export") for kind in KINDS if kind.prefix != ANSWERS),
    Interface(f"from_erp/{ANSWERS}*.csv, .xlsx", "what became of our import files"),
    *(Interface(f"to_erp/{kind}.REFERENCE.NUMBER.csv", purpose, writes=True) for kind, purpose in _WRITTEN.items()),
)
"""Every file that is exchanged."""
