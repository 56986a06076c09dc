"""The buyer's pages in a real browser: phone and desk, light and dark, without axe findings or sideways scrolling."""

from __future__ import annotations

import httpx
import pytest
from playwright.sync_api import Browser

from purveyor.settings import Settings
from purveyor.store.db import Database
from purveyor.web.main import create_app
from tests.web.browser import PATIENCE, look_around, served
from tests.web.people import sign_in
from tests.web.story_data import Story, a_story

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def pages_of(story: Story) -> dict[str, tuple[str, str]]:
    """Every page of the buyer by name: who looks, and its address."""
    return {
        "inbox-buyer": ("dana", "/"),
        "inbox-approver": ("martha", "/"),
        "inbox-empty": ("audrey", "/"),
        "orders": ("dana", "/orders"),
        "orders-none": ("dana", "/orders?supplier=00000000-0000-7000-8000-000000000099"),
        "order-stopped": ("dana", f"/orders/{story.stopped}"),
        "order-stopped-check": ("carl", f"/orders/{story.stopped}/check"),
        "order-stopped-print": ("dana", f"/orders/{story.stopped}/check/print"),
        "order-edit": ("dana", f"/orders/{story.stopped}/edit"),
        "order-waiting": ("martha", f"/orders/{story.waiting}"),
        "order-waiting-approvals": ("dana", f"/orders/{story.waiting}/approvals"),
        "order-answered": ("dana", f"/orders/{story.answered}"),
        "order-received": ("dana", f"/orders/{story.received}"),
        "order-received-goods": ("dana", f"/orders/{story.received}/goods"),
        "order-received-timeline": ("dana", f"/orders/{story.received}/timeline"),
        "order-failed-messages": ("ines", f"/orders/{story.failed}/messages"),
        "search": ("dana", "/search?q=pump"),
    }


def test_the_buyers_pages_read_well_for_everybody(browser: Browser, database: Database, web_settings: Settings) -> None:
    story = a_story(database)
    app = create_app(database, web_settings)
    looks = []
    with served(app) as address:
        cookies = {login: signed_in_cookies(address, login) for login in ("dana", "martha", "audrey", "carl", "ines")}
        for name, (login, path) in pages_of(story).items():
            looks += look_around(browser, address + path, name, cookies[login])

    found = {look.screenshot.name: look for look in looks if (look.complaints, look.axe, look.overflow) != ([], [], 0)}
    assert found == {}


def signed_in_cookies(address: str, login: str) -> dict[str, str]:
    """Sign a person in and return the cookies of the browser."""
    with httpx.Client(base_url=address, headers={"accept": "text/html"}, trust_env=False, timeout=PATIENCE) as visitor:
        assert sign_in(visitor, login).status_code == 303
        return dict(visitor.cookies)
