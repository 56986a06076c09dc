"""The list of orders that page, API and export share, so that they show the same rows (checklist.md S52).

One query finds the page by key, never by offset; what the rows say about answers and exceptions is read for the page alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Date, Row, and_, bindparam, cast, exists, func, literal, or_, select, tuple_

from purveyor.core.acknowledge import LineState
from purveyor.core.cases import CaseStatus
from purveyor.core.errors import InvalidInput
from purveyor.core.ids import OrderId
from purveyor.core.lifecycle import WITH_SUPPLIER, Status
from purveyor.store.db import Tx
from purveyor.store.search import matches
from purveyor.store.tables.cases import EXCEPTION_CASE
from purveyor.store.tables.masters import SUPPLIER
from purveyor.store.tables.orders import ORDER_LINE, ORDER_SCHEDULE, PURCHASE_ORDER
from purveyor.store.tables.parties import APP_USER
from purveyor.store.tables.supplier_side import LINE_ANSWER

MOST_LISTED: Final = 200
_ORDER: Final = PURCHASE_ORDER.c
_OPEN_CASE: Final = EXCEPTION_CASE.c.status != CaseStatus.RESOLVED.value
_NO_DATE: Final = date(9999, 12, 31)

SORTS: Final[dict[str, ColumnElement[Any]]] = {
    "created": _ORDER.id,
    "order_ref": _ORDER.order_ref,
    "need_by": func.coalesce(_ORDER.need_by, cast(literal(_NO_DATE), Date)),
    "total": func.coalesce(_ORDER.total, Decimal(0)),
}
"""What lists may be sorted by; a minus in front means the largest first."""

_READ: Final[dict[str, Callable[[str], object]]] = {
    "created": UUID,
    "order_ref": str,
    "need_by": date.fromisoformat,
    "total": Decimal,
}


@dataclass(frozen=True, slots=True)
class DateRange:
    """A range of days, both included; None is open."""

    first: date | None = None
    last: date | None = None

    def __bool__(self) -> bool:
        return self.first is not None or self.last is not None


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders to list; an empty field filters nothing.

    ``confirmation`` are states of lines at the supplier, ``exceptions`` types of open exceptions: one line or one exception is
    enough. ``words`` are looked for in references, ERP numbers, items and supplier's item numbers.
    """

    statuses: frozenset[Status] = frozenset()
    on_hold: bool | None = None
    confirmation: frozenset[LineState] = frozenset()
    promised_ship: DateRange = field(default=DateRange())
    promised_delivery: DateRange = field(default=DateRange())
    need_by: DateRange = field(default=DateRange())
    exceptions: frozenset[str] = frozenset()
    supplier_id: UUID | None = None
    site_id: UUID | None = None
    buyer_id: UUID | None = None
    words: str = ""


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order of a list; dates are the earliest and latest over its lines, ``exceptions`` the types of open ones."""

    id: OrderId
    order_ref: str
    erp_number: str | None
    status: Status
    on_hold: bool
    version: int
    row_version: int
    supplier_id: UUID | None
    supplier_code: str
    supplier_name: str | None
    buyer_id: UUID | None
    buyer_name: str | None
    order_date: date
    need_by: date | None
    total: Decimal | None
    currency: str
    created_at: datetime | None
    issued_at: datetime | None
    lines: int = 0
    confirmation: tuple[LineState, ...] = ()
    promised_ship: date | None = None
    promised_delivery: date | None = None
    exceptions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderPage:
    """A page of orders and the key behind its last row, None when it was the last page."""

    rows: tuple[OrderRow, ...]
    next_key: tuple[str, str] | None


def list_orders(
    tx: Tx,
    chosen: OrderFilter | None = None,
    sort: str = "-created",
    after: tuple[str, str] | None = None,
    limit: int = 50,
) -> OrderPage:
    """Return one page of orders of this scope; ``after`` is the key of the page before. At most 200 rows.

    Raises InvalidInput for an unknown sort key or a key that does not fit it.
    """
    key, descending = sort.lstrip("-"), sort.startswith("-")
    if key not in SORTS:
        raise InvalidInput(field="sort", reason=f"use one of {', '.join(sorted(SORTS))}")
    column = SORTS[key]
    query = (
        select(PURCHASE_ORDER, SUPPLIER.c.name.label("supplier_name"), APP_USER.c.display_name.label("buyer_name"))
        .outerjoin(SUPPLIER, SUPPLIER.c.id == _ORDER.supplier_id)
        .outerjoin(APP_USER, APP_USER.c.id == _ORDER.buyer_id)
        .where(*_conditions(chosen or OrderFilter()))
    )
    if after is not None:
        place, last = tuple_(column, _ORDER.id), _key(key, after)
        query = query.where(place < last if descending else place > last)
    order = (column.desc(), _ORDER.id.desc()) if descending else (column, _ORDER.id)
    size = max(1, min(limit, MOST_LISTED))
    found = tx.conn.execute(query.add_columns(column.label("sort_key")).order_by(*order).limit(size + 1)).all()
    rows = tuple(_with_details(tx, [_row(row) for row in found[:size]]))
    more = len(found) > size
    return OrderPage(rows, (str(found[size - 1].sort_key), str(found[size - 1].id)) if more else None)


def all_orders(tx: Tx, chosen: OrderFilter | None = None, sort: str = "-created") -> Iterator[OrderRow]:
    """Return every order of a list, page by page: the rows an export writes."""
    after: tuple[str, str] | None = None
    while True:
        page = list_orders(tx, chosen, sort, after, MOST_LISTED)
        yield from page.rows
        if page.next_key is None:
            return
        after = page.next_key


def totals(tx: Tx, chosen: OrderFilter) -> list[tuple[str, int, Decimal]]:
    """Return currency, number and total of the orders of a list, the largest number first; nothing is converted."""
    counted = select(_ORDER.currency, func.count(), func.coalesce(func.sum(_ORDER.total), Decimal(0))).where(*_conditions(chosen))
    rows = tx.conn.execute(counted.group_by(_ORDER.currency).order_by(func.count().desc(), _ORDER.currency))
    return [(row[0], row[1], row[2]) for row in rows]


def _key(sort: str, after: tuple[str, str]) -> Any:
    try:
        return tuple_(literal(_READ[sort](after[0]), SORTS[sort].type), literal(UUID(after[1])))
    except (ValueError, ArithmeticError) as error:
        raise InvalidInput(field="cursor", reason="the cursor belongs to another list") from error


def _conditions(chosen: OrderFilter) -> list[ColumnElement[bool]]:
    answers = LINE_ANSWER.c
    conditions: list[ColumnElement[bool]] = []
    if chosen.statuses:
        conditions.append(_ORDER.status.in_(sorted(status.value for status in chosen.statuses)))
    if chosen.on_hold is not None:
        conditions.append(_ORDER.hold_since.is_not(None) if chosen.on_hold else _ORDER.hold_since.is_(None))
    for column, wanted in ((_ORDER.supplier_id, chosen.supplier_id), (_ORDER.buyer_id, chosen.buyer_id)):
        if wanted is not None:
            conditions.append(column == wanted)
    if chosen.need_by:
        conditions.append(_within(_ORDER.need_by, chosen.need_by))
    for column, days in ((answers.promised_ship, chosen.promised_ship), (answers.promised_delivery, chosen.promised_delivery)):
        if days:
            conditions.append(exists().where(answers.order_id == _ORDER.id, _within(column, days)))
    if chosen.confirmation:
        conditions.append(_confirmed(chosen.confirmation))
    if chosen.exceptions:
        kinds = EXCEPTION_CASE.c.type.in_(sorted(chosen.exceptions))
        conditions.append(exists().where(EXCEPTION_CASE.c.order_id == _ORDER.id, _OPEN_CASE, kinds))
    if chosen.site_id is not None:
        conditions.append(exists().where(ORDER_SCHEDULE.c.order_id == _ORDER.id, ORDER_SCHEDULE.c.ship_to == chosen.site_id))
    if chosen.words.strip():
        on_line = exists().where(ORDER_LINE.c.order_id == _ORDER.id, matches(ORDER_LINE.c.search_text, chosen.words))
        conditions.append(or_(matches(_ORDER.search_text, chosen.words), on_line))
    return conditions


def _within(column: ColumnElement[Any], days: DateRange) -> ColumnElement[bool]:
    limits: list[ColumnElement[bool]] = [column.is_not(None)]
    limits += [column >= days.first] if days.first is not None else []
    limits += [column <= days.last] if days.last is not None else []
    return and_(*limits)


def _confirmed(states: frozenset[LineState]) -> ColumnElement[bool]:
    """A line in one of the states; an issued line that nobody has spoken of yet is unanswered."""
    answers = LINE_ANSWER.c
    said = exists().where(answers.order_id == _ORDER.id, answers.state.in_(sorted(state.value for state in states)))
    if LineState.UNANSWERED not in states:
        return said
    spoken = exists().where(answers.order_id == ORDER_LINE.c.order_id, answers.line_no == ORDER_LINE.c.line_no)
    silent = exists().where(ORDER_LINE.c.order_id == _ORDER.id, ORDER_LINE.c.cancelled.is_(False), ~spoken)
    return or_(said, and_(_ORDER.status.in_([status.value for status in WITH_SUPPLIER]), silent))


def _row(row: Row[Any]) -> OrderRow:
    return OrderRow(
        id=OrderId(row.id),
        order_ref=row.order_ref,
        erp_number=row.erp_number,
        status=Status(row.status),
        on_hold=row.hold_since is not None,
        version=row.version,
        row_version=row.row_version,
        supplier_id=row.supplier_id,
        supplier_code=row.supplier_code,
        supplier_name=row.supplier_name,
        buyer_id=row.buyer_id,
        buyer_name=row.buyer_name,
        order_date=row.order_date,
        need_by=row.need_by,
        total=row.total,
        currency=row.currency,
        created_at=row.created_at,
        issued_at=row.issued_at,
    )


def _with_details(tx: Tx, rows: list[OrderRow]) -> Iterator[OrderRow]:
    """Add what lines, answers and open exceptions say, in two queries for the page."""
    ids = {"ids": [row.id for row in rows]}
    ours = func.any(bindparam("ids"))
    joined = and_(LINE_ANSWER.c.order_id == ORDER_LINE.c.order_id, LINE_ANSWER.c.line_no == ORDER_LINE.c.line_no)
    lines = select(
        ORDER_LINE.c.order_id, LINE_ANSWER.c.state, LINE_ANSWER.c.promised_ship, LINE_ANSWER.c.promised_delivery
    ).outerjoin(LINE_ANSWER, joined)
    said: dict[UUID, list[Any]] = defaultdict(list)
    for line in tx.conn.execute(lines.where(ORDER_LINE.c.order_id == ours, ORDER_LINE.c.cancelled.is_(False)), ids):
        said[line.order_id].append(line)
    kinds: dict[UUID, set[str]] = defaultdict(set)
    cases = select(EXCEPTION_CASE.c.order_id, EXCEPTION_CASE.c.type).where(EXCEPTION_CASE.c.order_id == ours, _OPEN_CASE)
    for order_id, kind in tx.conn.execute(cases, ids):
        kinds[order_id].add(kind)
    for row in rows:
        spoken = {LineState(line.state or LineState.UNANSWERED) for line in said[row.id]}
        yield replace(
            row,
            lines=len(said[row.id]),
            confirmation=tuple(sorted(spoken)) if row.status in WITH_SUPPLIER or row.status is Status.CLOSED else (),
            promised_ship=max((line.promised_ship for line in said[row.id] if line.promised_ship), default=None),
            promised_delivery=max((line.promised_delivery for line in said[row.id] if line.promised_delivery), default=None),
            exceptions=tuple(sorted(kinds[row.id])),
        )
