"""One linear history of the schema, run by the owner's role; every step says why it exists.

Driven from here without a configuration file: ``upgrade`` for ``purveyor migrate``, ``head_revision`` for the start-up check.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, pool

from purveyor.store.addresses import driver_address


def _configuration() -> Config:
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    return configuration


def upgrade(owner_url: str, revision: str = "head") -> None:
    """Bring the schema to a revision, in one transaction, as the owner."""
    engine = create_engine(driver_address(owner_url), poolclass=pool.NullPool)
    with engine.begin() as connection:
        upgrade_through(connection, revision)
    engine.dispose()


def upgrade_through(connection: Connection, revision: str = "head") -> None:
    """Bring the schema to a revision through a connection whose transaction belongs to the caller."""
    configuration = _configuration()
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, revision)


def head_revision() -> str:
    """Return the newest revision this code knows."""
    head = ScriptDirectory.from_config(_configuration()).get_current_head()
    assert head is not None
    return head


def is_behind(revision: str) -> bool:
    """Say whether a schema at this revision lacks what this code needs; one that is ahead was migrated for a newer version."""
    return knows(revision) and revision != head_revision()


def knows(revision: str) -> bool:
    """Say whether this code has a revision in its history."""
    return revision in {step.revision for step in ScriptDirectory.from_config(_configuration()).walk_revisions()}
