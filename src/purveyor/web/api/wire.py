"""Types of the wire: what pydantic checks at the edge before frozen values of core are built from it.

Money and quantities are decimal strings; JSON numbers are refused for them, because they pass through binary floats.
Unknown members are refused. Times are RFC 3339 with an offset.
"""

from __future__ import annotations

import re
from datetime import UTC
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

from purveyor.core.writing import written

DECIMAL_PATTERN: Final = r"^-?[0-9]{1,18}(\.[0-9]{1,10})?$"


def _decimal_of_text(value: object) -> Decimal:
    if isinstance(value, Decimal):
        return value
    if not isinstance(value, str) or re.fullmatch(DECIMAL_PATTERN, value) is None:
        raise ValueError('must be a decimal number written as a string, for example "19968.00"')
    return Decimal(value)


def _plain_text(value: Decimal) -> str:
    return f"{value:f}"


_SCHEMA: Final[dict[str, Any]] = {"type": "string", "pattern": DECIMAL_PATTERN, "examples": ["19968.00"]}

DecimalText = Annotated[
    Decimal,
    BeforeValidator(_decimal_of_text),
    PlainSerializer(_plain_text, return_type=str),
    Field(json_schema_extra=_SCHEMA),
]
"""An exact decimal, as a string on the wire."""

Moment = Annotated[AwareDatetime, AfterValidator(lambda value: value.astimezone(UTC))]
"""A point in time with an offset, kept in UTC."""


def _on_one_line(value: str) -> str:
    """References and names end up in mails, files and logs: a line break in one would be taken for structure there."""
    if not value.isprintable() or not written(value):
        raise ValueError("must be one line of printable characters")
    return value


def _written(value: object) -> object:
    return written(value) if isinstance(value, str) else value


Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_on_one_line)]
"""A short text on one line: a code, a reference, a name."""

Note = Annotated[str, Field(max_length=4000), BeforeValidator(_written)]
"""Free text by a person; blanks and invisible characters alone are no text."""

Reason = Annotated[str, Field(min_length=1, max_length=4000), BeforeValidator(_written)]
"""Why a person decides something: free text that may not be empty."""


class Wire(BaseModel):
    """What every document of the API has in common: exactly the members it declares, and no change after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class MoneyText(Wire):
    """An amount with its currency (ISO 4217)."""

    amount: DecimalText
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", examples=["USD"])]


class Page(Wire):
    """What a list says about paging: no totals, a cursor while there is more."""

    next_cursor: str | None = None
