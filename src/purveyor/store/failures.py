"""Failures of the database, told in our words: busy, unreachable, or beaten by somebody else's change.

All are retryable: the transaction they ended left nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Final

from psycopg import errors
from sqlalchemy import exc

from purveyor.core.errors import PurveyorError


class StoreUnavailable(PurveyorError):
    """The database cannot be reached just now; nothing was done, try again in a moment."""

    code = "store_unavailable"
    retryable: ClassVar[bool] = True


class StoreBusy(PurveyorError):
    """Too much is going on just now; nothing was done, try again in a moment."""

    code = "store_busy"
    retryable: ClassVar[bool] = True


class Conflict(PurveyorError):
    """Somebody else changed the same thing at the same moment; nothing was done, try again."""

    code = "conflict"
    retryable: ClassVar[bool] = True


_CONFLICTS: Final = (errors.SerializationFailure, errors.DeadlockDetected)
_BUSY: Final = (errors.LockNotAvailable, errors.QueryCanceled, errors.TooManyConnections)


@contextmanager
def translated() -> Iterator[None]:
    """Turn the driver's errors into ours; programming errors and broken constraints pass through untouched."""
    try:
        yield
    except exc.TimeoutError as error:
        raise StoreBusy(waited_for="connection") from error
    except exc.DBAPIError as error:
        cause = error.orig
        if isinstance(cause, _CONFLICTS):
            raise Conflict from error
        if isinstance(cause, _BUSY):
            raise StoreBusy(waited_for=type(cause).__name__) from error
        if error.connection_invalidated or (isinstance(cause, errors.OperationalError) and cause.sqlstate in (None, "57P03")):
            raise StoreUnavailable from error
        raise
