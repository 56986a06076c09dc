"""Guarded writes: nothing is written unless the document is the one we read, and every failure becomes a result.

The version is compared by reading first; Tryton itself then compares the row stamps inside its transaction, which closes
the gap between our reading and its writing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import InvalidOperation

from purveyor.connectors.contract import PermanentError
from purveyor.connectors.erp.tryton.rpc import MovedOn, Row, RuleRefusal
from purveyor.connectors.transport.http import AnswerLost
from purveyor.core.erp_results import Conflict, Rejected, Unknown, WriteResult


def stamps(model: str, rows: Sequence[Row]) -> dict[str, str]:
    """Return the row stamps of these records in the form Tryton compares."""
    return {f"{model},{row['id']}": row["_timestamp"] for row in rows}


def order_guard(row: Row) -> Mapping[str, str]:
    """Return the stamps of a purchase and of all its lines."""
    return {**stamps("purchase.purchase", [row]), **stamps("purchase.line", row["lines."])}


@contextmanager
def as_agreed() -> Iterator[None]:
    """Turn an answer that lacks a field, or holds another type in it, into a PermanentError that names what is missing."""
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, InvalidOperation) as error:
        raise PermanentError(f"Tryton's answer is not what was agreed: {error!r}.") from error


def as_result(
    reference: str, external_id: str, current: Callable[[], str | None], write: Callable[[], WriteResult]
) -> WriteResult:
    """Carry out a write; turn a refusal, a stale stamp and a lost answer into their results.

    ``current`` reads the version the document has now, for the Conflict. Raises RetryableError when nothing was sent and
    PermanentError when Tryton's answers are not what was agreed.
    """
    try:
        with as_agreed():
            return write()
    except MovedOn:
        return Conflict(external_id, current())
    except RuleRefusal as refusal:
        return Rejected(refusal.kind, refusal.message)
    except AnswerLost:
        return Unknown(reference)
