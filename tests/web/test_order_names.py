"""An order page calls everybody and everything by name: programs, who asked for the order, and what a unit holds."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from purveyor.app import hold
from purveyor.app.hold import HoldOrder
from purveyor.core.access import SYSTEM, Actor, ActorKind, Permission
from purveyor.core.acknowledge import AnswerPart, Outcome
from purveyor.core.ids import SupplierId
from purveyor.settings import Settings
from purveyor.store import logins
from purveyor.store.db import Database
from purveyor.web.main import create_app
from tests.order_builders import UNIT
from tests.web.browser import visited
from tests.web.people import sign_in
from tests.web.story_data import Story, a_story, answer


@pytest.fixture
def story(database: Database) -> Story:
    """A Monday at the distributor."""
    return a_story(database)


@pytest.fixture
def dana(story: Story, web_settings: Settings) -> Iterator[httpx.Client]:
    """The buyer at her desk."""
    with visited(create_app(story.database, web_settings)) as visitor:
        assert sign_in(visitor, "dana").status_code == 303
        yield visitor


def a_client(story: Story, name: str, supplier: SupplierId | None = None) -> Actor:
    """A program with a key called so."""
    with story.database.transaction(SYSTEM) as tx:
        client = logins.add_client(tx, name, units=[] if supplier else [UNIT], supplier_id=supplier)
    units = frozenset() if supplier else frozenset({UNIT})
    return Actor(ActorKind.API_CLIENT, client, business_units=units, supplier_id=supplier, grants=frozenset(Permission))


def test_the_timeline_names_the_integration_that_acted(story: Story, dana: httpx.Client) -> None:
    order = story.order(story.waiting)
    with story.database.transaction(a_client(story, "Planning bridge")) as tx:
        hold.hold(tx, order.id, HoldOrder(order.row_version, "The plan changes tonight"))

    told = dana.get(f"/orders/{story.waiting}/timeline").text

    assert "Planning bridge" in told
    assert "a program" not in told


def test_a_suppliers_program_reads_as_the_supplier_and_its_key(story: Story, dana: httpx.Client) -> None:
    order = story.order(story.silent)
    assert order.supplier_id is not None
    program = a_client(story, "Keller EDI", SupplierId(order.supplier_id))
    answer(story.database, order, (AnswerPart(Outcome.ACCEPT),), "a9", by=program)

    assert "Keller Pumps (Keller EDI)" in dana.get(f"/orders/{story.silent}/timeline").text
    assert "by Keller Pumps (Keller EDI)" in dana.get(f"/orders/{story.silent}").text


def test_who_asked_for_an_order_is_shown_when_it_has_no_buyer(story: Story, dana: httpx.Client) -> None:
    page = dana.get(f"/orders/{story.waiting}").text

    assert "<dt>Requested by</dt><dd>Dana Ortiz</dd>" in page
    assert "nobody yet" not in page
    assert "<dt>Buyer</dt><dd>nobody yet</dd>" in dana.get(f"/orders/{story.silent}").text


def test_a_unit_of_the_line_says_what_it_holds(story: Story, dana: httpx.Client) -> None:
    assert "1 CT = 12 EA" in dana.get(f"/orders/{story.waiting}").text
