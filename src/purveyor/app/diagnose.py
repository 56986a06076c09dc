"""What an operator asks first: is the database usable, does work flow, and what is to be done where it does not.

Each check is one line with a verdict, what was found and what to do. The same checks answer ``/readyz`` and the doctor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from purveyor.store import migrations
from purveyor.store.condition import Condition, condition
from purveyor.store.db import Tx


class Verdict(StrEnum):
    """How bad a finding of the doctor is: nothing, look at it some time, act now."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of a diagnosis: what was looked at, the verdict, what was found, and what to do unless all is well."""

    name: str
    verdict: Verdict
    found: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Limits:
    """When waiting is too long, and after which silence a worker counts as dead."""

    queue_age: timedelta
    stalled: timedelta


def readiness(tx: Tx, limits: Limits) -> list[Check]:
    """Check what decides whether this installation can do its work now: schema and queue (the database answered already)."""
    now = condition(tx, limits.stalled)
    return [_schema(now), _queue(now, limits)]


def work(tx: Tx, limits: Limits) -> Iterator[Check]:
    """Check whether background work flows: workers, stalled jobs, jobs that failed for good."""
    now = condition(tx, limits.stalled)
    if now.workers:
        yield Check("workers", Verdict.OK, f"{now.workers} alive")
    else:
        verdict = Verdict.FAIL if now.waiting else Verdict.WARN
        yield Check("workers", verdict, "none alive", "Start `purveyor worker`; orders are not sent and timers do not fire.")
    if now.stalled:
        told = "Nothing, if a worker runs: it takes them up within a minute. Otherwise start one."
        yield Check("stalled jobs", Verdict.WARN, f"{now.stalled} held by dead workers", told)
    else:
        yield Check("stalled jobs", Verdict.OK, "none")
    if now.failed:
        told = "Each opened an exception for IT; look at the exceptions and at the log of the workers."
        yield Check("failed jobs", Verdict.WARN, f"{now.failed} given up", told)
    else:
        yield Check("failed jobs", Verdict.OK, "none")


def _schema(now: Condition) -> Check:
    if migrations.is_behind(now.revision):
        found = f"at revision {now.revision}, this version needs {migrations.head_revision()}"
        return Check("schema", Verdict.FAIL, found, "Run `purveyor migrate`.")
    return Check("schema", Verdict.OK, f"at revision {now.revision}")


def _queue(now: Condition, limits: Limits) -> Check:
    waited = int(now.oldest.total_seconds())
    found = f"{now.waiting} jobs wait, the oldest {waited} s; {now.running} run"
    if now.oldest > limits.queue_age:
        return Check("queue", Verdict.FAIL, found, "Start more workers, and look why those that run do not get on (their log).")
    return Check("queue", Verdict.OK, found)
