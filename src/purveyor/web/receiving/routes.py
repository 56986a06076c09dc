"""The dock: what is expected per site and day, counting what came, and counting again what was held."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Annotated, Any, Final
from uuid import UUID, uuid4

from fastapi import Depends, Form
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from purveyor.app import receive
from purveyor.app.progress import progress_of
from purveyor.app.receive import CountedLine, ReceiptCommand, ReceiptResult
from purveyor.core.access import Actor, Permission
from purveyor.core.acknowledge import DocumentChanged
from purveyor.core.cases import ExceptionType
from purveyor.core.errors import InvalidInput
from purveyor.core.ids import OrderId, ReceiptId, SiteId
from purveyor.core.lifecycle import WITH_SUPPLIER
from purveyor.core.order import OrderLine, PurchaseOrder
from purveyor.core.writing import written
from purveyor.store import cases, masters, orders, receipts
from purveyor.store.cases import CaseFilter
from purveyor.store.db import Database, Tx
from purveyor.store.views.exception_view import ListedCase, with_names
from purveyor.store.views.expected_goods import ExpectedGoods, expected_goods
from purveyor.store.views.names import order_choices
from purveyor.web.entries import Unreadable, number_in
from purveyor.web.exceptions.reading import counting_units
from purveyor.web.flashes import go_to
from purveyor.web.i18n import gettext, marked
from purveyor.web.navigation import NavItem, Part
from purveyor.web.security import SignedIn, page_router
from purveyor.web.templating import page
from purveyor.web.workbench import terms

DOCK_TYPES: Final = frozenset({ExceptionType.HELD_RECOUNT, ExceptionType.OVER_RECEIPT, ExceptionType.DAMAGED_RECEIPT})
LONGEST: Final = 64

router = page_router("/receiving")


async def sent_form(request: Request) -> FormData:
    """Return what a form sent; its token was checked by the router."""
    return await request.form()


SentForm = Annotated[FormData, Depends(sent_form)]


@dataclass(frozen=True, slots=True)
class Day:
    """What is expected on one day, by site."""

    day: date | None
    goods: tuple[ExpectedGoods, ...]


@router.get("")
def dock_page(request: Request, actor: SignedIn, site: str = "") -> Response:
    """What comes today and in the next days, and what waits at the dock for a second look?"""
    actor.require(Permission.EXCEPTION_READ)
    database: Database = request.app.state.database
    chosen = _site(site)
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        goods = _by_arrival(tx, expected_goods(tx, chosen))
        questions = with_names(tx, cases.listed(tx, CaseFilter(types=DOCK_TYPES)))
        sites = [("", gettext(request.state.viewer.locale)("All warehouses"))]
        sites += [(str(each.id), each.name) for each in order_choices(tx).sites]
    return page(
        request,
        "receiving/dock.html",
        now=tx.now,
        today=tx.now.date(),
        days=[Day(day, tuple(rest)) for day, rest in groupby(goods, key=lambda each: each.day)],
        expected=len(goods),
        due=sum(each.day is not None and each.day <= tx.now.date() for each in goods),
        questions=_ordered(questions),
        sites=sites,
        site=site,
        may_count=actor.may(Permission.RECEIPT_WRITE),
        terms=terms,
    )


def _site(typed: str) -> UUID | None:
    try:
        return UUID(typed) if typed else None
    except ValueError as error:
        raise InvalidInput(field="site", reason="this is no warehouse") from error


def _by_arrival(tx: Tx, goods: Sequence[ExpectedGoods]) -> list[ExpectedGoods]:
    """Divide what is ordered into what is still wanted, each part on the day it is promised for; the earliest first."""
    progress = progress_of(tx, {each.order_id for each in goods})
    expected = {
        (order_id, line.line_no, arrival.schedule_no): [each for each in line.arrivals if each.schedule_no == arrival.schedule_no]
        for order_id, lines in progress.items()
        for line in lines
        for arrival in line.arrivals
    }
    parts = [
        replace(each, quantity=arrival.quantity, day=arrival.day, promised=arrival.promised)
        for each in goods
        for arrival in expected.get((each.order_id, each.line_no, each.schedule_no), ())
    ]
    return sorted(parts, key=lambda each: (each.day is None, each.day or date.max, each.site or "", each.order_ref, each.line_no))


def _ordered(questions: list[ListedCase]) -> list[ListedCase]:
    """Counts to make again first: nothing of them is booked."""
    return sorted(questions, key=lambda each: each.case.type is not ExceptionType.HELD_RECOUNT)


@dataclass(frozen=True, slots=True)
class CountRow:
    """One line for one site on the form; ``open`` is what is still wanted, in base units."""

    name: str
    line: OrderLine
    site_id: SiteId | None
    open: Decimal
    base_uom: str
    units: tuple[str, ...]


@router.get("/{order_ref}")
def count_page(request: Request, order_ref: str, actor: SignedIn) -> Response:
    """Count what came of one order."""
    return _draw(request, actor, order_ref, {}, {})


@router.post("/{order_ref}")
def record_count(request: Request, order_ref: str, actor: SignedIn, form: SentForm) -> Response:
    """Record what was counted; what the count does not fit is held and asked about, nothing is lost."""
    _ = gettext(request.state.viewer.locale)
    database: Database = request.app.state.database
    typed = {name: str(value)[:LONGEST] for name, value in form.multi_items()}
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        order = orders.by_ref(tx, order_ref)
        rows = _rows(tx, order)
    lines, errors = _read_counts(rows, typed, _)
    if errors:
        return _draw(request, actor, order_ref, typed, errors)
    try:
        with database.transaction(actor, correlation_id=request.state.correlation_id, source="web") as tx:
            result = receive.record(tx, _command(tx, order.id, typed, tuple(lines)))
    except DocumentChanged:
        return _draw(
            request, actor, order_ref, typed, {"form": _("You had sent this form with other figures; check them and send again.")}
        )
    except InvalidInput as refused:
        return _draw(request, actor, order_ref, typed, {"form": str(refused.fields.get("problem") or refused.message)})
    return _told(request, result, _)


def _read_counts(
    rows: Sequence[CountRow], typed: Mapping[str, str], _: Callable[[str], str]
) -> tuple[list[CountedLine], dict[str, str]]:
    lines: list[CountedLine] = []
    errors: dict[str, str] = {}
    for row in rows:
        try:
            quantity, damaged = number_in(typed.get(row.name, "")), number_in(typed.get(f"{row.name}-damaged", ""))
        except Unreadable:
            errors[row.name] = _("This is no quantity. Write it like 12 or 12.5.")
            continue
        if quantity is None and damaged is None:
            continue
        if quantity is None or (damaged or Decimal(0)) > quantity:
            errors[row.name] = _("Damaged goods are part of what was counted.")
            continue
        uom = typed.get(f"{row.name}-uom") or row.line.uom
        lines.append(CountedLine(row.line.line_no, quantity, uom, row.site_id, damaged or Decimal(0)))
    if not lines and not errors:
        errors["form"] = _("Enter what was counted of at least one line.")
    return lines, errors


def _command(tx: Tx, order_id: OrderId, typed: Mapping[str, str], lines: tuple[CountedLine, ...]) -> ReceiptCommand:
    return ReceiptCommand(
        order_id=order_id,
        source=f"dock:{tx.actor.id}",
        external_id=typed.get("form_id") or str(uuid4()),
        counted_at=tx.now,
        lines=lines,
        notice=written(typed.get("notice", "")) or None,
        ends_shipment=typed.get("ends_shipment") == "yes",
    )


@router.post("/recount/{receipt_id:uuid}")
def record_recount(
    request: Request,
    receipt_id: UUID,
    actor: SignedIn,
    line_no: Annotated[int, Form()],
    form_id: Annotated[str, Form(max_length=LONGEST)],
    quantity: Annotated[str, Form(max_length=LONGEST)] = "",
    uom: Annotated[str, Form(max_length=20)] = "",
    damaged: Annotated[str, Form(max_length=LONGEST)] = "",
    ship_to: Annotated[str, Form(max_length=LONGEST)] = "",
) -> Response:
    """Record a second count that takes the place of one that was held."""
    _ = gettext(request.state.viewer.locale)
    database: Database = request.app.state.database
    try:
        counted, broken = number_in(quantity), number_in(damaged) or Decimal(0)
    except Unreadable as error:
        raise InvalidInput(field="quantity", reason=_("This is no quantity. Write it like 12 or 12.5.")) from error
    if counted is None:
        raise InvalidInput(field="quantity", reason=_("Enter what was counted."))
    line = CountedLine(line_no, counted, uom or None, SiteId(UUID(ship_to)) if ship_to else None, broken)
    with database.transaction(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        held = receipts.get(tx, ReceiptId(receipt_id))
        result = receive.recount(
            tx, held.id, _command(tx, held.order_id, {"form_id": form_id, "notice": held.notice or ""}, (line,))
        )
    return _told(request, result, _)


def _told(request: Request, result: ReceiptResult, _: Callable[[str], str]) -> Response:
    if result.repeated:
        return go_to(request, "/receiving", _("This count was recorded already; it counts once."), "info")
    asked = [line.question for line in result.lines if line.question]
    if asked:
        return go_to(request, "/receiving", _("Please count again: %(question)s") % {"question": " ".join(asked)}, "warn")
    if any(line.judged.excess for line in result.lines):
        return go_to(request, "/receiving", _("Recorded. More came than was ordered; the buyer decides on the rest."), "warn")
    return go_to(request, "/receiving", _("Recorded. The goods are booked."))


def _rows(tx: Tx, order: PurchaseOrder) -> list[CountRow]:
    rows = []
    for progress in progress_of(tx, [order.id])[order.id]:
        line = order.line(progress.line_no)
        if line is None or line.cancelled:
            continue
        units = counting_units(tx, order, line)
        base = units[1] if len(units) > 1 and line.uom is not None else units[0]
        rows += [
            CountRow(f"count-{line.line_no}-{at.place.ship_to}", line, at.place.ship_to, at.open, base, units)
            for at in progress.places
        ]
    return rows


def _draw(request: Request, actor: Actor, order_ref: str, typed: Mapping[str, str], errors: Mapping[str, str]) -> Response:
    actor.require(Permission.RECEIPT_WRITE)
    database: Database = request.app.state.database
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        order = orders.by_ref(tx, order_ref)
        shown: dict[str, Any] = {"rows": _rows(tx, order), "sites": {site.id: site.name for site in masters.sites(tx).values()}}
    return page(
        request,
        "receiving/count.html",
        now=tx.now,
        status=422 if errors else 200,
        order=order,
        open=order.status in WITH_SUPPLIER,
        typed=typed,
        errors=errors,
        form_id=str(uuid4()),
        **shown,
    )


PART: Final = Part(
    "receiving",
    (router,),
    (NavItem(marked("Receiving"), "/receiving", "building-warehouse", Permission.RECEIPT_WRITE),),
)
