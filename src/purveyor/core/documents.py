"""The order as suppliers read it: one published JSON form for the API, the mail, the link page and version differences.

Only what a supplier may know is in it: no need, no stock, no budget, no findings. Numbers are strings, dates ISO 8601.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from purveyor.core.canonical import Json, plain_decimal, to_json
from purveyor.core.ids import SiteId
from purveyor.core.order import OrderLine, PurchaseOrder
from purveyor.core.parties import Site, Supplier


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs between two versions of an order; ``line_no`` None is the header."""

    line_no: int | None
    field: str
    before: str | None
    after: str | None


def order_document(
    order: PurchaseOrder, supplier: Supplier, sites: Mapping[SiteId, Site], company: str, previous: PurchaseOrder | None = None
) -> dict[str, Json]:
    """Return the published form of an order; ``changes`` lists the differences to ``previous``, the version sent before."""
    changes = differences(previous, order) if previous is not None else ()
    return {
        "schema": "purveyor.order.v1",
        "order_ref": order.order_ref,
        "version": order.version,
        "order_date": order.order_date.isoformat(),
        "buyer": company,
        "supplier": {"code": supplier.code, "name": supplier.name},
        "currency": order.currency,
        "total": _decimal(order.total),
        "terms": to_json(order.terms()),
        "lines": [_line(line, order, sites) for line in order.lines],
        "changes": [to_json(change) for change in changes],
    }


def _line(line: OrderLine, order: PurchaseOrder, sites: Mapping[SiteId, Site]) -> dict[str, Json]:
    return {
        "line_no": line.line_no,
        "item": line.item_code,
        "supplier_part_no": line.supplier_part_no,
        "description": line.description,
        "quantity": plain_decimal(line.quantity),
        "uom": line.uom,
        "unit_price": _decimal(line.unit_price),
        "price_per": plain_decimal(line.price_per),
        "amount": _decimal(line.amount(order.currency)),
        "cancelled": line.cancelled,
        "changed_in_version": line.changed_in_version,
        "schedules": [
            {
                "schedule_no": part.schedule_no,
                "ship_to": _site(sites.get(part.ship_to)) if part.ship_to else None,
                "quantity": plain_decimal(part.quantity),
                "need_by": part.need_by.isoformat() if part.need_by else None,
            }
            for part in line.schedules
        ],
    }


def _site(site: Site | None) -> Json:
    return {"code": site.code, "name": site.name, "country": site.country} if site else None


def _decimal(value: object) -> str | None:
    return None if value is None else str(value)


def differences(before: PurchaseOrder, after: PurchaseOrder) -> tuple[FieldChange, ...]:
    """Return what a supplier sees differently in ``after``, header first, then lines in order; removed lines count."""
    changes = [
        FieldChange(None, name, _text(value), _text(after.terms()[name]))
        for name, value in before.terms().items()
        if value != after.terms()[name]
    ]
    if before.currency != after.currency:
        changes.append(FieldChange(None, "currency", before.currency, after.currency))
    old = {line.line_no: line.content() for line in before.lines}
    new = {line.line_no: line.content() for line in after.lines}
    for line_no in sorted(old.keys() | new.keys()):
        was, now = old.get(line_no, {}), new.get(line_no, {})
        changes.extend(
            FieldChange(line_no, name, _text(was.get(name)), _text(now.get(name)))
            for name in (now or was)
            if was.get(name) != now.get(name)
        )
    return tuple(changes)


def _text(value: object) -> str | None:
    return None if value is None else str(to_json(value))
