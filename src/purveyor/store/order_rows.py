"""Purchase orders as rows and back: the one pair of translations, with the property that what was saved is what is loaded.

Columns that exist only for lists and searches are written here and never read back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row

from purveyor.core.canonical import digest, to_json
from purveyor.core.ids import BusinessUnitId, ErpInstance, ItemId, OrderId, SiteId, SupplierId, UserId
from purveyor.core.lifecycle import Status
from purveyor.core.order import ErpLink, Hold, OrderLine, Origin, PurchaseOrder, Schedule
from purveyor.store.search import folded

_HEADER: Final = (
    *("id", "order_ref", "business_unit_id", "supplier_id", "supplier_code", "currency", "order_date", "version"),
    *("requester", "buyer_id", "payment_terms", "freight_term", "fob_point", "incoterm", "freight_ceiling"),
    *("first_issued_version", "issued_at", "created_at"),
)
_LINE: Final = (
    *("line_no", "item_id", "item_code", "description", "quantity", "uom", "unit_price", "price_per", "supplier_part_no"),
    *("category", "tax_code", "changed_in_version", "cancelled", "closed_reason", "external_id"),
)
_TERMS: Final = ("payment_terms", "freight_term", "fob_point", "incoterm")
_SNAPSHOT_LINE: Final = tuple(name for name in _LINE if name not in ("closed_reason", "external_id"))


def shown_to(order: PurchaseOrder) -> SupplierId | None:
    """Return the supplier that may see the order: nobody before it was issued."""
    return order.supplier_id if order.first_issued_version is not None else None


def header_row(order: PurchaseOrder, lines_digest: str) -> dict[str, Any]:
    """Return the row of the header; ``row_version`` stays that of the value given."""
    row: dict[str, Any] = {name: getattr(order, name) for name in _HEADER}
    erp, hold = order.erp, order.hold
    row.update(
        shown_to_supplier_id=shown_to(order),
        status=order.status.value,
        row_version=order.row_version,
        origin=order.origin.value,
        erp_instance=erp.instance if erp else None,
        erp_external_id=erp.external_id if erp else None,
        erp_number=erp.number if erp else None,
        erp_version=erp.version if erp else None,
        erp_content_hash=erp.content_hash if erp else None,
        hold_reason=hold.reason if hold else None,
        hold_owner=hold.owner if hold else None,
        hold_since=hold.since if hold else None,
        total=order.total,
        need_by=min((line.need_by for line in order.lines if line.need_by), default=None),
        lines_digest=lines_digest,
        search_text=folded(order.order_ref, erp.number if erp else None, order.supplier_code),
    )
    return row


def line_rows(order: PurchaseOrder) -> list[dict[str, Any]]:
    """Return the rows of the lines."""
    shared = {"order_id": order.id, "business_unit_id": order.business_unit_id, "shown_to_supplier_id": shown_to(order)}
    return [
        {
            **shared,
            **{name: getattr(line, name) for name in _LINE},
            "amount": line.amount(order.currency),
            "need_by": line.need_by,
            "search_text": folded(line.item_code, line.description, line.supplier_part_no),
        }
        for line in order.lines
    ]


def schedule_rows(order: PurchaseOrder) -> list[dict[str, Any]]:
    """Return the rows of the schedules of every line."""
    shared = {"order_id": order.id, "business_unit_id": order.business_unit_id, "shown_to_supplier_id": shown_to(order)}
    return [
        {
            **shared,
            "line_no": line.line_no,
            "schedule_no": part.schedule_no,
            "ship_to": part.ship_to,
            "quantity": part.quantity,
            "need_by": part.need_by,
        }
        for line in order.lines
        for part in line.schedules
    ]


def lines_digest(order: PurchaseOrder) -> str:
    """Return the hash that tells whether the rows of lines and schedules have to be written again."""
    return digest(order.lines)


def order_from_rows(header: Row[Any], lines: Iterable[Row[Any]], schedules: Mapping[int, Sequence[Schedule]]) -> PurchaseOrder:
    """Build the order from its rows; ``schedules`` holds those of each line number in order."""
    return PurchaseOrder(
        id=OrderId(header.id),
        order_ref=header.order_ref,
        business_unit_id=BusinessUnitId(header.business_unit_id),
        supplier_id=SupplierId(header.supplier_id) if header.supplier_id else None,
        supplier_code=header.supplier_code,
        currency=header.currency,
        order_date=header.order_date,
        lines=tuple(_line(row, schedules.get(row.line_no, ())) for row in lines),
        status=Status(header.status),
        version=header.version,
        row_version=header.row_version,
        origin=Origin(header.origin),
        requester=header.requester,
        buyer_id=UserId(header.buyer_id) if header.buyer_id else None,
        payment_terms=header.payment_terms,
        freight_term=header.freight_term,
        fob_point=header.fob_point,
        incoterm=header.incoterm,
        freight_ceiling=header.freight_ceiling,
        erp=_erp_link(header),
        hold=_hold(header),
        first_issued_version=header.first_issued_version,
        issued_at=header.issued_at,
        created_at=header.created_at,
    )


def schedule_from_row(row: Row[Any]) -> Schedule:
    """Build a schedule from its row."""
    return Schedule(row.schedule_no, SiteId(row.ship_to) if row.ship_to else None, row.quantity, row.need_by)


def _line(row: Row[Any], schedules: Sequence[Schedule]) -> OrderLine:
    return OrderLine(
        line_no=row.line_no,
        item_id=ItemId(row.item_id) if row.item_id else None,
        item_code=row.item_code,
        description=row.description,
        quantity=row.quantity,
        uom=row.uom,
        unit_price=row.unit_price,
        schedules=tuple(schedules),
        price_per=row.price_per,
        supplier_part_no=row.supplier_part_no,
        category=row.category,
        tax_code=row.tax_code,
        changed_in_version=row.changed_in_version,
        cancelled=row.cancelled,
        closed_reason=row.closed_reason,
        external_id=row.external_id,
    )


def _erp_link(row: Row[Any]) -> ErpLink | None:
    if row.erp_instance is None:
        return None
    return ErpLink(ErpInstance(row.erp_instance), row.erp_external_id, row.erp_number, row.erp_version, row.erp_content_hash)


def _hold(row: Row[Any]) -> Hold | None:
    if row.hold_since is None:
        return None
    return Hold(row.hold_reason, UserId(row.hold_owner) if row.hold_owner else None, row.hold_since)


def snapshot(order: PurchaseOrder) -> dict[str, Any]:
    """Return what one version said, as a supplier may read it later: terms and lines, nothing internal."""
    return {
        "supplier_id": to_json(order.supplier_id),
        "supplier_code": order.supplier_code,
        "currency": order.currency,
        **{name: getattr(order, name) for name in _TERMS},
        "freight_ceiling": to_json(order.freight_ceiling),
        "lines": [
            {
                **{name: to_json(getattr(line, name)) for name in _SNAPSHOT_LINE},
                "schedules": to_json(line.schedules),
            }
            for line in order.lines
        ],
    }


def with_snapshot(order: PurchaseOrder, version: int, content: Mapping[str, Any]) -> PurchaseOrder:
    """Return the order as it read in an earlier version; status, holds and links stay those of today."""
    return replace(
        order,
        version=version,
        supplier_id=_id(content["supplier_id"], SupplierId),
        supplier_code=content["supplier_code"],
        currency=content["currency"],
        **{name: content[name] for name in _TERMS},
        freight_ceiling=_decimal(content["freight_ceiling"]),
        lines=tuple(_line_from_snapshot(line) for line in content["lines"]),
    )


def _line_from_snapshot(line: Mapping[str, Any]) -> OrderLine:
    plain = {name: line[name] for name in _SNAPSHOT_LINE}
    plain.update(
        item_id=_id(line["item_id"], ItemId),
        quantity=Decimal(line["quantity"]),
        price_per=Decimal(line["price_per"]),
        unit_price=_decimal(line["unit_price"]),
        schedules=tuple(
            Schedule(
                part["schedule_no"],
                _id(part["ship_to"], SiteId),
                Decimal(part["quantity"]),
                date.fromisoformat(part["need_by"]) if part["need_by"] else None,
            )
            for part in line["schedules"]
        ),
    )
    return OrderLine(**plain)


def _id(text: str | None, kind: Any) -> Any:
    return None if text is None else kind(UUID(text))


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
