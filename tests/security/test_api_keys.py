"""Keys of the API (checklist.md S74): none opens another supplier's order, each does its scopes only, rotation loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID, uuid4

import httpx
import pytest

from purveyor.core.access import SYSTEM, Permission
from purveyor.core.events.base import Ref
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.settings import Settings
from purveyor.store import events, logins, order_views
from purveyor.store.db import Database
from purveyor.store.events import RecordedEvent
from tests.app.supplier_world import a_world, an_issued_order
from tests.order_builders import OTHER_SUPPLIER, SUPPLIER
from tests.web.api_world import PARTNER, Api, a_bill, a_notice, an_answer, an_api, refusal, send, specification


@pytest.fixture
def api(database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """The pump supplier's world behind the API."""
    a_world(database)
    with an_api(database, Settings(data_dir=tmp_path_factory.mktemp("keys"))) as opened:
        yield opened


@pytest.fixture
def order(database: Database, api: Api) -> PurchaseOrder:
    """An order of the pump supplier."""
    return an_issued_order(database)


@pytest.fixture
def rival(api: Api) -> httpx.Client:
    """The program of another supplier."""
    return api.program(*PARTNER, supplier=OTHER_SUPPLIER)


def refusals(database: Database, order: PurchaseOrder) -> list[RecordedEvent]:
    with database.read(SYSTEM) as tx:
        return [event for event in events.read_about(tx, Ref("order", order.id)) if event.type == "access.refused"]


@pytest.mark.parametrize("rest", ["", "/versions", "/versions/1", "/acknowledgments", "/ship-notices"])
def test_s74_another_suppliers_order_is_not_there_and_the_attempt_is_noted(
    rival: httpx.Client, order: PurchaseOrder, database: Database, rest: str
) -> None:
    foreign = rival.get(f"/v1/orders/{order.order_ref}{rest}")
    absent = rival.get(f"/v1/orders/PVNOTHERE{rest}")

    assert refusal(foreign) == refusal(absent) == (404, "not_found")
    assert (
        foreign.text.replace(order.order_ref, "X")[: -len(foreign.json()["trace_id"]) - 60]
        == (absent.text.replace("PVNOTHERE", "X")[: -len(absent.json()["trace_id"]) - 60])
    )
    noted = refusals(database, order)
    assert [event.payload["asked"] for event in noted] == [f"GET /v1/orders/{{order_ref}}{rest}".replace("/1", "/{version}")]
    assert noted[0].actor_kind == "api_client"


@pytest.mark.parametrize(("what", "body"), [("acknowledgments", an_answer()), ("ship-notices", a_notice())])
def test_s74_nobody_answers_for_another_supplier(
    rival: httpx.Client, order: PurchaseOrder, database: Database, what: str, body: dict[str, object]
) -> None:
    foreign = send(rival, f"/v1/orders/{order.order_ref}/{what}", body)

    assert refusal(foreign) == (404, "not_found")
    assert str(order.id) not in foreign.text
    assert len(refusals(database, order)) == 1
    assert rival.get("/v1/orders").json()["items"] == []


def test_s74_a_bill_for_another_suppliers_order_is_told_nothing_and_noted(
    rival: httpx.Client, api: Api, order: PurchaseOrder, database: Database
) -> None:
    reply = send(rival, "/v1/invoices", a_bill(order))

    assert reply.status_code == 201
    assert str(order.id) not in reply.text
    assert len(refusals(database, order)) == 1
    assert refusal(api.keller().get(reply.headers["location"])) == (404, "not_found")
    assert refusal(send(rival, "/v1/invoices", a_bill(order, supplier="KELLER"))) == (422, "unknown_reference")


def test_s74_a_draft_is_not_shown_to_the_supplier_it_would_go_to(api: Api, database: Database) -> None:
    draft = an_issued_order(database, status=Status.DRAFT, first_issued_version=None)

    assert refusal(api.keller().get(f"/v1/orders/{draft.order_ref}")) == (404, "not_found")
    with database.read(SYSTEM) as tx, pytest.raises(Exception, match="nothing here"):
        order_views.issued_id(tx, draft.order_ref)


def test_s74_every_operation_refuses_a_key_that_lacks_its_scope(api: Api) -> None:
    asked: list[tuple[str, int, str]] = []
    for path, methods in specification()["paths"].items():
        for method, operation in methods.items():
            needed = Permission(operation["x-scopes"][0])
            program = api.program(*(set(Permission) - {needed}))
            address = path.replace("{order_ref}", "PV000001").replace("{version}", "1")
            address = "/".join(str(uuid4()) if part.startswith("{") else part for part in address.split("/"))
            headers = {"idempotency-key": "1", "if-match": '"1"'}
            reply = program.request(method.upper(), address, headers=headers, json={} if method == "post" else None)
            asked.append((operation["operationId"], *refusal(reply)))
            assert reply.json()["facts"]["permission"] == needed.value

    assert len(asked) > 30
    assert {(status, code) for _, status, code in asked} == {(403, "not_authorised")}


def test_s74_operations_of_the_house_are_closed_to_suppliers_whatever_their_key_says(api: Api, order: PurchaseOrder) -> None:
    keller = api.program(*Permission, supplier=SUPPLIER)
    at = f"/v1/orders/{order.order_ref}"

    for path in ("/v1/exceptions", "/v1/approvals", "/v1/messages", "/v1/events", "/v1/events/verification", "/v1/invoices"):
        assert refusal(keller.get(path)) == (403, "not_authorised")
    for path in (f"{at}/gate-report", f"{at}/events", f"{at}/receipts"):
        assert refusal(keller.get(path)) == (403, "not_authorised")
    assert refusal(send(keller, f"{at}/cancel", {"reason": "ours"}, version=1)) == (403, "not_authorised")


def test_s74_a_client_of_no_unit_and_no_supplier_gets_nowhere(api: Api, order: PurchaseOrder) -> None:
    lost = api.program(*Permission, units=())

    assert refusal(lost.get("/v1/orders")) == (403, "not_authorised")
    assert refusal(send(lost, f"/v1/orders/{order.order_ref}/acknowledgments", an_answer())) == (403, "not_authorised")


def test_s74_rotation_with_two_valid_keys_loses_no_request(api: Api, database: Database, order: PurchaseOrder) -> None:
    at = f"/v1/orders/{order.order_ref}"
    with database.transaction(SYSTEM) as tx:
        client = logins.add_client(tx, "Keller's order desk", supplier_id=SUPPLIER)
        old_key = logins.issue_key(tx, client, PARTNER)
    old = api.with_key(old_key)
    first = send(old, f"{at}/acknowledgments", an_answer(), key="same")
    with database.transaction(SYSTEM) as tx:
        new_key = logins.issue_key(tx, client, PARTNER)
    new = api.with_key(new_key)

    statuses = [program.get(at).status_code for _ in range(10) for program in (old, new)]
    repeated = send(new, f"{at}/acknowledgments", an_answer(), key="same")
    with database.transaction(SYSTEM) as tx:
        revoked = logins.revoke_key(tx, client, old_key[: logins.SHOWN_CHARACTERS])

    assert statuses == [200] * 20
    assert repeated.content == first.content
    assert "idempotency-replayed" in repeated.headers
    assert revoked == 1
    assert (refusal(old.get(at)), new.get(at).status_code) == ((401, "key_refused"), 200)


def test_s74_a_key_tells_nothing_in_the_database(api: Api, database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        client = logins.add_client(tx, "bridge")
        key = logins.issue_key(tx, client, [Permission.ORDER_READ])
        kept = logins.keys_of(tx, client)

    assert [(each.prefix, each.grants, each.revoked_at) for each in kept] == [
        (key[: logins.SHOWN_CHARACTERS], (Permission.ORDER_READ,), None)
    ]
    assert UUID(str(client)) == client
