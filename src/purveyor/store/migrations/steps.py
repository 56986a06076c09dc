"""Small helpers for writing migrations: a protected table in one call, and plain SQL statements in order."""

from __future__ import annotations

from collections.abc import Iterable

from alembic import op
from sqlalchemy.schema import SchemaItem

from purveyor.store.row_security import Security, protection


def create_table(name: str, *items: SchemaItem, security: Security) -> None:
    """Create a table with forced row security and its grants; no table may be created without."""
    op.create_table(name, *items)
    run(protection(name, security))


def run(statements: Iterable[str]) -> None:
    """Execute SQL statements one after the other, characters like ``:`` and ``%`` untouched."""
    connection = op.get_bind()
    for statement in statements:
        connection.exec_driver_sql(statement.replace("%", "%%"))
