"""Orders through the API: read by the house and by suppliers, changed with the version that was seen."""

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
from purveyor.store import jobs, orders
from purveyor.store.db import Database
from tests.app.supplier_world import a_world, an_issued_order, two_lines
from tests.web.api_world import Api, a_count, an_answer, an_api, pointers, refusal, send


@pytest.fixture
def api(database: Database, web_settings: Settings) -> Iterator[Api]:
    """The pump supplier's world behind the API."""
    a_world(database)
    with an_api(database, web_settings) as opened:
        yield opened


@pytest.fixture
def desk(api: Api) -> httpx.Client:
    """A program of the house that may do everything."""
    return api.desk()


def a_draft(database: Database) -> PurchaseOrder:
    return an_issued_order(database, status=Status.DRAFT, first_issued_version=None, requester="rita")


def test_the_house_reads_an_order_with_answers_and_progress(api: Api, desk: httpx.Client, database: Database) -> None:
    order = an_issued_order(database)
    send(api.keller(), f"/v1/orders/{order.order_ref}/acknowledgments", an_answer())
    send(desk, f"/v1/orders/{order.order_ref}/receipts", a_count("5"))

    reply = desk.get(f"/v1/orders/{order.order_ref}")

    told = reply.json()
    line = told["lines"][0]
    assert (told["status"], told["total"]) == ("acknowledged", {"amount": "19968.00", "currency": "USD"})
    assert (line["answer"]["promised_delivery"], line["progress"]["accepted"], line["progress"]["open"]) == (
        "2026-03-30",
        "5",
        "15",
    )
    assert line["schedules"][0]["ship_to"] == "DAYTON"
    assert reply.headers["etag"] == f'"{told["row_version"]}"'
    assert desk.get(f"/v1/orders/{order.order_ref}", headers={"if-none-match": reply.headers["etag"]}).status_code == 304


def test_a_supplier_reads_his_order_as_it_was_published(api: Api, database: Database) -> None:
    order = an_issued_order(database)
    keller = api.keller()

    told = keller.get(f"/v1/orders/{order.order_ref}").json()

    assert (told["schema"], told["buyer"], told["supplier"]["name"]) == ("purveyor.order.v1", "Main unit", "Keller Pumps")
    assert told["lines"][0]["schedules"][0]["ship_to"]["code"] == "DAYTON"
    assert "progress" not in told["lines"][0]


def test_a_supplier_sees_what_changed_since_the_version_he_got_before(api: Api, database: Database) -> None:
    order = an_issued_order(database)
    more = replace(order.lines[0], quantity=Decimal(30), changed_in_version=2)
    with database.transaction(SYSTEM) as tx:
        orders.save(tx, replace(order, version=2, lines=(more,)))
    keller = api.keller()

    told = keller.get(f"/v1/orders/{order.order_ref}").json()

    assert (told["version"], told["changes"][0]["field"], told["changes"][0]["after"]) == (2, "quantity", "30")
    assert keller.get(f"/v1/orders/{order.order_ref}/versions/1").json()["lines"][0]["quantity"] == "20"
    assert [each["version"] for each in keller.get(f"/v1/orders/{order.order_ref}/versions").json()["items"]] == [1, 2]


def test_the_house_reads_every_version(desk: httpx.Client, database: Database) -> None:
    draft = a_draft(database)
    with database.transaction(SYSTEM) as tx:
        orders.save(tx, replace(draft, version=2, payment_terms="NET60"))

    versions = desk.get(f"/v1/orders/{draft.order_ref}/versions").json()["items"]

    assert [each["version"] for each in versions] == [1, 2]
    assert versions[0]["hash"] != versions[1]["hash"]
    assert desk.get(f"/v1/orders/{draft.order_ref}/versions/1").json()["terms"]["payment_terms"] is None
    assert refusal(desk.get(f"/v1/orders/{draft.order_ref}/versions/9")) == (404, "not_found")


def test_lists_show_the_house_everything_and_a_supplier_what_was_issued_to_him(
    api: Api, desk: httpx.Client, database: Database
) -> None:
    issued, draft = an_issued_order(database), a_draft(database)

    assert {each["order_ref"] for each in desk.get("/v1/orders").json()["items"]} == {issued.order_ref, draft.order_ref}
    seen = api.keller().get("/v1/orders").json()["items"]
    assert [(each["order_ref"], each["exceptions"]) for each in seen] == [(issued.order_ref, None)]


def test_a_list_is_filtered_sorted_and_read_to_its_end(api: Api, desk: httpx.Client, database: Database) -> None:
    issued = sorted((an_issued_order(database) for _ in range(3)), key=lambda order: order.id, reverse=True)

    for program in (desk, api.keller()):
        first = program.get("/v1/orders", params={"status": "issued", "limit": 2}).json()
        rest = program.get("/v1/orders", params={"status": "issued", "limit": 2, "cursor": first["next_cursor"]}).json()
        assert [each["order_ref"] for each in first["items"] + rest["items"]] == [order.order_ref for order in issued]
    assert desk.get("/v1/orders", params={"supplier": "KELLER", "q": "circulator", "sort": "order_ref"}).json()["items"]
    assert desk.get("/v1/orders", params={"status": "closed"}).json()["items"] == []
    assert desk.get("/v1/orders", params={"need_by_from": "2026-04-01"}).json()["items"] == []


@pytest.mark.parametrize(
    "wrong", [{"status": "lost"}, {"sort": "price"}, {"limit": "500"}, {"need_by_from": "soon"}, {"supplier": "NOBODY"}]
)
def test_a_filter_that_means_nothing_is_refused(desk: httpx.Client, wrong: dict[str, str]) -> None:
    assert refusal(desk.get("/v1/orders", params=wrong))[0] == 422


def test_a_draft_is_submitted_with_the_version_that_was_seen(desk: httpx.Client, database: Database) -> None:
    draft = a_draft(database)
    submit = f"/v1/orders/{draft.order_ref}/submit"

    assert refusal(send(desk, submit)) == (428, "version_required")
    assert refusal(send(desk, submit, version=draft.row_version + 7)) == (412, "stale_version")
    reply = send(desk, submit, version=draft.row_version)

    assert reply.status_code == 200
    assert desk.get(f"/v1/orders/{draft.order_ref}/gate-report").json()["order_version"] == 1


def test_an_edit_makes_a_new_version_and_is_checked_at_once(desk: httpx.Client, database: Database) -> None:
    draft = a_draft(database)
    price = {"amount": "998.41", "currency": "USD"}
    change = {"lines": [{"line_no": 1, "quantity": "18", "unit_price": price, "ship_to": "DAYTON"}], "payment_terms": "NET30"}

    reply = send(desk, f"/v1/orders/{draft.order_ref}/edit", change, version=draft.row_version)

    told = reply.json()
    assert (told["order"]["version"], told["order"]["lines"][0]["quantity"], told["order"]["status"]) == (2, "18", "draft")
    assert reply.headers["etag"] == f'"{told["order"]["row_version"]}"'
    report = desk.get(f"/v1/orders/{draft.order_ref}/gate-report").json()
    assert {section["section"] for section in report["sections"]} == {"quantity", "price", "terms", "policy", "inventory"}
    assert sorted({finding["code"] for finding in report["findings"]}) == told["codes"]


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"line_no": 1, "quantity": "0"}, "#/lines/0/quantity"),
        ({"line_no": 1, "ship_to": "MARS"}, "#/lines/0/ship_to"),
        ({"line_no": 1, "unit_price": {"amount": "1", "currency": "EUR"}}, "#/lines/0/unit_price/currency"),
        ({"line_no": 1, "unit_price": {"amount": "-1", "currency": "USD"}}, "#/lines/0/unit_price/amount"),
    ],
)
def test_an_edit_that_cannot_be_is_refused_by_its_place(
    desk: httpx.Client, database: Database, wrong: dict[str, object], place: str
) -> None:
    draft = a_draft(database)

    reply = send(desk, f"/v1/orders/{draft.order_ref}/edit", {"lines": [wrong]}, version=draft.row_version)

    assert refusal(reply)[0] == 422
    assert pointers(reply) == [place]


def test_an_order_is_held_and_goes_on(desk: httpx.Client, database: Database) -> None:
    order = an_issued_order(database, **two_lines())
    at = f"/v1/orders/{order.order_ref}"

    held = send(desk, f"{at}/hold", {"reason": "supplier moves house"}, version=order.row_version)
    again = send(desk, f"{at}/lift-hold", version=held.json()["row_version"])

    assert held.json()["hold"]["reason"] == "supplier moves house"
    assert again.json()["hold"] is None
    for blank in ("", " ", "\u200b", "\u2060\u3164"):
        assert refusal(send(desk, f"{at}/hold", {"reason": blank}, version=again.json()["row_version"])) == (422, "invalid_input")


def test_an_approved_order_is_released_by_the_workers(desk: httpx.Client, database: Database) -> None:
    approved = an_issued_order(database, status=Status.APPROVED, first_issued_version=None)
    issued = an_issued_order(database)

    reply = send(desk, f"/v1/orders/{approved.order_ref}/release", version=approved.row_version)

    assert reply.status_code == 200
    with database.read(SYSTEM) as tx:
        assert jobs.counts(tx) == {"todo": 1}
    refused = send(desk, f"/v1/orders/{issued.order_ref}/release", version=issued.row_version)
    assert refusal(refused) == (409, "illegal_transition")


def test_an_order_is_cancelled_with_a_reason(desk: httpx.Client, database: Database) -> None:
    order = an_issued_order(database)

    reply = send(desk, f"/v1/orders/{order.order_ref}/cancel", {"reason": "not needed"}, version=order.row_version)

    assert (reply.json()["status"], reply.json()["verbs"]) == ("cancelled", [])


def test_s35_everything_about_an_order_is_one_list_in_order(api: Api, desk: httpx.Client, database: Database) -> None:
    order = an_issued_order(database)
    send(api.keller(), f"/v1/orders/{order.order_ref}/acknowledgments", an_answer(lines=[], header="reject"))
    send(desk, f"/v1/orders/{order.order_ref}/receipts", a_count("20"))

    told = desk.get(f"/v1/orders/{order.order_ref}/events").json()["items"]

    kinds = [each["type"] for each in told]
    assert {"acknowledgment.received", "exception.opened", "goods.counted"} <= set(kinds), kinds
    own = [each["position"] for each in told if each["stream"] == {"type": "order", "id": str(order.id)}]
    assert own == list(range(1, len(own) + 1))
