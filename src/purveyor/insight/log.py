"""Event rows sorted out: by stream and position, whatever order they came in; payload fields read as what they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import cast
from uuid import UUID

from purveyor.core.measured import EventRow


def by_stream(rows: Iterable[EventRow]) -> dict[UUID, list[EventRow]]:
    """Return the rows of each stream by its id, in the order of the stream; a row given twice counts once."""
    streams: dict[UUID, dict[int, EventRow]] = {}
    for row in rows:
        streams.setdefault(row.stream.id, {})[row.position] = row
    return {stream: [found[position] for position in sorted(found)] for stream, found in streams.items()}


def text(row: EventRow, name: str) -> str:
    """Return a text of the payload, empty when it has none."""
    value = row.payload.get(name)
    return "" if value is None else str(value)


def number(row: EventRow, name: str) -> int:
    """Return a whole number of the payload, 0 when it has none."""
    value = row.payload.get(name)
    return int(value) if isinstance(value, int | str) else 0


def numbers(row: EventRow, name: str) -> tuple[int, ...]:
    """Return the whole numbers of a list in the payload."""
    return tuple(int(value) for value in _listed(row.payload, name) if isinstance(value, int | str))


def texts(row: EventRow, name: str) -> tuple[str, ...]:
    """Return the texts of a list in the payload."""
    return tuple(str(value) for value in _listed(row.payload, name))


def moment(row: EventRow, name: str) -> datetime | None:
    """Return a moment of the payload, None when it has none."""
    value = text(row, name)
    return datetime.fromisoformat(value) if value else None


def _listed(payload: Mapping[str, object], name: str) -> list[object]:
    return cast(list[object], payload.get(name) or [])
