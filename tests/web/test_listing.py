"""The state of a list is its address: sorting, filters and paging survive a copy of it."""

from __future__ import annotations

import pytest
from starlette.requests import Request

from purveyor.core.errors import InvalidInput
from purveyor.web.listing import Listing, listing_of


def asked(query: str) -> Listing:
    scope = {"type": "http", "method": "GET", "path": "/orders", "query_string": query.encode(), "headers": []}
    return listing_of(Request(scope), sorts=("due", "amount"), default="-due", filters=("status", "supplier"))


def test_a_plain_address_shows_the_default() -> None:
    listing = asked("")

    assert (listing.sort_key, listing.descending, listing.filtered) == ("due", True, False)
    assert (listing.first_href(), listing.next_href()) == (None, None)


def test_changing_a_filter_keeps_the_others_and_starts_at_the_first_page() -> None:
    listing = asked("status=issued&supplier=K%26P&sort=amount&cursor=abc")

    assert listing.filter("supplier") == "K&P"
    assert listing.href(status="draft") == "/orders?status=draft&supplier=K%26P&sort=amount"
    assert listing.href(status=None) == "/orders?supplier=K%26P&sort=amount"
    assert listing.first_href() == "/orders?status=issued&supplier=K%26P&sort=amount"


def test_sorting_twice_by_the_same_column_turns_it_round() -> None:
    assert asked("sort=amount").sort_href("amount") == "/orders?sort=-amount"
    assert asked("sort=-amount").sort_href("amount") == "/orders?sort=amount"
    assert asked("sort=amount").sort_href("due") == "/orders?sort=due"


def test_the_next_page_is_an_address_too() -> None:
    assert asked("status=issued").with_next("xyz").next_href() == "/orders?status=issued&sort=-due&cursor=xyz"


def test_empty_and_unknown_filters_are_left_out_and_unknown_sorts_refused() -> None:
    assert asked("status=&budget=9").filters == {}
    with pytest.raises(InvalidInput):
        asked("sort=budget")
