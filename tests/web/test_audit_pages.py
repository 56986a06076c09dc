"""The auditor's page finds events by what they are about, opens and verifies them, and notes what was looked for."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

import psycopg
import pytest
from playwright.sync_api import Browser

from purveyor.app import audit
from purveyor.core.access import SYSTEM
from purveyor.core.events.base import Ref
from purveyor.store.db import Database
from purveyor.store.embedded import SUPERUSER, EmbeddedServer
from purveyor.store.events import Cursor as Place
from purveyor.store.events import RecordedEvent, read_about, read_since
from purveyor.web.audit import routes
from tests.web.browser import look_around
from tests.web.dock_world import World, a_price_dispute
from tests.web.one_world import a_shared_dock_world

pytestmark = pytest.mark.postgres
_OPENED = re.compile(r'href="/audit/events/([0-9a-f-]{36})"')


@pytest.fixture(scope="module")
def world(postgres: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The pump order, received and billed too dear, for all tests of this file."""
    with a_shared_dock_world(postgres, template, tmp_path_factory.mktemp("audit")) as opened:
        a_price_dispute(opened)
        yield opened


def every_event(database: Database) -> list[RecordedEvent]:
    with database.read(SYSTEM) as tx:
        return read_since(tx, Place(), 1000)


def about_the_order(world: World) -> list[RecordedEvent]:
    with world.database.read(SYSTEM) as tx:
        return read_about(tx, Ref("order", world.order.id))


def found(page: str) -> set[str]:
    """The ids of the events that a page lists."""
    return set(_OPENED.findall(page))


def searched(world: World) -> list[RecordedEvent]:
    return [event for event in every_event(world.database) if event.type == "audit.searched"]


def test_events_are_found_by_order_document_type_and_what_came_together(world: World) -> None:
    about = about_the_order(world)
    billed = next(event for event in about if event.stream.type == "invoice")
    together = {str(event.id) for event in every_event(world.database) if event.correlation_id == billed.correlation_id}

    by_order = found(world.auditor.open(f"/audit?order={world.order.order_ref.lower()}").text)
    by_id = found(world.auditor.open(f"/audit?document={billed.stream.id}").text)
    by_type = found(world.auditor.open(f"/audit?type={billed.type}&order={world.order.order_ref}").text)
    by_correlation = found(world.auditor.open(f"/audit?correlation={billed.correlation_id}").text)

    assert by_order == {str(event.id) for event in about}
    assert str(billed.id) in by_id
    assert str(billed.id) in by_type
    assert len(by_type) < len(by_order)
    assert by_correlation == together


def test_events_are_found_by_the_number_of_an_invoice_by_day_and_by_person(world: World) -> None:
    invoice = next(event for event in about_the_order(world) if event.stream.type == "invoice")
    with world.database.read(SYSTEM) as tx:
        number = tx.conn.exec_driver_sql("SELECT number FROM invoice").scalar_one()

    assert str(invoice.id) in found(world.auditor.open(f"/audit?document={number}").text)
    assert str(invoice.id) in found(world.auditor.open(f"/audit?from={invoice.occurred_at:%Y-%m-%d}&document={number}").text)
    assert found(world.auditor.open(f"/audit?to=2020-01-01&document={number}").text) == set()
    assert found(world.auditor.open("/audit?person=nobody").text) == set()
    assert "No event fits this search." in world.auditor.open("/audit?order=ZZZ999").text


def test_every_search_and_download_is_an_event_without_the_words_that_were_typed(world: World) -> None:
    before = len(searched(world))
    world.auditor.open("/audit?person=olga&type=order.issued")
    world.auditor.open(f"/audit.csv?order={world.order.order_ref}")

    search, file = searched(world)[before:]

    assert (search.payload["file"], file.payload["file"]) == (None, "csv")
    assert search.payload["criteria"] == {"person": str(search.actor_id), "type": "order.issued"}
    assert file.payload["criteria"] == {"order": world.order.order_ref}
    assert str(search.id) in found(world.auditor.open("/audit?person=olga").text)


def test_looking_at_the_newest_events_without_a_search_notes_nothing(world: World) -> None:
    before = len(searched(world))

    page = world.it.open("/audit").text

    assert "The newest events of the log" in page
    assert len(searched(world)) == before


def test_an_event_shows_its_content_its_hash_and_what_it_is_chained_to(world: World) -> None:
    first, second = [event for event in about_the_order(world) if event.stream.type == "invoice"][:2]

    page = world.auditor.open(f"/audit/events/{second.id}").text

    assert second.hash in page
    assert first.hash in page
    assert second.previous_hash == first.hash
    assert {str(first.id)} <= found(page)
    assert all(f"&#34;{name}&#34;" in page for name in second.payload)


def test_a_file_holds_what_the_page_shows(world: World) -> None:
    address = f"order={world.order.order_ref}&type=invoice.received"
    shown = found(world.auditor.open(f"/audit?{address}").text)

    rows = list(csv.DictReader(io.StringIO(world.auditor.open(f"/audit.csv?{address}").content.decode("utf-8-sig"))))
    book = world.auditor.open(f"/audit.xlsx?{address}")

    known = {event.hash: str(event.id) for event in every_event(world.database)}
    assert {known[row["Hash"]] for row in rows} == shown
    assert book.content.startswith(b"PK")


def test_the_next_page_goes_on_where_this_one_ends(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "PAGE_SIZE", 2)
    first = world.auditor.open(f"/audit?order={world.order.order_ref}").text
    address = re.findall(r'rel="next" href="([^"]+)"', first)[0].replace("&amp;", "&")

    second = world.auditor.open(address).text

    assert len(found(first)) == len(found(second)) == 2
    assert not found(first) & found(second)


def test_a_whole_chain_verifies_and_a_changed_one_names_the_place(world: World, postgres: EmbeddedServer) -> None:
    event = next(event for event in about_the_order(world) if event.stream.type == "invoice")
    path, seen = f"/audit/events/{event.id}/verify", f"/audit/events/{event.id}"

    world.auditor.send(path, seen_on=seen)
    whole = world.auditor.open(seen).text
    all_whole = world.auditor.send("/audit/verify", seen_on="/audit")
    with administrator(world, postgres) as behind_our_back:
        set_type = "UPDATE event SET type = %s WHERE id = %s"
        behind_our_back.execute(set_type, ["invoice.forged", event.id])
        world.auditor.send(path, seen_on=seen)
        broken = world.auditor.open(seen).text
        everything = world.auditor.send("/audit/verify", seen_on="/audit")
        named = world.auditor.open("/audit").text
        behind_our_back.execute(set_type, [event.type, event.id])
    checks = [each.payload for each in every_event(world.database) if each.type == "audit.checked"]

    assert "This chain is whole" in whole
    assert (all_whole.headers["location"], everything.headers["location"]) == ("/audit", "/audit")
    place = f"{event.stream.type}:{event.stream.id}, position {event.position}"
    assert f"This chain is broken: {place}" in broken
    assert f"A chain is broken: {place}" in named
    assert [check["broken"] is None for check in checks] == [True, True, False, False]
    assert {check["checked"] for check in checks} == {audit.EVERYTHING, f"{event.stream.type}:{event.stream.id}"}


def test_an_event_cut_off_the_end_of_a_chain_is_noticed(world: World, postgres: EmbeddedServer) -> None:
    stream = next(event.stream for event in about_the_order(world) if event.stream.type == "invoice")
    first = next(event for event in every_event(world.database) if event.stream == stream)
    seen = f"/audit/events/{first.id}"
    moved = "UPDATE event_head SET position = position + %s WHERE stream_id = %s"

    with administrator(world, postgres) as behind_our_back:
        behind_our_back.execute(moved, [1, stream.id])
        world.auditor.send(f"{seen}/verify", seen_on=seen)
        page = world.auditor.open(seen).text
        behind_our_back.execute(moved, [-1, stream.id])

    assert "is not where the recorded chain ends" in page


def test_who_is_no_auditor_is_refused_and_bad_searches_are_named(world: World) -> None:
    assert [world.buyer.open(path).status_code for path in ("/audit", "/audit.csv")] == [403, 403]
    bad = ("order=;", "type=order.eaten", "from=yesterday", "to=9999-12-31", "correlation=x", f"person={'x' * 200}")
    assert [world.auditor.open(f"/audit?{query}").status_code for query in bad] == [422] * len(bad)
    assert world.auditor.open("/audit/events/00000000-0000-0000-0000-000000000000").status_code == 404


def administrator(world: World, postgres: EmbeddedServer) -> psycopg.Connection[tuple[object, ...]]:
    """A superuser whom triggers do not stop."""
    name = world.database.url.rpartition("/")[2].partition("?")[0]
    connection = psycopg.connect(postgres.url(SUPERUSER, name), autocommit=True)
    connection.execute("SET session_replication_role = replica")
    return connection


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_the_pages_of_the_auditor_read_well_for_everybody(browser: Browser, world: World) -> None:
    event = about_the_order(world)[-1]
    base = str(world.auditor.visitor.base_url).rstrip("/")
    for path, name in ((f"/audit?order={world.order.order_ref}", "audit"), (f"/audit/events/{event.id}", "audit-event")):
        for look in look_around(browser, f"{base}{path}", name, world.auditor.cookies):
            look.assert_good()
