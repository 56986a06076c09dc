"""What visitors ask of the demo, and how its world stands; both stay empty in every other installation."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, CheckConstraint, Column, Index, SmallInteger
from sqlalchemy import text as sql

from purveyor.store.row_security import Security
from purveyor.store.tables.base import id_column, moment, table, text

DEMO_REQUEST: Final = table(
    "demo_request",
    id_column(),
    text("verb"),
    moment("requested_at"),
    moment("done_at", nullable=True),
    text("result", nullable=True),
    CheckConstraint("(done_at IS NULL) = (result IS NULL)", name="done_whole"),
    Index("ix_demo_request_waiting", "requested_at", postgresql_where=sql("done_at IS NULL")),
    security=Security(scoped_by="internal", runtime=("SELECT", "INSERT", "UPDATE")),
)

DEMO_STATE: Final = table(
    "demo_state",
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("plugged", Boolean, nullable=False),
    Column("playing", Boolean, nullable=False),
    moment("seen_at"),
    CheckConstraint("id = 1", name="one_row"),
    security=Security(scoped_by="internal", runtime=("SELECT", "INSERT", "UPDATE")),
)
