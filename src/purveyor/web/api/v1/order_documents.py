"""How orders look in answers: in full for the house, in the published form for their suppliers, briefly in lists."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from purveyor.app.progress import progress_of_loaded
from purveyor.core.acknowledge import LineState
from purveyor.core.documents import order_document
from purveyor.core.lifecycle import Status, Verb, allowed_verbs
from purveyor.core.order import OrderLine, PurchaseOrder
from purveyor.core.progress import LineProgress, LineProgressState
from purveyor.store import acknowledgments, masters
from purveyor.store.acknowledgments import AnsweredLine
from purveyor.store.db import Tx
from purveyor.store.order_list import OrderRow
from purveyor.store.order_views import IssuedRow
from purveyor.web.api.v1.shapes import Number, money
from purveyor.web.api.v1.sites import codes_of_sites
from purveyor.web.api.wire import MoneyText, Page, Wire


class OrderSummary(Wire):
    """One order of a list; suppliers see what is published of it only."""

    order_ref: str
    status: Status
    version: int
    row_version: int
    supplier: str
    order_date: date
    need_by: date | None
    total: MoneyText | None
    issued_at: datetime | None
    erp_number: str | None = None
    on_hold: bool | None = None
    buyer_id: UUID | None = None
    lines: int | None = None
    confirmation: list[LineState] | None = None
    promised_ship: date | None = None
    promised_delivery: date | None = None
    exceptions: list[str] | None = None


class OrderList(Page):
    """Orders, sorted as asked."""

    items: list[OrderSummary]


class ScheduleOut(Wire):
    """A quantity of a line for one site and day, in the unit of the line."""

    schedule_no: int
    ship_to: str | None
    quantity: Number
    need_by: date | None


class AnswerOut(Wire):
    """Where a line stands with the supplier, in the unit of the line."""

    state: LineState
    accepted: Number
    proposed: Number
    backordered: Number
    rejected: Number
    unanswered: Number
    promised_ship: date | None
    promised_delivery: date | None
    original_delivery: date | None


class ProgressOut(Wire):
    """What happened to a line, added up from movements, in the unit of the line."""

    state: LineProgressState
    shipped: Number
    accepted: Number
    invoiced: Number
    open: Number


class OrderLineOut(Wire):
    """One item on an order; the price is for ``price_per`` units of ``uom``."""

    line_no: int
    item: str
    description: str
    supplier_part_no: str | None
    quantity: Number
    uom: str | None
    unit_price: MoneyText | None
    price_per: Number
    amount: MoneyText | None
    cancelled: bool
    changed_in_version: int
    schedules: list[ScheduleOut]
    answer: AnswerOut | None = None
    progress: ProgressOut | None = None


class TermsOut(Wire):
    """The header terms."""

    payment_terms: str | None
    freight_term: str | None
    fob_point: str | None
    incoterm: str | None
    freight_ceiling: Number | None


class HoldOut(Wire):
    """Why an order is stopped, by whom and since when."""

    reason: str
    owner_id: UUID | None
    since: datetime


class ErpOut(Wire):
    """Where the order lives in its ERP."""

    instance: str
    external_id: str
    number: str | None


class OrderOut(Wire):
    """An order in full, for the house. ``verbs`` are those of the lifecycle that are possible now."""

    id: UUID
    order_ref: str
    version: int
    row_version: int
    status: Status
    verbs: list[Verb]
    supplier: str
    currency: str
    order_date: date
    total: MoneyText | None
    terms: TermsOut
    origin: str
    buyer_id: UUID | None
    hold: HoldOut | None
    erp: ErpOut | None
    issued_at: datetime | None
    lines: list[OrderLineOut]


class PublishedSite(Wire):
    """A place goods go to."""

    code: str
    name: str
    country: str


class PublishedSchedule(Wire):
    """A quantity for one site and day."""

    schedule_no: int
    ship_to: PublishedSite | None
    quantity: str
    need_by: date | None


class PublishedLine(Wire):
    """One line as its supplier reads it; prices are in the currency of the order."""

    line_no: int
    item: str
    supplier_part_no: str | None
    description: str
    quantity: str
    uom: str | None
    unit_price: str | None
    price_per: str
    amount: str | None
    cancelled: bool
    changed_in_version: int
    schedules: list[PublishedSchedule]


class PublishedSupplier(Wire):
    """The supplier an order goes to."""

    code: str
    name: str


class PublishedChange(Wire):
    """One field that differs from the version before; no line number means the header."""

    line_no: int | None
    field: str
    before: str | None
    after: str | None


class PublishedOrder(Wire):
    """An order in the form that suppliers get by every channel."""

    schema_: str = Field(alias="schema")
    order_ref: str
    version: int
    order_date: date
    buyer: str
    supplier: PublishedSupplier
    currency: str
    total: str | None
    terms: TermsOut
    lines: list[PublishedLine]
    changes: list[PublishedChange]

    model_config = ConfigDict(serialize_by_alias=True)


def summary(row: OrderRow) -> OrderSummary:
    """Return an order of the house's list."""
    return OrderSummary(
        order_ref=row.order_ref,
        status=row.status,
        version=row.version,
        row_version=row.row_version,
        supplier=row.supplier_code,
        order_date=row.order_date,
        need_by=row.need_by,
        total=money(row.total, row.currency),
        issued_at=row.issued_at,
        erp_number=row.erp_number,
        on_hold=row.on_hold,
        buyer_id=row.buyer_id,
        lines=row.lines,
        confirmation=list(row.confirmation),
        promised_ship=row.promised_ship,
        promised_delivery=row.promised_delivery,
        exceptions=list(row.exceptions),
    )


def issued_summary(row: IssuedRow) -> OrderSummary:
    """Return an order of a supplier's list."""
    return OrderSummary(
        order_ref=row.order_ref,
        status=row.status,
        version=row.version,
        row_version=row.row_version,
        supplier=row.supplier_code,
        order_date=row.order_date,
        need_by=row.need_by,
        total=money(row.total, row.currency),
        issued_at=row.issued_at,
    )


def in_full(tx: Tx, order: PurchaseOrder, *, standing: bool = True) -> OrderOut:
    """Return an order in full; with ``standing`` also where its lines stand now (an earlier version has no such thing)."""
    sites = codes_of_sites(tx, (part.ship_to for line in order.lines for part in line.schedules))
    answers = {line.line_no: line for line in acknowledgments.lines_of(tx, [order.id]).get(order.id, [])} if standing else {}
    done = {each.line_no: each for each in progress_of_loaded(tx, {order.id: order})[order.id]} if standing else {}
    return OrderOut(
        id=order.id,
        order_ref=order.order_ref,
        version=order.version,
        row_version=order.row_version,
        status=order.status,
        verbs=list(allowed_verbs(order.status)),
        supplier=order.supplier_code,
        currency=order.currency,
        order_date=order.order_date,
        total=money(order.total, order.currency),
        terms=TermsOut.model_validate(order.terms()),
        origin=order.origin.value,
        buyer_id=order.buyer_id,
        hold=None if order.hold is None else HoldOut(reason=order.hold.reason, owner_id=order.hold.owner, since=order.hold.since),
        erp=None
        if order.erp is None
        else ErpOut(instance=order.erp.instance, external_id=order.erp.external_id, number=order.erp.number),
        issued_at=order.issued_at,
        lines=[_line(order, line, sites, answers.get(line.line_no), done.get(line.line_no)) for line in order.lines],
    )


def _line(
    order: PurchaseOrder, line: OrderLine, sites: Any, said: AnsweredLine | None, done: LineProgress | None
) -> OrderLineOut:
    return OrderLineOut(
        line_no=line.line_no,
        item=line.item_code,
        description=line.description,
        supplier_part_no=line.supplier_part_no,
        quantity=line.quantity,
        uom=line.uom,
        unit_price=money(line.unit_price, order.currency),
        price_per=line.price_per,
        amount=money(line.amount(order.currency), order.currency),
        cancelled=line.cancelled,
        changed_in_version=line.changed_in_version,
        schedules=[
            ScheduleOut(
                schedule_no=part.schedule_no, ship_to=sites.get(part.ship_to), quantity=part.quantity, need_by=part.need_by
            )
            for part in line.schedules
        ],
        answer=None if said is None else _answer(said),
        progress=None
        if done is None
        else ProgressOut(state=done.state, shipped=done.shipped, accepted=done.accepted, invoiced=done.invoiced, open=done.open),
    )


def _answer(said: AnsweredLine) -> AnswerOut:
    return AnswerOut(
        state=said.state,
        accepted=said.balance.accepted,
        proposed=said.balance.proposed,
        backordered=said.balance.backordered,
        rejected=said.balance.rejected,
        unanswered=said.balance.unanswered,
        promised_ship=said.promised_ship,
        promised_delivery=said.promised_delivery,
        original_delivery=said.original_delivery,
    )


def published(tx: Tx, order: PurchaseOrder, previous: PurchaseOrder | None) -> PublishedOrder:
    """Return the published form of an issued order, with the differences to the version sent before; needs system scope."""
    assert order.supplier_id is not None, "an issued order has its supplier"
    company = masters.business_units(tx)[order.business_unit_id].name
    document = order_document(order, masters.supplier(tx, order.supplier_id), masters.sites(tx), company, previous)
    return PublishedOrder.model_validate(document)
