"""What the house does through the API: exceptions, approvals, messages, and the log."""

from __future__ import annotations

from collections.abc import Iterator
from time import monotonic
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest

from purveyor.core.access import SYSTEM, Permission
from purveyor.core.messaging import AfterFailure, Step
from purveyor.core.order import PurchaseOrder
from purveyor.settings import Settings
from purveyor.store import messages
from purveyor.store.db import Database
from tests.app.approval_desk import submitted, the_step, told, worth
from tests.app.people import People, user
from tests.app.supplier_world import a_world, an_issued_order, at
from tests.order_builders import OTHER_UNIT
from tests.web.api_world import Api, a_bill, a_count, an_api, refusal, send

NOBODY = "00000000-0000-7000-8000-00000000abcd"


@pytest.fixture
def people(database: Database) -> People:
    """The people of the main unit."""
    return a_world(database)


@pytest.fixture
def api(database: Database, people: People, web_settings: Settings) -> Iterator[Api]:
    """The pump supplier's world behind the API."""
    with an_api(database, web_settings) as opened:
        yield opened


@pytest.fixture
def desk(api: Api) -> httpx.Client:
    """A program of the house that may do everything."""
    return api.desk()


@pytest.fixture
def order(database: Database, people: People) -> PurchaseOrder:
    """20 cartons of pumps, sent to the supplier."""
    return an_issued_order(database)


def overpriced(desk: httpx.Client, order: PurchaseOrder) -> dict[str, Any]:
    """The exception of a bill that is 38.40 a carton too dear."""
    send(desk, f"/v1/orders/{order.order_ref}/receipts", a_count("20"))
    bill = send(desk, "/v1/invoices", a_bill(order, price="1036.80", supplier="KELLER")).json()
    found: dict[str, Any] = next(each for each in bill["exceptions"] if each["type"] == "MATCH_PRICE")
    return found


def test_exceptions_are_listed_by_due_time_and_money_to_the_end(desk: httpx.Client, order: PurchaseOrder) -> None:
    overpriced(desk, order)
    send(desk, f"/v1/orders/{order.order_ref}/receipts", a_count("30", external_id="GRN-2"))

    whole = desk.get("/v1/exceptions").json()["items"]
    first = desk.get("/v1/exceptions", params={"limit": 1}).json()
    rest = desk.get("/v1/exceptions", params={"limit": 200, "cursor": first["next_cursor"]}).json()

    assert len(whole) > 1
    assert first["items"] + rest["items"] == whole
    assert [each["due_at"] for each in whole] == sorted(each["due_at"] for each in whole)
    mine = {"type": "MATCH_PRICE", "order_ref": order.order_ref, "supplier": "KELLER", "owner_role": "buyer"}
    assert [each["type"] for each in desk.get("/v1/exceptions", params=mine).json()["items"]] == ["MATCH_PRICE"]
    assert refusal(desk.get("/v1/exceptions", params={"supplier": "NOBODY"})) == (422, "unknown_reference")


def test_settling_a_price_difference_releases_the_bill(desk: httpx.Client, order: PurchaseOrder) -> None:
    case = overpriced(desk, order)
    read = desk.get(f"/v1/exceptions/{case['id']}").json()
    assert read["evidence"]

    for each in desk.get("/v1/exceptions", params={"type": "MATCH_PRICE"}).json()["items"]:
        choice = {"resolution": each["allowed_resolutions"][0], "reason": "agreed by phone"}
        settled = send(desk, f"/v1/exceptions/{each['id']}/resolve", choice, version=each["version"])
        assert settled.json()["status"] == "resolved"

    assert refusal(send(desk, f"/v1/exceptions/{case['id']}/resolve", choice, version=read["version"] + 1))[0] == 409
    bills = desk.get("/v1/invoices").json()["items"]
    assert bills[0]["state"] == "matched"


def test_a_resolution_is_undone_while_nothing_was_paid(desk: httpx.Client, order: PurchaseOrder) -> None:
    count = a_count("240", "CT")
    held = send(desk, f"/v1/orders/{order.order_ref}/receipts", count).json()["exceptions"][0]
    case = desk.get(f"/v1/exceptions/{held['id']}").json()
    resolve = {"resolution": case["allowed_resolutions"][0], "reason": "seen"}
    settled = send(desk, f"/v1/exceptions/{held['id']}/resolve", resolve, version=case["version"]).json()

    opened = send(desk, f"/v1/exceptions/{held['id']}/undo", {"reason": "not so"}, version=settled["version"])

    assert opened.json()["status"] == "open"


def test_an_exception_changes_hands_and_rests(desk: httpx.Client, order: PurchaseOrder, people: People) -> None:
    case = f"/v1/exceptions/{overpriced(desk, order)['id']}"
    version = desk.get(case).json()["version"]

    given = send(
        desk, f"{case}/reassign", {"role": "category_manager", "reason": "his", "person": str(people.carl.id)}, version=version
    )
    rested = send(desk, f"{case}/hold", {"until": "2026-04-01T08:00:00Z", "reason": "asked"}, version=version + 1)

    assert (given.json()["owner_role"], given.json()["owner_id"]) == ("category_manager", str(people.carl.id))
    assert (rested.json()["status"], rested.json()["due_at"][:10]) == ("on_hold", "2026-04-01")
    past = {"until": "2026-01-01T08:00:00Z", "reason": "x"}
    assert refusal(send(desk, f"{case}/hold", past, version=version + 2)) == (422, "invalid_input")
    nobody = {"role": "buyer", "reason": "x", "person": NOBODY}
    assert refusal(send(desk, f"{case}/reassign", nobody, version=version + 2)) == (422, "unknown_reference")
    assert refusal(send(desk, f"{case}/hold", past, version=version)) == (422, "invalid_input")


def test_a_program_sees_what_waits_for_a_person(desk: httpx.Client, people: People, database: Database) -> None:
    order = submitted(database, worth("19968.00"), by=people.rita)[0]

    waiting = desk.get("/v1/approvals", params={"holder": str(people.martha.id)}).json()["items"]

    assert [(each["order_ref"], each["role"]) for each in waiting] == [(order.order_ref, "line_manager")]
    assert desk.get("/v1/approvals").json()["items"] == []
    assert refusal(desk.get("/v1/approvals", params={"holder": NOBODY})) == (404, "not_found")
    step = desk.get(f"/v1/approvals/{waiting[0]['step_id']}")
    assert (step.json()["step"]["state"], step.json()["step"]["holder_id"]) == ("open", str(user(people.martha)))
    assert step.headers["etag"] == '"1"'


def test_no_program_approves_and_its_try_is_on_the_record(desk: httpx.Client, people: People, database: Database) -> None:
    order = submitted(database, worth("19968.00"), by=people.rita)[0]
    step = f"/v1/approvals/{the_step(database, order).id}/decide"

    refused = send(desk, step, {"verdict": "approve"}, version=1)

    assert refusal(refused) == (403, "not_authorised")
    assert told(database, order)[-1] == "approval.refused"
    assert refusal(send(desk, step, {"verdict": "approve"})) == (428, "version_required")
    assert refusal(send(desk, f"/v1/approvals/{NOBODY}/decide", {"verdict": "approve"}, version=1)) == (404, "not_found")


def a_dead_message(desk: httpx.Client, order: PurchaseOrder, database: Database) -> str:
    """The message of a receipt to the ERP, given up."""
    send(desk, f"/v1/orders/{order.order_ref}/receipts", a_count("20"))
    with database.transaction(SYSTEM) as tx:
        message = messages.of_order(tx, order.id)[0]
        held = messages.claim(tx, message.id)
        assert held is not None
        messages.fail(tx, held, AfterFailure(Step.DEAD, message.channel), "the ERP refused it")
    return str(message.id)


def test_a_message_that_was_given_up_is_sent_again(desk: httpx.Client, order: PurchaseOrder, database: Database) -> None:
    message = a_dead_message(desk, order, database)

    dead = desk.get("/v1/messages", params={"state": "dead", "order_ref": order.order_ref, "kind": "erp_receipt"}).json()
    again = send(desk, f"/v1/messages/{message}/replay")

    assert [each["id"] for each in dead["items"]] == [message]
    assert (again.json()["message"]["state"], again.json()["attempts"][0]["error"]) == ("ready", "the ERP refused it")
    assert refusal(send(desk, f"/v1/messages/{message}/replay")) == (409, "not_replayable")


def test_a_message_that_is_not_needed_is_taken_back(desk: httpx.Client, order: PurchaseOrder, database: Database) -> None:
    message = a_dead_message(desk, order, database)

    assert refusal(send(desk, f"/v1/messages/{message}/skip", {"reason": ""})) == (422, "invalid_input")
    gone = send(desk, f"/v1/messages/{message}/skip", {"reason": "keyed by hand"})

    assert gone.json()["message"]["state"] == "superseded"
    assert desk.get(f"/v1/messages/{message}").json()["message"]["state"] == "superseded"
    assert refusal(desk.get(f"/v1/messages/{NOBODY}")) == (404, "not_found")


def test_messages_are_listed_to_the_end(desk: httpx.Client, order: PurchaseOrder) -> None:
    for number in range(3):
        send(
            desk,
            f"/v1/orders/{order.order_ref}/receipts",
            a_count("1", external_id=f"G{number}", counted_at=at(number).isoformat()),
        )

    first = desk.get("/v1/messages", params={"limit": 2}).json()
    rest = desk.get("/v1/messages", params={"limit": 2, "cursor": first["next_cursor"]}).json()

    assert len({each["id"] for each in first["items"] + rest["items"]}) == 3


def read_on(auditor: httpx.Client, cursor: str | None, until: str) -> tuple[list[dict[str, Any]], str]:
    """Read the feed on in small pages until an event of a type has come; what is not settled yet comes a little later."""
    seen: list[dict[str, Any]] = []
    deadline = monotonic() + 60
    while not any(each["type"] == until for each in seen):
        assert monotonic() < deadline, [each["type"] for each in seen]
        asked = {"limit": "3", **({"cursor": cursor} if cursor else {})}
        page = auditor.get("/v1/events", params=asked).json()
        seen += page["items"]
        cursor = page["next_cursor"]
    assert cursor is not None
    return seen, cursor


def test_a_reader_of_the_feed_goes_on_where_he_stopped(api: Api, desk: httpx.Client, order: PurchaseOrder) -> None:
    auditor = api.program(Permission.EVENT_READ)
    held = send(desk, f"/v1/orders/{order.order_ref}/hold", {"reason": "wait"}, version=order.row_version).json()
    seen, cursor = read_on(auditor, None, "order.held")

    send(desk, f"/v1/orders/{order.order_ref}/lift-hold", version=held["row_version"])
    more, _ = read_on(auditor, cursor, "order.hold_lifted")

    ids = [each["id"] for each in seen + more]
    assert len(set(ids)) == len(ids)
    assert [(each["type"], each["reason"]) for each in seen if each["reason"]] == [("order.held", "wait")]


def test_an_auditor_proves_that_the_log_is_whole(
    api: Api, desk: httpx.Client, order: PurchaseOrder, superuser: psycopg.Connection[tuple[object, ...]]
) -> None:
    send(desk, f"/v1/orders/{order.order_ref}/receipts", a_count("20"))
    auditor = api.program(Permission.AUDIT_READ)

    assert auditor.get("/v1/events/verification").json()["broken"] is None
    superuser.execute("SET session_replication_role = replica")
    superuser.execute("UPDATE event SET source = 'elsewhere' WHERE stream_type = 'order' AND position = 1")

    broken = auditor.get("/v1/events/verification").json()["broken"]
    assert (broken["stream"], broken["position"]) == (f"order:{order.id}", 1)


def test_another_units_program_sees_none_of_it(api: Api, desk: httpx.Client, order: PurchaseOrder) -> None:
    case = overpriced(desk, order)
    other = api.program(*Permission, units=(UUID(str(OTHER_UNIT)),))

    assert other.get("/v1/orders").json()["items"] == []
    assert other.get("/v1/exceptions").json()["items"] == []
    assert refusal(other.get(f"/v1/exceptions/{case['id']}")) == (404, "not_found")
    assert refusal(other.get(f"/v1/orders/{order.order_ref}")) == (404, "not_found")
