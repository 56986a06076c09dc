"""The filters of the list of orders, read from its address; the download reads the same address and so shows the same rows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Final, TypeVar
from uuid import UUID

from purveyor.core.acknowledge import LineState
from purveyor.core.cases import ExceptionType
from purveyor.core.errors import InvalidInput
from purveyor.core.lifecycle import OPEN, Status
from purveyor.store.order_list import SORTS, DateRange, OrderFilter
from purveyor.web.listing import Listing

FILTERS: Final = (
    *("q", "status", "confirmation", "exception", "supplier", "site", "buyer"),
    *("need_by_from", "need_by_to", "ship_from", "ship_to", "delivery_from", "delivery_to"),
)
DEFAULT_SORT: Final = "need_by"
SORT_KEYS: Final = tuple(SORTS)
OPEN_ORDERS: Final = "open"
EVERY_ORDER: Final = "all"
HELD_ORDERS: Final = "held"
ANY_EXCEPTION: Final = "any"
_T = TypeVar("_T")


def order_filter(listing: Listing) -> OrderFilter:
    """Return what the address asks for; without a status it is the open orders. Raises InvalidInput naming the parameter."""
    status = listing.filter("status") or OPEN_ORDERS
    return OrderFilter(
        statuses=_statuses(status),
        on_hold=True if status == HELD_ORDERS else None,
        confirmation=_one(listing, "confirmation", LineState),
        exceptions=_exceptions(listing),
        promised_ship=_days(listing, "ship"),
        promised_delivery=_days(listing, "delivery"),
        need_by=_days(listing, "need_by"),
        supplier_id=_value(listing, "supplier", UUID),
        site_id=_value(listing, "site", UUID),
        buyer_id=_value(listing, "buyer", UUID),
        words=listing.filter("q"),
    )


def _statuses(wanted: str) -> frozenset[Status]:
    if wanted in (OPEN_ORDERS, HELD_ORDERS):
        return frozenset(OPEN)
    if wanted == EVERY_ORDER:
        return frozenset()
    try:
        return frozenset({Status(wanted)})
    except ValueError as error:
        raise InvalidInput(field="status", reason="no such status") from error


def _exceptions(listing: Listing) -> frozenset[str]:
    if listing.filter("exception") == ANY_EXCEPTION:
        return frozenset(kind.value for kind in ExceptionType)
    return frozenset(kind.value for kind in _one(listing, "exception", ExceptionType))


def _one(listing: Listing, name: str, read: Callable[[str], _T]) -> frozenset[_T]:
    value = _value(listing, name, read)
    return frozenset() if value is None else frozenset({value})


def _days(listing: Listing, name: str) -> DateRange:
    return DateRange(_value(listing, f"{name}_from", date.fromisoformat), _value(listing, f"{name}_to", date.fromisoformat))


def _value(listing: Listing, name: str, read: Callable[[str], _T]) -> _T | None:
    text = listing.filter(name)
    if not text:
        return None
    try:
        return read(text)
    except ValueError as error:
        raise InvalidInput(field=name, reason="this value cannot be used here") from error
