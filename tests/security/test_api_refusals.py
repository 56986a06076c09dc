"""Every refusal of the API is a problem document (checklist.md S75): stable code, field, number, and whether to try again."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest

from purveyor.core.access import SYSTEM, Permission
from purveyor.core.order import PurchaseOrder
from purveyor.settings import Settings
from purveyor.store import idempotency, logins, orders
from purveyor.store.db import Database
from purveyor.store.idempotency import RequestKey
from tests.app.supplier_world import a_world, an_issued_order
from tests.web.api_world import Api, an_answer, an_api, pointers, refusal, send, specification

NUMBER = "01890000-0000-7000-8000-000000000001"


@pytest.fixture
def api(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The pump supplier's world behind the API."""
    a_world(database)
    with an_api(database, Settings(data_dir=tmp_path_factory.mktemp("refusals"))) as opened:
        yield opened


@pytest.fixture
def order(database: Database, api: Api) -> PurchaseOrder:
    """An order of the pump supplier."""
    return an_issued_order(database)


@pytest.fixture
def keller(api: Api) -> httpx.Client:
    """The program of the pump supplier."""
    return api.keller()


def answer_to(order: PurchaseOrder) -> str:
    return f"/v1/orders/{order.order_ref}/acknowledgments"


def test_s75_a_refusal_names_type_code_field_number_and_whether_to_try_again(keller: httpx.Client, order: PurchaseOrder) -> None:
    headers = {"idempotency-key": "1", "x-correlation-id": NUMBER}
    reply = keller.post(answer_to(order), json=an_answer(version=0), headers=headers)

    problem = reply.json()
    assert (problem["type"], problem["code"], problem["status"]) == ("urn:purveyor:problem:invalid_input", "invalid_input", 422)
    assert (problem["trace_id"], problem["retryable"]) == (NUMBER, False)
    assert problem["errors"] == [{"detail": "Input should be greater than or equal to 1", "pointer": "#/version"}]


@pytest.mark.parametrize("program", ["keller", "nobody"])
def test_s75_addresses_and_methods_that_are_not_served_are_problems_too(api: Api, keller: httpx.Client, program: str) -> None:
    caller = keller if program == "keller" else api.with_key(None)

    assert refusal(caller.get("/v1/warehouses")) == (404, "not_found")
    assert refusal(caller.get("/v1/")) == (404, "not_found")
    assert refusal(caller.delete("/v1/orders")) == (405, "method_not_allowed")
    assert refusal(caller.put("/v1/orders/PV000001", json={})) == (405, "method_not_allowed")


READS = sorted(path for path, methods in specification()["paths"].items() if "get" in methods)


def test_a_misspelt_parameter_is_named_by_every_operation_that_reads(api: Api) -> None:
    reader = api.program(*Permission)

    for path in READS:
        filled = path.replace("{order_ref}", "PV000001").replace("{version}", "1")
        address = re.sub(r"\{[^}]+\}", NUMBER, filled)
        reply = reader.get(address, params={"statuss": "draft"})

        assert refusal(reply) == (400, "unknown_parameter"), path
        assert reply.json()["errors"][0]["parameter"] == "statuss"


def test_a_parameter_the_operation_declares_is_taken(keller: httpx.Client) -> None:
    assert keller.get("/v1/orders", params={"status": "issued", "limit": "5"}).status_code == 200
    assert refusal(keller.get("/v1/orders", params={"status": "issued", "Limit": "5"})) == (400, "unknown_parameter")


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"external_id": "a", "external_id": "b"}',
        b'{"version": NaN}',
        b'{"version": Infinity}',
        b'{"version": 1e999}',
        b'{"reason": "\\u0000"}',
        b'{"reason": "\\ud800"}',
        b"[" * 40 + b"]" * 40,
        b"\xff\xfe",
    ],
)
def test_s75_a_body_that_cannot_be_read_is_refused_before_anything_happens(
    keller: httpx.Client, order: PurchaseOrder, body: bytes
) -> None:
    reply = keller.post(answer_to(order), content=body, headers={"content-type": "application/json", "idempotency-key": "1"})

    assert refusal(reply) == (400, "malformed_body")


def test_s75_a_body_that_is_too_large_is_refused(keller: httpx.Client, order: PurchaseOrder) -> None:
    reply = keller.post(answer_to(order), content=b'"' + b"a" * 3_000_000 + b'"', headers={"content-type": "application/json"})

    assert refusal(reply) == (413, "body_too_large")


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"null", b"5", b""])
def test_s75_a_body_of_another_kind_is_refused(keller: httpx.Client, order: PurchaseOrder, body: bytes) -> None:
    reply = keller.post(answer_to(order), content=body, headers={"content-type": "application/json", "idempotency-key": "1"})

    assert refusal(reply) == (422, "invalid_input")


def test_s75_keys_for_repeats_and_versions_are_asked_for_by_name(api: Api, keller: httpx.Client, order: PurchaseOrder) -> None:
    desk = api.desk()
    hold, reason = f"/v1/orders/{order.order_ref}/hold", {"reason": "wait"}

    assert refusal(keller.post(answer_to(order), json=an_answer())) == (400, "idempotency_key_required")
    assert refusal(send(desk, hold, reason)) == (428, "version_required")
    assert refusal(send(desk, hold, reason, version=99)) == (412, "stale_version")
    long = keller.post(answer_to(order), json=an_answer(), headers={"idempotency-key": "x" * 300})
    assert (refusal(long), pointers(long)) == ((422, "invalid_input"), ["idempotency-key"])


def test_s75_the_same_key_for_something_else_is_refused_and_a_refused_call_may_use_its_key_again(
    keller: httpx.Client, order: PurchaseOrder
) -> None:
    wrong = send(keller, answer_to(order), an_answer(version=0), key="1")
    right = send(keller, answer_to(order), an_answer(), key="1")
    other = send(keller, answer_to(order), an_answer(revision=2), key="1")

    assert (wrong.status_code, right.status_code) == (422, 201)
    assert refusal(other) == (422, "idempotency_key_reused")


def test_s75_a_call_that_meets_itself_is_told_to_try_again(
    keller: httpx.Client, order: PurchaseOrder, database: Database
) -> None:
    with database.transaction(SYSTEM) as tx:
        actor = logins.resolve_key(tx, keller.headers["authorization"].removeprefix("Bearer "))
        assert actor is not None
        at_work = RequestKey(str(actor.id), "POST /v1/orders/{order_ref}/acknowledgments", "1", "of the first call")
        idempotency.begin(tx, at_work)
        meanwhile = send(keller, answer_to(order), an_answer(), key="1")

    assert refusal(meanwhile) == (409, "idempotency_key_in_flight")
    assert send(keller, answer_to(order), an_answer(), key="1").status_code == 201


def test_s75_a_busy_database_says_that_the_call_may_be_repeated(
    database: Database, order: PurchaseOrder, keller: httpx.Client
) -> None:
    with database.transaction(SYSTEM) as tx:
        orders.lock(tx, order.id)
        reply = send(keller, answer_to(order), an_answer())

    assert refusal(reply) == (503, "store_busy")
    assert reply.json()["retryable"]
    assert reply.headers["retry-after"]


def test_s75_cursors_of_another_list_are_refused(keller: httpx.Client) -> None:
    assert refusal(keller.get("/v1/orders", params={"cursor": "abc"})) == (400, "bad_cursor")
