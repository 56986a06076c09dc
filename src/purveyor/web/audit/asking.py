"""What an auditor asks of the event log, read from the address; every value is checked before it is searched or noted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, TypeVar
from uuid import UUID

from purveyor.core.errors import InvalidInput, NotFound
from purveyor.core.events.base import EVENT_TYPES
from purveyor.core.ids import ORDER_REF_PATTERN
from purveyor.store import orders
from purveyor.store.db import Tx
from purveyor.store.views.audit import EventSearch, documents_called, person_called

FILTERS: Final = ("order", "document", "person", "type", "from", "to", "correlation")
LONGEST: Final = 100
"""No number of a document and no sign-in name is longer."""
NOBODY: Final = UUID(int=0)
"""An id that nothing has: who searches for something that is not there finds nothing, and that is noted too."""
_T = TypeVar("_T")


def asked(tx: Tx, given: Mapping[str, str]) -> EventSearch:
    """Return the search that the filters describe; raises InvalidInput naming the one that cannot be used."""
    for name, value in given.items():
        if len(value) > LONGEST:
            raise InvalidInput(field=name, reason="this value is too long")
    last = _read(given, "to", _day)
    return EventSearch(
        order_id=_read(given, "order", lambda words: _order(tx, words)),
        documents=_read(given, "document", lambda words: _documents(tx, words)),
        person_id=_read(given, "person", lambda words: person_called(tx, words) or NOBODY),
        type=_read(given, "type", _type),
        start=_read(given, "from", _day),
        end=None if last is None else last + timedelta(days=1),
        correlation_id=_read(given, "correlation", UUID),
    )


def noted(given: Mapping[str, str], wanted: EventSearch) -> dict[str, str]:
    """Return the filters as the log may keep them: a person by id, a document by the ids its number stands for."""
    kept = dict(given)
    if wanted.person_id is not None:
        kept["person"] = str(wanted.person_id)
    if wanted.documents is not None:
        kept["document"] = " ".join(str(each) for each in wanted.documents)
    return kept


def _order(tx: Tx, words: str) -> UUID:
    reference = words.upper()
    if ORDER_REF_PATTERN.fullmatch(reference) is None:
        raise ValueError(words)
    try:
        return orders.by_ref(tx, reference).id
    except NotFound:
        return NOBODY


def _documents(tx: Tx, words: str) -> tuple[UUID, ...]:
    try:
        return (UUID(words),)
    except ValueError:
        return documents_called(tx, words)


def _type(words: str) -> str:
    if words not in EVENT_TYPES:
        raise ValueError(words)
    return words


def _day(words: str) -> datetime:
    day = date.fromisoformat(words)
    if day == date.max:
        raise ValueError(words)
    return datetime.combine(day, time(), UTC)


def _read(given: Mapping[str, str], name: str, read: Callable[[str], _T]) -> _T | None:
    words = given.get(name, "")
    if not words:
        return None
    try:
        return read(words)
    except ValueError as error:
        raise InvalidInput(field=name, reason="this value cannot be used here") from error
