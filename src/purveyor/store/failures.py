"""Failures of the database, told in our words: busy, unreachable, or beaten by somebody else's change.

All are retryable: the transaction they ended left nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import ClassVar, Final

from procrastinate.exceptions import ConnectorException
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
_GONE: Final = (errors.CannotConnectNow, errors.AdminShutdown, errors.CrashShutdown, errors.ConnectionException)


@contextmanager
def translated() -> Iterator[None]:
    """Turn failures of the driver, the pool and the job engine into ours; all others pass through untouched."""
    try:
        yield
    except exc.TimeoutError as error:
        raise StoreBusy(waited_for="connection") from error
    except (exc.DBAPIError, errors.Error, ConnectorException) as error:
        told = _told(error)
        if told is None:
            raise
        raise told from error


def _told(error: Exception) -> PurveyorError | None:
    """Return our word for a failure, or None for programming errors and broken constraints."""
    lost = isinstance(error, exc.DBAPIError) and error.connection_invalidated
    cause: BaseException | None = error
    if isinstance(error, exc.DBAPIError):
        cause = error.orig
    elif isinstance(error, ConnectorException):
        cause = error.__cause__
    if isinstance(cause, _CONFLICTS):
        return Conflict()
    if isinstance(cause, _BUSY):
        return StoreBusy(waited_for=type(cause).__name__)
    if lost or isinstance(cause, _GONE) or (isinstance(cause, errors.OperationalError) and cause.sqlstate is None):
        return StoreUnavailable()
    return None
