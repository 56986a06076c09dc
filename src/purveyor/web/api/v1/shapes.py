"""Wire types that several resources share: bounded numbers, days, units, and where a wrong value stands.

Everything is bounded, so that no value can overflow a column or a sum further in.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Annotated, Final

from fastapi import Path
from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, PlainSerializer, WithJsonSchema

from purveyor.core.canonical import plain_decimal
from purveyor.core.errors import InvalidInput, UnknownReference
from purveyor.core.quantity import UnknownUnit
from purveyor.web.api.wire import MoneyText, Wire

FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2199
MOST_LINES: Final = 500
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)


def _decimal_like(pattern: str, example: str) -> Callable[[object], Decimal]:
    def read(value: object) -> Decimal:
        if isinstance(value, Decimal):
            return value
        if not isinstance(value, str) or re.fullmatch(pattern, value, re.ASCII) is None:
            raise ValueError(f'must be a decimal number written as a string, not negative, for example "{example}"')
        return Decimal(value)

    return read


def _written(pattern: str, example: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": f"^{pattern}$", "examples": [example]})


_QUANTITY: Final = r"[0-9]{1,9}(\.[0-9]{1,6})?"
_PRICE: Final = r"[0-9]{1,9}(\.[0-9]{1,8})?"
_AMOUNT: Final = r"[0-9]{1,12}(\.[0-9]{1,4})?"

QuantityIn = Annotated[Decimal, BeforeValidator(_decimal_like(_QUANTITY, "12.5")), _written(_QUANTITY, "12.5")]
"""A quantity of a unit that is named beside it."""


def _above_zero(value: Decimal) -> Decimal:
    if value == 0:
        raise ValueError("must be above zero")
    return value


PositiveIn = Annotated[QuantityIn, AfterValidator(_above_zero)]
"""A quantity above zero."""

UnitPriceIn = Annotated[Decimal, BeforeValidator(_decimal_like(_PRICE, "998.40")), _written(_PRICE, "998.40")]
"""A price of one unit (or of ``price_per`` units)."""

AmountIn = Annotated[Decimal, BeforeValidator(_decimal_like(_AMOUNT, "11980.80")), _written(_AMOUNT, "11980.80")]
"""An amount of money in the currency of the document."""

Number = Annotated[
    Decimal,
    PlainSerializer(plain_decimal, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^-?[0-9]+(\.[0-9]+)?$", "examples": ["12.5"]}),
]
"""An exact number of an answer."""


def _day(value: object) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if not isinstance(value, str) or _DAY.fullmatch(value) is None:
        raise ValueError('must be a day written as "2026-03-09"')
    day = date.fromisoformat(value)
    _check_year(day.year)
    return day


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or _MOMENT.fullmatch(value) is None:
        raise ValueError('must be a moment with its offset (RFC 3339), for example "2026-03-09T09:00:00Z"')
    moment = datetime.fromisoformat(value.upper())
    _check_year(moment.year)
    return moment.astimezone(UTC)


def _check_year(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"must be between {FIRST_YEAR} and {LAST_YEAR}")


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A calendar day."""

At = Annotated[datetime, BeforeValidator(_moment), WithJsonSchema({"type": "string", "format": "date-time"})]
"""A point in time with its offset, kept in UTC."""

LineNo = Annotated[int, Field(strict=True, ge=1, le=99_999)]
"""The number of a line, as on the order."""

VersionNo = Annotated[int, Field(strict=True, ge=1, le=99_999)]
"""The number of a version or a revision; the first one is 1."""

Unit = Annotated[str, Field(min_length=1, max_length=20)]
"""A unit of measure, by the code on the order."""

Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["USD"])]
"""A currency, by its ISO 4217 code."""

OrderRef = Annotated[str, Path(pattern=r"^[A-Z0-9]{1,12}$", description="Our reference of the order.")]
"""Our reference in an address."""


class UnitPrice(Wire):
    """A price of one unit with its currency."""

    amount: UnitPriceIn
    currency: Currency


def money(amount: Decimal | None, currency: str) -> MoneyText | None:
    """Return an amount for the wire, None when there is none."""
    return None if amount is None else MoneyText(amount=amount, currency=currency)


def require_currency(given: str, wanted: str, field: str) -> None:
    """Raise InvalidInput naming the place unless a price is in the currency of the order."""
    if given != wanted:
        raise InvalidInput(field=field, reason=f"the order is in {wanted}, this is in {given}")


@contextmanager
def pointing_at(body: BaseModel) -> Iterator[None]:
    """Let a refusal of one line, or of a unit, say where that line or unit stands in the body."""
    try:
        yield
    except (InvalidInput, UnknownReference) as error:
        lines = body.model_dump().get("lines", ())
        place = next((place for place, line in enumerate(lines) if line["line_no"] == error.fields.get("line_no")), None)
        if place is None:
            raise
        inside = "" if error.fields.get("field") == "lines" else f"/{error.fields.get('field')}"
        raise type(error)(**{**error.fields, "field": f"lines/{place}{inside}"}) from error
    except UnknownUnit as error:
        place_of_unit = next(_places_of("uom", error.fields.get("uom"), body.model_dump()), None)
        if place_of_unit is None:
            raise
        raise UnknownUnit(**{**error.fields, "field": place_of_unit}) from error


def _places_of(name: str, wanted: object, value: object, place: str = "") -> Iterator[str]:
    """Yield where in a document a member of this name has this value, as JSON pointers without their first slash."""
    if isinstance(value, dict):
        for member, inside in value.items():
            if member == name and inside == wanted:
                yield f"{place}/{member}".lstrip("/")
            yield from _places_of(name, wanted, inside, f"{place}/{member}")
    elif isinstance(value, (list, tuple)):
        for number, inside in enumerate(value):
            yield from _places_of(name, wanted, inside, f"{place}/{number}")
