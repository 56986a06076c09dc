"""Checking a password: few at a time, few in a minute, few in a row, and as slow for a name nobody has."""

from __future__ import annotations

from threading import BoundedSemaphore
from typing import Final

from limits import RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.requests import Request

from purveyor.app import access_links
from purveyor.core.access import SYSTEM
from purveyor.core.ids import UserId
from purveyor.store import logins, sign_in_tries
from purveyor.store.db import Database
from purveyor.web.refusals import TooManyTries

PER_NAME: Final = RateLimitItemPerHour(20)
PER_ADDRESS: Final = RateLimitItemPerMinute(15)
_AT_ONCE: Final = BoundedSemaphore(2)
"""Argon2 takes a third of a second on purpose: two at a time, so that a flood of sign-ins leaves a core for the others."""


class Tries:
    """Counts tries by name and by address, in this process; the database counts the wrong ones of an account."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, login: str, address: str) -> None:
        """Count one try; raise TooManyTries when the name or the address has had too many, known or not."""
        by_name = self._limiter.hit(PER_NAME, "name", login.casefold())
        by_address = self._limiter.hit(PER_ADDRESS, "address", address)
        if not (by_name and by_address):
            raise TooManyTries


def count_try(request: Request, name: str) -> None:
    """Count one try with a name from the address of a request; raise TooManyTries."""
    tries: Tries = request.app.state.tries
    tries.count(name, request.client.host if request.client else "")


def whose_password(request: Request, login: str, password: str) -> UserId | None:
    """Return whose name and password these are; None when they do not fit or the account rests. Raises TooManyTries.

    Every way to fail takes the same time and says the same.
    """
    database: Database = request.app.state.database
    count_try(request, login)
    with database.read(SYSTEM) as tx:
        account = logins.account(tx, login.strip())
        rests = account is not None and sign_in_tries.resting(tx, account.user_id)
    with _AT_ONCE:
        fits = logins.password_fits(account, password)
    if account is None or rests:
        return None
    with database.transaction(SYSTEM, correlation_id=request.state.correlation_id, source="web") as tx:
        if not fits:
            access_links.note_wrong_try(tx, account.user_id)
            return None
        sign_in_tries.forget(tx, account.user_id)
    return account.user_id
