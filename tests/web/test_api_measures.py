"""Measures for programs: figures with their definitions, the lines behind them page by page, and the handoffs of an order."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from purveyor.core.access import Permission
from purveyor.core.order import PurchaseOrder
from purveyor.settings import Settings
from purveyor.store.db import Database
from tests.app.supplier_world import a_world, answered
from tests.order_builders import OTHER_UNIT
from tests.web.api_world import Api, an_api, pointers, refusal
from tests.web.measured_world import a_sent_order, corrected_by_us

pytestmark = pytest.mark.postgres
MARCH = {"from": "2026-03-01", "to": "2026-03-31"}


@pytest.fixture
def order(database: Database) -> PurchaseOrder:
    """Ten lines sent and confirmed, one corrected by us afterwards."""
    a_world(database)
    order = a_sent_order(database, lines=10)
    answered(database, order, header="accept")
    corrected_by_us(database, order, line_no=4)
    return order


@pytest.fixture
def api(database: Database, order: PurchaseOrder, web_settings: Settings) -> Iterator[Api]:
    with an_api(database, web_settings) as served:
        yield served


def test_a_program_reads_figures_with_definition_denominator_and_sample(api: Api) -> None:
    items = api.desk().get("/v1/measures", params=MARCH).json()["items"]

    by_id = {item["id"]: item for item in items}
    accuracy = by_id["po-accuracy"]
    assert [item["number"] for item in items] == list(range(1, 10))
    assert (accuracy["numerator"], accuracy["denominator"]) == (9, 10)
    assert accuracy["figures"][0] | {"value": "90"} == accuracy["figures"][0]
    assert accuracy["figures"][0]["too_few"]
    assert by_id["receiving-readiness"]["missing"]
    assert by_id["receiving-readiness"]["figures"] == []


def test_the_lines_behind_a_measure_come_page_by_page(api: Api, order: PurchaseOrder) -> None:
    desk, cursor, seen = api.desk(), None, []
    while True:
        page = desk.get(
            "/v1/measures/po-accuracy/lines", params={**MARCH, "limit": 4, **({"cursor": cursor} if cursor else {})}
        ).json()
        seen += [(item["order_ref"], item["line_no"], item["why"]) for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert seen[0] == (order.order_ref, 4, "corrected_by_us")
    assert sorted(line for _, line, _ in seen) == list(range(1, 11))
    corrected = desk.get("/v1/measures/po-accuracy/lines", params={**MARCH, "why": "corrected_by_us"}).json()["items"]
    assert [item["line_no"] for item in corrected] == [4]


def test_the_handoffs_of_an_order_answer_for_every_line(api: Api, order: PurchaseOrder) -> None:
    items = api.desk().get(f"/v1/orders/{order.order_ref}/handoffs").json()["items"]

    said = {(item["line_no"], one["question"]): one["answer"] for item in items for one in item["answers"]}
    assert len(said) == 50
    assert (said[4, "changed"], said[5, "changed"], said[5, "acknowledged"]) == ("yes", "open", "yes")


def test_another_unit_has_no_data_and_a_supplier_is_not_let_in(api: Api) -> None:
    stranger = api.program(Permission.EVENT_READ, units=(OTHER_UNIT,))

    items = stranger.get("/v1/measures", params=MARCH).json()["items"]

    assert {item["denominator"] for item in items} == {0, None}
    assert {figure["value"] for item in items for figure in item["figures"] if figure["unit"] == "percent"} == {None}
    assert refusal(api.keller().get("/v1/measures"))[0] == 403


def test_what_cannot_be_asked_is_refused_by_name(api: Api) -> None:
    desk = api.desk()

    assert refusal(desk.get("/v1/measures", params={"supplier": "NOBODY"}))[0] == 422
    assert refusal(desk.get("/v1/measures", params={"from": "2026-03-31", "to": "2026-03-01"}))[0] == 422
    assert pointers(desk.get("/v1/measures", params={"from": "yesterday"})) == ["from"]
    assert refusal(desk.get("/v1/measures", params={"until": "2026-03-01"}))[0] == 400
    assert desk.get("/v1/measures", params={**MARCH, "supplier": "KELLER", "site": "DAYTON"}).status_code == 200
