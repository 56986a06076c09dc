"""HEAD: what GET answers, without its body."""

from __future__ import annotations

import pytest

from purveyor.core.access import SYSTEM
from purveyor.settings import Settings
from purveyor.store.db import Database
from purveyor.web.main import create_app
from tests.web.browser import visited
from tests.web.people import a_person, sign_in

SAME = ("content-type", "content-length", "location", "content-security-policy")


@pytest.mark.parametrize(
    "path", ["/livez", "/readyz", "/sign-in", "/orders", "/s/unknown", "/v1/orders", "/static/app.css", "/nowhere"]
)
def test_head_answers_like_get_without_a_body(database: Database, web_settings: Settings, path: str) -> None:
    with visited(create_app(database, web_settings)) as visitor:
        visitor.get("/sign-in")
        whole, head = visitor.get(path), visitor.head(path)

    assert (head.status_code, head.content) == (whole.status_code, b"")
    assert {name: head.headers.get(name) for name in SAME} == {name: whole.headers.get(name) for name in SAME}


def test_head_shows_a_page_to_who_is_signed_in_and_changes_nothing(database: Database, web_settings: Settings) -> None:
    with database.transaction(SYSTEM) as tx:
        a_person(tx, "dana")

    with visited(create_app(database, web_settings)) as visitor:
        assert sign_in(visitor).status_code == 303
        assert (visitor.head("/orders").status_code, visitor.head("/sign-out").status_code) == (200, 405)
        assert visitor.get("/orders").status_code == 200
