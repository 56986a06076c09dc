"""Pages in use: by keyboard, without scripts, and with htmx swapping one block."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from purveyor.core.access import SYSTEM
from purveyor.settings import Settings
from purveyor.store.db import Database
from purveyor.web.main import PARTS, create_app
from tests.web.browser import SCREENSHOTS, opened, served
from tests.web.gallery import gallery_app
from tests.web.people import PASSWORD, a_person
from tests.web.sample_api import PART as SAMPLES

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def address(web_settings: Settings) -> Iterator[str]:
    """The address of a served gallery."""
    with served(gallery_app(web_settings)) as base:
        yield base


def test_the_first_key_press_offers_to_skip_the_header(browser: Browser, address: str) -> None:
    with opened(browser, address + "/gallery", width="desk", theme="light") as page:
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#main")).to_be_focused()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", ["phone", "desk"])
def test_menus_open_by_keyboard_and_close_with_escape(browser: Browser, address: str, width: str, theme: str) -> None:
    with opened(browser, address + "/gallery", width=width, theme=theme) as page:
        menu = page.locator("details.pv-menu-user")
        menu.locator("summary").focus()
        page.keyboard.press("Enter")
        expect(menu.get_by_role("button", name="Sign out")).to_be_visible()
        page.screenshot(path=SCREENSHOTS / f"menu-{width}-{theme}.png")
        page.keyboard.press("Escape")
        expect(menu.get_by_role("button", name="Sign out")).to_be_hidden()
        expect(menu.locator("summary")).to_be_focused()


def test_a_filter_swaps_the_table_alone_and_the_address_tells_it(browser: Browser, address: str) -> None:
    with opened(browser, address + "/gallery", width="desk", theme="light") as page:
        page.get_by_label("Reason").fill("kept while the table changes")
        with page.expect_response(lambda answer: "status=issued" in answer.url) as got:
            page.get_by_label("Supplier").fill("Reno")
            page.get_by_label("Supplier").blur()

        expect(page.get_by_label("Reason")).to_have_value("kept while the table changes")
        assert "<html" not in got.value.text()
        page.wait_for_url("**/gallery?*supplier=Reno*")


def test_everything_works_without_scripts(browser: Browser, database: Database, web_settings: Settings) -> None:
    with database.transaction(SYSTEM) as tx:
        a_person(tx, "dana")
    app = create_app(database, web_settings, (*PARTS, SAMPLES))
    with served(app) as base, opened(browser, base + "/samples/mine", width="phone", theme="light", scripts=False) as page:
        page.get_by_label("Name").fill("dana")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/samples/mine")

        page.locator("details.pv-menu-user summary").click()
        page.get_by_role("button", name="Dark").click()
        assert page.locator("html").get_attribute("data-bs-theme") == "dark"

        page.locator("details.pv-menu-user summary").click()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_text("You are signed out.")).to_be_visible()


def test_a_form_answered_by_a_redirect_says_on_the_next_page_what_was_done(browser: Browser, address: str) -> None:
    with opened(browser, address + "/gallery", width="phone", theme="dark") as page:
        page.get_by_role("button", name="Decide").click()
        expect(page.get_by_role("status")).to_contain_text("Approved: the order goes to Keystone Pumps today.")
        page.reload()
        expect(page.get_by_role("status")).to_be_empty()
