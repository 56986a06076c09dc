"""Bad input at the API's doors: each piece gets a clear problem with its code, and leaves nothing behind, not half, not any.

Malformed and hostile bodies go to every door a partner has; wrong facts (another supplier's order, an old version, a currency
that is not the order's) go where they hurt.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import psycopg
import pytest

from purveyor.core.order import PurchaseOrder
from purveyor.settings import Settings
from purveyor.store.db import Database
from tests.app.supplier_world import a_world, an_issued_order, open_types, two_lines
from tests.order_builders import OTHER_SUPPLIER
from tests.web.api_world import PARTNER, Api, a_bill, a_count, a_notice, an_answer, an_api, refusal, send

Superuser = psycopg.Connection[tuple[object, ...]]
KEPT = ("event", "acknowledgment", "ship_notice", "receipt", "movement", "invoice", "inbox", "message", "timer", "exception_case")
DOORS = ("acknowledgments", "ship-notices", "receipts", "invoices")
DEEP = b"[" * 100_000


@pytest.fixture
def api(database: Database, tmp_path: Path) -> Iterator[Api]:
    """The pump supplier's world behind the API."""
    a_world(database)
    with an_api(database, Settings(data_dir=tmp_path)) as opened:
        yield opened


@pytest.fixture
def order(database: Database, api: Api) -> PurchaseOrder:
    """20 and 10 cartons of pumps, sent to the supplier."""
    return an_issued_order(database, **two_lines())


def door(order: PurchaseOrder, name: str) -> str:
    """The address of a door."""
    return "/v1/invoices" if name == "invoices" else f"/v1/orders/{order.order_ref}/{name}"


def good(order: PurchaseOrder, name: str) -> dict[str, Any]:
    """A document that the door takes."""
    if name == "acknowledgments":
        return an_answer()
    return {"ship-notices": a_notice, "receipts": a_count}[name]() if name != "invoices" else a_bill(order)


def senders(api: Api) -> dict[str, httpx.Client]:
    """Who uses each door: the warehouse's program for counts, the supplier's for the rest."""
    keller = api.keller()
    return {name: api.desk() if name == "receipts" else keller for name in DOORS}


def left_behind(superuser: Superuser) -> dict[str, object]:
    """How many rows stand in every table that a document could touch."""
    rows = {}
    for table in KEPT:
        [(count,)] = superuser.execute(f"SELECT count(*) FROM {table}").fetchall()
        rows[table] = count
    return rows


def post_raw(program: httpx.Client, path: str, body: bytes, kind: str = "application/json") -> httpx.Response:
    """POST bytes as they are."""
    return program.post(path, content=body, headers={"content-type": kind, "idempotency-key": str(uuid4())})


MALFORMED: dict[str, tuple[bytes, str]] = {
    "cut off": (b'{"external_id": "A', "application/json"),
    "empty": (b"", "application/json"),
    "no json": (b"<xml/>", "application/json"),
    "a list": (b"[1, 2]", "application/json"),
    "a word": (b'"yes"', "application/json"),
    "null": (b"null", "application/json"),
    "not a number": (b'{"external_id": NaN}', "application/json"),
    "infinity": (b'{"version": Infinity}', "application/json"),
    "a number beyond all numbers": (b'{"version": 1e999}', "application/json"),
    "ten thousand digits": (b'{"version": ' + b"9" * 10_000 + b"}", "application/json"),
    "nested deeply": (DEEP, "application/json"),
    "nested deeply and closed": (DEEP + b"]" * 100_000, "application/json"),
    "objects nested deeply": (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "application/json"),
    "a key twice": (b'{"external_id": "A", "external_id": "B"}', "application/json"),
    "UTF-16": ('{"external_id": "A"}'.encode("utf-16"), "application/json"),
    "broken UTF-8": (b'{"external_id": "\xff\xfe"}', "application/json"),
    "half a character": (b'{"external_id": "\\ud800"}', "application/json"),
    "a form": (b"external_id=A", "application/x-www-form-urlencoded"),
}


def test_what_is_no_document_is_refused_at_every_door(api: Api, order: PurchaseOrder, superuser: Superuser) -> None:
    before = left_behind(superuser)

    answers = {
        (name, what): post_raw(sender, door(order, name), *given)
        for name, sender in senders(api).items()
        for what, given in MALFORMED.items()
    }

    told = {each: refusal(answer) for each, answer in answers.items()}
    assert {status for status, _ in told.values()} <= {400, 413, 415, 422}, told
    assert {code for _, code in told.values()} <= {"malformed_body", "body_too_large", "invalid_input"}, told
    assert left_behind(superuser) == before


TEXTS: dict[str, str] = {
    "NUL": "A\x00B",
    "a line break": "A\r\nX-Injected: yes",
    "ten thousand characters": "A" * 10_000,
    "nothing": "",
    "a control character": "A\x1bB",
}


def test_a_number_of_a_document_that_cannot_be_one_is_refused(api: Api, order: PurchaseOrder, superuser: Superuser) -> None:
    before = left_behind(superuser)

    for name, sender in senders(api).items():
        for what, text in TEXTS.items():
            reply = send(sender, door(order, name), {**good(order, name), "external_id": text})
            expected = (400, "malformed_body") if what == "NUL" else (422, "invalid_input")
            assert refusal(reply) == expected, (name, what)
            assert what == "NUL" or "#/external_id" in json.dumps(reply.json()["errors"]), (name, what)

    assert left_behind(superuser) == before


QUANTITIES: dict[str, object] = {
    "negative": "-12",
    "zero": "0",
    "beyond all numbers": "1e999",
    "no number": "NaN",
    "infinite": "Infinity",
    "four hundred digits": "9" * 400,
    "four hundred decimals": "0." + "1" * 400,
    "a word": "twelve",
    "a float": 12.5,
    "nothing": "",
    "other digits": "１２",
    "signed and spaced": " +12 ",
    "grouped": "1_000",
}


def with_quantity(order: PurchaseOrder, name: str, quantity: object) -> dict[str, Any]:
    """The door's document with another quantity."""
    document = json.loads(json.dumps(good(order, name)))
    line = document["lines"][0]
    (line["parts"][0] if name == "acknowledgments" else line)["quantity"] = quantity
    return {**document, "external_id": f"Q-{uuid4()}"}


def test_a_quantity_that_cannot_be_one_is_refused(api: Api, order: PurchaseOrder, superuser: Superuser) -> None:
    before = left_behind(superuser)

    told = {
        (name, what): refusal(send(sender, door(order, name), with_quantity(order, name, said)))
        for name, sender in senders(api).items()
        for what, said in QUANTITIES.items()
        if not (what == "zero" and name in ("receipts", "invoices"))  # nothing was there; nothing is charged
    }

    assert set(told.values()) == {(422, "invalid_input")}, told
    assert left_behind(superuser) == before


WRONG_FACTS: list[tuple[str, str, dict[str, Any], tuple[int, str]]] = [
    (
        "a line that is not there",
        "acknowledgments",
        {"lines": [{"line_no": 99, "parts": [{"outcome": "accept"}]}]},
        (422, "unknown_reference"),
    ),
    (
        "a line twice",
        "acknowledgments",
        {"lines": [{"line_no": 1, "parts": [{"outcome": "accept"}]}] * 2},
        (422, "invalid_input"),
    ),
    ("no line", "acknowledgments", {"lines": []}, (422, "invalid_input")),
    ("an outcome nobody knows", "acknowledgments", {"header": "maybe", "lines": []}, (422, "invalid_input")),
    ("version zero", "acknowledgments", {"version": 0}, (422, "invalid_input")),
    ("another person's field", "acknowledgments", {"approved_by": "me"}, (422, "invalid_input")),
    ("a time without zone", "acknowledgments", {"sent_at": "2026-03-09T10:00:00"}, (422, "invalid_input")),
    (
        "a price in another currency",
        "acknowledgments",
        {"lines": [{"line_no": 1, "parts": [{"outcome": "accept", "unit_price": {"amount": "1", "currency": "EUR"}}]}]},
        (422, "invalid_input"),
    ),
    (
        "a unit nobody knows",
        "acknowledgments",
        {"lines": [{"line_no": 1, "parts": [{"outcome": "accept", "quantity": "1", "uom": "FURLONG"}]}]},
        (422, "uom_unknown"),
    ),
    (
        "goods of a line that is not there",
        "ship-notices",
        {"lines": [{"line_no": 99, "quantity": "1"}]},
        (422, "unknown_reference"),
    ),
    (
        "goods for a site nobody knows",
        "ship-notices",
        {"lines": [{"line_no": 1, "quantity": "1", "ship_to": "MOON"}]},
        (422, "unknown_reference"),
    ),
    (
        "a count of a line that is not there",
        "receipts",
        {"lines": [{"line_no": 99, "quantity": "1"}]},
        (422, "unknown_reference"),
    ),
    (
        "more damaged than counted",
        "receipts",
        {"lines": [{"line_no": 1, "quantity": "1", "damaged": "2"}]},
        (422, "invalid_input"),
    ),
    ("a bill without lines", "invoices", {"lines": []}, (422, "invalid_input")),
]


def test_a_document_with_a_wrong_fact_is_refused_by_name(api: Api, order: PurchaseOrder, superuser: Superuser) -> None:
    before = left_behind(superuser)
    who = senders(api)

    for what, name, wrong, problem in WRONG_FACTS:
        reply = send(who[name], door(order, name), {**good(order, name), **wrong})
        assert refusal(reply) == problem, (what, reply.text)

    assert left_behind(superuser) == before


def test_an_order_of_another_supplier_is_answered_like_one_that_does_not_exist(
    api: Api, order: PurchaseOrder, superuser: Superuser
) -> None:
    stranger = api.program(*PARTNER, supplier=OTHER_SUPPLIER)
    before = left_behind(superuser)

    for name in ("acknowledgments", "ship-notices"):
        theirs = send(stranger, door(order, name), good(order, name))
        nobodys = send(stranger, door(order, name).replace(order.order_ref, "PV999999"), good(order, name))
        assert refusal(theirs) == refusal(nobodys) == (404, "not_found")

    after = left_behind(superuser)
    assert {table: count for table, count in after.items() if table != "event"} == {
        table: count for table, count in before.items() if table != "event"
    }


def test_a_number_that_a_document_about_another_order_has_is_refused(
    api: Api, database: Database, order: PurchaseOrder, superuser: Superuser
) -> None:
    other, who = an_issued_order(database, **two_lines()), senders(api)
    for name in ("acknowledgments", "ship-notices", "receipts"):
        assert send(who[name], door(order, name), good(order, name)).status_code == 201
    before = left_behind(superuser)

    told = {name: refusal(send(who[name], door(other, name), good(other, name))) for name in DOORS[:3]}

    assert set(told.values()) == {(409, "document_changed")}, told
    assert left_behind(superuser) == before


def test_an_answer_to_a_version_that_never_was_is_kept_and_somebody_is_asked(
    api: Api, database: Database, order: PurchaseOrder
) -> None:
    reply = send(api.keller(), door(order, "acknowledgments"), an_answer(version=7))

    assert reply.status_code == 201
    assert reply.json()["result"] == "UNKNOWN_VERSION"
    assert [each.value for each in open_types(database)] == ["UNKNOWN_VERSION"]


def test_a_bill_in_another_currency_waits_for_a_person_and_is_never_paid_by_itself(
    api: Api, database: Database, order: PurchaseOrder
) -> None:
    reply = send(api.keller(), door(order, "invoices"), a_bill(order, currency="EUR"))

    assert reply.status_code == 201
    assert reply.json()["payment"] != "released"
    assert open_types(database)


def test_the_good_document_is_still_taken_after_a_hundred_bad_ones(api: Api, order: PurchaseOrder) -> None:
    keller = api.keller()
    for _ in range(25):
        for body in (b"{", DEEP, b'{"version": 1e999}', b'{"external_id": "\x00"}'):
            assert post_raw(keller, door(order, "acknowledgments"), body).status_code in (400, 422)

    assert send(keller, door(order, "acknowledgments"), an_answer()).status_code == 201
