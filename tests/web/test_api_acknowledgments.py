"""Suppliers answer orders through the API: per line, once, for their own orders only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

import httpx
import pytest

from purveyor.core.access import SYSTEM
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.settings import Settings
from purveyor.store import orders
from purveyor.store.db import Database
from tests.app.supplier_world import a_world, an_issued_order, open_types, two_lines
from tests.web.api_world import Api, an_answer, an_api, pointers, refusal, send


@pytest.fixture
def api(database: Database, web_settings: Settings) -> Iterator[Api]:
    """The pump supplier's world behind the API."""
    a_world(database)
    with an_api(database, web_settings) as opened:
        yield opened


@pytest.fixture
def order(database: Database, api: Api) -> PurchaseOrder:
    """20 cartons of pumps, sent to the supplier."""
    return an_issued_order(database)


def answer_to(order: PurchaseOrder) -> str:
    return f"/v1/orders/{order.order_ref}/acknowledgments"


def test_a_supplier_promises_a_line_on_two_dates(api: Api, order: PurchaseOrder) -> None:
    reply = send(api.keller(), answer_to(order), an_answer())

    assert reply.status_code == 201
    told = reply.json()
    line = told["lines"][0]
    assert (told["result"], told["order_status"], line["state"]) == ("APPLIED", "acknowledged", "ACCEPTED")
    assert (line["ordered"], line["accepted"], line["promised_delivery"]) == ("20", "20", "2026-03-30")
    assert api.keller().get(reply.headers["location"]).json()["external_id"] == "ACK-1"


def test_one_word_answers_the_whole_order(api: Api, database: Database) -> None:
    order = an_issued_order(database, **two_lines())

    reply = send(api.keller(), answer_to(order), an_answer(header="accept", lines=[]))

    assert [line["accepted"] for line in reply.json()["lines"]] == ["20", "10"]


def test_the_same_answer_sent_again_counts_once(api: Api, order: PurchaseOrder) -> None:
    keller = api.keller()
    first, again = (send(keller, answer_to(order), an_answer()) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 200)
    assert (first.json()["repeated"], again.json()["repeated"]) == (False, True)
    assert len(keller.get(answer_to(order)).json()["items"]) == 1


def test_another_answer_under_a_number_that_was_used_is_refused(api: Api, order: PurchaseOrder) -> None:
    keller = api.keller()
    send(keller, answer_to(order), an_answer())

    other = send(keller, answer_to(order), an_answer(header="reject", lines=[]))

    assert refusal(other) == (409, "document_changed")


def test_an_answer_to_an_older_version_is_kept_and_says_so_for_each_changed_line(api: Api, database: Database) -> None:
    order = an_issued_order(database, **two_lines())
    second = replace(order.lines[1], quantity=Decimal(11), changed_in_version=2)
    with database.transaction(SYSTEM) as tx:
        orders.save(tx, replace(order, version=2, lines=(order.lines[0], second)))

    reply = send(api.keller(), answer_to(order), an_answer(version=1, header="accept", lines=[]))

    assert reply.status_code == 201
    assert [(line["line_no"], line["result"]) for line in reply.json()["lines"]] == [(1, "APPLIED"), (2, "STALE_VERSION")]
    assert reply.json()["asks_about"] == [2]
    assert "STALE_VERSION" in open_types(database)


def test_a_proposal_outside_the_window_waits_for_the_buyer(api: Api, order: PurchaseOrder, database: Database) -> None:
    price = {"outcome": "change", "unit_price": {"amount": "1400.00", "currency": "USD"}}

    reply = send(api.keller(), answer_to(order), an_answer(lines=[{"line_no": 1, "parts": [price]}]))

    assert (reply.json()["lines"][0]["proposed"], reply.json()["order_status"]) == ("20", "acknowledged")
    assert "ACK_CHANGE_PROPOSED" in open_types(database)


@pytest.mark.parametrize(
    ("wrong", "code", "place"),
    [
        ({"lines": [{"line_no": 9, "parts": [{"outcome": "accept"}]}]}, "unknown_reference", "#/lines/0/line_no"),
        ({"lines": [{"line_no": 1, "parts": [{"outcome": "accept", "quantity": "-5"}]}]}, "invalid_input", "parts/0/quantity"),
        ({"lines": [{"line_no": 1, "parts": [{"outcome": "accept", "quantity": 5}]}]}, "invalid_input", "parts/0/quantity"),
        ({"lines": [{"line_no": 1, "parts": [{"outcome": "accept", "quantity": "0"}]}]}, "invalid_input", "parts/0/quantity"),
        (
            {"lines": [{"line_no": 1, "parts": [{"outcome": "accept", "quantity": "1", "uom": "PALLET"}]}]},
            "uom_unknown",
            "parts/0/uom",
        ),
        ({"lines": [{"line_no": 1, "parts": []}]}, "invalid_input", "#/lines/0/parts"),
        ({"lines": []}, "invalid_input", "#/lines"),
        ({"version": "1"}, "invalid_input", "#/version"),
        ({"version": 0}, "invalid_input", "#/version"),
        ({"sent_at": "2026-03-09T10:00:00"}, "invalid_input", "#/sent_at"),
        ({"sent_at": "0001-03-09T10:00:00Z"}, "invalid_input", "#/sent_at"),
        ({"sent_at": "9999-12-31T23:59:59-14:00"}, "invalid_input", "#/sent_at"),
        ({"sent_at": "2026-03-11T00:00:00Z"}, "sent_in_future", "#/sent_at"),
        ({"sent_at": "2099-01-01T00:00:00Z"}, "sent_in_future", "#/sent_at"),
        ({"unknown": True}, "invalid_input", "#/unknown"),
        ({"external_id": ""}, "invalid_input", "#/external_id"),
        ({"header": "change", "lines": []}, "invalid_input", "#/header"),
    ],
)
def test_a_wrong_value_is_named_by_its_place_and_nothing_is_kept(
    api: Api, order: PurchaseOrder, wrong: dict[str, object], code: str, place: str
) -> None:
    keller = api.keller()

    reply = send(keller, answer_to(order), an_answer(**wrong))

    assert refusal(reply) == (422, code)
    assert [pointer for pointer in pointers(reply) if pointer.endswith(place)], pointers(reply)
    assert keller.get(answer_to(order)).json()["items"] == []


def test_a_price_in_another_currency_than_the_order_is_refused(api: Api, order: PurchaseOrder) -> None:
    part = {"outcome": "accept", "unit_price": {"amount": "998.40", "currency": "EUR"}}

    reply = send(api.keller(), answer_to(order), an_answer(lines=[{"line_no": 1, "parts": [part]}]))

    assert refusal(reply) == (422, "invalid_input")
    assert pointers(reply) == ["#/lines/0/parts/0/unit_price/currency"]


def test_an_order_that_was_never_issued_cannot_be_answered(api: Api, database: Database) -> None:
    draft = an_issued_order(database, status=Status.DRAFT, first_issued_version=None)

    assert refusal(send(api.keller(), answer_to(draft), an_answer())) == (404, "not_found")
    assert refusal(send(api.desk(), answer_to(draft), an_answer())) == (404, "not_found")


def test_a_buyers_program_may_write_an_answer_down_for_the_supplier(api: Api, order: PurchaseOrder) -> None:
    reply = send(api.desk(), answer_to(order), an_answer())

    assert (reply.status_code, reply.json()["result"]) == (201, "APPLIED")


def test_an_answer_that_does_not_exist_is_not_found(api: Api, order: PurchaseOrder) -> None:
    reply: httpx.Response = api.keller().get(f"{answer_to(order)}/00000000-0000-7000-8000-00000000abcd")

    assert refusal(reply) == (404, "not_found")
