"""A transaction says who acts, which rows it may touch and what time it is."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import exc, select, text

from purveyor.core.access import SYSTEM, Actor, ActorKind
from purveyor.store import jobs
from purveyor.store.db import Database, Tx, move_clock
from purveyor.store.embedded import EmbeddedServer
from purveyor.store.failures import Conflict, StoreBusy, StoreUnavailable
from purveyor.store.roles import RUNTIME, allow_clock_changes
from purveyor.store.tables.parties import BUSINESS_UNIT
from tests.store.builders import a_business_unit, a_buyer, a_supplier, nobody

Superuser = psycopg.Connection[tuple[object, ...]]


def units_seen(tx: Tx) -> set[str]:
    return set(tx.conn.execute(select(BUSINESS_UNIT.c.code)).scalars())


def cut_connections(superuser: Superuser) -> None:
    superuser.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'purveyor' AND datname = current_database()"
    )


def test_a_transaction_that_fails_leaves_nothing_behind(database: Database) -> None:
    def add_and_fail(tx: Tx) -> None:
        a_business_unit(tx, "DAYTON")
        raise LookupError

    with pytest.raises(LookupError), database.transaction(SYSTEM) as tx:
        add_and_fail(tx)

    with database.read(SYSTEM) as tx:
        assert units_seen(tx) == set()


def test_reading_cannot_write(database: Database) -> None:
    with pytest.raises(exc.InternalError, match="read-only"), database.read(SYSTEM) as tx:
        a_business_unit(tx, "DAYTON")


def test_each_actor_sees_the_rows_of_his_scope_and_nobody_sees_nothing(database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        dayton = a_business_unit(tx, "DAYTON")
        a_business_unit(tx, "RENO")

    with database.read(SYSTEM) as tx:
        assert units_seen(tx) == {"DAYTON", "RENO"}
    with database.read(a_buyer(uuid4(), dayton)) as tx:
        assert units_seen(tx) == {"DAYTON"}
    with database.read(SYSTEM, nobody()) as tx:
        assert units_seen(tx) == set()
    with database.read(Actor(ActorKind.USER, uuid4())) as tx:
        assert units_seen(tx) == set()


def test_a_supplier_has_no_right_to_tables_that_are_not_meant_for_him(database: Database) -> None:
    with pytest.raises(exc.ProgrammingError, match="permission denied"), database.read(a_supplier(uuid4())) as tx:
        units_seen(tx)


def test_a_buyer_cannot_write_into_another_business_unit(database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        dayton = a_business_unit(tx, "DAYTON")

    with (
        pytest.raises(exc.ProgrammingError, match="row-level security"),
        database.transaction(a_buyer(uuid4(), dayton)) as tx,
    ):
        a_business_unit(tx, "RENO")


def test_the_scope_of_one_transaction_does_not_leak_into_the_next_on_the_same_connection(
    postgres: EmbeddedServer, database_name: str
) -> None:
    database = Database(postgres.url(RUNTIME, database_name), pool_size=1)
    with database.transaction(SYSTEM) as tx:
        a_business_unit(tx, "DAYTON")

    with database.read(a_supplier(uuid4())) as tx:
        assert tx.conn.execute(text("SELECT current_user")).scalar_one() == "purveyor_portal"
    with database.read(SYSTEM, nobody()) as tx:
        assert tx.conn.execute(text("SELECT current_user")).scalar_one() == "purveyor_app"
        assert units_seen(tx) == set()
    database.close()


def test_time_stands_still_within_a_transaction_and_business_time_can_run_ahead(database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        assert tx.now == tx.real_now
        move_clock(tx, timedelta(days=3))

    with database.transaction(SYSTEM) as tx:
        assert tx.now - tx.real_now == timedelta(days=3)
        assert tx.now.utcoffset() == timedelta(0)


def test_only_the_demo_may_move_the_clock(database: Database, postgres: EmbeddedServer, superuser: Superuser) -> None:
    with (
        pytest.raises(exc.ProgrammingError, match="permission denied"),
        database.transaction(SYSTEM) as tx,
    ):
        tx.conn.execute(text("UPDATE clock_offset SET ahead_by = interval '1 day'"))
    superuser.execute("BEGIN")
    allow_clock_changes(superuser, allowed=False)
    member = "SELECT pg_has_role('purveyor_app', 'purveyor_demo', 'MEMBER')"
    assert superuser.execute(member).fetchone() == (False,)
    superuser.execute("ROLLBACK")


def test_ids_of_one_transaction_sort_in_the_order_they_were_made(tx: Tx) -> None:
    ids = [tx.new_id() for _ in range(10_000)]

    assert ids == sorted(set(ids))


def test_a_connection_that_died_in_the_pool_is_replaced_without_anybody_noticing(
    database: Database, superuser: Superuser
) -> None:
    with database.read(SYSTEM):
        pass
    cut_connections(superuser)

    with database.read(SYSTEM) as tx:
        assert units_seen(tx) == set()


def test_a_connection_that_dies_in_the_middle_is_told_as_unavailable(database: Database, superuser: Superuser) -> None:
    def work_while_cut(tx: Tx) -> None:
        cut_connections(superuser)
        tx.conn.execute(text("SELECT 1"))

    with pytest.raises(StoreUnavailable), database.transaction(SYSTEM) as tx:
        work_while_cut(tx)


def test_a_connection_that_dies_while_a_job_is_queued_is_told_as_unavailable(database: Database, superuser: Superuser) -> None:
    def queue_while_cut(tx: Tx) -> None:
        cut_connections(superuser)
        jobs.enqueue(tx, "release", "order-1")

    with pytest.raises(StoreUnavailable), database.transaction(SYSTEM) as tx:
        queue_while_cut(tx)


def test_an_unreachable_database_is_told_as_unavailable() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/nothing")

    with pytest.raises(StoreUnavailable), database.read(SYSTEM):
        pass


def test_a_pool_without_free_connection_is_told_as_busy(
    postgres: EmbeddedServer, database_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("purveyor.store.db.POOL_WAIT_SECONDS", 0)
    database = Database(postgres.url(RUNTIME, database_name), pool_size=1)

    with database.read(SYSTEM), pytest.raises(StoreBusy), database.read(SYSTEM):
        pass
    database.close()


def test_a_statement_that_waits_too_long_for_a_lock_is_told_as_busy(postgres: EmbeddedServer, database_name: str) -> None:
    database = Database(postgres.url(RUNTIME, database_name), lock_timeout_seconds=Decimal("0.05"))
    lock = text("SELECT pg_advisory_xact_lock(1)")

    with database.transaction(SYSTEM) as first:
        first.conn.execute(lock)
        with pytest.raises(StoreBusy), database.transaction(SYSTEM) as second:
            second.conn.execute(lock)
    database.close()


def test_a_lost_race_is_told_as_conflict(database: Database) -> None:
    with pytest.raises(Conflict), database.transaction(SYSTEM) as tx:
        tx.conn.execute(text("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'serialization_failure'; END $$"))
