"""Events: the feed of everything that happened, to be read on from a cursor, and the proof that nobody changed the log."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends
from starlette.responses import Response

from purveyor.core.access import SYSTEM_SCOPE, Permission
from purveyor.store import events
from purveyor.store.event_verify import verify
from purveyor.store.events import Cursor
from purveyor.web.api.common import Call, Limit, Reply, answer, api_router
from purveyor.web.api.v1.doors import house_reads
from purveyor.web.api.v1.event_documents import EventOut, event_out
from purveyor.web.api.v1.operations import LIST, LONG, operation
from purveyor.web.api.v1.paging import listing
from purveyor.web.api.wire import Wire

router = api_router("/events", "Events")


class EventFeed(Wire):
    """Settled events behind a cursor; ``next_cursor`` goes on from here, also when nothing more is there yet."""

    items: list[EventOut]
    next_cursor: str


class BrokenOut(Wire):
    """The first row of the log that does not fit."""

    stream: str
    position: int
    problem: str


class VerificationOut(Wire):
    """What was checked; ``broken`` is absent when every chain is whole, ``root`` is the newest seal."""

    events: int
    streams: int
    seals: int
    root: str | None
    broken: BrokenOut | None


@router.get("", **operation("read_events", "Read events on from a cursor", Permission.EVENT_READ, EventFeed, slo=LIST))
def read_events(
    call: Annotated[Call, Depends(house_reads(Permission.EVENT_READ))],
    limit: Limit = 50,
    cursor: str | None = None,
) -> Response:
    """Read what happened in the caller's business units, in a fixed order; who goes on from his cursor misses nothing."""
    feed = listing(call, "feed")
    position = feed.behind(cursor)
    last = Cursor() if position is None else Cursor(int(position[0]), int(position[1]))
    with call.reading() as tx:
        found = events.read_since(tx, last, limit)
    last = found[-1].cursor if found else last
    items = [event_out(event) for event in found]
    return answer(call, Reply(EventFeed(items=items, next_cursor=feed.cursor(str(last.txid), str(last.seq)))))


@router.get(
    "/verification",
    **operation("verify_events", "Prove that the log is whole", Permission.AUDIT_READ, VerificationOut, slo=LONG),
)
def verify_events(call: Annotated[Call, Depends(house_reads(Permission.AUDIT_READ))]) -> Response:
    """Check every event, chain head and seal of the whole log and name the first broken row."""
    with call.database.read(call.actor, SYSTEM_SCOPE, call.request.state.correlation_id, source="api") as tx:
        found = verify(tx)
    broken = None
    if found.broken is not None:
        broken = BrokenOut(stream=found.broken.stream, position=found.broken.position, problem=found.broken.problem)
    return answer(
        call,
        Reply(VerificationOut(events=found.events, streams=found.streams, seals=found.seals, root=found.root, broken=broken)),
    )
