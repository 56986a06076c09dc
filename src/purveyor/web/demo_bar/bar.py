"""What the strip shows on every page; in every installation but the demo it shows nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from starlette.requests import Request

from purveyor.core.access import SYSTEM
from purveyor.core.errors import PurveyorError
from purveyor.settings import Settings
from purveyor.store import demo_requests
from purveyor.store.db import Database
from purveyor.store.demo_requests import DONE, DemoRequest, DemoState, DemoVerb, SignIn
from purveyor.web.i18n import marked
from purveyor.web.navigation import Bar

VERBS: Final[dict[DemoVerb, str]] = {
    DemoVerb.NEXT_MORNING: marked("Next morning"),
    DemoVerb.UNPLUG: marked("Unplug the ERP"),
    DemoVerb.PLUG: marked("Plug the ERP in"),
    DemoVerb.RESET: marked("Begin anew"),
}


@dataclass(frozen=True, slots=True)
class DemoBar:
    """The state of the demo; ``failed`` is the request that ended last, when it was not carried out."""

    now: datetime
    state: DemoState
    waiting: tuple[DemoRequest, ...]
    failed: DemoRequest | None
    people: tuple[SignIn, ...]


def is_demo(request: Request) -> bool:
    """Say whether this installation is the demo."""
    settings: Settings = request.app.state.settings
    return settings.demo


def read_demo(request: Request) -> DemoBar:
    """Read the state of the demo; raise what the store raises."""
    database: Database = request.app.state.database
    with database.read(SYSTEM) as tx:
        last = demo_requests.last_done(tx)
        return DemoBar(
            now=tx.now,
            state=demo_requests.state(tx),
            waiting=tuple(demo_requests.waiting(tx)),
            failed=last if last is not None and last.result != DONE else None,
            people=tuple(demo_requests.sign_ins(tx)),
        )


def _shown(request: Request) -> DemoBar | None:
    """Return what the strip shows: nothing outside the demo, and nothing while the database cannot be reached."""
    if not is_demo(request):
        return None
    try:
        return read_demo(request)
    except PurveyorError as error:
        if not error.retryable:
            raise
        return None


def _context(request: Request) -> Mapping[str, Any]:
    return {"demo": _shown(request), "demo_verbs": VERBS}


BAR: Final = Bar("demo_bar/bar.html", _context)
