"""A supplier says no: list, order page and inbox say no too, and nowhere does the order look confirmed."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import httpx
import pytest

from purveyor.core.acknowledge import AnswerPart, Outcome
from purveyor.core.lifecycle import Status
from purveyor.settings import Settings
from purveyor.store.db import Database
from purveyor.web.main import create_app
from tests.web.browser import visited
from tests.web.people import sign_in
from tests.web.story_data import Story, a_story, answer


@pytest.fixture
def rejected(database: Database) -> Story:
    """A Monday on which the supplier rejects the only line of an order."""
    story = a_story(database)
    answer(database, story.order(story.silent), (AnswerPart(Outcome.REJECT),), "a9")
    return story


@pytest.fixture
def dana(rejected: Story, web_settings: Settings) -> Iterator[httpx.Client]:
    """The buyer at her desk."""
    with visited(create_app(rejected.database, web_settings)) as visitor:
        assert sign_in(visitor, "dana").status_code == 303
        yield visitor


def test_a_rejected_order_never_reads_as_confirmed(rejected: Story, dana: httpx.Client) -> None:
    order = rejected.silent
    assert rejected.order(order).status is Status.ACKNOWLEDGED

    page = dana.get(f"/orders/{order}").text
    row = dana.get("/orders").text.partition(f'href="/orders/{order}"')[2].partition("</tr>")[0]
    exported = csv.DictReader(io.StringIO(dana.get("/orders.csv").content.decode("utf-8-sig"), newline=""))

    assert "Rejected by supplier" in row
    assert "Rejected by supplier" in page
    assert "The supplier rejects this order: decide where the goods come from, or cancel it." in page
    assert "rejected by Keller Pumps" in page
    assert "nothing comes: the supplier rejects the order" in page
    assert not [text for text in (row, page) if "Confirmed by" in text]
    assert {each["Status"] for each in exported if each["Order"] == order} == {"Rejected by supplier"}


def test_the_buyers_inbox_asks_what_happens_after_the_rejection(rejected: Story, dana: httpx.Client) -> None:
    told = [row for row in dana.get("/").text.split("<tr") if f"/orders/{rejected.silent}" in row]

    assert len(told) == 1
    assert "Supplier rejects" in told[0]
