"""Acknowledgments: what a supplier says to an order, as a whole or per line as a list of outcomes."""

from __future__ import annotations

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends
from pydantic import Field
from starlette.responses import Response

from purveyor.app import acknowledge
from purveyor.app.acknowledge import AcknowledgmentCommand, AcknowledgmentResult
from purveyor.core.access import Permission
from purveyor.core.acknowledge import AnswerPart, ApplyResult, LineAnswer, LineState, Outcome
from purveyor.core.errors import NotFound
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.core.parties import AnswerMode
from purveyor.store.acknowledgments import AnsweredLine, Kept
from purveyor.store.db import Tx
from purveyor.web.api.common import Call, Reply, answer, api_router, write
from purveyor.web.api.v1 import inbound
from purveyor.web.api.v1.doors import noticing, order_to_read, order_to_write, partner_posts, partner_reads, writing_scope
from purveyor.web.api.v1.operations import operation
from purveyor.web.api.v1.shapes import (
    MOST_LINES,
    At,
    Day,
    LineNo,
    Number,
    OrderRef,
    PositiveIn,
    Unit,
    UnitPrice,
    VersionNo,
    pointing_at,
    require_currency,
)
from purveyor.web.api.wire import Name, Note, Wire

router = api_router("/orders/{order_ref}/acknowledgments", "Acknowledgments")


class PartIn(Wire):
    """One outcome for a quantity of a line; without a quantity it is all that the other parts leave over."""

    outcome: Outcome
    quantity: PositiveIn | None = None
    uom: Unit | None = None
    unit_price: UnitPrice | None = None
    promised_ship: Day | None = None
    promised_delivery: Day | None = None
    reason: Annotated[str, Field(max_length=50)] | None = None
    item: Name | None = None


class LineIn(Wire):
    """What is said about one line; a split delivery is several parts."""

    line_no: LineNo
    parts: Annotated[list[PartIn], Field(min_length=1, max_length=50)]


class AcknowledgmentIn(Wire):
    """A supplier's answer to one version of an order: ``header`` answers every line that is not listed."""

    external_id: Name
    version: VersionNo
    sent_at: At
    revision: VersionNo = 1
    mode: AnswerMode | None = None
    header: Outcome | None = None
    lines: Annotated[tuple[LineIn, ...], Field(max_length=MOST_LINES)] = ()
    reason: Note | None = None


class LineOut(Wire):
    """What became of the answer to a line, and where the line stands now (quantities in the unit of the line)."""

    line_no: int
    result: ApplyResult | None
    state: LineState | None = None
    ordered: Number | None = None
    accepted: Number | None = None
    proposed: Number | None = None
    backordered: Number | None = None
    rejected: Number | None = None
    unanswered: Number | None = None
    promised_ship: date | None = None
    promised_delivery: date | None = None


class AcknowledgmentOut(Wire):
    """An acknowledgment on the record. ``asks_about``: lines that need an answer to their present version."""

    id: UUID
    order_ref: str
    external_id: str
    revision: int
    version: int
    result: ApplyResult
    lines: list[LineOut]
    asks_about: list[int]
    order_status: Status
    order_version: int
    repeated: bool = False


class AcknowledgmentList(Wire):
    """The acknowledgments of an order, in the sender's order."""

    items: list[AcknowledgmentOut]


@router.post(
    "",
    **operation(
        "send_acknowledgment",
        "Answer an order, as a whole or line by line",
        Permission.ACKNOWLEDGMENT_WRITE,
        AcknowledgmentOut,
        status=201,
        repeated=AcknowledgmentOut,
    ),
)
def send_acknowledgment(
    order_ref: OrderRef,
    body: AcknowledgmentIn,
    call: Annotated[Call, Depends(partner_posts(Permission.ACKNOWLEDGMENT_WRITE))],
) -> Response:
    """Keep and apply a supplier's answer; the same document again changes nothing."""

    def work(tx: Tx) -> Reply:
        order = order_to_write(call, tx, order_ref)
        with pointing_at(body):
            command = _command(tx, call, order, body)
            result = acknowledge.record(tx, command)
        where = f"/v1/orders/{order_ref}/acknowledgments/{result.id}"
        return Reply(_answered(order_ref, body, result), 200 if result.repeated else 201, location=where)

    with noticing(call, order_ref):
        return write(call, work, writing_scope(call))


def _command(tx: Tx, call: Call, order: PurchaseOrder, body: AcknowledgmentIn) -> AcknowledgmentCommand:
    lines = tuple(
        LineAnswer(line.line_no, tuple(_part(order, part, f"lines/{place}/parts/{at}") for at, part in enumerate(line.parts)))
        for place, line in enumerate(body.lines)
    )
    entry = inbound.keep(tx, call, "acknowledgment", body, body.external_id, body.revision, body.sent_at, order)
    return AcknowledgmentCommand(
        order_id=order.id,
        source=inbound.source_of(call),
        channel=inbound.CHANNEL,
        external_id=body.external_id,
        sent_at=body.sent_at,
        version=body.version,
        revision=body.revision,
        mode=body.mode,
        header=body.header,
        lines=lines,
        reason=body.reason,
        inbox_id=entry,
    )


def _part(order: PurchaseOrder, part: PartIn, place: str) -> AnswerPart:
    if part.unit_price is not None:
        require_currency(part.unit_price.currency, order.currency, f"{place}/unit_price/currency")
    return AnswerPart(
        outcome=part.outcome,
        quantity=part.quantity,
        uom=part.uom,
        unit_price=None if part.unit_price is None else part.unit_price.amount,
        promised_ship=part.promised_ship,
        promised_delivery=part.promised_delivery,
        reason=part.reason,
        item_code=part.item,
    )


def _answered(order_ref: str, body: AcknowledgmentIn, result: AcknowledgmentResult) -> AcknowledgmentOut:
    standing = {line.line_no: line for line in result.lines}
    numbers = sorted(standing.keys() | result.results.keys())
    return AcknowledgmentOut(
        id=result.id,
        order_ref=order_ref,
        external_id=body.external_id,
        revision=body.revision,
        version=body.version,
        result=result.result,
        lines=[_line(number, result.results.get(number), standing.get(number)) for number in numbers],
        asks_about=list(result.asks_about),
        order_status=result.status,
        order_version=result.version,
        repeated=result.repeated,
    )


def _line(number: int, result: ApplyResult | None, stands: AnsweredLine | None) -> LineOut:
    if stands is None:
        return LineOut(line_no=number, result=result)
    return LineOut(
        line_no=number,
        result=result,
        state=stands.state,
        ordered=stands.balance.ordered,
        accepted=stands.balance.accepted,
        proposed=stands.balance.proposed,
        backordered=stands.balance.backordered,
        rejected=stands.balance.rejected,
        unanswered=stands.balance.unanswered,
        promised_ship=stands.promised_ship,
        promised_delivery=stands.promised_delivery,
    )


@router.get(
    "",
    **operation("list_acknowledgments", "List the answers to an order", Permission.ORDER_READ, AcknowledgmentList),
)
def list_acknowledgments(order_ref: OrderRef, call: Annotated[Call, Depends(partner_reads(Permission.ORDER_READ))]) -> Response:
    """List what a supplier answered, with what became of each answer."""
    with order_to_read(call, order_ref) as (tx, order):
        return answer(call, Reply(AcknowledgmentList(items=_all(tx, order))))


@router.get(
    "/{acknowledgment_id}",
    **operation("get_acknowledgment", "Read one answer to an order", Permission.ORDER_READ, AcknowledgmentOut),
)
def get_acknowledgment(
    order_ref: OrderRef, acknowledgment_id: UUID, call: Annotated[Call, Depends(partner_reads(Permission.ORDER_READ))]
) -> Response:
    """Read one answer and what became of it."""
    with order_to_read(call, order_ref) as (tx, order):
        found = next((each for each in _all(tx, order) if each.id == acknowledgment_id), None)
    if found is None:
        raise NotFound(order_ref=order_ref, acknowledgment=acknowledgment_id)
    return answer(call, Reply(found))


def _all(tx: Tx, order: PurchaseOrder) -> list[AcknowledgmentOut]:
    return [_kept(order, kept) for kept in acknowledge.of_order(tx, order.id)]


def _kept(order: PurchaseOrder, kept: Kept) -> AcknowledgmentOut:
    said = kept.acknowledgment
    assert said.id is not None
    return AcknowledgmentOut(
        id=said.id,
        order_ref=order.order_ref,
        external_id=said.external_id,
        revision=said.revision,
        version=said.version,
        result=kept.result,
        lines=[LineOut(line_no=number, result=result) for number, result in sorted(kept.results.items())],
        asks_about=list(kept.asks_about),
        order_status=order.status,
        order_version=order.version,
    )
