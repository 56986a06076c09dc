"""Numbers and days as people type them into forms; what cannot be read is refused, never guessed."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated, Final

from fastapi import Form
from pydantic import AfterValidator

from purveyor.core.writing import written

FIRST_YEAR: Final = 1990
LAST_YEAR: Final = 2199
"""Days outside are slips of the keyboard, and too near the ends of the calendar to count days from."""
_PLAIN: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,8})?")
_GROUPED: Final = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]{1,8})?")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LARGEST_NUMBER: Final = 2**31 - 1
FormReason = Annotated[str, Form(max_length=2000), AfterValidator(written)]
"""A reason or a question that a person wrote; empty when nothing in it can be seen."""
SeenNumber = Annotated[int, Form(ge=0, le=LARGEST_NUMBER)]
"""The number of a version or a line that a page wrote into its form; what no column can hold did not come from a page."""


class Unreadable(ValueError):
    """What was typed is no number, or no day."""


def number_in(typed: str) -> Decimal | None:
    """Read a number that is not negative, with or without thousands separators; None for nothing; raise Unreadable."""
    words = typed.strip().replace(" ", "")
    if not words:
        return None
    if _PLAIN.fullmatch(words):
        return Decimal(words)
    if _GROUPED.fullmatch(words):
        return Decimal(words.replace(",", ""))
    raise Unreadable(typed)


def day_in(typed: str) -> date | None:
    """Read a day as browsers send it (2026-03-31); None for nothing; raise Unreadable."""
    words = typed.strip()
    if not words:
        return None
    if _DAY.fullmatch(words) is None:
        raise Unreadable(typed)
    try:
        day = date.fromisoformat(words)
    except ValueError as error:
        raise Unreadable(typed) from error
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        raise Unreadable(typed)
    return day
