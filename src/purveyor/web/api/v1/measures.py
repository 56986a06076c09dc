"""Measures: how well the process runs, each figure with what it rests on, and the orders, lines and documents behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query
from starlette.responses import Response

from purveyor.core.access import Permission
from purveyor.core.errors import UnknownReference
from purveyor.insight.definitions import DEFINITIONS, Definition, MeasureId
from purveyor.insight.figures import Counted, Figure, Result, Unit
from purveyor.insight.handoffs import Handoff, LineHandoffs, Said
from purveyor.store import masters
from purveyor.store.db import Tx
from purveyor.web.api.common import Call, Limit, Reply, answer, api_router
from purveyor.web.api.v1.doors import house_reads, order_to_read
from purveyor.web.api.v1.operations import LIST, REPORT, operation
from purveyor.web.api.v1.paging import listing
from purveyor.web.api.v1.shapes import Day, Number, OrderRef
from purveyor.web.api.wire import Page, Wire
from purveyor.web.measures.asking import Asked, asked
from purveyor.web.measures.reading import line_handoffs, measure

router = api_router("", "Measures")

Reading = Annotated[Call, Depends(house_reads(Permission.EVENT_READ))]
"""A client that may read what happened."""


@dataclass(frozen=True, slots=True)
class PeriodAsked:
    """First and last day, both included (UTC), and of which supplier and site (by code); 30 days unless given."""

    first: Annotated[Day | None, Query(alias="from")] = None
    last: Annotated[Day | None, Query(alias="to")] = None
    supplier: Annotated[str | None, Query(max_length=64)] = None
    site: Annotated[str | None, Query(max_length=64)] = None

    def read(self, tx: Tx, **rows: str | None) -> Asked:
        """Return what is asked for, ``rows`` chosen among; raises InvalidInput and UnknownReference naming the parameter."""
        given: dict[str, str | date | UUID | None] = {"from": self.first, "to": self.last, **rows}
        given["supplier"] = _id_of(tx, "supplier", self.supplier)
        given["site"] = _id_of(tx, "site", self.site)
        return asked({name: str(value) for name, value in given.items() if value is not None}, tx.now)


def _id_of(tx: Tx, entity: str, code: str | None) -> UUID | None:
    if code is None:
        return None
    found = masters.ids_by_code(tx, entity, [code])
    if code not in found:
        raise UnknownReference(field=entity, code=code)
    return found[code]


class FigureOut(Wire):
    """One number. No value: no data. ``at_least``: the true one is higher, because some have not ended yet."""

    key: str
    unit: Unit
    group: str | None
    value: Number | None
    sample: int
    at_least: bool
    too_few: bool


class BesideOut(Wire):
    """What is counted beside the figure without being in it."""

    code: str
    count: int


class MeasureOut(Wire):
    """A measure with its definition. ``missing`` says why it is not measured yet; then it has no figures."""

    id: MeasureId
    number: int
    name: str
    definition: str
    formula: str
    clock: str
    exclusions: str
    missing: str | None
    first_day: Day
    last_day: Day
    numerator: int | None
    denominator: int | None
    provisional: bool
    figures: list[FigureOut]
    beside: list[BesideOut]


class MeasureList(Wire):
    """All measures over one period, by their numbers."""

    items: list[MeasureOut]


class MeasuredLineOut(Wire):
    """One unit of count: an order, a line of it or a document, and why it is in the figure."""

    order_ref: str | None
    line_no: int | None
    document_type: str | None
    document_id: UUID | None
    name: str | None
    party: str | None
    group: str | None
    why: str
    counts: bool
    value: Number | None
    calendar_hours: Number | None
    still_open: bool
    at: datetime


class MeasuredLines(Page):
    """The rows behind a measure, those first that a reader of the figure asks for."""

    items: list[MeasuredLineOut]


class HandoffOut(Wire):
    """One answer with its moment, the event that proves it, and the invoice it is about."""

    question: Handoff
    answer: Said
    at: datetime | None
    proof: str | None
    invoice_id: UUID | None


class LineHandoffsOut(Wire):
    """The five answers for one line."""

    line_no: int
    answers: list[HandoffOut]


class HandoffList(Wire):
    """The five answers for every line of an order."""

    order_ref: str
    items: list[LineHandoffsOut]


@router.get("/measures", **operation("list_measures", "Read all measures", Permission.EVENT_READ, MeasureList, slo=REPORT))
def list_measures(call: Reading, period: Annotated[PeriodAsked, Depends()]) -> Response:
    """Read every measure over a period with what it rests on; those not measured yet say what is missing."""
    with call.reading() as tx:
        wanted = period.read(tx)
        items = [_measure(one, measure(tx, one.id, wanted.wanted), wanted) for one in DEFINITIONS]
    return answer(call, Reply(MeasureList(items=items)))


@router.get(
    "/measures/{measure_id}/lines",
    **operation("list_measured_lines", "List what a measure is made of", Permission.EVENT_READ, MeasuredLines, slo=REPORT),
)
def list_measured_lines(
    call: Reading,
    measure_id: MeasureId,
    period: Annotated[PeriodAsked, Depends()],
    group: Annotated[str | None, Query(max_length=200)] = None,
    why: Annotated[str | None, Query(max_length=60)] = None,
    limit: Limit = 50,
    cursor: str | None = None,
) -> Response:
    """List the orders, lines and documents behind a measure, of one group or reason when asked for."""
    page = listing(call, "first")
    position = page.behind(cursor)
    with call.reading() as tx:
        wanted = period.read(tx, group=group, why=why)
        found = measure(tx, measure_id, wanted.wanted)
    rows = [] if found is None else wanted.rows(found.rows)
    following = rows if position is None else [row for row in rows if row.place > position]
    shown = following[:limit]
    more = page.cursor(*shown[-1].place) if len(following) > limit else None
    return answer(call, Reply(MeasuredLines(items=[_line(row) for row in shown], next_cursor=more)))


@router.get(
    "/orders/{order_ref}/handoffs",
    **operation("read_handoffs", "Read the five handoff answers", Permission.EVENT_READ, HandoffList, slo=LIST),
)
def read_handoffs(order_ref: OrderRef, call: Reading) -> Response:
    """Read for each line whether it was approved on time, acknowledged, changed, received in full and matched."""
    with order_to_read(call, order_ref) as (tx, order):
        lines = line_handoffs(tx, [order.id])
    return answer(call, Reply(HandoffList(order_ref=order.order_ref, items=[_handoffs(line) for line in lines])))


def _measure(one: Definition, result: Result | None, wanted: Asked) -> MeasureOut:
    return MeasureOut(
        id=one.id,
        number=one.number,
        name=one.name,
        definition=one.definition,
        formula=one.formula,
        clock=one.clock,
        exclusions=one.exclusions,
        missing=one.missing or None,
        first_day=wanted.first,
        last_day=wanted.last,
        numerator=None if result is None else result.numerator,
        denominator=None if result is None else result.denominator,
        provisional=result is not None and result.provisional,
        figures=[] if result is None else [_figure(figure) for figure in result.figures],
        beside=[] if result is None else [BesideOut(code=code, count=count) for code, count in result.beside],
    )


def _figure(figure: Figure) -> FigureOut:
    return FigureOut(
        key=figure.key,
        unit=figure.unit,
        group=figure.group or None,
        value=figure.value,
        sample=figure.sample,
        at_least=figure.at_least,
        too_few=figure.is_small,
    )


def _line(row: Counted) -> MeasuredLineOut:
    return MeasuredLineOut(
        order_ref=row.order_ref,
        line_no=row.line_no,
        document_type=None if row.document is None else row.document.type,
        document_id=None if row.document is None else row.document.id,
        name=row.name or None,
        party=row.party or None,
        group=row.group or None,
        why=row.why,
        counts=row.in_numerator,
        value=row.value,
        calendar_hours=row.beside,
        still_open=row.still_open,
        at=row.at,
    )


def _handoffs(line: LineHandoffs) -> LineHandoffsOut:
    answers = [
        HandoffOut(
            question=one.question,
            answer=one.said,
            at=one.at,
            proof=one.proof or None,
            invoice_id=None if one.document is None else one.document.id,
        )
        for one in line.answers
    ]
    return LineHandoffsOut(line_no=line.line_no, answers=answers)
