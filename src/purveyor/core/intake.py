"""From an ERP's purchase order to ours, and what a changed ERP record means for an order we know.

The decision is one table over our status, the ERP's status and whether the content is the same. Time stamps and versions do not
count: ERPs move them for receipts and bills too. Source: architecture.md 4, "ERP drift"; checklist.md S100.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from purveyor.core.canonical import to_json
from purveyor.core.erp_records import ErpOrder, ErpOrderLine, ErpOrderStatus
from purveyor.core.errors import UnknownReference
from purveyor.core.ids import BusinessUnitId, ErpInstance, ItemId, OrderId, SiteId
from purveyor.core.items import Item
from purveyor.core.lifecycle import ENDED, WITH_SUPPLIER, Status, Verb
from purveyor.core.order import ErpLink, OrderLine, PurchaseOrder, Schedule, advance, new_version
from purveyor.core.parties import Supplier


@dataclass(frozen=True, slots=True)
class Mapped:
    """What the ERP's ids in one order stand for here; an id that is not mapped is left out, never guessed.

    ``part_numbers`` are the supplier's own numbers of the items.
    """

    business_unit_id: BusinessUnitId
    supplier: Supplier | None = None
    sites: Mapping[str, SiteId] = field(default_factory=dict)
    items: Mapping[str, Item] = field(default_factory=dict)
    part_numbers: Mapping[ItemId, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NewOrder:
    """The identity of an order that comes in: our id and reference, and when it came."""

    id: OrderId
    order_ref: str
    at: datetime


def order_from_record(record: ErpOrder, erp: ErpInstance, mapped: Mapped, new: NewOrder) -> PurchaseOrder:
    """Return the draft that an ERP record describes; terms the ERP does not keep are those agreed with the supplier.

    Codes that are not mapped stay readable as codes, with no id behind them, so that the gate can name them.
    """
    supplier = mapped.supplier
    return PurchaseOrder(
        id=new.id,
        order_ref=new.order_ref,
        business_unit_id=mapped.business_unit_id,
        supplier_id=supplier.id if supplier else None,
        supplier_code=supplier.code if supplier else record.supplier,
        currency=record.currency,
        order_date=record.order_date or new.at.date(),
        lines=tuple(_line(line, record, mapped) for line in record.lines),
        origin=record.origin,
        requester=record.typist,
        payment_terms=record.payment_terms or (supplier.payment_terms if supplier else None),
        freight_term=supplier.freight_term if supplier else None,
        fob_point=supplier.fob_point if supplier else None,
        incoterm=supplier.incoterm if supplier else None,
        erp=link_to(record, erp),
        created_at=new.at,
    )


def link_to(record: ErpOrder, erp: ErpInstance) -> ErpLink:
    """Return where the order lives and what we have just read there."""
    return ErpLink(erp, record.external_id, record.number, record.version, record.content_hash)


def _line(line: ErpOrderLine, record: ErpOrder, mapped: Mapped) -> OrderLine:
    item = mapped.items.get(line.item) if line.item else None
    ship_to = mapped.sites.get(record.site) if record.site else None
    return OrderLine(
        line_no=line.line_no,
        item_id=item.id if item else None,
        item_code=item.sku if item else line.item or "",
        description=line.description or (item.name if item else ""),
        quantity=line.quantity,
        uom=line.uom,
        unit_price=line.unit_price,
        schedules=(Schedule(1, ship_to, line.quantity, line.need_by),),
        supplier_part_no=mapped.part_numbers.get(item.id) if item else None,
        category=item.category if item else None,
        tax_code=",".join(line.tax_codes) or None,
        external_id=line.external_id,
    )


class Drift(StrEnum):
    """What an ERP record means for us."""

    NEW = "new"
    UNCHANGED = "unchanged"
    EDITED_DRAFT = "edited_draft"
    DELETED_DRAFT = "deleted_draft"
    BYPASSED_GATE = "bypassed_gate"
    ERP_DRIFT = "erp_drift"
    IGNORED = "ignored"


class ErpState(StrEnum):
    """What the decision needs to know of the ERP's record."""

    DRAFT = "draft"
    CONFIRMED = "confirmed"
    GONE = "gone"


class OurState(StrEnum):
    """What the decision needs to know of our order."""

    OPEN = "open"
    APPROVED = "approved"
    WITH_SUPPLIER = "with_supplier"
    ENDED = "ended"


_SAME, _OTHER = True, False

DRIFT: Final[dict[tuple[OurState, ErpState, bool], Drift]] = {
    (OurState.OPEN, ErpState.DRAFT, _SAME): Drift.UNCHANGED,
    (OurState.OPEN, ErpState.DRAFT, _OTHER): Drift.EDITED_DRAFT,
    (OurState.OPEN, ErpState.CONFIRMED, _SAME): Drift.BYPASSED_GATE,
    (OurState.OPEN, ErpState.CONFIRMED, _OTHER): Drift.BYPASSED_GATE,
    (OurState.APPROVED, ErpState.DRAFT, _SAME): Drift.UNCHANGED,
    (OurState.APPROVED, ErpState.DRAFT, _OTHER): Drift.EDITED_DRAFT,
    # Our own confirmation may be read back before its answer was recorded: what we approved is what stands there.
    (OurState.APPROVED, ErpState.CONFIRMED, _SAME): Drift.UNCHANGED,
    (OurState.APPROVED, ErpState.CONFIRMED, _OTHER): Drift.BYPASSED_GATE,
    # A page that was read before our confirmation may still show the draft; the same content tells nothing new.
    (OurState.WITH_SUPPLIER, ErpState.DRAFT, _SAME): Drift.UNCHANGED,
    (OurState.WITH_SUPPLIER, ErpState.DRAFT, _OTHER): Drift.ERP_DRIFT,
    (OurState.WITH_SUPPLIER, ErpState.CONFIRMED, _SAME): Drift.UNCHANGED,
    (OurState.WITH_SUPPLIER, ErpState.CONFIRMED, _OTHER): Drift.ERP_DRIFT,
    **{(ours, ErpState.GONE, same): Drift.DELETED_DRAFT for ours in (OurState.OPEN, OurState.APPROVED) for same in (True, False)},
    **{(OurState.WITH_SUPPLIER, ErpState.GONE, same): Drift.ERP_DRIFT for same in (True, False)},
    **{(OurState.ENDED, theirs, same): Drift.IGNORED for theirs in ErpState for same in (True, False)},
}
"""(our state, the ERP's state, same content) -> what it means. Complete: every combination has an answer."""


def erp_state(record: ErpOrder | None) -> ErpState:
    """Say whether the record is a draft, counts as placed, or is gone (deleted or cancelled there)."""
    if record is None or record.status is ErpOrderStatus.CANCELLED:
        return ErpState.GONE
    return ErpState.CONFIRMED if record.status.confirmed else ErpState.DRAFT


def our_state(status: Status) -> OurState:
    """Say how far our order is, as far as the ERP's changes are concerned."""
    if status in ENDED:
        return OurState.ENDED
    if status in WITH_SUPPLIER:
        return OurState.WITH_SUPPLIER
    return OurState.APPROVED if status is Status.APPROVED else OurState.OPEN


def first_sight(record: ErpOrder, go_live: date | None) -> Drift:
    """Decide about a record we have never seen: a draft is new, what was placed without us is a bypass, history is neither.

    Orders dated before ``go_live`` were placed before there was a gate.
    """
    state = erp_state(record)
    if state is ErpState.GONE or record.status in (ErpOrderStatus.RECEIVED, ErpOrderStatus.CLOSED):
        return Drift.IGNORED
    if state is ErpState.DRAFT:
        return Drift.NEW
    before = go_live is not None and record.order_date is not None and record.order_date < go_live
    return Drift.IGNORED if before else Drift.BYPASSED_GATE


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One field with both values as text; no line number means the header."""

    line_no: int | None
    name: str
    ours: str | None
    theirs: str | None

    @property
    def path(self) -> str:
        """The field in one word, with its line."""
        return self.name if self.line_no is None else f"line {self.line_no} {self.name}"


def decide(known: PurchaseOrder, record: ErpOrder | None, incoming: PurchaseOrder | None) -> Drift:
    """Decide what a record means for an order we know; ``incoming`` is the record in our terms, None when it is gone.

    The content is the same when it hashes to what we last read there, or says what our order says. A code of it that was unknown
    and is mapped now changes an order that is still open.
    """
    meaning = DRIFT[our_state(known.status), erp_state(record), _same_content(known, record, incoming)]
    if meaning is Drift.UNCHANGED and incoming is not None and our_state(known.status) is OurState.OPEN:
        return meaning if learn(known, incoming) == known else Drift.EDITED_DRAFT
    return meaning


def learn(known: PurchaseOrder, incoming: PurchaseOrder) -> PurchaseOrder:
    """Return our order with the identities that were missing and are known now; nothing else of it changes."""
    theirs = {line.line_no: line for line in incoming.lines}
    lines = tuple(_learned(line, theirs.get(line.line_no)) for line in known.lines)
    if known.supplier_id is not None or incoming.supplier_id is None:
        return replace(known, lines=lines)
    return replace(
        known,
        supplier_id=incoming.supplier_id,
        supplier_code=incoming.supplier_code,
        payment_terms=known.payment_terms or incoming.payment_terms,
        freight_term=known.freight_term or incoming.freight_term,
        fob_point=known.fob_point or incoming.fob_point,
        incoterm=known.incoterm or incoming.incoterm,
        lines=lines,
    )


def _learned(ours: OrderLine, theirs: OrderLine | None) -> OrderLine:
    if theirs is None or theirs.external_id != ours.external_id:
        return ours
    site = next((part.ship_to for part in theirs.schedules), None)
    line = replace(ours, schedules=tuple(replace(part, ship_to=part.ship_to or site) for part in ours.schedules))
    if ours.item_id is not None or theirs.item_id is None:
        return line
    return replace(
        line,
        item_id=theirs.item_id,
        item_code=theirs.item_code,
        description=ours.description or theirs.description,
        supplier_part_no=theirs.supplier_part_no,
        category=theirs.category,
    )


def _same_content(known: PurchaseOrder, record: ErpOrder | None, incoming: PurchaseOrder | None) -> bool:
    return record is not None and incoming is not None and _says_the_same(known, incoming)


def _says_the_same(known: PurchaseOrder, incoming: PurchaseOrder) -> bool:
    if known.erp is not None and incoming.erp is not None and known.erp.content_hash == incoming.erp.content_hash:
        return True
    return not differences(known, incoming)


def differences(ours: PurchaseOrder, theirs: PurchaseOrder) -> tuple[FieldDifference, ...]:
    """Name every field in which the ERP's order differs from ours, with both values; cancelled lines of ours do not count."""
    found = [
        FieldDifference(None, name, _text(left), _text(right))
        for name, left, right in (
            ("supplier", ours.supplier_code, theirs.supplier_code),
            ("currency", ours.currency, theirs.currency),
        )
        if left != right
    ]
    left_lines = {line.line_no: line for line in ours.lines if not line.cancelled}
    right_lines = {line.line_no: line for line in theirs.lines if not line.cancelled}
    for line_no in sorted(left_lines.keys() | right_lines.keys()):
        left, right = _line_values(left_lines.get(line_no)), _line_values(right_lines.get(line_no))
        found += [
            FieldDifference(line_no, name, _text(left[name]), _text(right[name])) for name in left if left[name] != right[name]
        ]
    return tuple(found)


def _line_values(line: OrderLine | None) -> dict[str, object]:
    """What an ERP can tell about a line; None everywhere for a line that is not there."""
    if line is None:
        return dict.fromkeys(("item", "quantity", "unit", "unit price", "need-by date", "ship-to"))
    sites = sorted({str(part.ship_to) for part in line.schedules if part.ship_to})
    return {
        "item": line.item_code,
        "quantity": line.quantity,
        "unit": line.uom,
        "unit price": None if line.unit_price is None else line.unit_price / line.price_per,
        "need-by date": line.need_by,
        "ship-to": ", ".join(sites) or None,
    }


def _text(value: object) -> str | None:
    if value is None:
        return None
    return str(to_json(value)) if isinstance(value, (Decimal, date)) else str(value)


def take_over(known: PurchaseOrder, incoming: PurchaseOrder) -> PurchaseOrder:
    """Return our order with the content the ERP's draft has now: a new version, a draft again, every approval void.

    Where the ERP says nothing new, our own edits stay and only codes that are known by now are filled in.
    """
    draft = advance(known, Verb.EDIT, Status.DRAFT)
    if _says_the_same(known, incoming):
        return new_version(known, replace(learn(draft, incoming), erp=incoming.erp))
    merged = replace(
        draft,
        supplier_id=incoming.supplier_id,
        supplier_code=incoming.supplier_code,
        currency=incoming.currency,
        order_date=incoming.order_date,
        payment_terms=incoming.payment_terms,
        freight_term=incoming.freight_term,
        fob_point=incoming.fob_point,
        incoterm=incoming.incoterm,
        lines=incoming.lines,
        erp=incoming.erp,
    )
    return new_version(known, merged)


def read_again(known: PurchaseOrder, record: ErpOrder, erp: ErpInstance) -> PurchaseOrder:
    """Return our order knowing the ERP's present version; its content, status and approvals stay."""
    return replace(known, erp=link_to(record, erp))


def record_of(order: PurchaseOrder, erp_ids: Mapping[UUID, str]) -> ErpOrder:
    """Return our order in the ERP's terms, as it is to be confirmed there; cancelled lines are left out.

    ``erp_ids`` are the ERP's ids of our suppliers, sites and items. Raises UnknownReference for one the ERP does not know.
    """
    link = order.erp
    sites = [part.ship_to for line in order.lines for part in line.schedules if part.ship_to is not None]
    return ErpOrder(
        external_id=link.external_id if link else "",
        version=(link.version if link else None) or "",
        number=link.number if link else None,
        order_ref=order.order_ref,
        revision=order.version,
        supplier=_erp_id(erp_ids, order.supplier_id, "supplier", order.supplier_code),
        site=_erp_id(erp_ids, sites[0], "site", str(sites[0])) if sites else None,
        currency=order.currency,
        order_date=order.order_date,
        payment_terms=order.payment_terms,
        status=ErpOrderStatus.DRAFT,
        origin=order.origin,
        typist=order.requester,
        lines=tuple(_line_record(line, erp_ids) for line in order.lines if not line.cancelled),
    )


def _line_record(line: OrderLine, erp_ids: Mapping[UUID, str]) -> ErpOrderLine:
    return ErpOrderLine(
        external_id=line.external_id or "",
        line_no=line.line_no,
        item=_erp_id(erp_ids, line.item_id, "item", line.item_code) if line.item_id else None,
        description=line.description,
        quantity=line.quantity,
        uom=line.uom,
        unit_price=None if line.unit_price is None else line.unit_price / line.price_per,
        need_by=line.need_by,
        tax_codes=tuple(line.tax_code.split(",")) if line.tax_code else (),
    )


def _erp_id(erp_ids: Mapping[UUID, str], own: UUID | None, entity: str, code: str) -> str:
    if own is None or own not in erp_ids:
        raise UnknownReference(entity=entity, code=code)
    return erp_ids[own]
