"""What a load balancer, a collector and a person of IT learn about the condition of an installation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest

from purveyor.core.access import SYSTEM, Role
from purveyor.core.messaging import MessageKind, Outbound
from purveyor.settings import InvalidSettings, Settings
from purveyor.store import events, feeds, inbox, jobs, message_batches
from purveyor.store.db import Database
from purveyor.store.event_verify import seal
from purveyor.store.inbox import Inbound
from purveyor.store.message_batches import NewMessage
from purveyor.store.messages import About
from purveyor.web.main import create_app
from purveyor.web.metrics import route_class
from tests.store.builders import counted
from tests.web.browser import visited
from tests.web.people import a_person, sign_in

Superuser = psycopg.Connection[tuple[object, ...]]
TOKEN = "a token nobody guesses"


@pytest.fixture
def settings(web_settings: Settings, tmp_path: Path) -> Settings:
    (tmp_path / "token").write_text(TOKEN + "\n", "utf-8")
    return replace(web_settings, metrics_token_file=tmp_path / "token")


@pytest.fixture
def visitor(database: Database, settings: Settings) -> Iterator[httpx.Client]:
    with visited(create_app(database, settings)) as client:
        yield client


def wait_for_an_hour(superuser: Superuser) -> None:
    superuser.execute("UPDATE procrastinate_events SET at = at - interval '1 hour'")


def test_a_process_lives_and_is_ready_in_one_word(visitor: httpx.Client) -> None:
    assert (visitor.get("/livez").text, visitor.get("/readyz").text) == ("ok\n", "ok\n")


def test_a_queue_that_nobody_works_off_makes_us_unready_and_only_it_learns_why(
    visitor: httpx.Client, database: Database, superuser: Superuser
) -> None:
    with database.transaction(SYSTEM) as tx:
        jobs.enqueue(tx, "note", "order-1")
        a_person(tx, "ines", Role.IT)
    wait_for_an_hour(superuser)

    stranger = visitor.get("/readyz")
    sign_in(visitor, "ines")
    it = visitor.get("/readyz")

    assert (stranger.status_code, stranger.text) == (503, "not ready\n")
    assert (it.status_code, it.json()["ready"]) == (503, False)
    [queue] = [check for check in it.json()["checks"] if check["check"] == "queue"]
    assert (queue["verdict"], queue["found"]) == ("fail", "1 jobs wait, the oldest 60 min; 0 run")
    assert "Start more workers" in queue["advice"]


def test_a_buyer_sees_no_more_than_a_stranger(visitor: httpx.Client, database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        a_person(tx, "dana", Role.BUYER)
    sign_in(visitor, "dana")

    assert visitor.get("/readyz").text == "ok\n"


def test_a_schema_that_is_behind_makes_us_unready_one_that_is_ahead_does_not(visitor: httpx.Client, superuser: Superuser) -> None:
    superuser.execute("UPDATE alembic_version SET version_num = '0007'")
    behind = visitor.get("/readyz").status_code
    superuser.execute("UPDATE alembic_version SET version_num = '9999'")
    ahead = visitor.get("/readyz").status_code

    assert (behind, ahead) == (503, 200)


def test_without_a_token_file_there_are_no_figures(database: Database, web_settings: Settings) -> None:
    with visited(create_app(database, web_settings)) as client:
        assert client.get("/metrics").status_code == 404


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN])
def test_figures_are_told_to_the_holder_of_the_token_only(visitor: httpx.Client, given: str) -> None:
    answer = visitor.get("/metrics", headers={"authorization": given, "accept": "text/plain"})

    assert answer.status_code == 401
    assert "purveyor_" not in answer.text


@pytest.mark.parametrize("content", ["", "short"])
def test_a_token_that_can_be_guessed_is_refused_at_the_start(database: Database, settings: Settings, content: str) -> None:
    assert settings.metrics_token_file is not None
    settings.metrics_token_file.write_text(content, "utf-8")

    with pytest.raises(InvalidSettings):
        create_app(database, settings)


def test_figures_tell_what_waits_what_moved_and_how_long_pages_took(visitor: httpx.Client, database: Database) -> None:
    supplier, order = uuid4(), uuid4()
    with database.transaction(SYSTEM) as tx:
        outbound = Outbound(MessageKind.SUPPLIER_ORDER, "order", order, 1, str(supplier), "email", "key")
        message_batches.queue_many(tx, [NewMessage(outbound, {}, About())])
        kept = inbox.receive(tx, Inbound("acme:ack", "A-1", "acknowledgment", {}))
        inbox.mark_applied(tx, kept.id, "STALE_VERSION")
        inbox.receive(tx, Inbound("acme:ack", "A-2", "acknowledgment", {}))
        feeds.move(tx, "tryton", "order", "x", complete=True)
        feeds.failed(tx, "tryton", "stock", "away")
    visitor.get("/livez")

    told = visitor.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"}).text

    for line in (
        "purveyor_database_up 1.0",
        'purveyor_jobs{state="waiting"} 1.0',
        "purveyor_workers 0.0",
        'purveyor_interface_open{interface="supplier:email",state="pending"} 1.0',
        'purveyor_interface_documents{interface="inbound:acknowledgment",outcome="received",window="1h"} 2.0',
        'purveyor_interface_documents{interface="inbound:acknowledgment",outcome="rejected",window="24h"} 1.0',
        'purveyor_feed_failing{erp="tryton",feed="stock"} 1.0',
        'purveyor_http_request_seconds_count{method="GET",route_class="health",status="2xx"} 1.0',
    ):
        assert line in told
    assert str(order) not in told
    assert str(supplier) not in told


def test_a_database_that_is_away_is_a_figure_and_not_a_failure(settings: Settings) -> None:
    with visited(create_app(Database("postgresql://nobody@127.0.0.1:1/none"), settings)) as client:
        answer = client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})

    assert (answer.status_code, "purveyor_database_up 0.0" in answer.text) == (200, True)


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/v1/orders/7", "api"), ("/s/abc", "supplier_page"), ("/orders/7", "page"), ("/static/app.css", "static")],
)
def test_addresses_fall_into_a_few_classes(path: str, expected: str) -> None:
    assert route_class(path) == expected


def test_a_log_that_lost_a_seal_this_machine_has_seen_makes_us_unready(
    visitor: httpx.Client, database: Database, superuser: Superuser
) -> None:
    with database.transaction(SYSTEM) as tx:
        events.append(tx, [counted(uuid4())])
        seal(tx)
    seen = visitor.get("/readyz").status_code
    superuser.execute("SET session_replication_role = replica")
    superuser.execute("DELETE FROM event_seal")

    assert (seen, visitor.get("/readyz").status_code) == (200, 503)
