"""What every route of the API keeps: keys and scopes, one effect for one key, versions, cursors, the description."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import httpx
import pytest
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import func, select

from purveyor.core.access import SYSTEM, Permission
from purveyor.settings import Settings
from purveyor.store import logins
from purveyor.store.db import Database
from purveyor.store.tables.parties import API_CLIENT
from purveyor.web.api.wire import DecimalText
from purveyor.web.main import PARTS, create_app
from tests.web.browser import visited
from tests.web.people import a_program, send_all
from tests.web.sample_api import PART as SAMPLES

BODY = {"name": "Keystone", "quantity": "20.00"}


@pytest.fixture
def stranger(database: Database, web_settings: Settings) -> Iterator[httpx.Client]:
    """A program without a key."""
    with visited(create_app(database, web_settings, (*PARTS, SAMPLES))) as client:
        client.headers = httpx.Headers()
        yield client


@pytest.fixture
def partner(stranger: httpx.Client, database: Database) -> httpx.Client:
    """A program with a key that may read and write."""
    key = a_program(database, Permission.ORDER_READ, Permission.ORDER_WRITE)
    stranger.headers["authorization"] = f"Bearer {key}"
    return stranger


def clients_named(database: Database, name: str) -> int:
    with database.read(SYSTEM) as tx:
        return int(tx.conn.execute(select(func.count()).where(API_CLIENT.c.name == name)).scalar_one())


@pytest.mark.parametrize("authorization", [None, "Bearer", "Bearer pv_unknown", "Basic cHY6cHY="])
def test_without_a_key_in_force_nothing_is_told(stranger: httpx.Client, authorization: str | None) -> None:
    headers = {"authorization": authorization} if authorization else {}
    answer = stranger.get("/v1/samples", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (401, "key_refused")
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_revoked_key_stops_at_once(stranger: httpx.Client, database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        client = logins.add_client(tx, "bridge")
        key = logins.issue_key(tx, client, [Permission.ORDER_READ])
    headers = {"authorization": f"Bearer {key}"}
    assert stranger.get("/v1/samples", headers=headers).status_code == 200

    with database.transaction(SYSTEM) as tx:
        logins.revoke_keys(tx, client)

    assert stranger.get("/v1/samples", headers=headers).status_code == 401


def test_a_key_does_only_what_its_scopes_say(stranger: httpx.Client, database: Database) -> None:
    key = a_program(database, Permission.ORDER_READ)

    answer = stranger.post("/v1/samples", json=BODY, headers={"authorization": f"Bearer {key}", "idempotency-key": "1"})

    assert (answer.status_code, answer.json()["code"]) == (403, "not_authorised")
    assert answer.json()["facts"]["permission"] == "order:write"


def test_a_post_without_a_key_for_repeats_is_refused(partner: httpx.Client) -> None:
    answer = partner.post("/v1/samples", json=BODY)

    assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_required")


def test_a_repeated_post_has_one_effect_and_the_same_answer(partner: httpx.Client, database: Database) -> None:
    first, second = (partner.post("/v1/samples", json=BODY, headers={"idempotency-key": "1"}) for _ in range(2))

    assert (first.status_code, first.json()) == (201, {"name": "Keystone", "quantity": "20.00"})
    assert (second.status_code, second.content, second.headers["etag"]) == (201, first.content, first.headers["etag"])
    assert "idempotency-replayed" in second.headers
    assert clients_named(database, "Keystone") == 1


def test_the_same_key_for_something_else_is_refused(partner: httpx.Client) -> None:
    partner.post("/v1/samples", json=BODY, headers={"idempotency-key": "1"})

    other = partner.post("/v1/samples", json={**BODY, "quantity": "21"}, headers={"idempotency-key": "1"})

    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


def test_many_posts_with_one_key_at_the_same_moment_have_one_effect(partner: httpx.Client, database: Database) -> None:
    def send(_: int) -> int:
        return partner.post("/v1/samples", json=BODY, headers={"idempotency-key": "1"}).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = set(pool.map(send, range(24)))

    assert statuses <= {201, 409}
    assert clients_named(database, "Keystone") == 1


def test_the_same_key_of_another_client_is_another_key(partner: httpx.Client, database: Database) -> None:
    other = a_program(database, Permission.ORDER_WRITE, name="other")
    partner.post("/v1/samples", json=BODY, headers={"idempotency-key": "1"})

    answer = partner.post(
        "/v1/samples",
        json={"name": "Reno", "quantity": "1"},
        headers={"idempotency-key": "1", "authorization": f"Bearer {other}"},
    )

    assert answer.status_code == 201


@pytest.mark.parametrize(
    ("if_match", "status", "code"),
    [(None, 428, "version_required"), ('"2"', 412, "stale_version"), ("3", 412, "stale_version"), ("*", 412, "stale_version")],
)
def test_nobody_overwrites_a_version_he_has_not_seen(partner: httpx.Client, if_match: str | None, status: int, code: str) -> None:
    headers = {"idempotency-key": "1", **({"if-match": if_match} if if_match else {})}
    answer = partner.post("/v1/samples/a/close", headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_version_that_was_seen_is_accepted_and_answered_with_the_next(partner: httpx.Client) -> None:
    answer = partner.post("/v1/samples/a/close", headers={"idempotency-key": "1", "if-match": '"3"'})

    assert (answer.status_code, answer.headers["etag"]) == (200, '"4"')


def test_a_document_that_the_client_has_is_not_sent_again(partner: httpx.Client) -> None:
    assert partner.get("/v1/samples", headers={"if-none-match": '"7"'}).status_code == 304


def test_a_list_is_read_to_its_end_by_cursors(partner: httpx.Client) -> None:
    names: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = partner.get("/v1/samples", params={"cursor": cursor} if cursor else {}).json()
        names += page["items"]
        cursor = page["next_cursor"]

    assert names == ["a", "b", "c", "d", "e"]


def test_a_cursor_is_good_for_its_own_reader_and_filters_only(partner: httpx.Client, database: Database) -> None:
    cursor = partner.get("/v1/samples").json()["next_cursor"]
    other = a_program(database, Permission.ORDER_READ, name="other")
    tampered = cursor[:-2] + ("A" if cursor[-2] != "A" else "B") + cursor[-1]

    answers = [
        partner.get("/v1/samples", params={"cursor": cursor, "letter": "a"}),
        partner.get("/v1/samples", params={"cursor": cursor}, headers={"authorization": f"Bearer {other}"}),
        *(partner.get("/v1/samples", params={"cursor": bad}) for bad in (tampered, cursor[:-1], "é", "", "%%%", "'; --")),
    ]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(400, "bad_cursor")}


def test_a_cookie_opens_nothing_in_the_api(stranger: httpx.Client) -> None:
    assert stranger.get("/v1/samples", headers={"cookie": "purveyor=x"}).status_code == 401
    assert "set-cookie" not in stranger.get("/v1/samples").headers


def test_the_description_names_owners_problems_and_headers(partner: httpx.Client) -> None:
    described = partner.get("/v1/openapi.json").json()
    post = described["paths"]["/v1/samples"]["post"]

    assert described["openapi"].startswith("3.1")
    assert described["info"]["x-owner-team"]
    assert list(post["responses"]["422"]["content"]) == ["application/problem+json"]
    assert [p["required"] for p in post["parameters"] if p["name"].lower() == "idempotency-key"] == [True]
    assert not any(path for path in described["paths"] if not path.startswith("/v1/"))


@pytest.mark.parametrize("number", ["1.5", "-20", "0.0001"])
def test_amounts_are_exact_texts(number: str) -> None:
    amounts = TypeAdapter(DecimalText)

    assert amounts.dump_json(amounts.validate_python(number)) == f'"{number}"'.encode()
    assert amounts.validate_python(number) == Decimal(number)


@pytest.mark.parametrize("wrong", [1, 1.5, True, None, "1e3", "NaN", "Infinity", "1,000", " 1", "٣", "", "1" * 30])
def test_numbers_that_passed_through_binary_floats_are_refused(wrong: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(DecimalText).validate_python(wrong)


def test_a_bad_batch_leaves_no_trace(partner: httpx.Client) -> None:
    partner.headers["idempotency-key"] = "1"
    answers = send_all(partner, "POST", "/v1/samples", [b"{", b'{"name": "Keystone", "quantity": "20"}'])

    assert [answer.status_code for answer in answers] == [400, 201]
