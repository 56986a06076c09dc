"""What an operator asks first: is the database usable, does work flow, and what is to be done where it does not.

Each check is one line with a verdict, what was found and what to do. The same checks answer ``/readyz`` and the doctor.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from purveyor.core.errors import PurveyorError
from purveyor.store import catalogue, feeds, migrations, vault, witness
from purveyor.store.binaries import HIGHEST_MAJOR, LOWEST_MAJOR
from purveyor.store.condition import Condition, condition, open_documents
from purveyor.store.db import Tx, clock_difference
from purveyor.store.roles import DEMO, PORTAL, RUNTIME

MOST_CLOCKS_APART: Final = timedelta(seconds=30)


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


def readiness(tx: Tx, limits: Limits, folder: Path) -> list[Check]:
    """Check what decides whether this installation can do its work now: schema, queue, and a log that lost nothing.

    ``folder`` is where this machine remembers the newest seal it has seen.
    """
    now = condition(tx, limits.stalled)
    return [_schema(now), _queue(now, limits), _log(tx, folder)]


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


def rights(tx: Tx, *, demo: bool) -> Iterator[Check]:
    """Check the server's version, our login, and that row security protects every table it has to."""
    found = catalogue.server(tx)
    fits = LOWEST_MAJOR <= found.major <= HIGHEST_MAJOR
    told = "" if fits else f"Use PostgreSQL {LOWEST_MAJOR} to {HIGHEST_MAJOR}; others are not tested."
    yield Check("server", Verdict.OK if fits else Verdict.WARN, f"PostgreSQL {found.version}", told)
    if found.unbound:
        yield Check("login", Verdict.FAIL, f"{found.login} is not bound by row security", f"Log in as {RUNTIME}.")
    elif not found.has_portal:
        told = f"As the owner: GRANT {PORTAL} TO {found.login}. Until then no supplier gets in."
        yield Check("login", Verdict.FAIL, f"{found.login} may not step into {PORTAL}", told)
    else:
        yield Check("login", Verdict.OK, f"{found.login}, bound by row security")
    open_tables = catalogue.unprotected_tables(tx)
    if open_tables:
        told = "Somebody changed the schema by hand. Restore it from a backup or run the protection statements again."
        yield Check("row security", Verdict.FAIL, f"missing on {', '.join(open_tables)}", told)
    else:
        yield Check("row security", Verdict.OK, "forced on every table with rows of a unit or a supplier")
    if not demo and (found.has_demo or found.clock_moved):
        told = f"As the owner: revoke {DEMO} from {found.login}, and put clock_offset.ahead_by back to zero."
        yield Check("business clock", Verdict.FAIL, "can be moved here, or was", told)


def set_up(tx: Tx) -> Iterator[Check]:
    """Check what an installation needs before its first order: policies, business units, people who may approve."""
    found = catalogue.set_up(tx)
    yield _present("policies", found.policies, "tables published", "Run `purveyor policy load`; without policies nothing passes.")
    yield _present("business units", found.units, "units", "Run `purveyor unit add`; orders need a unit.")
    yield _present("people", found.people, "active", "Run `purveyor user add`.")
    if found.without_approvers:
        told = "Run `purveyor unit approver`; orders that need approval wait there for ever otherwise."
        yield Check("approvers", Verdict.WARN, f"none in {', '.join(found.without_approvers)}", told)
    elif found.units:
        yield Check("approvers", Verdict.OK, "in every unit")


def clock(tx: Tx) -> Check:
    """Check that this machine and the database agree about the time."""
    apart = abs(clock_difference(tx))
    found = f"{apart.total_seconds():.1f} s apart from the database"
    if apart > MOST_CLOCKS_APART:
        told = "Set the clocks of both machines by NTP. Leases are safe, but signatures and one-time codes are refused."
        return Check("clock", Verdict.FAIL, found, told)
    return Check("clock", Verdict.OK, found)


def outside(tx: Tx) -> Iterator[Check]:
    """Check the feeds and what was given up on the way out."""
    failing = sorted({f"{feed.erp} {feed.entity}" for feed in feeds.all_feeds(tx) if feed.problem is not None})
    if failing:
        told = "Read the problem on the exception or in the log of the workers; the feed is tried again every minute."
        yield Check("feeds", Verdict.WARN, f"not read: {', '.join(failing)}", told)
    else:
        yield Check("feeds", Verdict.OK, "no reading failed")
    dead = sum(entry.documents for entry in open_documents(tx) if entry.state == "dead")
    if dead:
        yield Check("messages", Verdict.WARN, f"{dead} given up", "Open the page Messages: send them again or call them off.")
    else:
        yield Check("messages", Verdict.OK, "none given up")


def stored_secrets(tx: Tx, key_file: Path | None) -> Check:
    """Check that this machine's key file opens every stored secret."""
    known = vault.listed(tx)
    if not known:
        return Check("stored secrets", Verdict.OK, "none")
    needed = ", ".join(sorted({mark.key_id for mark in known}))
    advice = f"Put the file with key {needed} where master_key_file says; from a backup of that file if it is lost."
    if key_file is None:
        return Check("stored secrets", Verdict.FAIL, f"{len(known)} stored, and no master_key_file is set", advice)
    try:
        vault.check(tx, vault.read_key_file(key_file))
    except PurveyorError as error:
        return Check("stored secrets", Verdict.FAIL, str(error), advice)
    return Check("stored secrets", Verdict.OK, f"{len(known)}, all open with {key_file}")


def _log(tx: Tx, folder: Path) -> Check:
    regression = witness.observe(tx, folder)
    if regression is None:
        return Check("event log", Verdict.OK, "holds every seal this machine has seen")
    told = "An old backup was restored, or the log was cut. Find out which, then `purveyor verify-log --accept`."
    return Check("event log", Verdict.FAIL, str(regression), told)


def _present(name: str, number: int, what: str, advice: str) -> Check:
    if number:
        return Check(name, Verdict.OK, f"{number} {what}")
    return Check(name, Verdict.FAIL, "none", advice)


def _schema(now: Condition) -> Check:
    if migrations.is_behind(now.revision):
        found = f"at revision {now.revision}, this version needs {migrations.head_revision()}"
        return Check("schema", Verdict.FAIL, found, "Run `purveyor migrate`.")
    return Check("schema", Verdict.OK, f"at revision {now.revision}")


def _queue(now: Condition, limits: Limits) -> Check:
    waited = int(now.oldest.total_seconds())
    since = f"{waited} s" if waited < 120 else f"{waited // 60} min"
    found = f"{now.waiting} jobs wait, the oldest {since}; {now.running} run"
    if now.oldest > limits.queue_age:
        return Check("queue", Verdict.FAIL, found, "Start more workers, and look why those that run do not get on (their log).")
    return Check("queue", Verdict.OK, found)
