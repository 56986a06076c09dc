"""Open, find, reassign, hold, escalate, clear and reopen exceptions. Settling one with its consequences is app/resolve.py.

Owner, due time and allowed resolutions come from policy; a timer watches the due time, so a breach is never silent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from purveyor.app import calendars
from purveyor.app.case_rules import due_time, rule_for
from purveyor.app.follow_up import recheck_completion
from purveyor.core import case_decisions
from purveyor.core.access import Role
from purveyor.core.calendar import BusinessCalendar, business_minutes
from purveyor.core.case_decisions import CaseDecision, require_version
from purveyor.core.cases import AGE_BANDS, ExceptionCase, OpenCase, age_band
from purveyor.core.ids import ExceptionCaseId, UserId
from purveyor.store import cases, events, timers
from purveyor.store.cases import Age
from purveyor.store.db import Tx
from purveyor.store.failures import Conflict

DUE_TIMER: Final = "exception_due"
"""Timer and job kind of a due time; its task calls ``escalate``."""


def open_case(tx: Tx, command: OpenCase) -> ExceptionCase:
    """Open an exception, or bring the evidence of the open one with the same natural key up to date.

    Raises Conflict when that one belongs to a unit the actor may not see.
    """
    known = cases.find_open(tx, command.natural_key)
    return open_new(tx, command) if known is None else keep(tx, case_decisions.occur_again(known, command))


def open_new(tx: Tx, command: OpenCase, case_id: ExceptionCaseId | None = None) -> ExceptionCase:
    """Open an exception whose natural key is not open; where nobody else can use the key, no right to change one is needed.

    Raises Conflict.
    """
    rule = rule_for(tx, command.type, command.category)
    due_at = due_time(tx, rule, command.business_unit_id)
    decision = case_decisions.open_case(command, rule, case_id or ExceptionCaseId(tx.new_id()), tx.actor, due_at, tx.now)
    if not cases.insert_open(tx, decision.case):  # somebody opened it in this moment
        known = cases.find_open(tx, command.natural_key)
        if known is None:
            raise Conflict(natural_key=command.natural_key)
        return keep(tx, case_decisions.occur_again(known, command))
    events.append(tx, decision.events)
    timers.set_timer(tx, DUE_TIMER, "exception", decision.case.id, due_at)
    return decision.case


def clear(tx: Tx, natural_key: str) -> ExceptionCase | None:
    """Settle the open exception with this key because its cause is gone; None when there is none."""
    known = cases.find_open(tx, natural_key)
    return None if known is None else keep(tx, case_decisions.clear(known, tx.actor, tx.now))


@dataclass(frozen=True, slots=True)
class Reassign:
    """Command: give an exception to a role, and to one person of it when named."""

    role: Role
    reason: str
    person: UserId | None = None
    version: int | None = None


def reassign(tx: Tx, case_id: ExceptionCaseId, command: Reassign) -> ExceptionCase:
    """Give an exception to another role or person; from, to, by and why are kept.

    Raises: StaleVersion, CaseClosed, NotAuthorised, NotYourException, ReasonRequired.
    """
    case = _locked(tx, case_id, command.version)
    return keep(tx, case_decisions.reassign(case, tx.actor, command.role, command.person, command.reason))


@dataclass(frozen=True, slots=True)
class Hold:
    """Command: put an exception on hold until a moment (UTC)."""

    until: datetime
    reason: str
    version: int | None = None


def hold(tx: Tx, case_id: ExceptionCaseId, command: Hold) -> ExceptionCase:
    """Put an exception on hold; when the time is up it escalates like any other.

    Raises: StaleVersion, CaseClosed, NotAuthorised, NotYourException, ReasonRequired.
    """
    case = _locked(tx, case_id, command.version)
    return keep(tx, case_decisions.hold(case, tx.actor, command.until, command.reason))


def escalate(tx: Tx, case_id: ExceptionCaseId) -> ExceptionCase:
    """Act on a due time that has passed: the next role of the route takes over with a new due time."""
    case = cases.load(tx, case_id, for_update=True)
    rule = rule_for(tx, case.type, case.category)
    return keep(tx, case_decisions.escalate(case, due_time(tx, rule, case.business_unit_id), tx.now))


@dataclass(frozen=True, slots=True)
class Ageing:
    """How many open exceptions stand in each age band (business days), and the oldest of them."""

    bands: tuple[tuple[str, int], ...]
    oldest: Age | None


def ageing(tx: Tx) -> Ageing:
    """Count the open exceptions the actor may see by age band; those on hold stay in."""
    calendar = calendars.of_unit(tx, None)
    found = cases.ages(tx)
    names = [age_band(_business_days(calendar, age.opened_at, tx.now)) for age in found]
    return Ageing(tuple((name, names.count(name)) for _, name in AGE_BANDS), found[0] if found else None)


def _business_days(calendar: BusinessCalendar, begin: datetime, end: datetime) -> Decimal:
    day = datetime.combine(begin, calendar.closing, UTC) - datetime.combine(begin, calendar.opening, UTC)
    return Decimal(business_minutes(calendar, begin, end) * 60) / Decimal(day.seconds)


def _locked(tx: Tx, case_id: ExceptionCaseId, version: int | None) -> ExceptionCase:
    case = cases.load(tx, case_id, for_update=True)
    require_version(case, version)
    return case


def keep(tx: Tx, decision: CaseDecision) -> ExceptionCase:
    """Save what was decided, tell it, and move the due timer along."""
    if decision.events:
        cases.save(tx, decision.case)
        events.append(tx, decision.events)
        if decision.case.is_open and decision.case.due_at > tx.now:
            timers.set_timer(tx, DUE_TIMER, "exception", decision.case.id, decision.case.due_at)
        else:
            timers.cancel_timers(tx, "exception", decision.case.id)
        if not decision.case.is_open and decision.case.subject.order_id is not None:
            recheck_completion(tx, decision.case.subject.order_id)  # it may have been the last thing that kept the order open
    return decision.case
