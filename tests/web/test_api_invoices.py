"""Invoices through the API: matched, waiting, stopped as copies, and what each reader is told of them (checklist.md S41)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from purveyor.core.access import SYSTEM, Permission
from purveyor.core.order import PurchaseOrder
from purveyor.settings import Settings
from purveyor.store import inbox
from purveyor.store.db import Database
from tests.app.supplier_world import a_world, an_issued_order
from tests.web.api_world import Api, a_bill, a_count, an_answer, an_api, pointers, refusal, send


@pytest.fixture
def api(database: Database, web_settings: Settings) -> Iterator[Api]:
    """The pump supplier's world behind the API."""
    a_world(database)
    with an_api(database, web_settings) as opened:
        yield opened


@pytest.fixture
def order(database: Database, api: Api) -> PurchaseOrder:
    """20 cartons of pumps, promised and received."""
    issued = an_issued_order(database)
    desk = api.desk()
    send(desk, f"/v1/orders/{issued.order_ref}/acknowledgments", an_answer())
    send(desk, f"/v1/orders/{issued.order_ref}/receipts", a_count("20"))
    return issued


@pytest.fixture
def finance(api: Api) -> httpx.Client:
    """The finance system's program."""
    return api.program(Permission.INVOICE_WRITE, Permission.ORDER_READ)


def test_s41_a_bill_that_agrees_is_matched_and_released(finance: httpx.Client, order: PurchaseOrder) -> None:
    reply = send(finance, "/v1/invoices", a_bill(order, supplier="KELLER"))

    assert reply.status_code == 201
    told = reply.json()
    assert (told["state"], told["payment"], told["mismatches"]) == ("matched", "released", [])
    assert told["total"] == {"amount": "19968.00", "currency": "USD"}
    read = finance.get(reply.headers["location"])
    assert (read.json()["state"], read.headers["etag"]) == ("matched", f'"{told["version"]}"')
    assert finance.get(reply.headers["location"], headers={"if-none-match": read.headers["etag"]}).status_code == 304


def test_a_bill_that_was_taken_in_waits_in_no_inbox(finance: httpx.Client, order: PurchaseOrder, database: Database) -> None:
    for quantity in ("12", "12", "8"):
        send(finance, "/v1/invoices", a_bill(order, quantity, supplier="KELLER"))

    with database.read(SYSTEM) as tx:
        assert inbox.waiting(tx) == []


def test_s41_the_old_price_is_an_exception_with_its_class_and_amount(finance: httpx.Client, order: PurchaseOrder) -> None:
    told = send(finance, "/v1/invoices", a_bill(order, price="1036.80", supplier="KELLER")).json()

    assert (told["state"], told["payment"]) == ("in_exception", "blocked")
    assert {"line_no": 1, "code": "PRICE"} in told["mismatches"]
    price = next(each for each in told["exceptions"] if each["type"] == "MATCH_PRICE")
    assert price["exposure"] == {"amount": "768.00", "currency": "USD"}


def test_s41_a_bill_ahead_of_goods_that_are_still_expected_waits(api: Api, finance: httpx.Client, database: Database) -> None:
    waiting = an_issued_order(database)
    send(api.keller(), f"/v1/orders/{waiting.order_ref}/acknowledgments", an_answer())

    told = send(finance, "/v1/invoices", a_bill(waiting, supplier="KELLER")).json()

    assert (told["state"], told["payment"], told["exceptions"]) == ("waiting_receipt", "untold", [])
    assert told["wait_until"] > "2026-03-30"


def test_a_copy_under_a_number_that_looks_alike_is_stopped(finance: httpx.Client, order: PurchaseOrder) -> None:
    first = send(finance, "/v1/invoices", a_bill(order, supplier="KELLER")).json()

    copy = a_bill(order, supplier="KELLER", number="KP-1O442", external_id="INV-2")
    told = send(finance, "/v1/invoices", copy).json()

    assert (told["state"], told["duplicate_of"]) == ("in_review", first["id"])
    assert [each["type"] for each in told["exceptions"]] == ["DUPLICATE_INVOICE"]


def test_the_same_bill_by_the_supplier_and_by_finance_is_one_bill(api: Api, finance: httpx.Client, order: PurchaseOrder) -> None:
    own = send(api.keller(), "/v1/invoices", a_bill(order))
    scanned = send(finance, "/v1/invoices", a_bill(order, supplier="KELLER", external_id="SCAN-7"))

    assert (own.status_code, scanned.status_code) == (201, 200)
    assert scanned.json()["repeated"]
    assert scanned.json()["id"] == own.json()["id"]


def test_a_supplier_is_told_that_his_bill_came_and_nothing_of_our_judgement(api: Api, order: PurchaseOrder) -> None:
    keller = api.keller()

    reply = send(keller, "/v1/invoices", a_bill(order, price="1036.80"))

    told = keller.get(reply.headers["location"]).json()
    assert told["total"]["amount"] == "20736.00"
    assert (told["state"], told["mismatches"], told["exceptions"], told["version"]) == (None, [], [], None)


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"supplier": None}, "#/supplier"),
        ({"supplier": "NOBODY"}, "#/supplier"),
        ({"currency": "usd"}, "#/currency"),
        ({"total": "-1"}, "#/total"),
        ({"number": " "}, "#/number"),
        ({"lines": [{"line_no": 1, "order_ref": "PV000001", "order_line_no": 1}]}, "#/lines/0/amount"),
        ({"lines": [{"line_no": 1, "order_ref": "PV000001", "order_line_no": 1, "quantity": "-1"}]}, "#/lines/0/quantity"),
    ],
)
def test_a_bill_that_cannot_be_used_is_refused_by_its_place(
    finance: httpx.Client, order: PurchaseOrder, wrong: dict[str, Any], place: str
) -> None:
    reply = send(finance, "/v1/invoices", a_bill(order, **{"supplier": "KELLER", **wrong}))

    assert refusal(reply)[0] == 422
    assert pointers(reply) == [place]


def test_a_bill_in_another_currency_than_the_order_is_an_exception(finance: httpx.Client, order: PurchaseOrder) -> None:
    told = send(finance, "/v1/invoices", a_bill(order, supplier="KELLER", currency="EUR")).json()

    assert told["state"] == "in_exception"
    assert {"line_no": 1, "code": "CURRENCY"} in told["mismatches"]


def test_bills_are_listed_by_state_to_the_end(finance: httpx.Client, order: PurchaseOrder) -> None:
    for number in range(3):
        numbered = a_bill(order, "1", supplier="KELLER", number=f"KP-{7 * number}A", external_id=f"I{number}")
        send(finance, "/v1/invoices", {**numbered, "invoice_date": f"2026-03-{10 + number}"})

    seen: list[str] = []
    cursor: str | None = None
    while True:
        asked = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        page = finance.get("/v1/invoices", params=asked).json()
        seen += [each["number"] for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen == ["KP-14A", "KP-7A", "KP-0A"]
    assert finance.get("/v1/invoices", params={"state": "rejected"}).json()["items"] == []
