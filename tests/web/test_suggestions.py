"""A suggestion on the pages and in the API: what it rests on, what a person does with it, and that a model does nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from uuid import uuid4

import pytest
from playwright.sync_api import Browser

from purveyor.core.access import SYSTEM, Actor, ActorKind, Permission, Role
from purveyor.core.advisory import Advisory
from purveyor.core.ids import BusinessUnitId, UserId
from purveyor.core.order import PurchaseOrder
from purveyor.settings import Settings
from purveyor.store import logins
from purveyor.store.db import Database
from tests.app.advised import a_company_of_small_orders, an_unusual_order, asked_about, now_approved
from tests.app.erp_world import Company
from tests.order_builders import UNIT
from tests.web.api_world import an_api, refusal, send
from tests.web.browser import look_around
from tests.web.desks import Desk, desks

pytestmark = pytest.mark.postgres


@dataclass
class Branch:
    """A company with an unusual order that is approved, the suggestion about it, and the buyer at her desk."""

    company: Company
    order: PurchaseOrder
    advisory: Advisory
    buyer: Actor


@pytest.fixture
def branch(database: Database) -> Branch:
    company = a_company_of_small_orders(database)
    order = now_approved(company, an_unusual_order(company))
    [advisory] = asked_about(company, order)
    with database.transaction(SYSTEM) as tx:
        user: UserId = logins.add_user(tx, "bea", "Bea Buyer", person_key="bea")
        logins.set_roles(tx, user, [Role.BUYER], [BusinessUnitId(UNIT)])
    return Branch(company, order, advisory, Actor(ActorKind.USER, user, "bea", frozenset({Role.BUYER}), frozenset({UNIT})))


@pytest.fixture
def bea(branch: Branch, web_settings: Settings) -> Iterator[Desk]:
    with desks(branch.company.database, web_settings, branch.buyer) as [desk]:
        yield desk


def test_s57_the_order_page_shows_what_the_suggestion_rests_on_and_keeps_the_quantity_for_a_reason(
    branch: Branch, bea: Desk
) -> None:
    address = f"/orders/{branch.order.order_ref}"
    page = bea.open(address).text
    assert "Approved, but not sent" in page
    for shown in ("384 EA", "48 EA", "4.1524", branch.advisory.inputs_hash, "robust deviations", "quantity.usual 1"):
        assert shown in page, shown

    keep = f"{address}/suggestions/{branch.advisory.id}/keep"
    assert bea.send(keep, address, reason=" ").status_code == 422
    after = bea.send(keep, address, reason="A new branch is stocked.")
    assert after.status_code == 303

    page = bea.open(address).text
    assert "quantity kept" in page
    assert "A new branch is stocked." in page
    assert "Bea Buyer" in page
    assert "suggestions/" not in page
    assert list(branch.company.releases(branch.order).queued) == [branch.order.id]
    timeline = bea.open(f"{address}/timeline").text
    assert "Suggestion for line 1: quantity kept" in timeline


def test_s57_the_exception_page_asks_the_same_question_and_leads_to_the_edit_page(branch: Branch, bea: Desk) -> None:
    address = f"/exceptions/{branch.advisory.case_id}"
    page = bea.open(address).text
    assert "Is this quantity right?" in page
    assert "4.1524" in page
    assert f'href="/orders/{branch.order.order_ref}/edit"' in page

    assert bea.send(f"{address}/settle", address, reason="").status_code == 422
    assert bea.send(f"{address}/settle", address, reason="A new branch.").status_code == 303

    assert "quantity kept" in bea.open(address).text


def test_s57_a_suggestion_of_another_order_is_not_found_on_this_one(branch: Branch, bea: Desk) -> None:
    address = f"/orders/{branch.order.order_ref}"

    refused = bea.send(f"{address}/suggestions/{uuid4()}/keep", address, reason="A new branch.")

    assert refused.status_code == 404


def test_s57_the_api_shows_and_decides_and_refuses_a_release_before(branch: Branch, web_settings: Settings) -> None:
    with an_api(branch.company.database, web_settings) as api:
        desk, ref = api.desk(), branch.order.order_ref
        release = f"/v1/orders/{ref}/release"
        assert refusal(send(desk, release, version=branch.order.row_version)) == (409, "advisory_undecided")
        [shown] = desk.get(f"/v1/orders/{ref}/advisories").json()["items"]
        assert (shown["score"], shown["threshold"], shown["state"]) == ("4.1524", "1", "open")
        assert shown["inputs_hash"] == branch.advisory.inputs_hash
        decide = f"/v1/advisories/{shown['id']}/decide"
        assert refusal(send(desk, decide, {"verdict": "kept"})) == (422, "reason_required")

        decided = send(desk, decide, {"verdict": "kept", "reason": "A new branch."}).json()

        assert (decided["state"], decided["decision_reason"]) == ("kept", "A new branch.")
        assert refusal(send(desk, decide, {"verdict": "taken"})) == (409, "illegal_transition")
        assert send(desk, release, version=branch.order.row_version).status_code == 200


def test_s57_neither_page_nor_api_knows_a_model_as_a_caller(branch: Branch, web_settings: Settings) -> None:
    """A model has no account and no key: what comes in is a person's session or a client's key, each with its own permissions."""
    with an_api(branch.company.database, web_settings) as api:
        reader, ref = api.program(Permission.ORDER_READ), branch.order.order_ref
        for path, body in (
            (f"/v1/orders/{ref}/release", None),
            (f"/v1/orders/{ref}/cancel", {"reason": "no"}),
            (f"/v1/advisories/{branch.advisory.id}/decide", {"verdict": "taken"}),
        ):
            assert refusal(send(reader, path, body, version=1)) == (403, "not_authorised")
        with_no_key = api.with_key(None).get(f"/v1/orders/{ref}/advisories")
        assert refusal(with_no_key) == (401, "key_refused")


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_s57_a_suggestion_reads_well_for_everybody(browser: Browser, branch: Branch, bea: Desk) -> None:
    looks = []
    for name, path in (
        ("order-suggestion", f"/orders/{branch.order.order_ref}"),
        ("exception-suggestion", f"/exceptions/{branch.advisory.case_id}"),
    ):
        looks += look_around(browser, f"{bea.visitor.base_url}".rstrip("/") + path, name, bea.cookies)

    found = {look.screenshot.name: look for look in looks if (look.complaints, look.axe, look.overflow) != ([], [], 0)}
    assert found == {}
