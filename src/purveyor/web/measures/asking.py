"""What a reader asks of a measure, read from the address: a period, a supplier, a site, and which rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, TypeVar
from uuid import UUID

from purveyor.core.errors import InvalidInput
from purveyor.insight.figures import Counted
from purveyor.store.views.measured import Wanted

DAYS: Final = 30
"""Without a period asked for it is the last so many days, today included."""
LONGEST: Final = timedelta(days=731)
ROWS: Final = ("group", "why", "name", "party")
"""What rows can be chosen by; they carry values of the rows themselves."""
FILTERS: Final = ("from", "to", "supplier", "site", *ROWS)
_PERIOD: Final = ("from", "to", "supplier", "site")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Asked:
    """The first and last day (UTC, both included), what is measured of them, and which rows are listed."""

    first: date
    last: date
    wanted: Wanted
    chosen: Mapping[str, str]

    def rows(self, found: Iterable[Counted]) -> list[Counted]:
        """Return the rows that are asked for; a row of several groups is in each of them."""
        return [row for row in found if all(self._fits(row, name, value) for name, value in self.chosen.items())]

    def _fits(self, row: Counted, name: str, value: str) -> bool:
        own = {"group": row.group, "why": row.why, "name": row.name, "party": row.party}[name]
        return value == own or (name == "group" and value in own.split(", "))


def asked(given: Mapping[str, str], now: datetime) -> Asked:
    """Read what is asked for; raises InvalidInput naming the parameter."""
    last = _read(given, "to", date.fromisoformat) or now.astimezone(UTC).date()
    first = _read(given, "from", date.fromisoformat) or last - timedelta(days=DAYS - 1)
    if not timedelta(0) <= last - first <= LONGEST or last == date.max:
        raise InvalidInput(field="from", reason="the period ends after it begins and is two years at most")
    wanted = Wanted(
        start=datetime.combine(first, time(), UTC),
        end=datetime.combine(last + timedelta(days=1), time(), UTC),
        supplier_id=_read(given, "supplier", UUID),
        site_id=_read(given, "site", UUID),
    )
    return Asked(first, last, wanted, {name: given[name] for name in ROWS if given.get(name)})


def shared(filters: Mapping[str, str]) -> dict[str, str]:
    """Return the filters that mean the same for every measure, to be carried from one page to the next."""
    return {name: filters[name] for name in _PERIOD if filters.get(name)}


def _read(given: Mapping[str, str], name: str, read: Callable[[str], _T]) -> _T | None:
    text = given.get(name, "")
    if not text:
        return None
    try:
        return read(text)
    except ValueError as error:
        raise InvalidInput(field=name, reason="this value cannot be used here") from error
