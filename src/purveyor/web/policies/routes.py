"""Policies: which decision tables are in force, since when, by whom; what a version says, what changed, what a draft proves.

A draft is proved here and never saved: publishing needs two people and is done at the command line.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from math import prod
from typing import Annotated, Final

from fastapi import File, Form, Query, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from purveyor.connectors.tables import MEDIA_TYPES, Sheet, write_csv
from purveyor.core.access import Actor, Permission
from purveyor.core.errors import NotFound
from purveyor.core.policy.compile import compile_columns
from purveyor.core.policy.difference import Difference, differences
from purveyor.core.policy.proof import Proof, prove
from purveyor.core.policy.reading import InvalidPolicy, read_table
from purveyor.core.policy.table import Table
from purveyor.store import policies
from purveyor.store.db import Database, Tx
from purveyor.store.policies import Publication
from purveyor.web.i18n import marked
from purveyor.web.navigation import NavItem, Part
from purveyor.web.policies.row_words import HIT, TableReader
from purveyor.web.security import SignedIn, page_router
from purveyor.web.templating import page

MOST_PROVED: Final = 100_000
"""So many combinations are proved while a person waits (about a second); larger tables are proved when they are loaded."""
LONGEST_DRAFT: Final = 500_000

router = page_router("/policies")


@router.get("")
def list_page(request: Request, actor: SignedIn) -> Response:
    """Which decision tables are in force?"""
    with _reading(request, actor) as tx:
        in_force = policies.in_force(tx, tx.now)
        current = policies.current_policies(tx)
        tables = {key: current.tables[key].table for key in in_force}
    rows = sorted(in_force.values(), key=lambda one: one.table)
    return page(request, "policies/list.html", now=tx.now, rows=rows, tables=tables, policy_set=current.hash)


@router.get("/{key}")
def table_page(request: Request, actor: SignedIn, key: str, version: str = "") -> Response:
    """What does this table say, row by row?"""
    with _reading(request, actor) as tx:
        published = _published(tx, key)
        chosen = _chosen(published, tx, version)
        table = _table(tx, chosen)
    return page(
        request,
        "policies/table.html",
        now=tx.now,
        table=table,
        chosen=chosen,
        published=published,
        in_force=_chosen(published, tx, ""),
        reader=TableReader(request.state.viewer.locale),
        hit=HIT,
    )


@router.get("/{key}/compare")
def compare_page(
    request: Request, actor: SignedIn, key: str, before: Annotated[str, Query()], after: Annotated[str, Query()]
) -> Response:
    """What changed from one version to another?"""
    with _reading(request, actor) as tx:
        published = _published(tx, key)
        old, new = (_chosen(published, tx, version) for version in (before, after))
        changes = differences(_table(tx, old), _table(tx, new))
    reader = TableReader(request.state.viewer.locale)
    return page(request, "policies/compare.html", now=tx.now, key=key, old=old, new=new, changes=changes, reader=reader)


@router.get("/{key}/table.toml")
def as_toml(request: Request, actor: SignedIn, key: str, version: str = "") -> Response:
    """Download a version exactly as it was loaded."""
    with _reading(request, actor) as tx:
        chosen = _chosen(_published(tx, key), tx, version)
        content = policies.content_of(tx, key, chosen.version)
    return _file(content.encode("utf-8"), "application/toml", f"{key}-{chosen.version[:12]}.toml")


@router.get("/{key}/table.csv")
def as_csv(request: Request, actor: SignedIn, key: str, version: str = "") -> Response:
    """Download the grid of a version."""
    with _reading(request, actor) as tx:
        chosen = _chosen(_published(tx, key), tx, version)
        table = _table(tx, chosen)
    reader = TableReader(request.state.viewer.locale)
    sheet = Sheet(key, ["id", *reader.headings(table)], ([row.id, *row.cells] for row in reader.rows(table)))
    return _file(write_csv(sheet), MEDIA_TYPES["csv"], f"{key}-{chosen.version[:12]}.csv")


@router.get("/{key}/draft")
def draft_page(request: Request, actor: SignedIn, key: str) -> Response:
    """What would a changed table prove? Begins with the text in force."""
    with _reading(request, actor) as tx:
        chosen = _chosen(_published(tx, key), tx, "")
        content = policies.content_of(tx, key, chosen.version)
    return page(request, "policies/draft.html", now=tx.now, key=key, content=content, checked=False, wrong=None)


@router.post("/{key}/draft")
def prove_draft(
    request: Request,
    actor: SignedIn,
    key: str,
    content: Annotated[str, Form(max_length=LONGEST_DRAFT)] = "",
    file: Annotated[UploadFile | None, File()] = None,
) -> Response:
    """Prove a draft: gaps, overlaps, rows that never fire, and what it would change; nothing is saved."""
    with _reading(request, actor) as tx:
        in_force = _table(tx, _chosen(_published(tx, key), tx, ""))
    uploaded = b"" if file is None else file.file.read()
    wrong: Mapping[str, object] | None = None
    proof: Proof | None = None
    changes: tuple[Difference, ...] = ()
    try:
        content = uploaded.decode("utf-8") if uploaded else content
        draft = read_table(content, key)
        proof = _proof(draft)
        changes = differences(in_force, draft)
    except (InvalidPolicy, UnicodeDecodeError) as error:
        wrong = error.fields if isinstance(error, InvalidPolicy) else {"file": key, "reason": "not readable as UTF-8 text"}
    return page(
        request,
        "policies/draft.html",
        now=tx.now,
        status=422 if wrong else 200,
        checked=True,
        key=key,
        content=content,
        proof=proof,
        changes=changes,
        wrong=wrong,
        reader=TableReader(request.state.viewer.locale),
    )


def _reading(request: Request, actor: Actor) -> AbstractContextManager[Tx]:
    actor.require(Permission.EVENT_READ)
    database: Database = request.app.state.database
    return database.read(actor, correlation_id=request.state.correlation_id, source="web")


def _proof(draft: Table) -> Proof | None:
    """Prove a draft, or return None when it has too many combinations to wait for."""
    cells = prod(len(column.parts()) for column in compile_columns(draft))
    return prove(draft) if cells <= MOST_PROVED else None


def _published(tx: Tx, key: str) -> list[Publication]:
    found = policies.publications(tx, key)
    if not found:
        raise NotFound(policy=key)
    return found


def _chosen(published: list[Publication], tx: Tx, version: str) -> Publication:
    """Return the publication of a version, by default the one in force, or the first to come when none is yet."""
    wanted = [one for one in published if (one.version == version if version else one.effective_from <= tx.now)]
    if version and not wanted:
        raise NotFound(policy=published[0].table, version=version)
    return (wanted or published[-1:])[0]


def _table(tx: Tx, published: Publication) -> Table:
    content = policies.content_of(tx, published.table, published.version)
    return read_table(content, published.table)


def _file(content: bytes, media_type: str, name: str) -> Response:
    return Response(content, media_type=media_type, headers={"Content-Disposition": f'attachment; filename="{name}"'})


PART: Final = Part("policies", (router,), (NavItem(marked("Policies"), "/policies", "adjustments", Permission.EVENT_READ),))
