"""The pages of measures: all of them at a glance, and each with its definition, its figures and the rows behind them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from purveyor.core.access import Actor, Permission
from purveyor.core.errors import NotFound
from purveyor.insight.definitions import DEFINITIONS, MeasureId
from purveyor.insight.figures import Counted
from purveyor.insight.handoffs import Answer, LineHandoffs
from purveyor.store.db import Database, Tx
from purveyor.store.views import measured
from purveyor.store.views.names import order_choices
from purveyor.web.cursors import list_identity, seal, unseal
from purveyor.web.exports import ExportColumn, FileKind, download
from purveyor.web.i18n import gettext, marked
from purveyor.web.listing import PAGE_SIZE, Listing, listing_of
from purveyor.web.measures import terms
from purveyor.web.measures.asking import FILTERS, asked, shared
from purveyor.web.measures.reading import line_handoffs, measure
from purveyor.web.measures.shown import Reader
from purveyor.web.navigation import NavItem, Part
from purveyor.web.security import SignedIn, page_router
from purveyor.web.templating import page

router = page_router("/measures")
_SORT: Final = "first"


@router.get("")
def measures_page(request: Request, actor: SignedIn) -> Response:
    """How well does the process run, and what does each figure rest on?"""
    listing = _listing(request, actor)
    with _reading(request, actor) as tx:
        wanted = asked(listing.filters, tx.now)
        found = {one.id: measure(tx, one.id, wanted.wanted) for one in DEFINITIONS if one.is_measured}
        choices = _choices(request, tx)
    readers = {which: _reader(request, which) for which in found}
    return page(
        request,
        "measures/measures.html",
        now=tx.now,
        listing=listing,
        asked=wanted,
        choices=choices,
        definitions=DEFINITIONS,
        results=found,
        readers=readers,
        query=_query(shared(listing.filters)),
        downloads=[
            (kind.value.upper(), f"/measures/handoffs.{kind.value}{_query(shared(listing.filters))}") for kind in FileKind
        ],
    )


@router.get("/handoffs.csv")
def handoffs_as_csv(request: Request, actor: SignedIn) -> Response:
    """Download the five answers for every line first sent in the period as CSV."""
    return _handoff_file(request, actor, FileKind.CSV)


@router.get("/handoffs.xlsx")
def handoffs_as_xlsx(request: Request, actor: SignedIn) -> Response:
    """Download the five answers for every line first sent in the period as a workbook."""
    return _handoff_file(request, actor, FileKind.XLSX)


@router.get("/{name}.csv")
def measure_as_csv(request: Request, actor: SignedIn, name: str) -> Response:
    """Download the rows behind a measure as CSV."""
    return _file(request, actor, name, FileKind.CSV)


@router.get("/{name}.xlsx")
def measure_as_xlsx(request: Request, actor: SignedIn, name: str) -> Response:
    """Download the rows behind a measure as a workbook."""
    return _file(request, actor, name, FileKind.XLSX)


@router.get("/{name}")
def measure_page(request: Request, actor: SignedIn, name: str) -> Response:
    """What does this measure mean, what is it, and which orders is it made of?"""
    which, listing = _measure_id(name), _listing(request, actor)
    reader = _reader(request, which)
    bound_to = list_identity(actor, listing.path, listing.sort, listing.filters)
    with _reading(request, actor) as tx:
        wanted = asked(listing.filters, tx.now)
        found = measure(tx, which, wanted.wanted)
        choices = _choices(request, tx)
    listed = [] if found is None else wanted.rows(found.rows)
    shown = _behind(listed, unseal(request, bound_to, listing.cursor))
    more = seal(request, bound_to, shown[PAGE_SIZE - 1].place) if len(shown) > PAGE_SIZE else None
    return page(
        request,
        "measures/measure.html",
        now=tx.now,
        listing=listing.with_next(more),
        asked=wanted,
        choices=choices,
        reader=reader,
        definition=reader.definition,
        result=found,
        rows=shown[:PAGE_SIZE],
        listed=len(listed),
        query=_query(shared(listing.filters)),
        downloads=[(kind.value.upper(), f"/measures/{name}.{kind.value}{_query(listing.filters)}") for kind in FileKind],
    )


def _behind(rows: Sequence[Counted], position: tuple[str, ...] | None) -> list[Counted]:
    """Return the next page of rows behind a place, and one more when there is more."""
    following = rows if position is None else [row for row in rows if row.place > position]
    return list(following[: PAGE_SIZE + 1])


def _file(request: Request, actor: Actor, name: str, kind: FileKind) -> Response:
    which, listing = _measure_id(name), _listing(request, actor)
    reader = _reader(request, which)
    with _reading(request, actor) as tx:
        wanted = asked(listing.filters, tx.now)
        found = measure(tx, which, wanted.wanted)
        rows = [] if found is None else wanted.rows(found.rows)
        return download(kind, name, reader.translate(reader.definition.name), tx.now, reader.export_columns(), rows)


def _handoff_file(request: Request, actor: Actor, kind: FileKind) -> Response:
    listing = _listing(request, actor)
    _ = gettext(request.state.viewer.locale)
    with _reading(request, actor) as tx:
        orders = measured.issued_orders(tx, asked(listing.filters, tx.now).wanted)
        lines = line_handoffs(tx, [order.id for order in orders])
        rows = [(line, answer) for line in lines for answer in line.answers]
        columns: list[ExportColumn[tuple[LineHandoffs, Answer]]] = [
            ExportColumn(_("Order"), lambda row: row[0].order_ref),
            ExportColumn(_("Line"), lambda row: row[0].line_no),
            ExportColumn(_("Question"), lambda row: _(terms.HANDOFF[row[1].question])),
            ExportColumn(_("Answer"), lambda row: _(terms.SAID[row[1].said].text)),
            ExportColumn(_("When"), lambda row: row[1].at),
            ExportColumn(_("Proof"), lambda row: row[1].proof),
        ]
        return download(kind, "handoffs", _("Handoffs"), tx.now, columns, rows)


def _reading(request: Request, actor: Actor) -> AbstractContextManager[Tx]:
    actor.require(Permission.EVENT_READ)
    database: Database = request.app.state.database
    return database.read(actor, correlation_id=request.state.correlation_id, source="web")


def _listing(request: Request, actor: Actor) -> Listing:
    actor.require(Permission.EVENT_READ)
    return listing_of(request, sorts=(_SORT,), default=_SORT, filters=FILTERS)


def _measure_id(name: str) -> MeasureId:
    try:
        return MeasureId(name)
    except ValueError as error:
        raise NotFound(measure=name) from error


def _reader(request: Request, which: MeasureId) -> Reader:
    locale = request.state.viewer.locale
    return Reader(which, gettext(locale), locale)


def _choices(request: Request, tx: Tx) -> dict[str, list[tuple[str, str]]]:
    _ = gettext(request.state.viewer.locale)
    known = order_choices(tx)
    named = {"supplier": known.suppliers, "site": known.sites}
    return {name: [("", _("Any")), *((str(each.id), each.name) for each in found)] for name, found in named.items()}


def _query(filters: Mapping[str, str]) -> str:
    return f"?{urlencode(filters)}" if filters else ""


PART: Final = Part("measures", (router,), (NavItem(marked("Measures"), "/measures", "scale", Permission.EVENT_READ),))
