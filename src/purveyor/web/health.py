"""Whether this process lives and whether it can work; no detail for strangers."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from purveyor.core.access import SYSTEM
from purveyor.store.db import Database
from purveyor.web.navigation import Part

router = APIRouter(include_in_schema=False)


@router.get("/livez")
def alive() -> Response:
    """Say that the process answers; nothing else is looked at."""
    return PlainTextResponse("ok\n")


@router.get("/readyz")
def ready(request: Request) -> Response:
    """Say that the database answers; raises StoreUnavailable (503) when it does not."""
    database: Database = request.app.state.database
    with database.read(SYSTEM):
        return PlainTextResponse("ok\n")


PART: Final = Part("health", (router,))
