"""Programs that use the API of a served application; every answer they get is held against the published description."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import httpx
import jsonschema_rs
from fastapi import FastAPI
from tools.dump_openapi import GOLDEN

from purveyor.core.access import SYSTEM, Permission
from purveyor.core.ids import BusinessUnitId, SupplierId
from purveyor.core.order import PurchaseOrder
from purveyor.settings import Settings
from purveyor.store import logins
from purveyor.store.db import Database
from purveyor.web.main import create_app
from tests.order_builders import SUPPLIER, UNIT
from tests.web.browser import served

PARTNER = (
    Permission.ORDER_READ,
    Permission.ACKNOWLEDGMENT_WRITE,
    Permission.SHIP_NOTICE_WRITE,
    Permission.INVOICE_WRITE,
)
EVERYTHING = tuple(Permission)
SENT_AT = "2026-03-09T10:00:00Z"


@cache
def specification() -> dict[str, Any]:
    """The description of the API as it is kept in the repository."""
    loaded: dict[str, Any] = json.loads(GOLDEN.read_text("utf-8"))
    return loaded


@cache
def _addresses() -> list[tuple[re.Pattern[str], str]]:
    paths = sorted(specification()["paths"], key=lambda path: ("{" in path, path))
    return [(re.compile("^" + re.sub(r"\{[^}]+\}", "[^/]+", path) + "$"), path) for path in paths]


@cache
def _validator(path: str, method: str, status: int, kind: str) -> Any:
    answers = specification()["paths"][path][method]["responses"]
    assert str(status) in answers, f"{method} {path} answered {status}, which is not in the description"
    schema = answers[str(status)]["content"][kind]["schema"]
    return jsonschema_rs.validator_for({**schema, "components": specification()["components"]})


def as_described(response: httpx.Response) -> None:
    """Fail unless an answer is one the description names, in the shape it gives."""
    path = next((path for pattern, path in _addresses() if pattern.match(response.url.path)), None)
    method = response.request.method.lower()
    if path is None or method not in specification()["paths"][path]:
        return
    kind = response.headers.get("content-type", "")
    if response.status_code != 304:
        _validator(path, method, response.status_code, kind).validate(json.loads(response.read()))


@dataclass
class Api:
    """A served application and the programs that use it."""

    address: str
    database: Database
    _open: ExitStack

    def program(self, *grants: Permission, supplier: UUID | None = None, units: tuple[UUID, ...] = (UNIT,)) -> httpx.Client:
        """A program of the main unit, or of a supplier, with a key for these grants."""
        with self.database.transaction(SYSTEM) as tx:
            own = SupplierId(supplier) if supplier else None
            house = () if supplier else [BusinessUnitId(unit) for unit in units]
            client = logins.add_client(tx, f"program {uuid4()}", units=house, supplier_id=own)
            key = logins.issue_key(tx, client, grants)
        return self.with_key(key)

    def with_key(self, key: str | None) -> httpx.Client:
        """A program that sends this key."""
        headers = {} if key is None else {"authorization": f"Bearer {key}"}
        hooks = {"response": [as_described]}
        client = httpx.Client(base_url=self.address, headers=headers, trust_env=False, event_hooks=hooks, timeout=60)
        return self._open.enter_context(client)

    def keller(self) -> httpx.Client:
        """The program of the pump supplier."""
        return self.program(*PARTNER, supplier=SUPPLIER)

    def desk(self) -> httpx.Client:
        """A program of the house that may do everything."""
        return self.program(*EVERYTHING)


@contextmanager
def an_api(database: Database, settings: Settings, app: FastAPI | None = None) -> Iterator[Api]:
    """Serve the application and let programs use it."""
    with served(app or create_app(database, settings)) as address, ExitStack() as stack:
        yield Api(address, database, stack)


def send(
    program: httpx.Client, path: str, body: object = None, *, key: str | None = None, version: int | None = None
) -> httpx.Response:
    """POST a document under a key for repeats, a fresh one unless given."""
    headers = {"idempotency-key": key or str(uuid4()), **({} if version is None else {"if-match": f'"{version}"'})}
    return program.post(path, json=body, headers=headers) if body is not None else program.post(path, headers=headers)


def refusal(response: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem; fails for anything that is no problem document."""
    assert response.headers["content-type"] == "application/problem+json", response.text
    problem = response.json()
    assert problem["trace_id"] == response.headers["x-correlation-id"]
    assert isinstance(problem["retryable"], bool)
    return response.status_code, problem["code"]


def pointers(response: httpx.Response) -> list[str]:
    """Where the wrong values of a problem stand."""
    return [entry.get("pointer") or entry.get("parameter") or entry.get("header") for entry in response.json()["errors"]]


def an_answer(**given: Any) -> dict[str, Any]:
    """An acknowledgment: 12 cartons on one day and 8 on another."""
    parts = [
        {"outcome": "accept", "quantity": "12", "uom": "CT", "promised_delivery": "2026-03-23"},
        {"outcome": "accept", "quantity": "8", "uom": "CT", "promised_delivery": "2026-03-30"},
    ]
    plain = {"external_id": "ACK-1", "version": 1, "sent_at": SENT_AT, "lines": [{"line_no": 1, "parts": parts}]}
    return {**plain, **given}


def a_count(quantity: str = "20", uom: str = "CT", **given: Any) -> dict[str, Any]:
    """A count of the first line at Dayton."""
    line = {"line_no": 1, "quantity": quantity, "uom": uom, "ship_to": "DAYTON", **given.pop("line", {})}
    return {"external_id": "GRN-1", "counted_at": "2026-03-23T14:00:00Z", "delivery_note": "S1", "lines": [line], **given}


def a_notice(quantity: str = "12", **given: Any) -> dict[str, Any]:
    """A shipment of cartons of the first line."""
    lines = [{"line_no": 1, "quantity": quantity, "uom": "CT", "ship_to": "DAYTON"}]
    return {"external_id": "ASN-1", "number": "S1", "sent_at": SENT_AT, "arrives_on": "2026-03-23", "lines": lines, **given}


def a_bill(order: PurchaseOrder, quantity: str = "20", price: str = "998.40", **given: Any) -> dict[str, Any]:
    """An invoice for cartons of the first line."""
    line: Mapping[str, Any] = {
        "line_no": 1,
        "order_ref": order.order_ref,
        "order_line_no": 1,
        "uom": "CT",
        "quantity": quantity,
        "unit_price": price,
    }
    plain = {"external_id": "INV-1", "number": "KP-10442", "currency": "USD", "invoice_date": "2026-03-24"}
    return {**plain, "lines": [line], **given}
