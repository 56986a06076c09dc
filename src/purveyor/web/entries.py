"""Numbers and days as people type them into forms; what cannot be read is refused, never guessed."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Final

_PLAIN: Final = re.compile(r"[0-9]{1,15}(\.[0-9]{1,8})?")
_GROUPED: Final = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]{1,8})?")


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
    try:
        return date.fromisoformat(words)
    except ValueError as error:
        raise Unreadable(typed) from error
