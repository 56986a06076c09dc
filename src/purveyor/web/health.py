"""Whether this process lives and whether it can work; no detail for strangers.

A supplier or an ERP that is away never makes us unready: orders wait for them, people go on working.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from purveyor.app import diagnose
from purveyor.app.diagnose import Check, Limits, Verdict
from purveyor.core.access import SYSTEM, Permission
from purveyor.core.errors import NotFound
from purveyor.settings import Settings
from purveyor.store.db import Database
from purveyor.web.layers import LAYERS
from purveyor.web.navigation import Part
from purveyor.web.refusals import NotSignedIn
from purveyor.web.security import signed_in

router = APIRouter(include_in_schema=False)


@router.get("/livez")
def alive() -> Response:
    """Say that the process answers; nothing else is looked at."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
def ready(request: Request) -> Response:
    """Say in one word whether work can be done here (503 when not); people of IT who are signed in see each check.

    Raises StoreUnavailable (503) when the database does not answer.
    """
    database: Database = request.app.state.database
    settings: Settings = request.app.state.settings
    with database.read(SYSTEM, correlation_id=request.state.correlation_id, source="web") as tx:
        checks = diagnose.readiness(tx, limits_of(settings), settings.data_dir)
    return _answer(request, checks, {})


@router.get("/readyz/{layer}")
def layer_ready(request: Request, layer: str) -> Response:
    """Say whether one of the five layers is well (503 when not); people of IT see owner, page and checks. Raises NotFound."""
    if layer not in LAYERS:
        raise NotFound(layer=layer)
    database: Database = request.app.state.database
    settings: Settings = request.app.state.settings
    found = LAYERS[layer]
    with database.read(SYSTEM, correlation_id=request.state.correlation_id, source="web") as tx:
        checks = found.look(tx, settings, limits_of(settings))
    facts = {"layer": layer, "owner": found.owner_of(settings), "documentation": f"docs/layers/{layer}.md"}
    return _answer(request, checks, facts)


def limits_of(settings: Settings) -> Limits:
    """Return the limits that these settings name."""
    return Limits(
        queue_age=timedelta(seconds=int(settings.queue_age_limit_seconds)),
        stalled=timedelta(seconds=int(settings.stalled_seconds)),
    )


def _answer(request: Request, checks: Sequence[Check], facts: Mapping[str, str]) -> Response:
    failed = [check for check in checks if check.verdict is Verdict.FAIL]
    status = 503 if failed else 200
    if _may_see_details(request):
        return JSONResponse({**facts, "ready": not failed, "checks": [_shown(check) for check in checks]}, status)
    return PlainTextResponse("not ready\n" if failed else "ok\n", status)


def _may_see_details(request: Request) -> bool:
    if request.app.state.guard.cookie not in request.cookies:
        return False
    try:
        return signed_in(request).may(Permission.OPERATIONS_READ)
    except NotSignedIn:
        return False


def _shown(check: Check) -> dict[str, str]:
    return {"check": check.name, "verdict": check.verdict.value, "found": check.found, "advice": check.advice}


PART: Final = Part("health", (router,))
