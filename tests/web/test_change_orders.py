"""Change orders that need an approval: decided on the page of the order by a person, listed by the API, and by no program."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from uuid import uuid4

import httpx
import pytest

from purveyor.app import acknowledge, change
from purveyor.app.proposals import DecideProposal
from purveyor.core.access import SYSTEM, Actor
from purveyor.core.acknowledge import AnswerPart, Outcome, Verdict
from purveyor.core.change import ChangeStatus
from purveyor.core.order import PurchaseOrder
from purveyor.settings import Settings
from purveyor.store.db import Database
from tests.app.supplier_world import a_world, an_issued_order, answered
from tests.core.supplier_side import a_part
from tests.web.api_world import Api, an_api, refusal, send
from tests.web.story_data import Story, a_story, answer
from tests.web.test_workbench import says, visits
from tests.web.test_workbench import send as send_form


@pytest.fixture
def story(database: Database) -> Story:
    """A Monday at the distributor."""
    return a_story(database)


@pytest.fixture
def api(database: Database, web_settings: Settings) -> Iterator[Api]:
    """The pump supplier's world behind the API."""
    with an_api(database, web_settings) as opened:
        yield opened


def taken_up(database: Database, buyer: Actor, order: PurchaseOrder) -> str:
    """A buyer takes the supplier's dearer price up; the change waits for an approval."""
    with database.transaction(buyer) as tx:
        done = acknowledge.decide_proposal(tx, order.id, DecideProposal(1, Verdict.ACCEPTED, version=order.version))
    assert done.change is not None
    assert done.change.change.status is ChangeStatus.PENDING_APPROVAL
    return str(done.change.change.id)


def a_dearer_answer(story: Story) -> PurchaseOrder:
    order = story.order(story.silent)
    line_no = order.lines[0].line_no
    answer(story.database, order, (AnswerPart(Outcome.CHANGE, Decimal(4), unit_price=Decimal("1500.00")),), "dear")
    with story.database.transaction(story.people["dana"]) as tx:
        acknowledge.decide_proposal(tx, order.id, DecideProposal(line_no, Verdict.ACCEPTED, version=order.version))
    return order


def test_an_approver_agrees_to_a_change_on_the_page_of_its_order(story: Story, web_settings: Settings) -> None:
    order = a_dearer_answer(story)
    page = f"/orders/{order.order_ref}/approvals"

    with visits(story, web_settings, "dana") as visitor:
        assert "Approve the change" not in visitor.get(page).text
    with visits(story, web_settings, "carl") as visitor:
        assert "1036.8 → 1500" in visitor.get(page).text
        done = says(visitor, send_form(visitor, page, "/approve"))

    assert "version 2 goes to the supplier" in done
    assert "A change waits for an approval" not in done
    assert story.order(story.silent).lines[0].unit_price == 1500


def test_an_approver_refuses_a_change_with_a_reason(story: Story, web_settings: Settings) -> None:
    order = a_dearer_answer(story)
    page = f"/orders/{order.order_ref}/approvals"

    with visits(story, web_settings, "carl") as visitor:
        assert send_form(visitor, page, "/reject", reason=" ").status_code == 422
        says(visitor, send_form(visitor, page, "/reject", reason="too dear"))

    assert story.order(story.silent).version == 1
    with story.database.read(SYSTEM) as tx:
        assert [kept.change.status for kept in change.of_order(tx, order.id)] == [ChangeStatus.REJECTED]


def test_programs_list_changes_and_decide_none(api: Api, database: Database) -> None:
    people = a_world(database)
    order = an_issued_order(database)
    answered(database, order, a_part("change", "20", price="1200.00"))
    waiting = taken_up(database, people.rita, order)
    desk = api.desk()
    path = f"/v1/orders/{order.order_ref}/changes"

    (listed,) = desk.get(path).json()["items"]

    assert (listed["id"], listed["status"], listed["lines"], listed["needs_approval_for"]) == (
        waiting,
        "pending_approval",
        [1],
        ["AMOUNT_UP"],
    )
    assert refused(desk, f"{path}/{waiting}/approve", order) == (403, "not_authorised")
    assert refused(desk, f"{path}/{waiting}/reject", order, {"reason": "no"}) == (403, "not_authorised")
    assert refused(desk, f"{path}/{uuid4()}/approve", order) == (404, "not_found")


def refused(desk: httpx.Client, path: str, order: PurchaseOrder, body: object = None) -> tuple[int, str]:
    return refusal(send(desk, path, body, version=order.row_version))
