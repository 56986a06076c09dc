"""Acknowledgments as they came, our verdicts on proposals, and the answer of each line as lists and pages read it.

The answer per line is written anew from all acknowledgments whenever one arrives; nothing here decides anything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Row, bindparam, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from purveyor.core.acknowledge import (
    Acknowledgment,
    AnswerPart,
    ApplyResult,
    Balance,
    DocumentKey,
    LineAnswer,
    LineState,
    Outcome,
    Reminders,
    Verdict,
    Verdicts,
)
from purveyor.core.canonical import to_json
from purveyor.core.ids import AcknowledgmentId, ChangeOrderId, OrderId
from purveyor.core.order import PurchaseOrder
from purveyor.core.parties import AnswerMode
from purveyor.core.promise import Basis
from purveyor.store.db import Tx
from purveyor.store.sender_numbers import add_numbered
from purveyor.store.tables.supplier_side import ACKNOWLEDGMENT, LINE_ANSWER, PROPOSAL_VERDICT

_ADDED_IN: Final = text(
    """
    SELECT CAST(line ->> 'line_no' AS integer) AS line_no, min(v.version) AS version
      FROM order_version v CROSS JOIN LATERAL jsonb_array_elements(v.snapshot -> 'lines') AS line
     WHERE v.order_id = :order_id
     GROUP BY 1
    """
)


@dataclass(frozen=True, slots=True)
class Kept:
    """An acknowledgment on the record, and what became of it on each line."""

    acknowledgment: Acknowledgment
    received_at: datetime
    result: ApplyResult
    results: Mapping[int, ApplyResult]
    asks_about: tuple[int, ...]


def add(tx: Tx, order: PurchaseOrder, kept: Kept) -> None:
    """Keep an acknowledgment that was never seen before; raise DocumentChanged when its number was used elsewhere."""
    row = {**_row(order, kept.acknowledgment), **_outcome(kept), "received_at": kept.received_at}
    add_numbered(tx, ACKNOWLEDGMENT, row)


def save_outcomes(tx: Tx, changed: Sequence[Kept]) -> None:
    """Write what became of acknowledgments whose outcome changed because an earlier one arrived late."""
    for kept in changed:
        tx.conn.execute(update(ACKNOWLEDGMENT).where(ACKNOWLEDGMENT.c.id == kept.acknowledgment.id).values(**_outcome(kept)))


def of_order(tx: Tx, order_id: OrderId) -> list[Kept]:
    """Return the acknowledgments of an order in the sender's order."""
    rows = tx.conn.execute(select(ACKNOWLEDGMENT).where(ACKNOWLEDGMENT.c.order_id == order_id)).all()
    return sorted((_kept(row) for row in rows), key=lambda kept: kept.acknowledgment.sender_order)


def added_in(tx: Tx, order_id: OrderId) -> dict[int, int]:
    """Return the version that brought each line of an order."""
    return {row.line_no: row.version for row in tx.conn.execute(_ADDED_IN, {"order_id": order_id})}


def _row(order: PurchaseOrder, answer: Acknowledgment) -> dict[str, Any]:
    return {
        "id": answer.id,
        "order_id": order.id,
        "business_unit_id": order.business_unit_id,
        "supplier_id": order.supplier_id,
        "source": answer.source,
        "channel": answer.channel,
        "external_id": answer.external_id,
        "revision": answer.revision,
        "sent_at": answer.sent_at,
        "version": answer.version,
        "known_version": answer.known_version,
        "mode": answer.mode.value,
        "header": None if answer.header is None else answer.header.value,
        "reason": answer.reason,
        "technical": answer.technical,
        "lines": to_json(answer.lines),
    }


def _outcome(kept: Kept) -> dict[str, Any]:
    return {
        "result": kept.result.value,
        "results": {str(number): result.value for number, result in kept.results.items()},
        "asks_about": list(kept.asks_about),
    }


def _kept(row: Row[Any]) -> Kept:
    answer = Acknowledgment(
        source=row.source,
        channel=row.channel,
        external_id=row.external_id,
        sent_at=row.sent_at,
        version=row.version,
        known_version=row.known_version,
        revision=row.revision,
        mode=AnswerMode(row.mode),
        header=None if row.header is None else Outcome(row.header),
        lines=line_answers_from_json(row.lines),
        reason=row.reason,
        technical=row.technical,
        id=AcknowledgmentId(row.id),
    )
    results = {int(number): ApplyResult(word) for number, word in row.results.items()}
    return Kept(answer, row.received_at, ApplyResult(row.result), results, tuple(row.asks_about))


def line_answers_from_json(lines: Sequence[Mapping[str, Any]]) -> tuple[LineAnswer, ...]:
    """Read answers of lines back from the JSON that ``core.canonical.to_json`` wrote."""
    return tuple(LineAnswer(line["line_no"], tuple(_part(part) for part in line["parts"])) for line in lines)


def _part(part: Mapping[str, Any]) -> AnswerPart:
    read: dict[str, Any] = dict(part)
    for name in ("quantity", "unit_price"):
        read[name] = None if part[name] is None else Decimal(part[name])
    for name in ("promised_ship", "promised_delivery"):
        read[name] = None if part[name] is None else date.fromisoformat(part[name])
    read["outcome"] = Outcome(part["outcome"])
    return AnswerPart(**read)


@dataclass(frozen=True, slots=True)
class Decided:
    """Our verdict on the proposal of one acknowledgment for one line."""

    acknowledgment_id: AcknowledgmentId
    line_no: int
    verdict: Verdict
    automatic: bool
    change_order_id: ChangeOrderId | None = None


def save_verdict(tx: Tx, order: PurchaseOrder, decided: Decided) -> None:
    """Keep a verdict; a proposal is decided once."""
    tx.conn.execute(
        insert(PROPOSAL_VERDICT),
        {
            "acknowledgment_id": decided.acknowledgment_id,
            "line_no": decided.line_no,
            "order_id": order.id,
            "business_unit_id": order.business_unit_id,
            "verdict": decided.verdict.value,
            "automatic": decided.automatic,
            "change_order_id": decided.change_order_id,
            "decided_by": tx.actor.id,
            "decided_at": tx.now,
        },
    )


def verdicts(tx: Tx, order_id: OrderId) -> Verdicts:
    """Return every verdict on proposals for an order."""
    columns = ACKNOWLEDGMENT.c
    query = (
        select(columns.source, columns.external_id, columns.revision, PROPOSAL_VERDICT.c.line_no, PROPOSAL_VERDICT.c.verdict)
        .join(PROPOSAL_VERDICT, PROPOSAL_VERDICT.c.acknowledgment_id == columns.id)
        .where(PROPOSAL_VERDICT.c.order_id == order_id)
    )
    return {
        (DocumentKey(row.source, row.external_id, row.revision), row.line_no): Verdict(row.verdict)
        for row in tx.conn.execute(query)
    }


@dataclass(frozen=True, slots=True)
class AnsweredLine:
    """Where a line stands with its supplier: state, split, the dates in force and the first one (unit of the line)."""

    line_no: int
    state: LineState
    reminders: Reminders
    balance: Balance
    promised_ship: date | None
    promised_delivery: date | None
    basis: Basis | None
    original_delivery: date | None


_SPLIT: Final = tuple(field.name for field in fields(Balance))


def save_lines(tx: Tx, order: PurchaseOrder, lines: Sequence[AnsweredLine]) -> None:
    """Write where each line stands with the supplier."""
    if not lines:
        return
    rows = [
        {
            "order_id": order.id,
            "line_no": line.line_no,
            "business_unit_id": order.business_unit_id,
            "supplier_id": order.supplier_id,
            "state": line.state.value,
            "reminders": line.reminders.value,
            **{name: getattr(line.balance, name) for name in _SPLIT},
            "promised_ship": line.promised_ship,
            "promised_delivery": line.promised_delivery,
            "basis": None if line.basis is None else line.basis.value,
            "original_delivery": line.original_delivery,
            "answered_at": None if line.balance.unanswered == line.balance.ordered else tx.now,
        }
        for line in lines
    ]
    statement = upsert(LINE_ANSWER)
    changes = {name: statement.excluded[name] for name in rows[0] if name not in ("order_id", "line_no")}
    tx.conn.execute(statement.on_conflict_do_update(index_elements=["order_id", "line_no"], set_=changes), rows)


def lines_of(tx: Tx, order_ids: Collection[OrderId]) -> dict[OrderId, list[AnsweredLine]]:
    """Return where the lines of orders stand with their suppliers; a line nobody answered may be absent."""
    found: dict[OrderId, list[AnsweredLine]] = defaultdict(list)
    query = select(LINE_ANSWER).where(LINE_ANSWER.c.order_id == func.any(bindparam("ids")))
    for row in tx.conn.execute(query.order_by(LINE_ANSWER.c.order_id, LINE_ANSWER.c.line_no), {"ids": list(order_ids)}):
        found[OrderId(row.order_id)].append(_answered(row))
    return dict(found)


def _answered(row: Row[Any]) -> AnsweredLine:
    return AnsweredLine(
        line_no=row.line_no,
        state=LineState(row.state),
        reminders=Reminders(row.reminders),
        balance=Balance(**{name: getattr(row, name) for name in _SPLIT}),
        promised_ship=row.promised_ship,
        promised_delivery=row.promised_delivery,
        basis=None if row.basis is None else Basis(row.basis),
        original_delivery=row.original_delivery,
    )
