"""Does a change of an approved or issued order need a new approval? (domain.md 1, Re-approval; cases RA*.)

A slip of the supplier beyond need-by needs none: it is reported to buyer and planner, who decide what follows.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from purveyor.core.approval import policy_currency, reaches_higher_band
from purveyor.core.money import round_amount
from purveyor.core.policy.approval_terms import approval_limits
from purveyor.core.policy.policy_set import PolicySet

HUNDRED: Final = Decimal(100)


class Change(StrEnum):
    """What a change order does besides the total."""

    DATE = "date"
    PROMISE_AFTER_NEED_BY = "promise_after_need_by"
    NEW_LINE = "new_line"
    SUPPLIER = "supplier"
    CURRENCY = "currency"
    TERMS = "terms"
    NEED_BY_LATER = "need_by_later"
    NEED_BY_EARLIER = "need_by_earlier"


class Reason(StrEnum):
    """Why a new approval is needed."""

    AMOUNT_UP = "AMOUNT_UP"
    BAND_CROSSED = "BAND_CROSSED"
    LINE_ADDED = "LINE_ADDED"
    SUPPLIER_CHANGED = "SUPPLIER_CHANGED"
    CURRENCY_CHANGED = "CURRENCY_CHANGED"
    TERMS_CHANGED = "TERMS_CHANGED"
    NEED_BY_MOVED = "NEED_BY_MOVED"


_REASONS: Final = {
    Change.NEW_LINE: Reason.LINE_ADDED,
    Change.SUPPLIER: Reason.SUPPLIER_CHANGED,
    Change.CURRENCY: Reason.CURRENCY_CHANGED,
    Change.TERMS: Reason.TERMS_CHANGED,
    Change.NEED_BY_LATER: Reason.NEED_BY_MOVED,
}


@dataclass(frozen=True, slots=True)
class Reapproval:
    """The answer: ``increase`` and ``limit`` in policy currency, the reasons, and who is told about a slip."""

    increase: Decimal
    limit: Decimal
    reasons: tuple[Reason, ...]
    finding: str | None = None
    notify: tuple[str, ...] = ()

    @property
    def needed(self) -> bool:
        """True when the change must be approved again."""
        return bool(self.reasons)


def reapproval(
    policy: PolicySet, approved: Decimal, new: Decimal, categories: tuple[str | None, ...], changes: frozenset[Change]
) -> Reapproval:
    """Compare two totals in policy currency; a rise exactly at the limit, a lower amount or an earlier date is only reported.

    Raises PolicyMissing and PolicyUndecidable.
    """
    limits = approval_limits(policy)
    increase = new - approved
    limit = min(round_amount(approved * limits.increase_pct / HUNDRED, policy_currency(policy)), limits.increase_abs)
    reasons = [_REASONS[change] for change in Change if change in changes and change in _REASONS]
    if reaches_higher_band(policy, categories, approved, new):
        reasons.insert(0, Reason.BAND_CROSSED)
    if increase > limit:
        reasons.insert(0, Reason.AMOUNT_UP)
    slipped = Change.PROMISE_AFTER_NEED_BY in changes
    return Reapproval(
        increase=increase,
        limit=limit,
        reasons=tuple(reasons),
        finding="PROMISE_BEYOND_NEED_BY" if slipped else None,
        notify=("buyer", "planner") if slipped else (),
    )
