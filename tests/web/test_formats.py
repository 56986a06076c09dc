"""Numbers, dates and ages as a buyer writes them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from purveyor.core.money import Money
from purveyor.core.quantity import Quantity
from purveyor.web import formats
from purveyor.web.formats import AmbiguousAmount


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("41270", "USD", "41,270.00 USD"),
        ("0.005", "USD", "0.01 USD"),
        ("-1234.5", "EUR", "-1,234.50 EUR"),
        ("1234.5", "JPY", "1,235 JPY"),
    ],
)
def test_amounts_are_rounded_to_the_minor_unit_of_their_currency(amount: str, currency: str, shown: str) -> None:
    assert formats.money_text(Money(Decimal(amount), currency)) == shown
    assert formats.money_text(Decimal(amount), currency) == shown


def test_an_amount_without_currency_is_refused() -> None:
    for write in (formats.money_text, formats.unit_price_text):
        with pytest.raises(AmbiguousAmount):
            write(Decimal(1))


def test_unit_prices_keep_their_digits() -> None:
    assert formats.unit_price_text(Decimal("1.0375"), "USD") == "1.0375 USD"
    assert formats.unit_price_text(Money(Decimal("86.4"), "USD")) == "86.40 USD"


def test_quantities_carry_their_unit_and_no_zeros_that_say_nothing() -> None:
    assert formats.quantity_text(Quantity(Decimal("1240.000"), "EA")) == "1,240 EA"
    assert formats.quantity_text(Decimal("12.50"), "CT") == "12.5 CT"
    assert formats.quantity_text(3) == "3"


def test_very_large_numbers_are_exact() -> None:
    assert formats.money_text(Decimal("9007199254740993.01"), "USD") == "9,007,199,254,740,993.01 USD"


def test_days_show_their_weekday_and_moments_their_zone() -> None:
    summer = datetime(2026, 3, 9, 14, 5, tzinfo=UTC)

    assert formats.date_text(date(2026, 3, 9)) == "Mon 9 Mar 2026"
    assert formats.moment_text(summer, time_zone="America/New_York") == "Mon 9 Mar 2026 10:05 EDT"
    assert formats.moment_text(summer) == "Mon 9 Mar 2026 14:05 UTC"
    assert formats.machine_text(summer) == "2026-03-09T14:05:00Z"


@pytest.mark.parametrize(
    ("span", "shown"),
    [
        (timedelta(seconds=59), "<1 min"),
        (timedelta(minutes=59), "59 min"),
        (timedelta(hours=6, minutes=59), "6 h"),
        (timedelta(hours=47), "47 h"),
        (timedelta(hours=-6), "6 h"),
        (timedelta(days=2), "2 days"),
    ],
)
def test_ages_are_whole_hours(span: timedelta, shown: str) -> None:
    assert formats.span_text(span) == shown


def test_shares_are_shown_as_percent() -> None:
    assert formats.percent_text(Decimal("0.125")) == "12.5 %"
