"""Carries out what visitors ask of the demo: the next morning, the ERP's cable, a fresh start.

It also keeps the product's processes running while the demo serves, so that a worker somebody ended comes back.
"""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Final

from purveyor.app.quarantine import PULL_JOB
from purveyor.core.access import SYSTEM
from purveyor.core.errors import PurveyorError
from purveyor.demo.seed import ERP
from purveyor.demo.world import DemoNotReady, World
from purveyor.store import demo_requests, jobs
from purveyor.store.demo_requests import DONE, DemoRequest, DemoVerb

POLL_SECONDS: Final = 0.3
MORNING: Final = time(13, tzinfo=UTC)
"""Nine in Dayton in summer; in winter the day begins at eight."""
SATURDAY: Final = 5


def nothing_to_replay() -> None:
    """The default of ``replay``: after a reset the day begins with empty desks."""


def serve_requests(world: World, stop: Event, replay: Callable[[], None] = nothing_to_replay) -> None:
    """Carry out requests of visitors until ``stop`` is set; ``replay`` is called after a reset, to play the story again.

    Raises ProcessFailed and DemoNotReady when the world cannot be started again.
    """
    while not stop.is_set():
        try:
            _serve_once(world, replay)
        except PurveyorError as error:
            if not error.retryable:
                raise
        stop.wait(POLL_SECONDS)


@contextmanager
def playing(world: World) -> Iterator[None]:
    """While the story is played in the block, let the pages know how the world stands; requests wait until it has ended."""
    ended = Event()
    teller = Thread(target=_tell_until, args=(world, ended), daemon=True)
    teller.start()
    try:
        yield
    finally:
        ended.set()
        teller.join()


def _tell_until(world: World, ended: Event) -> None:
    while not ended.wait(POLL_SECONDS):
        try:
            with world.database.transaction(SYSTEM, source="demo") as tx:
                demo_requests.tell_state(tx, plugged=world.cable.plugged, playing=True)
        except PurveyorError as error:
            if not error.retryable:
                raise


def _serve_once(world: World, replay: Callable[[], None]) -> None:
    _revive(world)
    with world.database.transaction(SYSTEM, source="demo") as tx:
        demo_requests.tell_state(tx, plugged=world.cable.plugged)
        asked = demo_requests.waiting(tx)
    for request in asked:
        if request.verb is DemoVerb.RESET:
            _reset(world, request, replay)
            return  # what else was asked for is gone with the old database
        _carry_out(world, request)


def _revive(world: World) -> None:
    """Start a process of the product again that somebody ended."""
    for child in (world.web, *world.workers):
        if not child.running:
            world.say(f"{child.name} has ended and is started again")
            child.start()


def _carry_out(world: World, request: DemoRequest) -> None:
    result = DONE
    try:
        _VERBS[request.verb](world)
    except PurveyorError as error:
        if error.retryable:
            raise
        result = str(error)
        world.say(result)
    with world.database.transaction(SYSTEM, source="demo") as tx:
        demo_requests.tell_state(tx, plugged=world.cable.plugged)
        demo_requests.finish(tx, request.id, result)


def _next_morning(world: World) -> None:
    """Let it be nine o'clock on the next working day, and have the ERP read."""
    morning = next_morning(world.now())
    world.move_to(morning)
    world.say(f"It is {morning:%A %d %B %Y}, nine in the morning")
    with world.database.transaction(SYSTEM, source="demo") as tx:
        jobs.enqueue(tx, PULL_JOB, f"{ERP}:pull", {"erp": ERP})


def next_morning(now: datetime) -> datetime:
    """Return when the next working day begins, Monday to Friday; never the day it already is."""
    day = now.astimezone(UTC).date() + timedelta(days=1)
    while day.weekday() >= SATURDAY:
        day += timedelta(days=1)
    return datetime.combine(day, MORNING)


def _unplug(world: World) -> None:
    world.cable.plugged = False
    world.say("The ERP is unplugged")


def _plug(world: World) -> None:
    world.cable.plugged = True
    world.say("The ERP is plugged in again")


_VERBS: Final[dict[DemoVerb, Callable[[World], None]]] = {
    DemoVerb.NEXT_MORNING: _next_morning,
    DemoVerb.UNPLUG: _unplug,
    DemoVerb.PLUG: _plug,
}


def _reset(world: World, request: DemoRequest, replay: Callable[[], None]) -> None:
    """Stop everything and begin anew; the request is marked first, because its database goes."""
    with world.database.transaction(SYSTEM, source="demo") as tx:
        demo_requests.finish(tx, request.id)
    world.say("Everything begins anew")
    world.stop()
    world.start()
    replay()


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the demo's folder for one demo at a time; raise DemoNotReady when another one has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DemoNotReady(reason="another demo of this checkout is running", way_out="stop it first") from error
        yield
