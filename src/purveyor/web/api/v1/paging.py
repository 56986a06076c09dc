"""Lists by cursor: a cursor is good for the same reader, list, order and filters only."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from purveyor.web.api.common import Call
from purveyor.web.cursors import list_identity, seal, unseal


@dataclass(frozen=True)
class Listing:
    """One list as one reader asked for it."""

    request: Request
    bound_to: str

    def behind(self, cursor: str | None) -> tuple[str, ...] | None:
        """Return the place behind which the list goes on, None for its start; raise BadCursor for a cursor of another list."""
        return unseal(self.request, self.bound_to, cursor)

    def cursor(self, *place: str) -> str:
        """Return the cursor of a place."""
        return seal(self.request, self.bound_to, place)


def listing(call: Call, sort: str) -> Listing:
    """Return the list a client asked for, known by everything in the query but the cursor and the size of a page."""
    asked = sorted((name, value) for name, value in call.request.query_params.multi_items() if name not in ("cursor", "limit"))
    bound_to = list_identity(call.actor, call.request.url.path, sort, {"filters": repr(asked)})
    return Listing(call.request, bound_to)
