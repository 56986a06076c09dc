"""What every connector promises: it talks to one outside system and fails in two ways only.

A PermanentError needs a person and says what to do; a RetryableError may go away by itself and says how long to wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


class ConnectorError(Exception):
    """The outside system could not do what was asked; ``message`` is a sentence for a person, ``fields`` the facts."""

    def __init__(self, message: str, **fields: object) -> None:
        super().__init__(message)
        self.message = message
        self.fields = fields


class PermanentError(ConnectorError):
    """Trying again will not help; a person must act."""


class RetryableError(ConnectorError):
    """Trying again may help; ``retry_after`` is the wait the other side asked for, if it did."""

    def __init__(self, message: str, retry_after: timedelta | None = None, **fields: object) -> None:
        super().__init__(message, **fields)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the outside system answers, in words what is wrong when it does not, and what a person should look at."""

    reachable: bool
    detail: str = ""
    problems: tuple[str, ...] = ()
