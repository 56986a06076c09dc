"""Forms are filled in and sent with the keyboard alone and without scripts, and going back afterwards sends nothing again."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from purveyor.core.access import SYSTEM
from purveyor.core.events.base import Ref
from purveyor.core.lifecycle import Status
from purveyor.settings import Settings
from purveyor.store import events
from purveyor.store.db import Database
from purveyor.web.main import create_app
from tests.web.browser import opened, served
from tests.web.desks import COOKIE, sessions
from tests.web.story_data import Story, a_story

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
MOST_STOPS = 150


@pytest.fixture
def story(database: Database) -> Story:
    """A Monday at the distributor."""
    return a_story(database)


@pytest.fixture
def base(story: Story, web_settings: Settings) -> Iterator[str]:
    """The address of the served application."""
    with served(create_app(story.database, web_settings)) as address:
        yield address


def tab_to(page: Page, wanted: Locator) -> None:
    """Press Tab until a control has the focus."""
    for _ in range(MOST_STOPS):
        if wanted.evaluate("control => control === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail("the keyboard does not reach this control")


def send(page: Page, action: str, **typed: str) -> None:
    """Fill in the form that goes to an address and press its button, by keyboard."""
    form = page.locator(f'form[action$="{action}"]').first
    for name, value in typed.items():
        tab_to(page, form.locator(f'[name="{name}"]').first)
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type(value)
    tab_to(page, form.locator("button").last)
    with page.expect_navigation():
        page.keyboard.press("Enter")


def told(story: Story, reference: str) -> list[str]:
    """The types of the events about an order."""
    with story.database.read(SYSTEM) as tx:
        return [event.type for event in events.read_about(tx, Ref("order", story.order(reference).id), 100)]


def test_a_buyer_corrects_holds_and_cancels_an_order_by_keyboard_without_scripts(
    browser: Browser, story: Story, base: str
) -> None:
    (token,) = sessions(story.database, story.people["dana"])
    order = f"{base}/orders/{story.stopped}"
    with opened(browser, order, width="desk", theme="light", cookies={COOKIE: token}, scripts=False) as page:
        page.goto(f"{order}/edit")
        send(page, "/edit", **{"quantity-1-1": "20"})
        assert story.order(story.stopped).lines[0].quantity == 20

        page.goto(order)
        send(page, "/hold", hold_reason="The price is being negotiated")
        expect(page.get_by_text("The price is being negotiated").first).to_be_visible()
        send(page, "/lift-hold")
        send(page, "/cancel", cancel_reason="Bought elsewhere")
        expect(page.get_by_text("cancelled by Dana Ortiz: Bought elsewhere").first).to_be_visible()
    assert story.order(story.stopped).status is Status.CANCELLED


def test_an_approver_decides_by_keyboard_without_scripts(browser: Browser, story: Story, base: str) -> None:
    (token,) = sessions(story.database, story.people["martha"])
    with opened(browser, f"{base}/approvals", width="desk", theme="light", cookies={COOKIE: token}, scripts=False) as page:
        tab_to(page, page.get_by_role("link", name="Decide"))
        with page.expect_navigation():
            page.keyboard.press("Enter")
        tab_to(page, page.locator('input[name="verdict"]').first)
        page.keyboard.press("Space")
        tab_to(page, page.get_by_role("button", name="Confirm"))
        with page.expect_navigation():
            page.keyboard.press("Enter")
        expect(page.get_by_text("Approved.", exact=True)).to_be_visible()
    assert story.order(story.waiting).status is Status.APPROVED


def test_it_skips_a_failed_message_by_keyboard_without_scripts(browser: Browser, story: Story, base: str) -> None:
    (token,) = sessions(story.database, story.people["ines"])
    address = f"{base}/orders/{story.failed}/messages"
    with opened(browser, address, width="phone", theme="light", cookies={COOKIE: token}, scripts=False) as page:
        send(page, "/skip", reason="The supplier has it by phone")
        expect(page.get_by_text("It is not sent; the reason is kept.")).to_be_visible()


def test_going_back_and_reading_again_after_a_form_sends_nothing_twice(browser: Browser, story: Story, base: str) -> None:
    (token,) = sessions(story.database, story.people["dana"])
    address = f"{base}/orders/{story.waiting}"
    with opened(browser, address, width="desk", theme="light", cookies={COOKIE: token}) as page:
        send(page, "/hold", hold_reason="The price is being negotiated")
        before = told(story, story.waiting)
        sent: list[str] = []
        page.on("request", lambda request: sent.append(request.method) if request.is_navigation_request() else None)

        page.reload()
        page.go_back()
        page.go_forward()
        page.reload()

    assert set(sent) <= {"GET"}
    assert told(story, story.waiting) == before
    assert before.count("order.held") == 1
