"""Lead time: the need-by date is not earlier than the supplier usually manages.

Source: checklist S21. The observed 90th percentile counts from a least number of receipts on; before that the quoted lead time
is used and the finding says so. Days are calendar days, counted from today.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from math import ceil
from typing import Final

from purveyor.core.facts import FactKind, LeadTime
from purveyor.core.finding import Finding, Result, Section
from purveyor.core.rules.base import LineCheck, Rule
from purveyor.core.rules.wording import number

RULE: Final = Rule("inventory.lead_time", Section.INVENTORY, "Need-by date leaves the usual lead time", (FactKind.LEAD_TIME,))


def need_by_is_reachable(at: LineCheck) -> Iterator[Finding]:
    """Yield LEAD_TIME_RISK when the earliest need-by date is before today plus the lead time; at the limit passes."""
    if at.item is None or at.need_by is None:
        return
    seen = at.facts.lead_time.value if at.facts.lead_time else None
    observed = seen if seen is not None and seen.receipts >= at.policy.least_receipts else None
    quoted = at.terms.lead_time_days if at.terms else None
    days = observed.p90_days if observed is not None else quoted
    if days is None:
        yield at.finding(RULE, "LEAD_TIME_UNKNOWN", _why_quoted(at, seen) + "; none is quoted either.", result=Result.NO_DATA)
        return
    today = at.whole.now.date()
    earliest = today + timedelta(days=ceil(days))
    if at.need_by < earliest:
        yield _risk(at, at.need_by, today, earliest, Decimal(days), seen, observed)


def _why_quoted(at: LineCheck, seen: LeadTime | None) -> str:
    return f"Only {seen.receipts if seen else 0} receipts in 12 months, {at.policy.least_receipts} are needed to judge by"


def _risk(
    at: LineCheck, need_by: date, today: date, earliest: date, days: Decimal, seen: LeadTime | None, observed: LeadTime | None
) -> Finding:
    if observed is not None:
        basis = (
            f"{observed.receipts} receipts in 12 months: median {number(observed.median_days)} days, "
            f"90th percentile {number(observed.p90_days)} days"
        )
    else:
        basis = f"{_why_quoted(at, seen)}; quoted lead time {number(days)} days"
    return at.finding(
        RULE,
        "LEAD_TIME_RISK",
        f"Needed by {need_by}, to be expected by {earliest}. {basis}.",
        expected=f"need-by {earliest} or later",
        actual=f"need-by {need_by}",
        arithmetic=f"{today} + {number(days)} days = {earliest}",
        suggestion=str(earliest),
    )
