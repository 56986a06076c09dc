"""The API's description: OpenAPI 3.1 with owners, scopes and the problems every operation may answer."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

VERSION: Final = "1.0.0"
ROOT: Final = {
    "x-api-id": "purveyor-v1",
    "x-owner-team": "purchasing-systems",
    "x-oncall": "purchasing-systems",
    "x-audience": "partners-and-internal-systems",
    "x-data-class": "commercial-confidential",
}
PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "Problem details (RFC 9457).",
    "required": ["type", "title", "status", "detail", "code", "retryable", "trace_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "description": "Stable name of the error; new ones may appear."},
        "retryable": {"type": "boolean", "description": "Nothing was done; the same request may succeed later."},
        "trace_id": {"type": "string", "format": "uuid"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "detail": {"type": "string"},
                    "pointer": {"type": "string", "description": "Place in the body, as a JSON pointer fragment."},
                    "parameter": {"type": "string"},
                    "header": {"type": "string"},
                },
            },
        },
        "facts": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
_EVERYWHERE: Final = {
    "400": "The request cannot be read.",
    "401": "The API key is missing, unknown, revoked or expired.",
    "403": "The API key does not hold the scope.",
    "404": "Nothing here under that id, or not yours.",
    "422": "A value does not fit.",
    "429": "Too many requests; see Retry-After.",
    "503": "Busy or unreachable; see Retry-After.",
}
_WRITING: Final = {"409": "Not possible in the present state, or the same key is still being worked on.", "413": "Too large."}
_VERSIONED: Final = {"412": "Changed since you read it.", "428": "If-Match is missing."}


def describe(app: FastAPI) -> None:
    """Make the application answer with our description; it is built once."""

    def built() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(app)
        return app.openapi_schema

    vars(app)["openapi"] = built


def _completed(app: FastAPI) -> dict[str, Any]:
    schema = get_openapi(title="Purveyor API", version=VERSION, openapi_version="3.1.0", routes=app.routes)
    schema["info"].update(ROOT)
    parts = schema.setdefault("components", {})
    parts.setdefault("schemas", {})["Problem"] = PROBLEM
    parts.setdefault("securitySchemes", {})["ApiKey"] = {"type": "http", "scheme": "bearer"}
    schema["security"] = [{"ApiKey": []}]
    for unused in ("HTTPValidationError", "ValidationError"):
        parts["schemas"].pop(unused, None)
    for path in schema.get("paths", {}).values():
        for method, operation in path.items():
            _complete_operation(method, operation)
    return schema


def _complete_operation(method: str, operation: dict[str, Any]) -> None:
    described = dict(_EVERYWHERE)
    for parameter in operation.get("parameters", ()):
        if parameter["name"].lower() in ("idempotency-key", "if-match"):
            # Their absence is answered with 400 and 428 instead of 422, so the framework believes they are optional.
            parameter["required"] = True
    if method != "get":
        described |= _WRITING
    if any(p.get("name", "").lower() == "if-match" for p in operation.get("parameters", ())):
        described |= _VERSIONED
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for status, sentence in described.items():
        operation["responses"][status] = {"description": sentence, "content": content}
