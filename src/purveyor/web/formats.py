"""Numbers, dates and ages as people read them.

Amounts never pass through a binary float; dates show the weekday; moments show the viewer's time zone by name.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel.dates import format_date as babel_date
from babel.dates import format_datetime as babel_datetime
from babel.numbers import format_decimal

from purveyor.core.money import Money, minor_digits, round_amount
from purveyor.core.quantity import Quantity

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
_QUANTITY_PATTERN: Final = "#,##0.######"


class AmbiguousAmount(TypeError):
    """An amount was to be shown without saying in which currency."""


def money_text(value: Money | Decimal, currency: str | None = None, *, locale: str = "en") -> str:
    """Write an amount rounded to its minor unit with the currency code behind it: ``41,270.00 USD``."""
    amount, code = (value.amount, value.currency) if isinstance(value, Money) else (value, currency)
    if code is None:
        raise AmbiguousAmount(str(amount))
    return f"{_number(round_amount(amount, code), minor_digits(code), minor_digits(code), locale)} {code}"


def unit_price_text(value: Money | Decimal, currency: str | None = None, *, locale: str = "en") -> str:
    """Write a unit price unrounded, with at least the digits of the minor unit: ``1.0375 USD``."""
    amount, code = (value.amount, value.currency) if isinstance(value, Money) else (value, currency)
    if code is None:
        raise AmbiguousAmount(str(amount))
    return f"{_number(amount, minor_digits(code), 8, locale)} {code}"


def number_text(value: Decimal | int, *, locale: str = "en") -> str:
    """Write a number with thousands separators and no trailing zeros, at most six decimals."""
    return str(format_decimal(value, format=_QUANTITY_PATTERN, locale=locale))


def quantity_text(value: Quantity | Decimal | int, uom: str | None = None, *, locale: str = "en") -> str:
    """Write a quantity with its unit: ``1,240 EA``."""
    amount, unit = (value.value, value.uom) if isinstance(value, Quantity) else (value, uom)
    return f"{number_text(amount, locale=locale)} {unit}" if unit else number_text(amount, locale=locale)


def percent_text(value: Decimal, *, locale: str = "en") -> str:
    """Write a share (0.125) as percent with at most one decimal: ``12.5 %``."""
    return f"{format_decimal(value * 100, format='#,##0.#', locale=locale)} %"


@lru_cache(4096)
def date_text(value: date, *, locale: str = "en") -> str:
    """Write a calendar day with its weekday: ``Mon 9 Mar 2026``."""
    return str(babel_date(value, format="EEE d MMM y", locale=locale))


@lru_cache(4096)
def moment_text(value: datetime, *, time_zone: str = "UTC", locale: str = "en") -> str:
    """Write a moment in a time zone and name the zone: ``Mon 9 Mar 2026 10:05 EDT``."""
    zone = ZoneInfo(time_zone)
    return str(babel_datetime(value.astimezone(zone), format="EEE d MMM y HH:mm zzz", tzinfo=zone, locale=locale))


def machine_text(value: datetime) -> str:
    """Write a moment as RFC 3339 in UTC, for attributes that programs read."""
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def span_text(span: timedelta) -> str:
    """Write a duration in whole minutes below an hour, whole hours below two days, else whole days: ``6 h``."""
    size = abs(span)
    if size < MINUTE:
        return "<1 min"
    if size < HOUR:
        return f"{size // MINUTE} min"
    if size < 2 * DAY:
        return f"{size // HOUR} h"
    return f"{size // DAY} days"


def _number(value: Decimal, least: int, most: int, locale: str) -> str:
    decimals = "0" * least + "#" * (most - least)
    return str(format_decimal(value, format=f"#,##0.{decimals}" if decimals else "#,##0", locale=locale))
