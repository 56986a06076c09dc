"""How far each feed of each ERP was read, and which outside systems answer."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, PrimaryKeyConstraint, Text

from purveyor.store.row_security import Security
from purveyor.store.tables.base import moment, table, text

FEED: Final = table(
    "feed",
    text("erp"),
    text("entity"),
    # The adapter's own note of how far it read; nobody else understands it.
    text("position"),
    moment("read_at", nullable=True),
    moment("failed_at", nullable=True),
    text("problem", nullable=True),
    PrimaryKeyConstraint("erp", "entity"),
    security=Security(scoped_by="internal"),
)

INTERFACE: Final = table(
    "interface",
    Column("name", Text, primary_key=True),
    text("owner"),
    text("detail"),
    moment("checked_at"),
    moment("answered_at", nullable=True),
    text("problem", nullable=True),
    security=Security(scoped_by="internal"),
)
