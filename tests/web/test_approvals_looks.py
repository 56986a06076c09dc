"""The approver's pages in a real browser: three taps on a phone without scripts, and readable for everybody."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from playwright.sync_api import Browser

from purveyor.core.access import SYSTEM
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.settings import Settings
from purveyor.store import orders
from purveyor.store.db import Database
from purveyor.web.main import create_app
from tests.app.approval_desk import submitted, the_step, worth
from tests.app.people import an_organisation, pass_hours
from tests.order_builders import a_line, an_order
from tests.web.browser import look_around, opened, served
from tests.web.desks import COOKIE, sessions

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def queue(database: Database, web_settings: Settings) -> Iterator[tuple[str, dict[str, str], PurchaseOrder]]:
    """Martha's queue of three, and the pump order in it."""
    people = an_organisation(database)
    pump = replace(an_order(a_line(1, 20, "998.40", category="pumps", description="Circulator pump")), requester="rita")
    (order,) = submitted(database, pump)
    pass_hours(database, 2)
    submitted(database, worth("6000.00"), worth("15302.00"))
    (token,) = sessions(database, people.martha)
    with served(create_app(database, web_settings)) as address:
        yield address, {COOKIE: token}, order


def test_an_order_is_approved_with_three_taps_on_a_phone_without_scripts(
    browser: Browser, database: Database, queue: tuple[str, dict[str, str], PurchaseOrder]
) -> None:
    address, cookies, order = queue
    with opened(browser, f"{address}/approvals", width="phone", theme="light", cookies=cookies, scripts=False) as page:
        taps = 0
        for tap in (
            page.get_by_role("link", name=re.compile(f"Decide.*{order.order_ref}")),
            page.get_by_role("radio", name="Approve", exact=True),
            page.get_by_role("button", name="Confirm"),
        ):
            box = tap.bounding_box()
            assert box is not None
            assert box["y"] + box["height"] <= 844 or taps == 0, "what is tapped next is on the screen"
            tap.click()
            taps += 1
        page.get_by_text("Approved.").wait_for()

    assert taps <= 3
    with database.read(SYSTEM) as tx:
        assert orders.get(tx, order.id).status is Status.APPROVED


def test_the_approvers_pages_read_well_for_everybody(
    browser: Browser, database: Database, queue: tuple[str, dict[str, str], PurchaseOrder]
) -> None:
    address, cookies, order = queue
    card = f"/approvals/{the_step(database, order).id}"

    for path, name in (("/approvals", "approvals"), (card, "approval-card"), ("/approvals/away", "approvals-away")):
        for look in look_around(browser, address + path, name, cookies):
            look.assert_good()
