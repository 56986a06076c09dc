"""Credentials of outside systems, each encrypted with a key of its own; the master key never enters the database."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, LargeBinary, UniqueConstraint

from purveyor.store.row_security import Security
from purveyor.store.tables.base import id_column, moment, table, text

SECRET: Final = table(
    "secret",
    id_column(),
    text("name"),
    # Which master key wrapped the data key; the key itself is in a file outside the database.
    text("key_id"),
    Column("wrapped_key", LargeBinary, nullable=False),
    Column("content", LargeBinary, nullable=False),
    moment("changed_at"),
    UniqueConstraint("name"),
    security=Security(scoped_by="system"),
)
