"""How much one client may ask: a moving window per client, counted in each process."""

from __future__ import annotations

from typing import Final

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from purveyor.core.access import Actor
from purveyor.web.refusals import TooManyTries

PER_CLIENT: Final = RateLimitItemPerMinute(3000)


class Quota:
    """Counts the calls of each client in this process."""

    def __init__(self) -> None:
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def count(self, actor: Actor) -> None:
        """Count one call; raise TooManyTries when the client has made too many in a minute."""
        if not self._limiter.hit(PER_CLIENT, str(actor.id)):
            raise TooManyTries
