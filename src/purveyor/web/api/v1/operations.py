"""What each operation says about itself in the description: its name, who may call it, how fast it answers.

One call per route, beside the route: ``@router.get("", **operation("list_orders", "List orders", Permission.ORDER_READ))``.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import BaseModel

from purveyor.core.access import Permission

FAST: Final = "p95 150 ms"
LIST: Final = "p95 300 ms"
REPORT: Final = "seconds on a large log"
LONG: Final = "minutes on a large log"


def operation(
    name: str,
    summary: str,
    permission: Permission,
    answers: Any,
    *,
    slo: str = FAST,
    status: int = 200,
    repeated: type[BaseModel] | None = None,
    versioned: bool = False,
) -> dict[str, Any]:
    """Return the arguments of a route's decorator.

    ``answers`` is the type of the answer, ``repeated`` the one of a document that was here before (200), ``versioned`` says that
    the answer carries an ETag and may be 304.
    """
    described: dict[int | str, dict[str, Any]] = {}
    if repeated is not None:
        described[200] = {"model": repeated, "description": "This document was here before; nothing was done again."}
    if versioned:
        described[status] = {"headers": {"ETag": {"schema": {"type": "string"}, "description": "The version, for If-Match."}}}
    if versioned and status == 200:
        described[304] = {"description": "You have this version already."}
    return {
        "operation_id": name,
        "summary": summary,
        "status_code": status,
        "response_model": answers,
        "responses": described,
        "openapi_extra": {"x-interface-id": f"purveyor.v1.{name}", "x-scopes": [permission.value], "x-slo": slo},
    }
