"""The web application: middleware in the order it runs, the parts, and the API's description."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from purveyor.connectors.identity.oidc import OidcProvider, load_provider
from purveyor.core.errors import PurveyorError
from purveyor.settings import Settings
from purveyor.store.db import Database
from purveyor.web import health, metrics
from purveyor.web.account.routes import PART as ACCOUNT
from purveyor.web.api.openapi import describe
from purveyor.web.api.quota import Quota
from purveyor.web.api.v1 import PART as API
from purveyor.web.approvals.routes import PART as APPROVALS
from purveyor.web.audit.routes import PART as AUDIT
from purveyor.web.bodies import BodyLimits
from purveyor.web.csp import SecurityHeaders
from purveyor.web.demo_bar.routes import PART as DEMO
from purveyor.web.exceptions.routes import PART as EXCEPTIONS
from purveyor.web.heads import Heads
from purveyor.web.integrations.routes import PART as INTEGRATIONS
from purveyor.web.invoices.routes import PART as INVOICES
from purveyor.web.measures.routes import PART as MEASURES
from purveyor.web.messages.routes import PART as MESSAGES
from purveyor.web.metrics import Durations, Figures
from purveyor.web.navigation import Part
from purveyor.web.overview.routes import PART as OVERVIEW
from purveyor.web.people.routes import PART as PEOPLE
from purveyor.web.policies.routes import PART as POLICIES
from purveyor.web.portal.door import SupplierVisits
from purveyor.web.portal.routes import PART as SUPPLIER_PAGE
from purveyor.web.problems import answer, problem_of, problem_of_http, problem_of_validation
from purveyor.web.receiving.routes import PART as RECEIVING
from purveyor.web.security import Visitors, guard_of
from purveyor.web.signin.passwords import Tries
from purveyor.web.signin.routes import PART as SIGN_IN
from purveyor.web.suppliers.routes import PART as SUPPLIERS
from purveyor.web.templating import STATIC, Pages
from purveyor.web.tracing import Correlation, Faults
from purveyor.web.workbench.part import PART as WORKBENCH

PARTS: Final[tuple[Part, ...]] = (
    SIGN_IN,
    health.PART,
    metrics.PART,
    WORKBENCH,
    APPROVALS,
    EXCEPTIONS,
    RECEIVING,
    INVOICES,
    SUPPLIERS,
    MESSAGES,
    INTEGRATIONS,
    OVERVIEW,
    MEASURES,
    PEOPLE,
    ACCOUNT,
    POLICIES,
    AUDIT,
    SUPPLIER_PAGE,
    API,
    DEMO,
)
"""Every area of the web interface; header links appear in this order."""


def create_app(database: Database, settings: Settings, parts: Sequence[Part] = PARTS) -> FastAPI:
    """Build the application for one installation; raise InvalidSettings when it could not be used safely."""
    guard = guard_of(settings)
    figures = Figures(database, settings)
    app = FastAPI(
        title="Purveyor",
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
        redirect_slashes=False,
        # The framework's own spans and logs would carry addresses (that of a supplier's page is a secret) and exceptions.
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False, "auto_configure": False},
        middleware=[
            Middleware(Heads),
            Middleware(Durations, seconds=figures.seconds),
            Middleware(Correlation),
            Middleware(SecurityHeaders, encrypted=guard.encrypted),
            Middleware(Visitors, guard=guard),
            Middleware(Faults),
            Middleware(BodyLimits),
        ],
        exception_handlers={
            PurveyorError: _refused,
            RequestValidationError: _not_valid,
            HTTPException: _not_served,
        },
    )
    app.state.database = database
    app.state.settings = settings
    app.state.guard = guard
    app.state.tries = Tries()
    app.state.supplier_visits = SupplierVisits()
    app.state.quota = Quota()
    app.state.figures = figures
    app.state.provider = OidcProvider(load_provider(settings.identity_file)) if settings.identity_file else None
    navigation = tuple(item for part in parts for item in part.navigation)
    bars = [part.bar for part in parts if part.bar is not None]
    folders = tuple(part.templates for part in parts if part.templates is not None)
    app.state.pages = Pages(navigation, bars[0] if bars else None, folders)
    app.mount("/static", GZipMiddleware(StaticFiles(directory=STATIC)), name="static")
    for part in parts:
        for router in part.routers:
            app.include_router(router)
    describe(app)
    return app


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, PurveyorError)
    return answer(request, problem_of(error))


async def _not_valid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return answer(request, problem_of_validation(error))


async def _not_served(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return answer(request, problem_of_http(error))
