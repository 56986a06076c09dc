"""Upgrading a database in use: everything is still there, the log is whole, and a migration that was killed did nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from purveyor.core.access import SYSTEM
from purveyor.core.ids import MessageId
from purveyor.store import events, feeds, idempotency, inbox, jobs, messages, migrations
from purveyor.store.db import Database
from purveyor.store.embedded import SUPERUSER, EmbeddedServer
from purveyor.store.event_verify import seal, verify
from purveyor.store.idempotency import RequestKey, StoredResponse
from purveyor.store.inbox import Inbound
from purveyor.store.roles import OWNER, RUNTIME
from tests.store.builders import a_business_unit, counted

PREVIOUS = "0008"
"""The newest revision of the release before."""
Superuser = psycopg.Connection[tuple[object, ...]]
Rows = dict[str, list[tuple[object, ...]]]
MESSAGE = uuid4()


@pytest.fixture
def before(postgres: EmbeddedServer) -> Iterator[str]:
    """A database as the release before left it, with data of its own; gone afterwards."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(OWNER)))
        migrations.upgrade(postgres.url(OWNER, name), PREVIOUS)
        fill(postgres, name)
        yield name
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def fill(postgres: EmbeddedServer, name: str) -> None:
    """Use the database: people, documents, a job, a feed, a sealed log; people and messages by hand (their tables grow)."""
    database = Database(postgres.url(RUNTIME, name))
    with database.transaction(SYSTEM) as tx:
        a_business_unit(tx, "EAST")
        crate = uuid4()
        events.append(tx, [counted(crate, reason="counted twice"), counted(crate, 2), counted(uuid4())])
        inbox.receive(tx, Inbound("acme:ack", "A-1", "acknowledgment", {"text": "yes"}))
        idempotency.remember(tx, RequestKey("c", "r", "k", "h"), StoredResponse(201, "{}"))
        jobs.enqueue(tx, "note", "order-1", {"order_id": "1"})
        feeds.move(tx, "tryton", "order", "x", complete=True)
    with database.transaction(SYSTEM) as tx:
        seal(tx)
    database.close()
    with psycopg.connect(postgres.url(SUPERUSER, name), autocommit=True) as connection:
        connection.execute(
            """
            INSERT INTO message (id, kind, subject_type, subject_id, channel, partner_key, payload, idempotency_key, state,
                                 attempts, next_attempt_at, correlation_id, created_at)
            VALUES (%s, 'supplier_order', 'order', gen_random_uuid(), 'email', 'keller', '{"order_ref": "PO1"}', 'key', 'ready',
                    1, now(), gen_random_uuid(), now())
            """,
            [MESSAGE],
        )
        connection.execute(
            """
            INSERT INTO app_user (id, login, display_name, person_key, locale, timezone, active, created_at)
            VALUES (gen_random_uuid(), 'dana', 'Dana', 'dana', 'en', 'UTC', true, now())
            """
        )


def rows(postgres: EmbeddedServer, name: str, columns_of: Rows | None = None) -> Rows:
    """Every row of every table as text, in the columns that ``columns_of`` knows."""
    with psycopg.connect(postgres.url(SUPERUSER, name)) as connection:
        columns = columns_of or {}
        if columns_of is None:
            for table, column in connection.execute(
                """
                SELECT table_name, column_name FROM information_schema.columns
                 WHERE table_schema = 'public' AND table_name <> 'alembic_version' ORDER BY table_name, ordinal_position
                """
            ).fetchall():
                columns.setdefault(str(table), []).append((str(column),))
        found: Rows = {"columns": [(table, names) for table, names in columns.items()]}
        for table, names in columns.items():
            wanted = sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(str(name))) for (name,) in names)
            query = sql.SQL("SELECT {} FROM {} ORDER BY 1, 2").format(wanted, sql.Identifier(table))
            found[table] = connection.execute(query).fetchall()
    return found


def columns_in(found: Rows) -> Rows:
    return {str(table): names for table, names in found["columns"] if isinstance(names, list)}


def test_data_of_the_release_before_is_all_there_after_the_upgrade_and_the_log_is_whole(
    postgres: EmbeddedServer, before: str
) -> None:
    old = rows(postgres, before)

    migrations.upgrade(postgres.url(OWNER, before))

    assert rows(postgres, before, columns_in(old)) == old
    database = Database(postgres.url(RUNTIME, before))
    with database.transaction(SYSTEM) as tx:
        result = verify(tx)
        assert (result.broken, result.events, result.seals) == (None, 3, 1)
        assert messages.load(tx, MessageId(MESSAGE)).payload == {"order_ref": "PO1"}
        assert messages.promote_due(tx) == 1
        assert jobs.counts(tx) == {"todo": 2}
        events.append(tx, [counted(uuid4())])
    database.close()


def test_a_migration_that_is_killed_half_way_leaves_the_old_schema_usable_and_the_next_run_completes(
    postgres: EmbeddedServer, before: str
) -> None:
    old = rows(postgres, before)
    with psycopg.connect(postgres.url(SUPERUSER, before)) as holder:
        holder.execute("LOCK TABLE inbox IN ROW EXCLUSIVE MODE")  # the migration has made its table and waits for this one
        run = a_migration(postgres, before)
        wait_until_blocked(holder)
        run.send_signal(signal.SIGKILL)
        run.wait()
    wait_until_gone(postgres, before)

    assert rows(postgres, before) == old
    database = Database(postgres.url(RUNTIME, before))
    with database.transaction(SYSTEM) as tx:
        assert inbox.receive(tx, Inbound("acme:ack", "A-1", "acknowledgment", {"text": "yes"})).fresh is False
    database.close()
    assert a_migration(postgres, before).wait() == 0
    with psycopg.connect(postgres.url(SUPERUSER, before)) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(migrations.head_revision(),)]
        assert connection.execute("SELECT count(*) FROM secret").fetchone() == (0,)


def a_migration(postgres: EmbeddedServer, name: str) -> subprocess.Popen[bytes]:
    """The product's own command, in a process of its own."""
    addresses = {"DATABASE_URL": postgres.url(RUNTIME, name), "DATABASE_OWNER_URL": postgres.url(OWNER, name)}
    environment = {**os.environ, **addresses, "PYTHONPATH": os.pathsep.join(sys.path), "PURVEYOR_DATA_DIR": str(Path("unused"))}
    return subprocess.Popen([sys.executable, "-m", "purveyor", "migrate"], env=environment, stdout=subprocess.DEVNULL)


def wait_until_blocked(connection: Superuser) -> None:
    waiting = """
        SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND usename = %s AND wait_event_type = 'Lock'
    """
    deadline = time.monotonic() + 30
    while connection.execute(waiting, [OWNER]).fetchone() is None:
        assert time.monotonic() < deadline, "the migration never came to the table that is locked"
        connection.execute("SELECT pg_stat_clear_snapshot()")
        time.sleep(0.05)


def wait_until_gone(postgres: EmbeddedServer, name: str) -> None:
    """Wait until the server has noticed that the client of the migration is dead."""
    deadline = time.monotonic() + 30
    query = "SELECT 1 FROM pg_stat_activity WHERE datname = %s AND usename = %s"
    with psycopg.connect(postgres.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        while connection.execute(query, [name, OWNER]).fetchone() is not None:
            assert time.monotonic() < deadline
            time.sleep(0.05)
