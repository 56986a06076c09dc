"""Take typed values out of the answer of a table.

A table whose outputs are not what the code expects is refused by name, so a renamed column can never turn into a default.
"""

from __future__ import annotations

from decimal import Decimal

from purveyor.core.errors import PurveyorError
from purveyor.core.policy.decide import Decided
from purveyor.core.policy.table import OutputValue


class UnexpectedPolicy(PurveyorError):
    """This policy table lacks an answer the product needs, or gives it in another type; table and column are named."""

    code = "unexpected_policy"


def decimal_of(answer: Decided, name: str) -> Decimal:
    """Return a decimal output."""
    value = _value(answer, name)
    if not isinstance(value, Decimal):
        raise _unexpected(answer, name, "a decimal")
    return value


def decimal_or_none(answer: Decided, name: str) -> Decimal | None:
    """Return an optional decimal output."""
    return None if _value(answer, name) is None else decimal_of(answer, name)


def integer_of(answer: Decided, name: str) -> int:
    """Return a whole-number output."""
    value = _value(answer, name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise _unexpected(answer, name, "a whole number")
    return value


def integer_or_none(answer: Decided, name: str) -> int | None:
    """Return an optional whole-number output."""
    return None if _value(answer, name) is None else integer_of(answer, name)


def truth_of(answer: Decided, name: str) -> bool:
    """Return a yes-or-no output."""
    value = _value(answer, name)
    if not isinstance(value, bool):
        raise _unexpected(answer, name, "true or false")
    return value


def text_of(answer: Decided, name: str) -> str:
    """Return a reference output."""
    value = _value(answer, name)
    if not isinstance(value, str):
        raise _unexpected(answer, name, "a reference")
    return value


def texts_of(answer: Decided, name: str) -> tuple[str, ...]:
    """Return an output that is a list of references."""
    value = _value(answer, name)
    if not isinstance(value, tuple):
        raise _unexpected(answer, name, "a list of references")
    return tuple(str(item) for item in value)


def decimals_of(answer: Decided, name: str) -> tuple[Decimal, ...]:
    """Return an output that is a list of decimals."""
    value = _value(answer, name)
    if not isinstance(value, tuple):
        raise _unexpected(answer, name, "a list of decimals")
    return tuple(Decimal(item) for item in value)


def _value(answer: Decided, name: str) -> OutputValue:
    if name not in answer.outputs:
        raise _unexpected(answer, name, "an output column")
    return answer.outputs[name]


def _unexpected(answer: Decided, name: str, expected: str) -> UnexpectedPolicy:
    return UnexpectedPolicy(table=answer.table.key, row=answer.rows[0].id, column=name, expected=expected)
