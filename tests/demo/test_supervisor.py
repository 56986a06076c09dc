"""What the demo's supervisor does for its visitors, on a small world without an ERP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest

from purveyor.core.access import SYSTEM
from purveyor.demo import supervisor
from purveyor.demo.partners.erp_cable import ErpCable
from purveyor.demo.partners.server import Answer, Partner, Received
from purveyor.demo.processes import Child
from purveyor.demo.seed import set_clock
from purveyor.demo.world import DemoNotReady, World
from purveyor.store import demo_requests, jobs
from purveyor.store.db import Database
from purveyor.store.demo_requests import DONE, DemoState, DemoVerb

FRIDAY_AFTERNOON = datetime(2026, 3, 13, 20, 0, tzinfo=UTC)


class SmallWorld(World):
    """A world whose processes only sleep; its clock may be stuck."""

    stuck = False

    def move_to(self, moment: datetime) -> None:
        """Move the clock, unless it is stuck."""
        if self.stuck:
            raise DemoNotReady(reason="the clock is stuck")
        super().move_to(moment)

    def start(self) -> None:
        """Begin anew."""
        self.say("started")

    def stop(self) -> None:
        """End."""
        self.say("stopped")


@pytest.fixture
def said() -> list[str]:
    """What the world told."""
    return []


@pytest.fixture
def world(database: Database, tmp_path: Path, said: list[str]) -> Iterator[SmallWorld]:
    """A world on a test's database, on a Friday afternoon."""
    small = SmallWorld(tmp_path, said.append)
    small.database, small.erp_dir = database, tmp_path
    small.web = Child("web", ["sleep", "600"], tmp_path / "web.log", lambda: True)
    small.workers = [Child("worker-1", ["sleep", "600"], tmp_path / "worker.log", lambda: True)]
    set_clock(database, FRIDAY_AFTERNOON)
    for child in (small.web, *small.workers):
        child.start()
    with Partner(_silent) as erp:
        small.cable = ErpCable(erp.url)
        yield small
        small.cable.stop()
    for child in (small.web, *small.workers):
        child.stop()


def _silent(received: Received) -> Answer:
    return Answer(200)


def ask(database: Database, *verbs: DemoVerb) -> None:
    with database.transaction(SYSTEM) as tx:
        for verb in verbs:
            demo_requests.ask(tx, verb)


def serve_until_idle(world: World, replay: list[str] | None = None) -> None:
    """Serve until nothing waits any more."""
    stop = Event()

    def said_enough(text: str) -> None:
        told(text)
        with world.database.read(SYSTEM) as tx:
            if len(demo_requests.waiting(tx)) <= 1:
                stop.set()

    told, world.say = world.say, said_enough
    supervisor.serve_requests(world, stop, lambda: None if replay is None else replay.append("played again"))


def test_the_next_morning_is_nine_in_dayton_on_the_next_working_day_and_the_erp_is_read(
    world: SmallWorld, database: Database
) -> None:
    ask(database, DemoVerb.NEXT_MORNING)

    serve_until_idle(world)

    assert world.now().replace(second=0, microsecond=0) == datetime(2026, 3, 16, 13, 0, tzinfo=UTC)
    assert (world.erp_dir / "today").read_text() == "2026-03-16"
    with database.read(SYSTEM) as tx:
        assert jobs.counts(tx) == {"todo": 1}


@pytest.mark.parametrize(
    ("now", "morning"),
    [
        (datetime(2026, 3, 9, 9, 0, tzinfo=UTC), datetime(2026, 3, 10, 13, 0, tzinfo=UTC)),
        (datetime(2026, 3, 13, 13, 0, tzinfo=UTC), datetime(2026, 3, 16, 13, 0, tzinfo=UTC)),
        (datetime(2026, 3, 15, 22, 0, tzinfo=UTC), datetime(2026, 3, 16, 13, 0, tzinfo=UTC)),
    ],
)
def test_weekends_are_skipped_and_a_morning_is_never_today(now: datetime, morning: datetime) -> None:
    assert supervisor.next_morning(now) == morning


def test_the_cable_is_pulled_and_put_back_and_the_pages_know(world: SmallWorld, database: Database) -> None:
    ask(database, DemoVerb.UNPLUG)
    serve_until_idle(world)
    with database.read(SYSTEM) as tx:
        unplugged = demo_requests.state(tx)
    ask(database, DemoVerb.PLUG)
    serve_until_idle(world)
    with database.read(SYSTEM) as tx:
        plugged, last = demo_requests.state(tx), demo_requests.last_done(tx)

    assert unplugged == DemoState(plugged=False, listening=True)
    assert plugged == DemoState(plugged=True, listening=True)
    assert last is not None
    assert (last.verb, last.result) == (DemoVerb.PLUG, DONE)


def test_a_reset_stops_and_starts_everything_and_plays_the_story_again(
    world: SmallWorld, database: Database, said: list[str]
) -> None:
    ask(database, DemoVerb.RESET)
    played: list[str] = []

    serve_until_idle(world, played)

    assert said[-3:] == ["Everything begins anew", "stopped", "started"]
    assert played == ["played again"]


def test_a_worker_that_somebody_ended_comes_back(world: SmallWorld, database: Database, said: list[str]) -> None:
    world.workers[0].kill()

    serve_until_idle(world)

    assert world.workers[0].running
    assert said == ["worker-1 has ended and is started again"]


def test_a_morning_that_cannot_come_is_told_with_its_reason(world: SmallWorld, database: Database, said: list[str]) -> None:
    world.stuck = True
    ask(database, DemoVerb.NEXT_MORNING)

    serve_until_idle(world)

    with database.read(SYSTEM) as tx:
        last = demo_requests.last_done(tx)
    assert last is not None
    assert last.result == said[-1]
    assert "the clock is stuck" in said[-1]


def test_while_the_story_is_played_the_pages_say_so(world: SmallWorld, database: Database) -> None:
    world.cable.plugged = False
    seen = DemoState(playing=False)
    with supervisor.playing(world):
        while not (seen.playing and not seen.plugged):
            with database.read(SYSTEM) as tx:
                seen = demo_requests.state(tx)

    assert seen == DemoState(plugged=False, playing=True, listening=True)


def test_two_demos_of_one_checkout_do_not_run_at_once(tmp_path: Path) -> None:
    with supervisor.alone(tmp_path), pytest.raises(DemoNotReady, match="another demo"), supervisor.alone(tmp_path):
        pass
