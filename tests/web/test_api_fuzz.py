"""Whatever is sent to the API: no fault, only answers that the description names, in the shape it gives.

Generated calls go straight into the application, as a program of the house, as a supplier's, and without a key.
"""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import booleans
from schemathesis.checks import CheckFunction
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from purveyor.core.access import SYSTEM, Permission
from purveyor.core.ids import BusinessUnitId
from purveyor.settings import Settings
from purveyor.store import logins
from purveyor.store.db import Database
from purveyor.web.main import create_app
from tests.app.people import MONDAY_NINE
from tests.app.supplier_world import a_world, an_issued_order
from tests.order_builders import SUPPLIER, UNIT

CALLS_PER_OPERATION = 40
CHECKS: list[CheckFunction] = [
    schemathesis.checks.not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def a_key(database: Database, who: str) -> dict[str, str]:
    """The headers of a program with every scope."""
    if who == "nobody":
        return {}
    with database.transaction(SYSTEM) as tx:
        own = SUPPLIER if who == "supplier" else None
        units = [] if who == "supplier" else [BusinessUnitId(UNIT)]
        client = logins.add_client(tx, who, units=units, supplier_id=own)
        return {"Authorization": f"Bearer {logins.issue_key(tx, client, list(Permission))}"}


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("who", ["house", "supplier", "nobody"])
def test_whatever_is_sent_the_api_answers_as_described(database: Database, web_settings: Settings, who: str) -> None:
    a_world(database)
    headers = a_key(database, who)
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", create_app(database, web_settings))
    seen: Counter[int] = Counter()
    for found in schema.get_all_operations():
        assert isinstance(found, Ok)
        call_all(found.ok(), headers, an_issued_order(database).order_ref, seen)

    assert seen.keys() > (
        {401} if who == "nobody" else {200, 403, 404, 422} if who == "supplier" else {200, 201, 404, 409, 412, 422}
    )


def call_all(operation: Any, headers: dict[str, str], order_ref: str, seen: Counter[int]) -> None:
    """Send generated calls to one operation; half of those about an order are about one that is there, in the version it has."""

    @seed(20260309)
    @settings(
        max_examples=CALLS_PER_OPERATION,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), real=booleans())
    def calls(case: Any, real: bool) -> None:
        if real and "order_ref" in (case.path_parameters or {}):
            case.path_parameters["order_ref"] = order_ref
        if real and case.headers:
            told = {"idempotency-key": str(uuid4()), "if-match": '"1"'}
            case.headers.update({name: told[name.lower()] for name in case.headers if name.lower() in told})
        if real and isinstance(case.body, dict):
            make_plausible(case.body, order_ref)
        seen[case.call_and_validate(headers=headers, checks=CHECKS).status_code] += 1

    calls()


def make_plausible(body: dict[str, Any], order_ref: str) -> None:
    """Let a generated document speak of a line that is there, in its unit, and of today: it gets as far as the rest allows."""
    known = {"line_no": 1, "order_line_no": 1, "uom": "CT", "ship_to": "DAYTON", "order_ref": order_ref, "currency": "USD"}
    known |= {"quantity": "1", "price_per": "1"}
    members = [body, *(line for line in body.get("lines") or () if isinstance(line, dict))]
    members += [part for line in members for part in line.get("parts") or () if isinstance(part, dict)]
    for member in members:
        member.update({name: value for name, value in known.items() if name in member})
    if "lines" in body and isinstance(body["lines"], (list, tuple)):
        body["lines"] = body["lines"][:1]
    today = {"sent_at": MONDAY_NINE.isoformat(), "counted_at": MONDAY_NINE.isoformat(), "invoice_date": "2026-03-09"}
    named = {"external_id": str(uuid4()), "number": f"N-{uuid4().hex[:8]}", "revision": 1}
    body.update({name: value for name, value in {**today, **named}.items() if name in body})
    if "supplier" in body:
        body["supplier"] = "KELLER"


def test_generated_calls_reach_the_application(database: Database, web_settings: Settings) -> None:
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", create_app(database, web_settings))
    seen: Counter[int] = Counter()

    call_all(schema["/v1/orders"]["GET"], {}, "PV000001", seen)

    assert 401 in seen
    assert set(seen) <= {400, 401}
