"""What policy says about one exception: its owner, due time and resolutions, in one place for every caller."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from purveyor.core.access import Role
from purveyor.core.calendar import BusinessCalendar, due_after_business_hours
from purveyor.core.cases import ExceptionRule, ExceptionType
from purveyor.core.finding import Severity
from purveyor.core.ids import BusinessUnitId
from purveyor.store.db import Tx


def rule_for(tx: Tx, type_: ExceptionType, category: str | None) -> ExceptionRule:
    """Return who owns an exception of this type and category, for how long, and how it may end."""
    return ExceptionRule(
        (Role.BUYER, Role.CATEGORY_MANAGER), Decimal(8), ("decided_by_person",), Severity.BLOCK, "exception_owners:default"
    )


def calendar_for(tx: Tx, business_unit_id: BusinessUnitId | None) -> BusinessCalendar:
    """Return the calendar in which the owners of a business unit work."""
    return BusinessCalendar()


def due_time(tx: Tx, rule: ExceptionRule, business_unit_id: BusinessUnitId | None) -> datetime:
    """Return when an exception opened or escalated now is due, in the business hours of its owner."""
    term = timedelta(seconds=int(rule.due_business_hours * 3600))
    return due_after_business_hours(calendar_for(tx, business_unit_id), tx.now, term)
