"""Suppliers announce shipments and warehouses report counts through the API: units, surplus, slips, damage, returns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from purveyor.core.access import Permission
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.settings import Settings
from purveyor.store.db import Database
from tests.app.supplier_world import a_world, an_issued_order, open_types, progress
from tests.web.api_world import Api, a_count, a_notice, an_api, pointers, refusal, send


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


def notices_of(order: PurchaseOrder) -> str:
    return f"/v1/orders/{order.order_ref}/ship-notices"


def receipts_of(order: PurchaseOrder) -> str:
    return f"/v1/orders/{order.order_ref}/receipts"


@pytest.fixture
def dock(api: Api) -> httpx.Client:
    """The warehouse system's program."""
    return api.program(Permission.RECEIPT_WRITE, Permission.ORDER_READ)


def test_a_shipment_is_under_way_until_it_arrives(api: Api, order: PurchaseOrder) -> None:
    keller = api.keller()

    reply = send(keller, notices_of(order), a_notice())

    assert reply.status_code == 201
    assert reply.json()["under_way"] == [{"line_no": 1, "ship_to": "DAYTON", "quantity": "144"}]
    kept = keller.get(reply.headers["location"]).json()
    assert (kept["number"], kept["arrives_on"], kept["lines"][0]["ship_to"]) == ("S1", "2026-03-23", "DAYTON")


def test_a_corrected_shipment_takes_the_place_of_the_first_and_a_repeated_one_changes_nothing(
    api: Api, order: PurchaseOrder
) -> None:
    keller = api.keller()
    send(keller, notices_of(order), a_notice())

    corrected = send(keller, notices_of(order), a_notice("10", revision=2))
    repeated = send(keller, notices_of(order), a_notice("10", revision=2))

    assert [reply.json()["under_way"][0]["quantity"] for reply in (corrected, repeated)] == ["120", "120"]
    assert (repeated.status_code, repeated.json()["repeated"]) == (200, True)
    assert len(keller.get(notices_of(order)).json()["items"]) == 1


@pytest.mark.parametrize(
    ("wrong", "code", "place"),
    [
        ({"lines": [{"line_no": 1, "quantity": "12", "ship_to": "MARS"}]}, "unknown_reference", "#/lines/0/ship_to"),
        ({"lines": [{"line_no": 7, "quantity": "12"}]}, "unknown_reference", "#/lines/0/line_no"),
        ({"lines": [{"line_no": 1, "quantity": "0"}]}, "invalid_input", "#/lines/0/quantity"),
        ({"lines": [{"line_no": 1, "quantity": "1", "uom": "PALLET"}]}, "uom_unknown", "#/lines/0/uom"),
        ({"lines": [{"line_no": 1, "quantity": "999999999"}]}, "ship_quantity_implausible", "#/lines/0/quantity"),
        ({"lines": [{"line_no": 1, "quantity": "201"}]}, "ship_quantity_implausible", "#/lines/0/quantity"),
        ({"sent_at": "2099-01-01T00:00:00Z"}, "sent_in_future", "#/sent_at"),
        ({"lines": []}, "invalid_input", "#/lines"),
    ],
)
def test_a_shipment_that_cannot_be_is_refused(
    api: Api, order: PurchaseOrder, wrong: dict[str, Any], code: str, place: str
) -> None:
    reply = send(api.keller(), notices_of(order), a_notice(**wrong))

    assert refusal(reply) == (422, code)
    assert pointers(reply) == [place]


def test_goods_for_an_order_that_is_closed_belong_to_a_person(api: Api, database: Database) -> None:
    closed = an_issued_order(database, status=Status.CLOSED)

    assert refusal(send(api.keller(), notices_of(closed), a_notice())) == (409, "illegal_transition")


def test_a_full_count_receives_the_line(dock: httpx.Client, order: PurchaseOrder, database: Database) -> None:
    reply = send(dock, receipts_of(order), a_count("20"))

    assert reply.status_code == 201
    line = reply.json()["lines"][0]
    assert (line["accepted"], line["open"], line["status"]) == ("240", "0", "RECEIVED_FULL")
    assert progress(database, order.id).open == 0
    assert dock.get(reply.headers["location"]).json()["lines"][0]["keyed"] == "20"


def test_a_count_in_pumps_is_the_same_as_one_in_cartons(dock: httpx.Client, order: PurchaseOrder) -> None:
    reply = send(dock, receipts_of(order), a_count("240", "EA"))

    assert reply.json()["lines"][0]["status"] == "RECEIVED_FULL"


def test_cartons_keyed_for_pumps_are_asked_about_and_counted_again(
    dock: httpx.Client, order: PurchaseOrder, database: Database
) -> None:
    held = send(dock, receipts_of(order), a_count("240", "CT"))

    assert held.json()["held"]
    assert held.json()["lines"][0]["codes"] == ["HELD_RECOUNT"]
    assert held.json()["lines"][0]["question"]
    assert [each["type"] for each in held.json()["exceptions"]] == ["HELD_RECOUNT"]

    again = a_count("240", "EA", external_id="GRN-2", recount_of=held.json()["id"])
    assert send(dock, receipts_of(order), again).json()["lines"][0]["accepted"] == "240"
    assert open_types(database) == []


def test_surplus_and_damage_open_exceptions_that_stand_in_the_answer(dock: httpx.Client, order: PurchaseOrder) -> None:
    reply = send(dock, receipts_of(order), a_count("21", line={"damaged": "2"}))

    assert {each["type"] for each in reply.json()["exceptions"]} >= {"DAMAGED_RECEIPT"}
    assert reply.json()["lines"][0]["rejected"] == "24"


def test_the_same_count_sent_again_is_counted_once(dock: httpx.Client, order: PurchaseOrder, database: Database) -> None:
    first, again = (send(dock, receipts_of(order), a_count("12")) for _ in range(2))

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["lines"] == again.json()["lines"]
    assert progress(database, order.id).accepted == 12
    assert len(dock.get(receipts_of(order)).json()["items"]) == 1


def test_goods_that_go_back_are_taken_off(dock: httpx.Client, order: PurchaseOrder, database: Database) -> None:
    send(dock, receipts_of(order), a_count("20"))

    back = a_count("2", external_id="RET-1", counted_at="2026-03-24T08:00:00Z", line={"return_for": "credit"})
    reply = send(dock, receipts_of(order), back)

    assert reply.status_code == 201
    assert progress(database, order.id).returned == 2


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"lines": [{"line_no": 1, "quantity": "-3"}]}, "#/lines/0/quantity"),
        ({"lines": [{"line_no": 1, "quantity": "2", "damaged": "3"}]}, "#/lines/0/damaged"),
        ({"lines": [{"line_no": 1, "quantity": "2", "return_for": "credit"}]}, "#/lines/0/quantity"),
        ({"counted_at": 5}, "#/counted_at"),
    ],
)
def test_a_count_that_cannot_be_is_refused(dock: httpx.Client, order: PurchaseOrder, wrong: dict[str, Any], place: str) -> None:
    reply = send(dock, receipts_of(order), a_count(**wrong))

    assert refusal(reply) == (422, "invalid_input")
    assert pointers(reply) == [place]


def test_documents_that_do_not_exist_are_not_found(api: Api, dock: httpx.Client, order: PurchaseOrder) -> None:
    nobody = "00000000-0000-7000-8000-00000000abcd"

    assert refusal(dock.get(f"{receipts_of(order)}/{nobody}")) == (404, "not_found")
    assert refusal(api.keller().get(f"{notices_of(order)}/{nobody}")) == (404, "not_found")
    assert refusal(send(dock, receipts_of(order), a_count(recount_of=nobody))) == (404, "not_found")
