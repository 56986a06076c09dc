"""Every refusal as RFC 9457 problem details for programs, and as a page with the same words for people.

Classes of errors are mapped to statuses here and nowhere else; core knows no HTTP. A number (`trace_id`) leads from what
the reader sees to the log.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi.exceptions import RequestValidationError
from starlette.datastructures import URL
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from purveyor.app import access_links
from purveyor.core import accounts, errors, money, quantity
from purveyor.store import failures, idempotency
from purveyor.web import refusals
from purveyor.web.templating import page

PROBLEM_JSON: Final = "application/problem+json"
FOR_PROGRAMS: Final = ("/v1/", "/static/")
"""Addresses that no person opens: no page, no cookie, no viewer."""
RETRY_AFTER_SECONDS: Final = 5

STATUS: Final[dict[type[errors.PurveyorError], int]] = {
    errors.PurveyorError: 409,
    errors.NotFound: 404,
    errors.NotAuthorised: 403,
    errors.InvalidInput: 422,
    errors.UnknownReference: 422,
    errors.ReasonRequired: 422,
    accounts.OwnRights: 403,
    access_links.LinkOver: 410,
    money.CurrencyMismatch: 422,
    quantity.UnknownUnit: 422,
    errors.StaleVersion: 412,
    errors.IllegalTransition: 409,
    failures.StoreUnavailable: 503,
    failures.StoreBusy: 503,
    failures.Conflict: 409,
    idempotency.KeyInFlight: 409,
    idempotency.KeyReused: 422,
    refusals.NotSignedIn: 401,
    refusals.StepUpNeeded: 401,
    refusals.KeyRefused: 401,
    refusals.SignInRefused: 401,
    refusals.TooManyTries: 429,
    refusals.ForeignOrigin: 403,
    refusals.FormExpired: 403,
    refusals.MalformedBody: 400,
    refusals.BodyTooLarge: 413,
    refusals.MethodNotAllowed: 405,
    refusals.KeyRequired: 400,
    refusals.VersionRequired: 428,
    refusals.BadCursor: 400,
    refusals.UnknownParameter: 400,
    refusals.InternalFault: 500,
}
"""The status of each class; a class that is not here has the status of its nearest parent."""

_FOR_PEOPLE: Final = {412: 409}
"""Pages have no If-Match: a stale form is a conflict."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """What is wrong with one value: ``pointer`` into the body (RFC 6901 as a fragment), or the name of a parameter or header."""

    detail: str
    pointer: str | None = None
    parameter: str | None = None
    header: str | None = None

    def as_json(self) -> dict[str, str]:
        """Return what goes on the wire, without what is absent."""
        named = {"pointer": self.pointer, "parameter": self.parameter, "header": self.header}
        return {"detail": self.detail, **{name: value for name, value in named.items() if value is not None}}


@dataclass(frozen=True, slots=True)
class Problem:
    """One refusal, ready to be shown or sent."""

    status: int
    code: str
    title: str
    detail: str
    retryable: bool
    errors: Sequence[FieldProblem] = ()
    facts: Mapping[str, str] | None = None

    def as_json(self, trace_id: str) -> dict[str, Any]:
        """Return the problem details document."""
        return {
            "type": f"urn:purveyor:problem:{self.code}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
            "retryable": self.retryable,
            "trace_id": trace_id,
            **({"errors": [error.as_json() for error in self.errors]} if self.errors else {}),
            **({"facts": dict(self.facts)} if self.facts else {}),
        }


def problem_of(error: errors.PurveyorError) -> Problem:
    """Describe one of our errors: the docstring is the title, its fields are the facts."""
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    facts = {name: str(value) for name, value in error.fields.items()}
    found: tuple[FieldProblem, ...] = ()
    if "field" in facts:
        found = (FieldProblem(facts.get("reason") or facts.get("problem") or error.message, pointer=f"#/{facts['field']}"),)
    if "parameter" in facts:
        found = (FieldProblem(error.message, parameter=facts["parameter"]),)
    detail = str(error)
    return Problem(status, error.code, error.message, detail, error.retryable, found, facts)


def problem_of_validation(error: RequestValidationError) -> Problem:
    """Describe values that do not fit the declared shape: one entry for each, pointing at it."""
    found = tuple(_field_problem(entry) for entry in error.errors())
    unreadable = any(entry.get("type") == "json_invalid" for entry in error.errors())
    refused = refusals.MalformedBody() if unreadable else errors.InvalidInput()
    names = ", ".join(entry.pointer or entry.parameter or entry.header or "" for entry in found)
    return replace(problem_of(refused), errors=found, detail=f"{refused.message} ({names})", facts=None)


def problem_of_http(error: HTTPException) -> Problem:
    """Describe what the framework refuses by itself: unknown addresses, methods, unreadable forms."""
    known = {404: errors.NotFound, 405: refusals.MethodNotAllowed, 400: refusals.MalformedBody}
    return (
        problem_of(known[error.status_code]())
        if error.status_code in known
        else Problem(error.status_code, f"http_{error.status_code}", str(error.detail), str(error.detail), retryable=False)
    )


def answer(request: Request, problem: Problem) -> Response:
    """Answer with a page for people and with problem details for programs."""
    trace_id = str(request.state.correlation_id)
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if problem.status in (429, 503) else {}
    if not wants_page(request):
        if problem.status == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="purveyor"'
        return JSONResponse(problem.as_json(trace_id), problem.status, headers, media_type=PROBLEM_JSON)
    if problem.code == refusals.NotSignedIn.code:
        return _to_sign_in(request)
    if problem.code == refusals.StepUpNeeded.code:
        return _to(request, request.url_for("code_page"), urlsplit(request.headers.get("referer", "/")).path)
    if request.headers.get("HX-Request") == "true":
        headers |= {"HX-Retarget": "#main", "HX-Reselect": "#main", "HX-Reswap": "outerHTML"}
    status = _FOR_PEOPLE.get(problem.status, problem.status)
    back = request.url.path if request.method == "GET" else urlsplit(request.headers.get("referer", "/")).path
    shown: dict[str, Any] = {"problem": problem, "trace_id": trace_id, "back": back or "/"}
    return page(request, "layouts/problem.html", status=status, headers=headers, **shown)


def wants_page(request: Request) -> bool:
    """Say whether a person reads the answer: the address is a page's, and the client takes HTML."""
    return not request.url.path.startswith(FOR_PROGRAMS) and "text/html" in request.headers.get("accept", "text/html")


def _to_sign_in(request: Request) -> Response:
    asked = f"{request.url.path}?{request.url.query}" if request.url.query else request.url.path
    return _to(request, request.url_for("sign_in_page"), asked if request.method == "GET" else "/")


def _to(request: Request, page_address: URL, after: str) -> Response:
    target = page_address.include_query_params(next=after)
    address = f"{target.path}?{target.query}"
    if request.headers.get("HX-Request") == "true":
        return Response(status_code=204, headers={"HX-Redirect": address})
    return RedirectResponse(address, 303)


def _field_problem(entry: Mapping[str, Any]) -> FieldProblem:
    place, *path = (str(part) for part in entry["loc"])
    sentence = str(entry["msg"])
    if place == "query" or place == "path":
        return FieldProblem(sentence, parameter=".".join(path))
    if place == "header":
        return FieldProblem(sentence, header=".".join(path))
    escaped = (part.replace("~", "~0").replace("/", "~1") for part in path)
    return FieldProblem(sentence, pointer="#/" + "/".join(escaped))
