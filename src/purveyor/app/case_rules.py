"""What policy says about one exception: its owner, due time and resolutions, in one place for every caller."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from purveyor.app import calendars, policy
from purveyor.core.access import Role
from purveyor.core.calendar import due_after_business_hours
from purveyor.core.cases import ExceptionRule, ExceptionType
from purveyor.core.finding import Severity
from purveyor.core.ids import BusinessUnitId
from purveyor.core.policy.policy_set import PolicyMissing, PolicyUndecidable
from purveyor.core.policy.terms import exception_owner
from purveyor.store.db import Tx

UNRULED: Final = ExceptionRule((Role.IT,), Decimal(8), ("decided_by_person",), Severity.BLOCK, "exception_owners:none")
"""The rule of exceptions that no policy in force covers."""


def rule_for(tx: Tx, type_: ExceptionType, category: str | None) -> ExceptionRule:
    """Return who owns an exception of this type and category, for how long, and how it may end.

    Without a category the rows that hold for every category answer. An exception always has an owner: where policy cannot say
    whose it is, it goes to IT, who keep the policies.
    """
    try:
        return exception_owner(policy.current(tx), type_, category=category or "")
    except (PolicyMissing, PolicyUndecidable):
        return UNRULED


def known_resolutions(tx: Tx) -> frozenset[str]:
    """Return every resolution that policy lists for some exception."""
    rules = [UNRULED, *(rule_for(tx, type_, None) for type_ in ExceptionType)]
    return frozenset(resolution for rule in rules for resolution in rule.allowed_resolutions)


def due_time(tx: Tx, rule: ExceptionRule, business_unit_id: BusinessUnitId | None) -> datetime:
    """Return when an exception opened or escalated now is due, in the business hours of its unit."""
    term = timedelta(seconds=int(rule.due_business_hours * 3600))
    return due_after_business_hours(calendars.of_unit(tx, business_unit_id), tx.now, term)
