"""The event log: append-only rows chained by hash per stream, chain heads, daily seals, and erasable reasons.

``payload`` and ``refs`` are of type json, not jsonb, because the hash is over exactly the characters that are stored.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Text,
    UniqueConstraint,
    Uuid,
)

from purveyor.store.row_security import Security
from purveyor.store.tables.base import id_column, moment, reference, table, text

_INSERT_ONLY: Final = ("SELECT", "INSERT")


def _stream_type(name: str = "stream_type") -> Column[str]:
    return Column(name, Text(collation="C"), nullable=False)


EVENT: Final = table(
    "event",
    id_column(),
    Column("seq", BigInteger, Identity(always=True), nullable=False),
    Column("txid", BigInteger, nullable=False),
    _stream_type(),
    reference("stream_id"),
    Column("position", Integer, nullable=False),
    text("type"),
    Column("schema", SmallInteger, nullable=False),
    moment("occurred_at"),
    moment("recorded_at"),
    text("actor_kind"),
    reference("actor_id", nullable=True),
    reference("on_behalf_of", nullable=True),
    text("source"),
    reference("correlation_id"),
    reference("cause_id", nullable=True),
    text("reason_digest", nullable=True),
    text("policy_set", nullable=True),
    Column("refs", JSON, nullable=False),
    Column("payload", JSON, nullable=False),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    reference("business_unit_id", nullable=True),
    UniqueConstraint("stream_type", "stream_id", "position"),
    Index(None, "txid", "seq"),
    security=Security(scoped_by="unit", unit_optional=True, runtime=_INSERT_ONLY, advisory=("SELECT", "INSERT")),
)

EVENT_REF: Final = table(
    "event_ref",
    _stream_type("ref_type"),
    reference("ref_id"),
    Column("event_id", Uuid, ForeignKey("event.id"), nullable=False),
    PrimaryKeyConstraint("ref_type", "ref_id", "event_id"),
    security=Security(scoped_by="parent", parent="event", parent_column="event_id", runtime=_INSERT_ONLY, advisory=("INSERT",)),
)

EVENT_REASON: Final = table(
    "event_reason",
    Column("event_id", Uuid, ForeignKey("event.id"), primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    text("reason"),
    security=Security(scoped_by="parent", parent="event", parent_column="event_id", runtime=("SELECT", "INSERT", "DELETE")),
)

EVENT_HEAD: Final = table(
    "event_head",
    _stream_type(),
    reference("stream_id"),
    Column("position", Integer, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("sealed_position", Integer, nullable=False),
    reference("business_unit_id", nullable=True),
    PrimaryKeyConstraint("stream_type", "stream_id"),
    security=Security(scoped_by="internal", runtime=("SELECT", "INSERT", "UPDATE"), advisory=("SELECT", "INSERT", "UPDATE")),
)

EVENT_SEAL: Final = table(
    "event_seal",
    Column("number", Integer, primary_key=True, autoincrement=False),
    moment("sealed_at"),
    Column("streams", Integer, nullable=False),
    Column("previous_root", LargeBinary, nullable=False),
    Column("root", LargeBinary, nullable=False),
    security=Security(scoped_by="internal", runtime=_INSERT_ONLY),
)

EVENT_SEAL_HEAD: Final = table(
    "event_seal_head",
    Column("number", Integer, nullable=False),
    _stream_type(),
    reference("stream_id"),
    Column("position", Integer, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("stream_type", "stream_id", "position"),
    Index(None, "number"),
    security=Security(scoped_by="internal", runtime=_INSERT_ONLY),
)

LOG_BASE: Final = table(
    "log_base",
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("txid_base", BigInteger, nullable=False),
    security=Security(scoped_by="open", runtime=("SELECT",), advisory=("SELECT",)),
)
