"""Bad days: partners with a mind of their own, worker processes that are killed, a database that is stopped under load."""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

import psycopg
from psycopg import sql

import purveyor
from purveyor.core.errors import PurveyorError
from purveyor.demo.partners.server import Answer, Partner, Received
from purveyor.demo.processes import Child
from purveyor.store import migrations
from purveyor.store.binaries import find_binaries
from purveyor.store.embedded import SUPERUSER, EmbeddedServer
from purveyor.store.roles import OWNER, RUNTIME, allow_clock_changes
from tests.chaos.a_worker import Addresses
from tests.chaos.flow import Flow

ROOT = Path(__file__).parents[2]
DATABASE = "bad_days"
LONGEST_CALL = 8
"""Seconds after which an attempt belongs to a dead worker: every call of these tests ends after three."""
HTML = Answer(200, b"<html><body>Please sign in</body></html>", {"content-type": "text/html"})
T = TypeVar("T")


@dataclass
class Moods:
    """How often a partner has a bad moment, and what it does then; the seed makes a day repeatable as far as threads allow."""

    seed: int
    share: float = 0.3
    met: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._lock = threading.Lock()

    def spoil(self, server: Partner) -> None:
        """Let a server be late, answer 500, close the line before or after it acted, or send a page, now and then."""
        answer = server.answer

        def moody(received: Received) -> Answer | None:
            mood = self._next()
            if mood == "late":
                time.sleep(1.0)
            if mood == "error":
                return Answer(500, b"internal error")
            if mood == "closed":
                return None
            reply = answer(received)
            return None if mood == "closed after acting" else HTML if mood == "page" else reply

        server.answer = moody

    def calm(self) -> None:
        """From now on every moment is a good one."""
        self.share = 0.0

    def _next(self) -> str:
        with self._lock:
            bad = self._random.random() < self.share
            mood = self._random.choice(("late", "error", "closed", "closed after acting", "page")) if bad else "good"
            self.met[mood] = self.met.get(mood, 0) + 1
        return mood


@contextmanager
def own_postgres() -> Iterator[EmbeddedServer]:
    """A durable server of this test alone, watched as in production, with the product's schema in database ``bad_days``."""
    with tempfile.TemporaryDirectory(prefix="purveyor-chaos-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        wanted = os.environ.get("PURVEYOR_TEST_POSTGRES")
        server = EmbeddedServer(
            Path(folder) / "postgres", find_binaries(Path(f"/usr/lib/postgresql/{wanted}/bin") if wanted else None)
        )
        server.start()
        try:
            with psycopg.connect(server.url(SUPERUSER, "postgres"), autocommit=True) as connection:
                allow_clock_changes(connection, allowed=True)
                name, owner = sql.Identifier(DATABASE), sql.Identifier(OWNER)
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(name, owner))
            migrations.upgrade(server.url(OWNER, DATABASE))
            server.watch()
            yield server
        finally:
            server.stop()


def runtime_url(server: EmbeddedServer) -> str:
    """The address a worker uses."""
    return server.url(RUNTIME, DATABASE)


def superuser_of(server: EmbeddedServer) -> psycopg.Connection[tuple[object, ...]]:
    """A superuser's connection, taken again while the server restarts."""
    for _ in range(100):
        try:
            return psycopg.connect(server.url(SUPERUSER, DATABASE), autocommit=True, connect_timeout=2)
        except psycopg.OperationalError:
            time.sleep(1)
    raise AssertionError("the server did not come back in 20 seconds")


def stop_at_once(server: EmbeddedServer) -> None:
    """Stop Postgres in immediate mode, as ``pg_ctl stop -m immediate`` does: no checkpoint, connections cut."""
    pid = int((server.cluster / "postmaster.pid").read_text("ascii").splitlines()[0])
    os.kill(pid, signal.SIGQUIT)


def a_worker(addresses: Addresses, folder: Path, name: str) -> Child:
    """A worker process, not started yet."""
    log_file = folder / f"{name}.log"
    paths = os.pathsep.join((str(ROOT), str(Path(str(purveyor.__file__)).parents[1])))
    return Child(
        name,
        [sys.executable, "-m", "tests.chaos.a_worker", addresses.to_text()],
        log_file,
        lambda: "worker ready" in log_file.read_text("utf-8", "replace"),
        {"PYTHONPATH": paths},
    )


def leases_of_dead_workers_end(flow: Flow) -> None:
    """Let real time pass for the leases of workers that are gone."""
    flow.superuser.execute(
        "UPDATE message SET lease_until = now() - interval '1 second' FROM message_attempt"
        " WHERE message.state = 'leased' AND message_attempt.message_id = message.id AND message_attempt.outcome IS NULL"
        f" AND message_attempt.started_at < now() - interval '{LONGEST_CALL} seconds'"
    )


def until_it_works(step: Callable[[], T], seconds: float = 60) -> T:
    """Do something again, as every sender does, while the database is away or busy."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return step()
        except PurveyorError as error:
            if not error.retryable or time.monotonic() > deadline:
                raise
            time.sleep(0.3)


def wait_until(true: Callable[[], bool], seconds: float, what: str | Callable[[], str]) -> None:
    """Wait for something to become true; ``what`` says what is missing when it does not."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise AssertionError(f"after {seconds} s: {what if isinstance(what, str) else what()}")
        time.sleep(1)
