"""The pages about people and accounts in a real browser: phone and desk, light and dark, no axe finding."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser

from purveyor.app import access_links, approve, people
from purveyor.core.access import SYSTEM, Role
from purveyor.settings import Settings
from purveyor.store import logins
from purveyor.store.db import Database
from purveyor.web.main import create_app
from tests.web.browser import THEMES, WIDTHS, look_at, served
from tests.web.desks import COOKIE
from tests.web.people import a_business_unit

pytestmark = pytest.mark.browser


def test_the_pages_about_people_look_right(database: Database, browser: Browser, tmp_path: Path) -> None:
    with database.transaction(SYSTEM) as tx:
        unit = a_business_unit(tx)
        leo = people.add(tx, people.NewPerson("leo", "Leo Brandt", "leo@example.com"), [Role.IT], [unit])
        tom = people.add(tx, people.NewPerson("tom", "Tom Becker", "tom@example.com"), [Role.APPROVER], [unit])
        approve.assign_holder(tx, unit, "line_manager", tom)
        people.set_password(tx, leo, "four words that rhyme")
        link = access_links.make_link(tx, tom)
        token = logins.start_session(tx, leo)
        logins.start_session(tx, leo)
        half = logins.start_session(tx, tom, half=True)
    pages = {
        "people": ("/settings/people", token),
        "person": (f"/settings/people/{tom}", token),
        "account": ("/account", token),
        "welcome": (f"/welcome/{link}", token),
        "forgotten": ("/forgotten", token),
        "second-factor": ("/sign-in/set-up", half),
        "code": ("/sign-in/code", half),
    }
    with served(create_app(database, Settings(data_dir=tmp_path))) as address:
        looks = [
            look_at(browser, address + path, name, width=width, theme=theme, cookies={COOKIE: session})
            for name, (path, session) in pages.items()
            for width, theme in zip(WIDTHS, THEMES, strict=True)
        ]

    for look in looks:
        look.assert_good()
