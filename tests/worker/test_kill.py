"""A worker killed in the middle costs nothing but time: every flow is finished, and no step is done twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest

import purveyor
from purveyor.core.access import SYSTEM
from purveyor.store import events, jobs
from purveyor.store.db import Database
from purveyor.store.event_verify import verify
from purveyor.store.jobs import NewJob
from tests.worker.flows import STEPS

FLOWS = 200
ROOT = Path(__file__).parents[2]


def a_worker(url: str) -> subprocess.Popen[bytes]:
    path = os.pathsep.join((str(ROOT), str(Path(str(purveyor.__file__)).parents[1])))
    return subprocess.Popen([sys.executable, "-m", "tests.worker.flows", url], env=os.environ | {"PYTHONPATH": path}, cwd=ROOT)


def steps_done(database: Database) -> int:
    with database.read(SYSTEM) as tx:
        return events.count_events(tx)


def wait_until(database: Database, steps: int, seconds: int) -> float:
    begun = time.monotonic()
    while steps_done(database) < steps:
        assert time.monotonic() - begun < seconds, f"{steps_done(database)} of {steps} steps after {seconds} s"
        time.sleep(0.1)
    return time.monotonic() - begun


@pytest.mark.long
def test_every_flow_is_finished_once_although_a_worker_was_killed(database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        jobs.enqueue_many(tx, [NewJob("step", str(uuid4()), {"step": "1"}) for _ in range(FLOWS)])
    doomed, survivor = a_worker(database.url), a_worker(database.url)
    wait_until(database, FLOWS, 60)

    doomed.send_signal(signal.SIGKILL)
    wait_until(database, FLOWS * STEPS, 120)

    survivor.send_signal(signal.SIGTERM)
    assert survivor.wait(timeout=20) == 0
    doomed.wait(timeout=5)
    with database.read(SYSTEM) as tx:
        result = verify(tx)
        assert (result.events, result.streams, result.broken) == (FLOWS * STEPS, FLOWS, None)
        assert jobs.counts(tx) == {}
