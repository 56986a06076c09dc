"""Which files a legacy ERP exchanges with us and what stands in their columns: one table for reading, writing and the manual.

An installation may give columns other names, fill columns the ERP does not have, and translate the ERP's words.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any, Final

from purveyor.connectors.tables.cells import (
    BadCell,
    Dialect,
    as_day,
    as_decimal,
    as_factor,
    as_flag,
    as_moment,
    as_quantity,
    as_text,
    as_whole,
    one_of,
)
from purveyor.connectors.tables.read import NoValue, ReadCell, Row
from purveyor.core.erp_records import Entity, ErpOrderStatus
from purveyor.core.items import ItemStatus
from purveyor.core.order import Origin
from purveyor.core.parties import SupplierStatus

ANSWERS: Final = "acknowledgments"
RESULTS: Final = ("applied", "duplicate", "conflict", "rejected")

Reader = Callable[[ReadCell, Dialect], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a file. Without a value it is ``default``, or what stands in the field ``same_as``; else it is ``needed``."""

    name: str
    read: Reader
    needed: bool = False
    default: str | None = None
    same_as: str | None = None


def _needed(name: str, read: Reader = as_text, same_as: str | None = None, default: str | None = None) -> Column:
    return Column(name, read, needed=True, same_as=same_as, default=default)


@dataclass(frozen=True, slots=True)
class FileKind:
    """One kind of export: how its names begin, what it brings, and whether a file always tells everything there is."""

    prefix: str
    entity: Entity | None
    columns: tuple[Column, ...]
    whole: bool = False


_CHANGED: Final = (Column("version", as_text), Column("changed_at", as_moment))
_ACTIVE: Final = Column("active", as_flag, default="yes")

KINDS: Final = (
    FileKind(
        "sites",
        Entity.SITE,
        (
            *(_needed("id", same_as="code"), _needed("code"), _needed("name", same_as="code"), _needed("legal_entity")),
            *(Column(name, as_text) for name in ("street", "city", "postal_code", "country")),
            *(_ACTIVE, *_CHANGED),
        ),
    ),
    FileKind(
        "units",
        Entity.UOM,
        (
            *(_needed("id", same_as="code"), _needed("code"), _needed("name", same_as="code"), _needed("category")),
            *(_needed("factor", as_factor), _needed("discrete", as_flag, default="yes"), _ACTIVE, *_CHANGED),
        ),
    ),
    FileKind(
        "items",
        Entity.ITEM,
        (
            *(_needed("id", same_as="sku"), _needed("sku"), _needed("name", same_as="sku"), _needed("base_uom")),
            *(_needed("purchase_uom", same_as="base_uom"), _needed("uom_category")),
            *(_needed("category", default="uncategorised"), _needed("status", one_of(ItemStatus), default="active")),
            *(_needed("purchasable", as_flag, default="yes"), _needed("discrete", as_flag, default="yes")),
            *(Column("sales_price", as_decimal), Column("currency", as_text), Column("tax_codes", as_text)),
            *(_ACTIVE, *_CHANGED),
        ),
    ),
    FileKind(
        "suppliers",
        Entity.SUPPLIER,
        (
            *(_needed("id", same_as="code"), _needed("code"), _needed("name", same_as="code"), _needed("currency")),
            _needed("status", one_of(SupplierStatus), default="active"),
            *(Column(name, as_text) for name in ("payment_terms", "city", "country", "email")),
            *(Column("lead_time_days", as_whole), _ACTIVE, *_CHANGED),
        ),
    ),
    FileKind(
        "supplier_items",
        Entity.SUPPLIER_ITEM,
        (
            *(Column("id", as_text), _needed("supplier"), _needed("item"), Column("supplier_part_no", as_text)),
            *(_needed("order_uom"), Column("lead_time_days", as_whole), _needed("minimum", as_quantity, default="0")),
            *(_needed("multiple", as_quantity, default="1"), _needed("min_qty", as_quantity, default="1")),
            *(_needed("unit_price", as_quantity), _needed("currency")),
            *(Column("valid_from", as_day), Column("valid_to", as_day), _ACTIVE, *_CHANGED),
        ),
    ),
    FileKind(
        "agreements",
        Entity.AGREEMENT,
        (
            *(_needed("id", same_as="number"), _needed("number"), Column("reference", as_text), _needed("supplier")),
            *(_needed("currency"), Column("valid_from", as_day), Column("valid_to", as_day)),
            *(_needed("line_id", same_as="item"), _needed("item"), _needed("uom"), Column("min_qty", as_quantity)),
            *(_needed("unit_price", as_quantity), Column("committed", as_quantity)),
            *(_needed("released", as_quantity, default="0"), _ACTIVE, *_CHANGED),
        ),
    ),
    FileKind(
        "stock",
        Entity.STOCK,
        (
            *(Column("id", as_text), _needed("item"), _needed("site"), _needed("on_hand", as_decimal)),
            *(_needed(name, as_quantity, default="0") for name in ("allocated", "on_order", "daily_demand")),
            *(Column("reorder_point", as_quantity), Column("maximum", as_quantity), _ACTIVE, *_CHANGED),
        ),
        whole=True,
    ),
    FileKind(
        "demand",
        Entity.DEMAND,
        (
            *(_needed("id", same_as="source_ref"), _needed("item"), _needed("site"), _needed("quantity", as_quantity)),
            *(Column("need_by", as_day), _needed("source_ref"), Column("customer", as_text)),
            *(_needed("allocated", as_flag, default="no"), Column("unit_sales_price", as_decimal)),
            *(Column("currency", as_text), _ACTIVE, *_CHANGED),
        ),
        whole=True,
    ),
    FileKind(
        "orders",
        Entity.ORDER,
        (
            *(_needed("id", same_as="number"), Column("number", as_text), Column("our_reference", as_text)),
            *(_needed("revision", as_whole, default="0"), _needed("supplier"), Column("site", as_text), _needed("currency")),
            *(Column("order_date", as_day), Column("payment_terms", as_text), _needed("status", one_of(ErpOrderStatus))),
            *(_needed("origin", one_of(Origin), default="typed"), Column("typist", as_text), _needed("line_no", as_whole)),
            *(_needed("line_id", same_as="line_no"), Column("item", as_text), Column("description", as_text)),
            *(_needed("quantity", as_quantity), Column("uom", as_text), Column("unit_price", as_quantity)),
            *(Column("need_by", as_day), Column("tax_codes", as_text)),
            *(_needed("quantity_received", as_quantity, default="0"), _needed("quantity_invoiced", as_quantity, default="0")),
            *_CHANGED,
        ),
    ),
    FileKind("receipts", Entity.RECEIPT, (_needed("id"), _needed("reference"), Column("number", as_text), *_CHANGED)),
    FileKind(
        "invoices",
        Entity.INVOICE,
        (
            *(_needed("id"), _needed("supplier"), _needed("supplier_number"), Column("number", as_text)),
            *(_needed("blocked", as_flag, default="no"), *_CHANGED),
        ),
    ),
    FileKind(
        ANSWERS,
        None,
        (
            *(_needed("request"), _needed("result", one_of(RESULTS)), Column("id", as_text), Column("number", as_text)),
            *(Column(name, as_text) for name in ("version", "order_version", "code", "message", "field")),
        ),
    ),
)
"""Every kind of file an ERP may leave for us."""

BY_PREFIX: Final = {kind.prefix: kind for kind in KINDS}
_NAME: Final = re.compile(r"(?P<prefix>[a-z]+(?:_[a-z]+)?)(?P<rest>[._-].*)?\.(?:csv|xlsx)", re.IGNORECASE)
_STAMP: Final = re.compile(r"(\d{8})(?:[T_-]?(\d{4,12}))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Layout:
    """How one installation differs from the plain layout: by kind of file, then by field.

    ``columns``: the ERP's heading; ``defaults``: what stands for a missing or empty cell; ``words``: our word for the ERP's;
    ``units``: our code for the ERP's code of a unit, wherever one stands.
    """

    columns: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    defaults: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    dialect: Dialect = field(default_factory=Dialect)
    zone: tzinfo = UTC

    def heading(self, kind: FileKind, column: Column) -> str:
        """Return the heading under which the ERP gives a field."""
        return self.columns.get(kind.prefix, {}).get(column.name, column.name)

    def default(self, kind: FileKind, column: Column) -> str | None:
        """Return what stands for an empty cell, if anything."""
        return self.defaults.get(kind.prefix, {}).get(column.name, column.default)

    def missing(self, kind: FileKind, headings: tuple[str, ...]) -> list[str]:
        """Return the headings a file of this kind cannot do without and does not have."""
        there = {heading.casefold() for heading in headings}
        by_name = {column.name: column for column in kind.columns}

        def given(column: Column) -> bool:
            if self.heading(kind, column).casefold() in there or self.default(kind, column) is not None:
                return True
            return column.same_as is not None and given(by_name[column.same_as])

        return [self.heading(kind, column) for column in kind.columns if column.needed and not given(column)]

    def read(self, kind: FileKind, row: Row) -> dict[str, Any]:
        """Return the values of a row by field. Raises BadRow for the first cell that cannot be read."""
        if row.problem:
            raise BadRow("", row.problem)
        cells = {heading.casefold(): cell for heading, cell in row.cells.items()}
        found: dict[str, ReadCell] = {}
        for column in kind.columns:
            cell = cells.get(self.heading(kind, column).casefold())
            found[column.name] = self.default(kind, column) if cell in (None, "") else self._translated(kind, column, cell)
        return {column.name: self._value(kind, column, found) for column in kind.columns}

    def _value(self, kind: FileKind, column: Column, found: Mapping[str, ReadCell]) -> Any:
        cell = found[column.name]
        if cell in (None, "") and column.same_as is not None:
            cell = found[column.same_as]
        if cell in (None, ""):
            if column.needed:
                raise BadRow(self.heading(kind, column), "is empty")
            return None
        try:
            return column.read(cell, self.dialect)
        except BadCell as error:
            raise BadRow(self.heading(kind, column), str(error)) from error

    def _translated(self, kind: FileKind, column: Column, cell: ReadCell) -> ReadCell:
        words = self.words.get(kind.prefix, {}).get(column.name, self.units if is_unit(kind, column) else {})
        return words.get(as_text(cell, self.dialect), cell) if words and not isinstance(cell, NoValue) else cell

    def unit_in_erp(self, code: str | None) -> str | None:
        """Return the ERP's code for one of our unit codes."""
        return next((theirs for theirs, ours in self.units.items() if ours == code), code)

    def stamp_of(self, name: str) -> datetime | None:
        """Return when a file was exported, from the day and time in its name; None when there is none."""
        found = _STAMP.search(name)
        if found is None:
            return None
        digits = found[1] + (found[2] or "").ljust(12, "0")
        try:
            return datetime.strptime(digits, "%Y%m%d%H%M%S%f").replace(tzinfo=self.zone).astimezone(UTC)
        except ValueError:
            return None


class BadRow(ValueError):
    """A row that cannot be taken: in which column, and why."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"{column} {reason}".strip())
        self.column = column


def is_unit(kind: FileKind, column: Column) -> bool:
    """Say whether a field holds the code of a unit."""
    return column.name in ("uom", "base_uom", "purchase_uom", "order_uom") or (kind.prefix, column.name) == ("units", "code")


def check_names(layout: Layout) -> None:
    """Raise KeyError for a file or a field that does not exist: a setting nobody reads would be believed."""
    for given in (layout.columns, layout.defaults, layout.words):
        for prefix, by_field in given.items():
            known = {column.name for column in BY_PREFIX[prefix].columns}
            for name in by_field:
                if name not in known:
                    raise KeyError(f"{prefix}.{name}")


def kind_of(name: str) -> FileKind | None:
    """Return which kind of file a name announces."""
    found = _NAME.fullmatch(name)
    return BY_PREFIX.get(found["prefix"].lower()) if found else None


def tells_everything(kind: FileKind, name: str) -> bool:
    """Say whether what is not in the file does not exist in the ERP any more: names with ``full``, and stock and demand."""
    parts = re.split(r"[._-]", name.lower())
    return "corrections" not in parts and (kind.whole or "full" in parts) and "changes" not in parts
