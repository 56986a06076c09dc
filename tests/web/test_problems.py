"""Every refusal has one shape for programs and the same words on a page for people."""

from __future__ import annotations

import json
from collections.abc import Iterator
from uuid import UUID, uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from purveyor.core.access import Permission
from purveyor.core.errors import IllegalTransition, PurveyorError, StaleVersion
from purveyor.settings import Settings
from purveyor.store.db import Database
from purveyor.web import refusals
from purveyor.web.bodies import MAX_BYTES, check_json
from purveyor.web.main import PARTS, create_app
from purveyor.web.problems import STATUS, problem_of
from tests.web.browser import visited
from tests.web.people import a_program
from tests.web.sample_api import PART as SAMPLES

JSON = {"content-type": "application/json", "idempotency-key": "k"}
MEMBERS = {"type", "title", "status", "detail", "code", "retryable", "trace_id"}


@pytest.fixture
def partner(database: Database, web_settings: Settings) -> Iterator[httpx.Client]:
    """A program with a key that may read and write."""
    key = a_program(database, Permission.ORDER_READ, Permission.ORDER_WRITE)
    with visited(create_app(database, web_settings, (*PARTS, SAMPLES))) as client:
        client.headers = httpx.Headers({"authorization": f"Bearer {key}"})
        yield client


def test_a_refusal_says_what_happened_in_a_stable_shape() -> None:
    problem = problem_of(StaleVersion(seen=2, current=3)).as_json("0")

    assert problem["type"] == "urn:purveyor:problem:stale_version"
    assert (problem["status"], problem["code"], problem["retryable"]) == (412, "stale_version", False)
    assert problem["title"] == StaleVersion().message
    assert problem["facts"] == {"seen": "2", "current": "3"}


def test_an_error_that_nobody_mapped_has_the_status_of_its_parent() -> None:
    class NotNow(IllegalTransition):
        """Not now."""

    assert problem_of(NotNow()).status == 409


def test_every_refusal_of_the_edge_has_a_status() -> None:
    kinds = [kind for kind in vars(refusals).values() if isinstance(kind, type) and issubclass(kind, PurveyorError)]

    assert [kind for kind in kinds if kind not in STATUS] == []


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("DELETE", "/v1/samples", 405, "method_not_allowed"),
        ("GET", "/v1/samples?limit=201", 422, "invalid_input"),
        ("GET", "/v1/samples?limit=-1", 422, "invalid_input"),
        ("GET", "/v1/samples?cursor=x", 400, "bad_cursor"),
        ("GET", "/v1/samples?letter=%00", 400, "malformed_body"),
        ("POST", "/v1/samples", 422, "invalid_input"),
    ],
)
def test_what_the_framework_refuses_by_itself_has_the_same_shape(
    partner: httpx.Client, method: str, path: str, status: int, code: str
) -> None:
    answer = partner.request(method, path, headers={"idempotency-key": "k"})

    assert answer.headers["content-type"] == "application/problem+json"
    assert set(answer.json()) >= MEMBERS
    assert (answer.status_code, answer.json()["status"], answer.json()["code"]) == (status, status, code)


def test_each_wrong_value_is_pointed_at(partner: httpx.Client) -> None:
    answer = partner.post("/v1/samples", json={"name": "", "quantity": 19.5, "status": "x"}, headers=JSON)

    assert {error["pointer"] for error in answer.json()["errors"]} == {"#/name", "#/quantity", "#/status"}


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[1,]",
        b'{"name": "a", "name": "b", "quantity": "1"}',
        b'{"name": "a", "quantity": NaN}',
        b'{"name": "a", "quantity": 1e999}',
        b'{"name": "\\ud800", "quantity": "1"}',
        b'{"name": "\\u0000", "quantity": "1"}',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"a":' * 40 + b"1" + b"}" * 40,
    ],
)
def test_json_that_no_step_could_handle_is_refused_before_any_step(partner: httpx.Client, body: bytes) -> None:
    answer = partner.post("/v1/samples", content=body, headers=JSON)

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/x-www-form-urlencoded", b"login=a%00b"),
        ("application/x-www-form-urlencoded", b"login=a\x00b"),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="login"\r\n\r\na\x00b\r\n--x--\r\n'),
    ],
)
def test_a_form_with_a_nul_character_is_refused_before_any_step(partner: httpx.Client, content_type: str, body: bytes) -> None:
    answer = partner.post("/sign-in", content=body, headers={"content-type": content_type, "accept": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")


def test_a_body_that_is_too_large_is_cut(partner: httpx.Client) -> None:
    announced = partner.post("/v1/samples", content=b" " * (MAX_BYTES + 1), headers=JSON)
    streamed = partner.post("/v1/samples", content=iter([b" " * MAX_BYTES, b" "]), headers=JSON)

    assert [(answer.status_code, answer.json()["code"]) for answer in (announced, streamed)] == [(413, "body_too_large")] * 2


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text('abc"\\{[]}', max_size=8), st.lists, max_leaves=12))
def test_ordinary_json_passes_whatever_brackets_stand_in_its_texts(value: object) -> None:
    check_json(json.dumps(value).encode())


def test_the_callers_number_comes_back_and_a_strange_one_is_replaced(partner: httpx.Client) -> None:
    mine = str(uuid4())

    assert partner.get("/v1/nothing", headers={"x-correlation-id": mine}).json()["trace_id"] == mine
    assert UUID(partner.get("/v1/nothing", headers={"x-correlation-id": "'; drop"}).json()["trace_id"])


def test_a_fault_of_ours_names_a_number_and_nothing_else(partner: httpx.Client) -> None:
    answer = partner.get("/samples/broken", headers={"accept": "text/html"})

    assert answer.status_code == 500
    assert "ZeroDivisionError" not in answer.text
    assert answer.headers["x-correlation-id"] in answer.text
    assert "content-security-policy" in answer.headers


def test_a_person_reads_a_page_and_a_swapped_block_gets_the_main_part_replaced(partner: httpx.Client) -> None:
    page = partner.get("/nowhere", headers={"accept": "text/html"})
    swapped = partner.get("/nowhere", headers={"accept": "text/html", "hx-request": "true"})

    assert page.status_code == 404
    assert "There is nothing here under that name" in page.text
    assert swapped.headers["hx-retarget"] == "#main"


def test_a_database_that_is_away_is_a_busy_answer_with_a_time_to_wait(web_settings: Settings) -> None:
    away = Database("postgresql://nobody@127.0.0.1:1/none")
    with visited(create_app(away, web_settings, (*PARTS, SAMPLES))) as client:
        answer = client.get("/v1/samples", headers={"authorization": "Bearer pv_x"})

    assert (answer.status_code, answer.json()["code"], answer.json()["retryable"]) == (503, "store_unavailable", True)
    assert "retry-after" in answer.headers
