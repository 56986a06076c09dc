"""The strip of the demo: what a visitor may ask for, and that nothing of it exists anywhere else."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from playwright.sync_api import Browser
from sqlalchemy import update

from purveyor.core.access import SYSTEM, Role
from purveyor.settings import Settings
from purveyor.store import demo_requests
from purveyor.store.db import Database
from purveyor.store.demo_requests import DemoVerb
from purveyor.store.tables.demo import DEMO_STATE
from purveyor.web.demo_bar.routes import PART
from purveyor.web.main import PARTS, create_app
from tests.web.browser import THEMES, WIDTHS, look_at, served, visited
from tests.web.people import a_business_unit, a_person, form_token

EVERY_PART = (*(part for part in PARTS if part is not PART), PART)


@pytest.fixture
def people(database: Database) -> None:
    """A buyer and an auditor of one unit."""
    with database.transaction(SYSTEM) as tx:
        unit = a_business_unit(tx)
        a_person(tx, "diane", Role.BUYER, unit=unit)
        a_person(tx, "ada", Role.AUDITOR, unit=unit)


@pytest.fixture
def visitor(database: Database, web_settings: Settings, people: None) -> Iterator[httpx.Client]:
    """A visitor of the demo who has not signed in."""
    with visited(create_app(database, replace(web_settings, demo=True), EVERY_PART)) as client:
        yield client


def post(visitor: httpx.Client, path: str, **fields: str) -> httpx.Response:
    return visitor.post(path, data={**fields, "csrf_token": form_token(visitor, "/demo")})


def waiting(database: Database) -> list[DemoVerb]:
    with database.read(SYSTEM) as tx:
        return [request.verb for request in demo_requests.waiting(tx)]


def test_a_visitor_becomes_somebody_without_a_password(visitor: httpx.Client) -> None:
    answer = post(visitor, "/demo/become", login="ada")

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "Ada" in visitor.get("/demo").text.partition('id="demo-bar"')[2].partition("</p>")[0]


def test_nobody_becomes_a_person_who_does_not_exist(visitor: httpx.Client) -> None:
    assert post(visitor, "/demo/become", login="mallory").status_code == 404


@pytest.mark.parametrize(
    ("path", "verb"),
    [("/demo/next-morning", DemoVerb.NEXT_MORNING), ("/demo/unplug", DemoVerb.UNPLUG), ("/demo/plug", DemoVerb.PLUG)],
)
def test_each_button_asks_the_supervisor_once_however_often_it_is_pressed(
    visitor: httpx.Client, database: Database, path: str, verb: DemoVerb
) -> None:
    post(visitor, path)
    post(visitor, path)

    assert waiting(database) == [verb]
    assert "Under way" in visitor.get("/demo").text


def test_a_request_without_the_token_of_a_form_is_refused(visitor: httpx.Client, database: Database) -> None:
    answer = visitor.post("/demo/next-morning", data={})

    assert answer.status_code == 403
    assert waiting(database) == []


def test_the_strip_shows_whether_the_erp_is_plugged_and_who_listens(visitor: httpx.Client, database: Database) -> None:
    starting = visitor.get("/demo").text
    with database.transaction(SYSTEM) as tx:
        demo_requests.tell_state(tx, plugged=False)
    unplugged = visitor.get("/demo").text
    with database.transaction(SYSTEM) as tx:
        tx.conn.execute(update(DEMO_STATE).values(seen_at=tx.real_now - timedelta(minutes=1)))
    away = visitor.get("/demo").text

    assert "The story is being played" in starting
    assert "ERP plugged in" in starting
    assert "ERP unplugged" in unplugged
    assert "program is away" not in unplugged
    assert "program is away" in away


def test_what_was_not_carried_out_is_told_with_its_reason(visitor: httpx.Client, database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        demo_requests.finish(tx, demo_requests.ask(tx, DemoVerb.NEXT_MORNING), "The clock is stuck.")

    assert "The clock is stuck." in visitor.get("/demo").text


def test_the_strip_watches_until_nothing_is_under_way_and_then_loads_the_page_again(
    visitor: httpx.Client, database: Database
) -> None:
    post(visitor, "/demo/become", login="diane")
    post(visitor, "/demo/unplug")
    during = visitor.get("/demo/bar")
    with database.transaction(SYSTEM) as tx:
        demo_requests.finish(tx, demo_requests.waiting(tx)[0].id)
    after = visitor.get("/demo/bar")

    assert "hx-trigger" in during.text
    assert "hx-refresh" not in during.headers
    assert "hx-trigger" not in after.text
    assert after.headers["hx-refresh"] == "true"


def test_a_reset_is_waited_for_until_its_database_is_gone(visitor: httpx.Client, database: Database) -> None:
    waits = post(visitor, "/demo/reset").headers["location"]
    before = visitor.get(waits)
    gone = visitor.get("/demo/reset/00000000-0000-7000-8000-000000000000")
    by_script = visitor.get("/demo/reset/00000000-0000-7000-8000-000000000000", headers={"hx-request": "true"})

    assert waiting(database) == [DemoVerb.RESET]
    assert "begins anew" in before.text
    assert gone.headers["location"] == "/demo"
    assert by_script.headers["hx-redirect"] == "/demo"


@pytest.mark.parametrize("path", ["/demo", "/demo/bar"])
def test_outside_the_demo_its_pages_do_not_exist(database: Database, web_settings: Settings, people: None, path: str) -> None:
    with visited(create_app(database, web_settings, EVERY_PART)) as client:
        assert client.get(path).status_code == 404


def test_outside_the_demo_nobody_becomes_anybody_and_no_strip_is_shown(
    database: Database, web_settings: Settings, people: None
) -> None:
    with visited(create_app(database, web_settings, EVERY_PART)) as client:
        token = form_token(client)
        answer = client.post("/demo/become", data={"login": "ada", "csrf_token": token})
        page = client.get("/nowhere")

    assert answer.status_code == 404
    assert "pv-bar" not in page.text


def test_pages_are_shown_without_the_strip_while_the_database_is_away(web_settings: Settings) -> None:
    nowhere = Database("postgresql://nobody@127.0.0.1:1/none")

    with visited(create_app(nowhere, replace(web_settings, demo=True), EVERY_PART)) as client:
        problem, demo = client.get("/nowhere"), client.get("/demo")

    assert (problem.status_code, demo.status_code) == (404, 503)
    assert "pv-bar" not in problem.text


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_strip_reads_well_for_everybody(
    browser: Browser, database: Database, web_settings: Settings, people: None, width: str, theme: str
) -> None:
    with database.transaction(SYSTEM) as tx:
        demo_requests.tell_state(tx, plugged=False)
        demo_requests.ask(tx, DemoVerb.NEXT_MORNING)
    with served(create_app(database, replace(web_settings, demo=True), EVERY_PART)) as address:
        look = look_at(browser, f"{address}/demo", "demo", width=width, theme=theme)

    look.assert_good()
