"""What has served its time goes, kind by kind; what a repeat or a proof needs stays, and events always."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from purveyor.core.access import SYSTEM, Role
from purveyor.core.ids import OrderId, SupplierId
from purveyor.core.messaging import MessageKind, Outbound
from purveyor.settings import InvalidSettings, Settings, load_settings
from purveyor.store import events, idempotency, inbox, links, logins, message_batches, messages, retention
from purveyor.store.db import Database, Tx
from purveyor.store.event_verify import verify
from purveyor.store.idempotency import RequestKey, StoredResponse
from purveyor.store.inbox import Inbound
from purveyor.store.jobs import Job
from purveyor.store.message_batches import NewMessage
from purveyor.store.messages import About
from purveyor.worker.periodic import Housekeeping
from tests.store.builders import counted
from tests.web.people import a_person

Superuser = psycopg.Connection[tuple[object, ...]]
TABLES = ("idempotency", "login_session", "supplier_link", "message_attempt", "message", "inbox", "event")
ANSWER = Inbound("acme:ack", "A-1", "acknowledgment", {"text": "long ago"})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, answer_days=30, session_days=30, link_days=30, attempt_days=30, inbox_body_days=30)


def everything_once(tx: Tx) -> None:
    """One row of each kind, each at its end."""
    idempotency.remember(tx, RequestKey("c", "r", "k", "h"), StoredResponse(201, "{}"))
    token = logins.start_session(tx, a_person(tx, "dana", Role.BUYER))
    logins.end_session(tx, token)
    links.add(tx, OrderId(order := uuid4()), SupplierId(uuid4()), 1, "order")
    links.revoke(tx, OrderId(order))
    outbound = Outbound(MessageKind.SUPPLIER_ORDER, "order", uuid4(), 1, "keller", "email", "key")
    [queued] = message_batches.queue_many(tx, [NewMessage(outbound, {}, About())])
    held = messages.claim(tx, queued.id)
    assert held is not None
    messages.finish(tx, held)
    kept = inbox.receive(tx, ANSWER)
    inbox.mark_applied(tx, kept.id, "APPLIED")
    events.append(tx, [counted(uuid4())])


def let_days_pass(superuser: Superuser, days: int) -> None:
    for table, columns in {
        "idempotency": ("stored_at",),
        "login_session": ("ended_at", "expires_at"),
        "supplier_link": ("revoked_at", "expires_at"),
        "message_attempt": ("started_at",),
        "message": ("finished_at",),
        "inbox": ("received_at", "applied_at"),
    }.items():
        for column in columns:
            superuser.execute(f"UPDATE {table} SET {column} = {column} - interval '{days} days'".encode())


def counts(superuser: Superuser) -> dict[str, object]:
    return {table: rows_in(superuser, table) for table in TABLES}


def rows_in(superuser: Superuser, table: str) -> object:
    row = superuser.execute(f"SELECT count(*) FROM {table}".encode()).fetchone()
    assert row is not None
    return row[0]


def a_job() -> Job:
    return Job(1, "forget_answers", "", {})


def test_nothing_goes_before_its_time(database: Database, superuser: Superuser, settings: Settings) -> None:
    with database.transaction(SYSTEM) as tx:
        everything_once(tx)
    let_days_pass(superuser, 29)
    before = counts(superuser)

    Housekeeping(settings).forget(database, a_job())

    assert counts(superuser) == before


def test_what_is_past_its_time_goes_and_messages_documents_and_events_stay(
    database: Database, superuser: Superuser, settings: Settings
) -> None:
    with database.transaction(SYSTEM) as tx:
        everything_once(tx)
    let_days_pass(superuser, 31)

    Housekeeping(settings).forget(database, a_job())

    left = counts(superuser)
    assert [table for table, number in left.items() if not number] == [*TABLES[:4]]
    with database.transaction(SYSTEM) as tx:
        again = inbox.receive(tx, ANSWER)
        assert (again.fresh, again.same_content) == (False, True)
        assert inbox.lock(tx, again.id).document.payload == {}
        assert verify(tx).broken is None


def test_many_rows_go_in_steps(
    database: Database, superuser: Superuser, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "ROWS_AT_ONCE", 2)
    with database.transaction(SYSTEM) as tx:
        for number in range(5):
            idempotency.remember(tx, RequestKey("c", "r", str(number), "h"), StoredResponse(201, "{}"))
    let_days_pass(superuser, 31)

    Housekeeping(settings).forget(database, a_job())

    assert rows_in(superuser, "idempotency") == 0


def test_what_is_still_open_is_kept_however_old(database: Database, superuser: Superuser, settings: Settings) -> None:
    with database.transaction(SYSTEM) as tx:
        outbound = Outbound(MessageKind.SUPPLIER_ORDER, "order", uuid4(), 1, "keller", "email", "key")
        [queued] = message_batches.queue_many(tx, [NewMessage(outbound, {}, About())])
        messages.claim(tx, queued.id)
        inbox.receive(tx, ANSWER)
    let_days_pass(superuser, 3000)

    Housekeeping(settings).forget(database, a_job())

    assert rows_in(superuser, "message_attempt") == 1
    with database.transaction(SYSTEM) as tx:
        assert inbox.lock(tx, inbox.receive(tx, ANSWER).id).document.payload == ANSWER.payload


def test_the_seal_is_remembered_on_this_machine_and_a_lost_one_is_logged(
    database: Database, superuser: Superuser, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    with database.transaction(SYSTEM) as tx:
        events.append(tx, [counted(uuid4())])
    Housekeeping(settings).seal_log(database, a_job())
    remembered = (settings.data_dir / "newest-seal.json").read_text("utf-8")
    superuser.execute("SET session_replication_role = replica")
    superuser.execute("DELETE FROM event_seal")

    Housekeeping(settings).seal_log(database, a_job())

    assert '"number": 1' in remembered
    assert (settings.data_dir / "newest-seal.json").read_text("utf-8") == remembered
    assert "lost what this machine has seen" in "".join(capsys.readouterr()), "wherever the log goes in this process"


@pytest.mark.parametrize("setting", ["answer_days", "session_days", "link_days", "attempt_days", "inbox_body_days"])
def test_nothing_can_be_told_to_go_at_once(setting: str) -> None:
    with pytest.raises(InvalidSettings, match=setting):
        load_settings({f"PURVEYOR_{setting.upper()}": "0"})
