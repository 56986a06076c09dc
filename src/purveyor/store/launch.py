"""Open the store for a process: external Postgres if an address is given, else our own server, then check it is usable."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import psycopg
import structlog

from purveyor.core.errors import PurveyorError
from purveyor.settings import InvalidSettings, Settings
from purveyor.store import migrations
from purveyor.store.addresses import driver_address, plain_address
from purveyor.store.binaries import HIGHEST_MAJOR, LOWEST_MAJOR, find_binaries
from purveyor.store.db import Database
from purveyor.store.embedded import SUPERUSER, EmbeddedServer
from purveyor.store.failures import translated
from purveyor.store.roles import OWNER, RUNTIME, allow_clock_changes, ensure_roles, roles_missing

log = structlog.get_logger("purveyor.store")

_CHECK: Final = """
    SELECT current_setting('server_version_num')::int / 10000, r.rolsuper OR r.rolbypassrls,
           EXISTS (SELECT 1 FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
                      AND pg_has_role(current_user, c.relowner, 'MEMBER')),
           to_regclass('public.alembic_version') IS NOT NULL
      FROM pg_roles r WHERE r.rolname = current_user
"""


class UnusableDatabase(PurveyorError):
    """The database cannot be used as it is; the reason and the way out are named."""

    code = "unusable_database"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where the database is: for the running product and, if known, for its owner (migrations)."""

    runtime: str
    owner: str | None


@contextmanager
def open_database(settings: Settings) -> Iterator[Database]:
    """Yield the database of this installation, checked; starts, migrates and watches the embedded server if that is used.

    An external database is never migrated from here. Raises UnusableDatabase, NoPostgres and the launcher's errors.
    """
    with located(settings) as addresses:
        if settings.database_url is None:
            run_migrations(addresses)
        check_usable(addresses.runtime)
        with open_runtime(addresses, settings) as database:
            yield database


@contextmanager
def open_runtime(addresses: Addresses, settings: Settings) -> Iterator[Database]:
    """Yield the database as the running product sees it, unchecked."""
    database = Database(
        addresses.runtime,
        pool_size=settings.pool_size,
        statement_timeout_seconds=settings.statement_timeout_seconds,
        lock_timeout_seconds=settings.lock_timeout_seconds,
    )
    try:
        yield database
    finally:
        database.close()


@contextmanager
def located(settings: Settings) -> Iterator[Addresses]:
    """Yield the addresses of the database, with our own server running for as long as the block lasts."""
    if settings.database_url is not None:
        log.info("database: external, from DATABASE_URL")
        yield Addresses(plain_address(settings.database_url), settings.database_owner_url)
        return
    server = EmbeddedServer(
        settings.data_dir / "postgres",
        find_binaries(settings.postgres_bin),
        leave_running=settings.leave_postgres_running,
    )
    server.start()
    log.info("database: embedded", source=server.binaries.source, major=server.binaries.major, folder=str(server.folder))
    try:
        server.watch()
        with psycopg.connect(server.url(SUPERUSER, "postgres"), autocommit=True) as connection:
            allow_clock_changes(connection, allowed=settings.demo)
        yield Addresses(server.url(RUNTIME), server.url(OWNER))
    finally:
        server.stop()


def run_migrations(addresses: Addresses) -> None:
    """Bring the schema to the newest revision with the owner's login, creating missing roles where that is allowed."""
    migrations.upgrade(with_roles(addresses))


def with_roles(addresses: Addresses) -> str:
    """Create the roles that are missing, and return the owner's address; raise InvalidSettings when it is not known."""
    if addresses.owner is None:
        raise InvalidSettings(setting="database_owner_url", reason="this needs the address with the owner's login")
    with translated(), psycopg.connect(plain_address(addresses.owner), autocommit=True) as connection:
        if roles_missing(connection):
            ensure_roles(connection, runtime_password=driver_address(addresses.runtime).password)
    return addresses.owner


def check_usable(url: str) -> None:
    """Refuse a server that is too old, a login that row security would not bind, and a schema that is not ours."""
    with translated(), psycopg.connect(url, connect_timeout=5) as connection:
        row: tuple[Any, ...] | None = connection.execute(_CHECK).fetchone()
        assert row is not None
        major, unbound, owns_tables, migrated = row
        if major < LOWEST_MAJOR:
            raise UnusableDatabase(reason=f"PostgreSQL {major} is too old, {LOWEST_MAJOR} to {HIGHEST_MAJOR} are supported")
        if major > HIGHEST_MAJOR:
            log.warning("this PostgreSQL is newer than those we test with", major=major, newest_tested=HIGHEST_MAJOR)
        if unbound or owns_tables:
            raise UnusableDatabase(
                reason="the login is a superuser or owns the tables, so row security would not bind it",
                way_out=f"log in as {RUNTIME}, and give the owner's address to `purveyor migrate` only",
            )
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone() if migrated else None
    expected = migrations.head_revision()
    if found is None or found[0] != expected:
        raise UnusableDatabase(
            reason=f"the schema is at {found[0] if found else 'nothing'}, this version needs {expected}",
            way_out="run `purveyor migrate`",
        )
