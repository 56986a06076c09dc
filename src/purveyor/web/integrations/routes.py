"""The page that answers: which outside systems are down, whose they are, and which orders and how much money wait for them?"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from purveyor.app.diagnose import Verdict
from purveyor.core.access import Permission
from purveyor.settings import Settings
from purveyor.store import feeds, interfaces
from purveyor.store.condition import OpenDocuments, open_documents
from purveyor.store.db import Database, Tx
from purveyor.store.feeds import Feed
from purveyor.store.interfaces import Interface, Touched
from purveyor.web.health import limits_of
from purveyor.web.i18n import marked
from purveyor.web.layers import LAYERS
from purveyor.web.navigation import NavItem, Part
from purveyor.web.security import SignedIn, page_router
from purveyor.web.templating import page
from purveyor.web.words import Word
from purveyor.web.workbench import terms

UNSEEN: Final = timedelta(minutes=5)
"""A state nobody has looked at for so long is not known any more."""
STATES: Final = {
    "down": Word(marked("Down"), "bad", "plug-off"),
    "failing": Word(marked("Answers, but documents failed"), "warn", "alert-triangle"),
    "unknown": Word(marked("Not known: no worker has looked"), "neutral", "help-circle"),
    "works": Word(marked("Works"), "good", "plug"),
}
"""What can be said of an interface, the worst first."""

router = page_router("/integrations")


@dataclass(frozen=True, slots=True)
class Row:
    """One interface as the page shows it; ``fresh_since`` is when its slowest feed was last read to its end."""

    name: str
    state: str
    known: Interface | None
    pending: OpenDocuments | None
    dead: OpenDocuments | None
    touched: Touched | None
    fresh_since: datetime | None
    problem: str | None


@router.get("")
def list_page(request: Request, actor: SignedIn) -> Response:
    """Which outside systems are down, and what waits for them?"""
    actor.require(Permission.OPERATIONS_READ)
    database: Database = request.app.state.database
    settings: Settings = request.app.state.settings
    with database.read(actor, correlation_id=request.state.correlation_id, source="web") as tx:
        rows = _rows(tx)
        checks = {key: layer.look(tx, settings, limits_of(settings)) for key, layer in LAYERS.items()}
    return page(
        request,
        "integrations/list.html",
        rows=rows,
        down=[row for row in rows if row.state == "down"],
        states=STATES,
        terms=terms,
        layers=[
            (layer, layer.owner_of(settings), all(check.verdict is not Verdict.FAIL for check in checks[key]))
            for key, layer in LAYERS.items()
        ],
    )


def _rows(tx: Tx) -> list[Row]:
    known = {one.name: one for one in interfaces.listed(tx)}
    waiting = {(one.interface, one.state): one for one in open_documents(tx)}
    touched = interfaces.touched(tx)
    read: dict[str, list[Feed]] = {}
    for feed in feeds.all_feeds(tx):
        read.setdefault(f"erp:{feed.erp}", []).append(feed)
    names = sorted({*known, *read, *(name for name, _ in waiting)})
    rows = [_row(tx, name, known.get(name), waiting, touched.get(name), read.get(name, [])) for name in names]
    return sorted(rows, key=lambda row: (list(STATES).index(row.state), row.name))


def _row(
    tx: Tx,
    name: str,
    known: Interface | None,
    waiting: dict[tuple[str, str], OpenDocuments],
    touched: Touched | None,
    read: list[Feed],
) -> Row:
    dead = waiting.get((name, "dead"))
    problems = [feed.problem for feed in read if feed.problem]
    problem = (known.problem if known else None) or (problems[0] if problems else None)
    if known is not None and known.problem:
        state = "down"
    elif dead or problems:
        state = "failing"
    elif known is not None and tx.real_now - known.checked_at > UNSEEN:
        state = "unknown"
    else:
        state = "works"
    moments = [feed.read_at for feed in read if feed.read_at is not None]
    return Row(name, state, known, waiting.get((name, "pending")), dead, touched, min(moments, default=None), problem)


PART: Final = Part(
    "integrations",
    (router,),
    (NavItem(marked("Integrations"), "/integrations", "plug", Permission.OPERATIONS_READ),),
)
