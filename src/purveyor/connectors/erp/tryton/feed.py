"""What changed in Tryton since a moment: row stamps of a record and of its children, because no webhook tells us.

``write_date`` is empty until the first update and moves to the start of the writing transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from purveyor.connectors.erp.contract import Stamped
from purveyor.connectors.erp.tryton.rpc import Row, TrytonRpc, to_many, to_one
from purveyor.core.canonical import digest

STAMPS: Final = ("create_date", "write_date", "_timestamp")
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Feed:
    """A model, the records whose changes count as its own, and which of its records matter.

    ``children`` are to-many fields, ``parents`` to-one; ``searched`` are paths to the children where the field itself is
    computed and cannot be searched.
    """

    model: str
    children: tuple[str, ...] = ()
    parents: tuple[str, ...] = ()
    domain: tuple[object, ...] = ()
    searched: tuple[str, ...] | None = None


def stamp_fields(feed: Feed) -> tuple[str, ...]:
    """Return the fields a record's stamp and version are made of."""
    nested = (f"{prefix}.{name}" for prefix in (*feed.children, *feed.parents) for name in STAMPS)
    return (*STAMPS, *nested)


def changed(feed: Feed, rpc: TrytonRpc, since: datetime | None) -> list[Stamped]:
    """Return id, version and stamp of every record created or changed at or after the moment; of all, without one."""
    clauses: list[object] = ["OR"]
    paths = feed.searched if feed.searched is not None else (*feed.children, *feed.parents)
    for prefix in ("", *(f"{path}." for path in paths)):
        clauses.append([f"{prefix}write_date", ">=", since])
        clauses.append([f"{prefix}create_date", ">=", since])
    domain = [*feed.domain, clauses] if since else list(feed.domain)
    return [stamped(feed, row) for row in rpc.search_read(feed.model, domain, stamp_fields(feed))]


def stamped(feed: Feed, row: Row) -> Stamped:
    """Return a record's id, version and stamp from a row that holds the stamp fields."""
    return Stamped(str(row["id"]), version_of(feed, row), latest(feed, row))


def version_of(feed: Feed, row: Row) -> str:
    """Return the opaque version: the record's own stamp and a digest over its children's, so that neither can change unseen."""
    nested = [(entry["id"], entry["_timestamp"]) for entry in _nested(feed, row)]
    return f"{row['_timestamp']}-{digest(sorted(nested))[:16]}" if nested else str(row["_timestamp"])


def latest(feed: Feed, row: Row) -> datetime:
    """Return the moment of the last change of a record or of anything that counts as part of it."""
    moments = (entry["write_date"] or entry["create_date"] for entry in (row, *_nested(feed, row)))
    return max((moment for moment in moments if moment), default=BEGINNING)


def _nested(feed: Feed, row: Row) -> Sequence[Row]:
    children = [entry for child in feed.children for entry in to_many(row, child)]
    parents = [to_one(row, parent) for parent in feed.parents]
    return [*children, *(parent for parent in parents if parent)]
