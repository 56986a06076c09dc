"""Policy tables as versions, and which of them are in force from when. The runtime writes versions; publishing is a function.

A version is identified by the hash of its content and never changes. ``purveyor_publish_policy`` checks the two names itself.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, PrimaryKeyConstraint, Text

from purveyor.store.row_security import Security
from purveyor.store.tables.base import id_column, moment, table, text

POLICY_VERSION: Final = table(
    "policy_version",
    text("table_key"),
    text("version"),
    # The TOML text as it was loaded; its hash must give the version again.
    text("content"),
    text("author"),
    moment("recorded_at"),
    PrimaryKeyConstraint("table_key", "version"),
    security=Security(scoped_by="internal", runtime=("SELECT", "INSERT"), advisory=("SELECT",)),
)

POLICY_PUBLICATION: Final = table(
    "policy_publication",
    id_column(),
    text("table_key"),
    Column("version", Text, nullable=False),
    moment("effective_from"),
    moment("published_at"),
    text("author"),
    text("publisher"),
    ForeignKeyConstraint(["table_key", "version"], ["policy_version.table_key", "policy_version.version"]),
    CheckConstraint("author <> publisher", name="two_people"),
    Index(None, "table_key", "effective_from"),
    security=Security(scoped_by="internal", runtime=("SELECT",), advisory=("SELECT",)),
)
