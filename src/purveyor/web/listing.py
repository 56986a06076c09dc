"""What a list page shows, held in its address: filters, sort and cursor.

An address can be kept, sent and opened again; sort keys that a page did not declare are refused, so that no hidden
column can be probed through them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request

from purveyor.core.errors import InvalidInput

PAGE_SIZE: Final = 50


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table and of its export; ``sort`` is the key it sorts by, absent when it does not."""

    key: str
    label: str
    number: bool = False
    sort: str | None = None
    primary: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """One view of a list: ``sort`` is a declared key, with a minus in front when descending."""

    path: str
    sort: str
    filters: Mapping[str, str] = field(default_factory=dict)
    cursor: str | None = None
    next_cursor: str | None = None

    @property
    def sort_key(self) -> str:
        """The key without its direction."""
        return self.sort.lstrip("-")

    @property
    def descending(self) -> bool:
        """Whether the largest comes first."""
        return self.sort.startswith("-")

    @property
    def filtered(self) -> bool:
        """Whether any filter is set, so that an empty list may be the filter's doing."""
        return bool(self.filters)

    def filter(self, name: str) -> str:
        """Return the value of a filter, empty when it is not set."""
        return self.filters.get(name, "")

    def href(self, **changes: str | None) -> str:
        """Return the address of this list with some filters changed (None removes); paging starts again."""
        filters = {**self.filters, **{name: value for name, value in changes.items() if value is not None}}
        kept = {name: value for name, value in filters.items() if changes.get(name, value) is not None}
        return self._address(kept, self.sort, None)

    def sort_href(self, key: str) -> str:
        """Return the address that sorts by a key; the key already in force turns round."""
        turned = f"-{key}" if self.sort == key else key
        return self._address(self.filters, turned, None)

    def next_href(self) -> str | None:
        """Return the address of the next page, None on the last one."""
        return self._address(self.filters, self.sort, self.next_cursor) if self.next_cursor else None

    def first_href(self) -> str | None:
        """Return the address of the first page, None when this is it."""
        return self._address(self.filters, self.sort, None) if self.cursor else None

    def with_next(self, cursor: str | None) -> Listing:
        """Return the listing knowing where its next page begins."""
        return replace(self, next_cursor=cursor)

    def _address(self, filters: Mapping[str, str], sort: str, cursor: str | None) -> str:
        query = {**filters, "sort": sort, **({"cursor": cursor} if cursor else {})}
        return f"{self.path}?{urlencode(query)}"


def listing_of(request: Request, *, sorts: Collection[str], default: str, filters: Collection[str] = ()) -> Listing:
    """Read a listing from the address; raise InvalidInput for a sort key that was not declared.

    Filters that were not declared, and empty ones, are ignored.
    """
    sort = request.query_params.get("sort", default)
    if sort.lstrip("-") not in {key.lstrip("-") for key in sorts}:
        raise InvalidInput(field="sort", reason=f"use one of {', '.join(sorted(sorts))}")
    given = {name: request.query_params.get(name, "").strip() for name in filters}
    return Listing(
        path=request.url.path,
        sort=sort,
        filters={name: value for name, value in given.items() if value},
        cursor=request.query_params.get("cursor") or None,
    )
