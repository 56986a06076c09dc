"""A real Postgres for every test that asks for one: an embedded server shared by all test processes, a migrated template,
and a fresh copy of it per test.

PURVEYOR_TEST_POSTGRES=15 takes the system's programs of that major version instead of the wheel.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from purveyor import store
from purveyor.core.access import SYSTEM
from purveyor.store import migrations
from purveyor.store.binaries import find_binaries
from purveyor.store.db import Database, Tx
from purveyor.store.embedded import SUPERUSER, EmbeddedServer
from purveyor.store.roles import OWNER, RUNTIME, allow_clock_changes

TEMPLATES_KEPT = 12
MEMORY = Path("/dev/shm")
"""Where a database is copied in 40 ms instead of a second; a thousand tests need one each."""
ROOM_NEEDED = 2 * 1024**3


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedServer]:
    """The test server; the last test process to leave stops it."""
    wanted = os.environ.get("PURVEYOR_TEST_POSTGRES")
    binaries = find_binaries(Path(f"/usr/lib/postgresql/{wanted}/bin") if wanted else None)
    folder = _roomy_folder() / f"purveyor-tests-{os.geteuid()}-{binaries.major}"
    server = EmbeddedServer(folder, binaries, durable=False)
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def template(postgres: EmbeddedServer) -> str:
    """The name of a database at the newest migration, made once per state of the migrations."""
    name = f"template_{_schema_digest()}"
    with psycopg.connect(postgres.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(hashtext('purveyor test template'))")
        known = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
        if known is None:
            allow_clock_changes(connection, allowed=True)
            _drop_old_templates(connection)
            unfinished = f"unfinished_{uuid4().hex}"
            _create_database(connection, unfinished)
            migrations.upgrade(postgres.url(OWNER, unfinished))
            connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(unfinished), sql.Identifier(name)))
    return name


@pytest.fixture
def database_name(postgres: EmbeddedServer, template: str) -> Iterator[str]:
    """A fresh database of this test alone; gone afterwards."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        _create_database(connection, name, template)
        yield name
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def database(postgres: EmbeddedServer, database_name: str) -> Iterator[Database]:
    """The test's database, as the running product sees it."""
    opened = Database(postgres.url(RUNTIME, database_name))
    yield opened
    opened.close()


@pytest.fixture
def tx(database: Database) -> Iterator[Tx]:
    """An open transaction of the product itself; committed when the test ends."""
    with database.transaction(SYSTEM) as opened:
        yield opened


@pytest.fixture
def superuser(postgres: EmbeddedServer, database_name: str) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A superuser's connection to the test's database: the administrator that row security and triggers cannot bind."""
    with psycopg.connect(postgres.url(SUPERUSER, database_name), autocommit=True) as connection:
        yield connection


def _roomy_folder() -> Path:
    """The folder in memory where there is one with room, else the folder for temporary files."""
    if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM_NEEDED:
        return MEMORY
    return Path(tempfile.gettempdir())


def _create_database(connection: psycopg.Connection[tuple[object, ...]], name: str, template: str = "template1") -> None:
    statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy")
    connection.execute(statement.format(sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(template)))


def _drop_old_templates(connection: psycopg.Connection[tuple[object, ...]]) -> None:
    kept = "SELECT datname FROM pg_database WHERE datname LIKE 'template\\_%%' ORDER BY oid DESC OFFSET %s"
    for (name,) in connection.execute(kept, [TEMPLATES_KEPT]).fetchall():
        connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(str(name))))


def _schema_digest() -> str:
    folder = Path(str(store.__file__)).parent
    digest = hashlib.sha256()
    for file in sorted([*folder.glob("migrations/**/*.py"), folder / "row_security.py", folder / "roles.py"]):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]
