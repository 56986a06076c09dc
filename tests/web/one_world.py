"""One database and one served application for all tests of a module that only look, so that each test is quick."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from psycopg import sql

from purveyor.settings import Settings
from purveyor.store.db import Database
from purveyor.store.embedded import SUPERUSER, EmbeddedServer
from purveyor.store.roles import OWNER, RUNTIME
from tests.web.dock_world import World, a_dock_world


@contextmanager
def a_shared_database(postgres: EmbeddedServer, template: str) -> Iterator[Database]:
    """A fresh copy of the migrated template, gone afterwards."""
    name = f"test_{uuid4().hex}"
    copy = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY file_copy")
    with psycopg.connect(postgres.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        connection.execute(copy.format(sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(template)))
        database = Database(postgres.url(RUNTIME, name))
        try:
            yield database
        finally:
            database.close()
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@contextmanager
def a_shared_dock_world(postgres: EmbeddedServer, template: str, folder: Path) -> Iterator[World]:
    """The pump order with one person of each role, in a database of its own."""
    with a_shared_database(postgres, template) as database, a_dock_world(database, Settings(data_dir=folder)) as world:
        yield world
