"""What a supplier may see of his answers to one order: where each line stands, what he said last, what he announced.

Only columns that suppliers may read are asked for, so that these queries work, and are limited, under a supplier's own scope.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from purveyor.core.acknowledge import AnswerPart, ApplyResult, Balance, LineState, Outcome
from purveyor.core.ids import OrderId
from purveyor.core.order import OrderLine, PurchaseOrder
from purveyor.store.acknowledgments import line_answers_from_json
from purveyor.store.db import Tx
from purveyor.store.tables.goods import SHIP_NOTICE
from purveyor.store.tables.masters import SUPPLIER
from purveyor.store.tables.supplier_side import ACKNOWLEDGMENT, LINE_ANSWER, PROMISE

_SPLIT: Final = tuple(field.name for field in fields(Balance))


@dataclass(frozen=True, slots=True)
class Said:
    """What the supplier said last about a line that could be used, and when. No quantity means all that is left."""

    parts: tuple[AnswerPart, ...]
    at: datetime


@dataclass(frozen=True, slots=True)
class Promised:
    """A quantity of a line (its unit) and the day promised for it."""

    quantity: Decimal
    ships: date | None
    arrives: date | None


@dataclass(frozen=True, slots=True)
class LineStanding:
    """Where a line stands with its supplier; the balance is in the unit of the line."""

    state: LineState
    balance: Balance
    promised: tuple[Promised, ...] = ()
    said: Said | None = None

    @property
    def waits_for_supplier(self) -> bool:
        """Say whether something of the line is still to be answered; a smaller quantity that was offered speaks for all of it."""
        restated = self.said is not None and all(part.outcome is Outcome.CHANGE for part in self.said.parts)
        waits_for_buyer = restated and self.balance.proposed > 0
        return self.state is not LineState.CANCELLED and self.balance.unanswered > 0 and not waits_for_buyer


@dataclass(frozen=True, slots=True)
class Shipment:
    """A shipment the supplier announced; quantities by line number and ship-to site, as he wrote them."""

    number: str
    ships_on: date | None
    arrives_on: date | None
    carrier: str | None
    tracking: str | None
    quantities: Mapping[tuple[int, UUID | None], Decimal]


@dataclass(frozen=True, slots=True)
class SupplierView:
    """An order's supplier side: his name, where every line stands, and what is on its way."""

    supplier_name: str
    lines: Mapping[int, LineStanding]
    shipments: tuple[Shipment, ...]

    @property
    def waiting(self) -> tuple[int, ...]:
        """The numbers of the lines that wait for the supplier."""
        return tuple(number for number, standing in sorted(self.lines.items()) if standing.waits_for_supplier)


def supplier_view(tx: Tx, order: PurchaseOrder) -> SupplierView:
    """Return what the supplier of the transaction's scope said about his order, which is given in the version he sees."""
    name = tx.conn.scalar(select(SUPPLIER.c.name).where(SUPPLIER.c.id == order.supplier_id))
    promised = _promised(tx, order.id)
    said = _said(tx, order)
    known = _answers(tx, order.id)
    lines = {}
    for line in order.lines:
        state, balance = known.get(line.line_no, _not_answered(line))
        number = line.line_no
        lines[number] = LineStanding(state, balance, promised.get(number, ()), said.get(number))
    return SupplierView(name or order.supplier_code, lines, _shipments(tx, order.id))


def _not_answered(line: OrderLine) -> tuple[LineState, Balance]:
    if line.cancelled:
        return LineState.CANCELLED, Balance(Decimal(0), unanswered=Decimal(0))
    return LineState.UNANSWERED, Balance(line.quantity, unanswered=line.quantity)


def _answers(tx: Tx, order_id: OrderId) -> dict[int, tuple[LineState, Balance]]:
    columns = LINE_ANSWER.c
    query = select(columns.line_no, columns.state, *(columns[name] for name in _SPLIT)).where(columns.order_id == order_id)
    return {
        row.line_no: (LineState(row.state), Balance(**{name: getattr(row, name) for name in _SPLIT}))
        for row in tx.conn.execute(query)
    }


def _promised(tx: Tx, order_id: OrderId) -> dict[int, tuple[Promised, ...]]:
    columns = PROMISE.c
    query = (
        select(columns.line_no, columns.quantity, columns.promised_ship, columns.promised_delivery)
        .where(columns.order_id == order_id, columns.role == "current")
        .order_by(columns.line_no, columns.place)
    )
    found: dict[int, tuple[Promised, ...]] = {}
    for number, quantity, ships, arrives in tx.conn.execute(query):
        found[number] = (*found.get(number, ()), Promised(quantity, ships, arrives))
    return found


def _said(tx: Tx, order: PurchaseOrder) -> dict[int, Said]:
    """The last answer to each line in its present version, in the sender's order."""
    columns = ACKNOWLEDGMENT.c
    query = (
        select(columns.version, columns.header, columns.lines, columns.results, columns.sent_at)
        .where(columns.order_id == order.id, columns.technical.is_(False))
        .order_by(columns.revision, columns.sent_at, columns.external_id, columns.source)
    )
    found: dict[int, Said] = {}
    for row in tx.conn.execute(query):
        listed = {answer.line_no: answer.parts for answer in line_answers_from_json(row.lines)}
        for line in order.lines:
            applied = row.results.get(str(line.line_no)) == ApplyResult.APPLIED.value
            if not applied or row.version < line.changed_in_version:
                continue
            parts = listed.get(line.line_no) or _whole(row.header)
            if parts:
                found[line.line_no] = Said(parts, row.sent_at)
    return found


def _whole(header: str | None) -> tuple[AnswerPart, ...]:
    return () if header is None else (AnswerPart(Outcome(header)),)


def _shipments(tx: Tx, order_id: OrderId) -> tuple[Shipment, ...]:
    """Every announced shipment as its latest revision says, the last announced first."""
    columns = SHIP_NOTICE.c
    shown = (columns.number, columns.ships_on, columns.arrives_on, columns.carrier, columns.tracking, columns.lines)
    query = (
        select(columns.source, columns.external_id, *shown)
        .where(columns.order_id == order_id)
        .order_by(columns.revision, columns.id)
    )
    latest: dict[tuple[str, str], Shipment] = {}
    for row in tx.conn.execute(query):
        latest.pop((row.source, row.external_id), None)
        latest[(row.source, row.external_id)] = Shipment(
            row.number, row.ships_on, row.arrives_on, row.carrier, row.tracking, _quantities(row.lines)
        )
    return tuple(reversed(latest.values()))


def _quantities(lines: list[Mapping[str, Any]]) -> dict[tuple[int, UUID | None], Decimal]:
    found: dict[tuple[int, UUID | None], Decimal] = {}
    for line in lines:
        key = (line["line_no"], None if line["ship_to"] is None else UUID(line["ship_to"]))
        found[key] = found.get(key, Decimal(0)) + Decimal(line["quantity"])
    return found
