"""How far each feed of each ERP was read, and how its last reading went."""

from __future__ import annotations

from typing import Final

from sqlalchemy import PrimaryKeyConstraint

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
