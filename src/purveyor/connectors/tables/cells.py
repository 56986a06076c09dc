"""What a cell means, strictly: a number, a day or a word is exactly that or a reason why not; nothing is rounded or guessed.

``1.000`` is one where the decimal mark is a point and no number where it is a comma: nobody can tell what was meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Final

from purveyor.connectors.tables.read import NoValue, ReadCell

_WORDS: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("yes", "true", "y", "1"), True),
    **dict.fromkeys(("no", "false", "n", "0"), False),
}


class BadCell(ValueError):
    """A cell that cannot be read; the text says what is wrong with it, beginning with a verb."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How numbers and days are written in text; ``day_format`` is that of strptime. Cells of workbooks know it themselves."""

    decimal_mark: str = "."
    day_format: str = "%Y-%m-%d"
    encoding: str = "cp1252"


def as_text(cell: ReadCell, dialect: Dialect) -> str:
    """Return what stands in a cell as text; a whole number in a workbook is a code without decimals."""
    if isinstance(cell, NoValue):
        raise BadCell(f"holds a formula or an error ({cell.shown[:40]}); enter the value itself")
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, datetime):
        return cell.isoformat()
    return cell.isoformat() if isinstance(cell, date) else str(cell or "")


def as_decimal(cell: ReadCell, dialect: Dialect) -> Decimal:
    """Return a number; raises BadCell for separators of thousands, exponents and anything else."""
    if isinstance(cell, Decimal):
        return cell
    written = as_text(cell, dialect)
    if not re.fullmatch(rf"[+-]?\d+(?:{re.escape(dialect.decimal_mark)}\d+)?", written, re.ASCII):
        raise BadCell(f"is no number: {written[:40]!r} (digits, and {dialect.decimal_mark!r} before the decimals)")
    return Decimal(written.replace(dialect.decimal_mark, "."))


def as_quantity(cell: ReadCell, dialect: Dialect) -> Decimal:
    """Return a number that is not below zero."""
    number = as_decimal(cell, dialect)
    if number < 0:
        raise BadCell(f"is below zero: {number}")
    return number


def as_whole(cell: ReadCell, dialect: Dialect) -> int:
    """Return a whole number."""
    number = as_decimal(cell, dialect)
    if number != number.to_integral_value():
        raise BadCell(f"is no whole number: {number}")
    return int(number)


def as_factor(cell: ReadCell, dialect: Dialect) -> Fraction:
    """Return a factor above zero, written as a number or as a fraction such as 1/12."""
    parts = [cell] if isinstance(cell, Decimal) else as_text(cell, dialect).split("/", 1)
    numbers = [as_decimal(part.strip() if isinstance(part, str) else part, dialect) for part in parts]
    if any(number <= 0 for number in numbers):
        raise BadCell("is no factor above zero")
    return Fraction(numbers[0]) / Fraction(numbers[1] if len(numbers) > 1 else 1)


def as_day(cell: ReadCell, dialect: Dialect) -> date:
    """Return a day."""
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    written = as_text(cell, dialect)
    try:
        return datetime.strptime(written, dialect.day_format).replace(tzinfo=UTC).date()
    except ValueError:
        raise BadCell(f"is no day written as {dialect.day_format}: {written[:40]!r}") from None


def as_flag(cell: ReadCell, dialect: Dialect) -> bool:
    """Return yes or no."""
    written = as_text(cell, dialect).casefold()
    if written not in _WORDS:
        raise BadCell(f"is neither yes nor no: {written[:40]!r}")
    return _WORDS[written]


def as_moment(cell: ReadCell, dialect: Dialect) -> datetime:
    """Return a moment: ISO 8601; without a zone it is UTC."""
    if not isinstance(cell, datetime):
        written = as_text(cell, dialect)
        try:
            cell = datetime.fromisoformat(written)
        except ValueError:
            raise BadCell(f"is no moment in ISO 8601: {written[:40]!r}") from None
    return cell.astimezone(UTC) if cell.tzinfo else cell.replace(tzinfo=UTC)


def one_of(words: Iterable[str]) -> Callable[[ReadCell, Dialect], str]:
    """Return a reader that takes these words and no other."""
    allowed = {word.casefold(): word for word in map(str, words)}

    def as_word(cell: ReadCell, dialect: Dialect) -> str:
        written = as_text(cell, dialect)
        if written.casefold() not in allowed:
            raise BadCell(f"is none of {', '.join(allowed)}: {written[:40]!r}")
        return allowed[written.casefold()]

    return as_word
