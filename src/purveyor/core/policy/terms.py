"""What policy says about checking, answering, receiving and matching, as small typed values with their source row.

Callers ask here and never see a table. References are codes: supplier code, site code, item number, category path. Every
function raises PolicyUndecidable when a value the rows ask for is missing: then a person decides, nothing is assumed.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final

from purveyor.core.access import Role
from purveyor.core.cases import ExceptionRule, ExceptionType
from purveyor.core.facts import FactKind, Freshness, GatePolicy
from purveyor.core.finding import Severity
from purveyor.core.policy.answers import (
    decimal_of,
    decimal_or_none,
    decimals_of,
    integer_of,
    integer_or_none,
    text_of,
    texts_of,
    truth_of,
)
from purveyor.core.policy.policy_set import PolicySet

AGEING_FACTS: Final = (FactKind.STOCK, FactKind.BUDGET, FactKind.PRICE, FactKind.ITEM, FactKind.SUPPLIER)
"""Kinds of facts whose age policy limits."""


class FactSource(StrEnum):
    """How an ERP delivers: live, or as files of the night."""

    CONNECTED = "connected"
    FILE = "file"


class PriceMode(StrEnum):
    """Which of the two price limits decides."""

    LOWER_OF = "lower_of"
    GREATER_OF = "greater_of"


@dataclass(frozen=True, slots=True)
class MatchTolerance:
    """Limits of the three-way match; percents of the order's value, amounts in the currency of the order.

    ``small_difference_set`` says that the row itself sets the floor: only then it counts beside a zero tolerance.
    """

    price_pct: Decimal
    price_abs: Decimal
    price_mode: PriceMode
    small_difference_floor: Decimal
    small_difference_set: bool
    favourable_review_pct: Decimal
    quantity_pct: Decimal
    wait_business_days: int
    freight_pct: Decimal
    freight_abs: Decimal
    tax_pct: Decimal
    tax_abs: Decimal
    source: str


def tolerance_for(policy: PolicySet, *, supplier: str | None, category: str | None, site: str | None) -> MatchTolerance:
    """Return the match tolerances: supplier beats category beats site beats default (domain.md 1)."""
    answer = policy.require("tolerances", {"supplier": supplier, "category": category, "site": site})
    floor = decimal_or_none(answer, "small_difference_floor")
    defaults = policy.require("matching_defaults", {})
    return MatchTolerance(
        price_pct=decimal_of(answer, "price_pct"),
        price_abs=decimal_of(answer, "price_abs"),
        price_mode=PriceMode(text_of(answer, "price_mode")),
        small_difference_floor=decimal_of(defaults, "small_difference_floor") if floor is None else floor,
        small_difference_set=floor is not None,
        favourable_review_pct=decimal_of(answer, "favourable_review_pct"),
        quantity_pct=decimal_of(answer, "quantity_pct"),
        wait_business_days=integer_of(defaults, "wait_business_days"),
        freight_pct=decimal_of(answer, "freight_pct"),
        freight_abs=decimal_of(answer, "freight_abs"),
        tax_pct=decimal_of(answer, "tax_pct"),
        tax_abs=decimal_of(answer, "tax_abs"),
        source=answer.source,
    )


@dataclass(frozen=True, slots=True)
class ReceiptLimits:
    """How much more or less than ordered is taken without a person; percents of the ordered quantity.

    A receipt that takes the sum of receipts over ``recount_pct`` of ordered (and over the limit) is held for a recount.
    """

    over_pct: Decimal
    recount_pct: Decimal
    short_close_pct: Decimal
    source: str


def receipt_limits(policy: PolicySet, *, item: str | None, supplier: str | None, category: str | None) -> ReceiptLimits:
    """Return the receiving limits: item beats supplier beats category beats default (domain.md 1, Over-receipt)."""
    answer = policy.require("over_receipt", {"item": item, "supplier": supplier, "category": category})
    return ReceiptLimits(
        over_pct=decimal_of(answer, "over_pct"),
        recount_pct=decimal_of(answer, "recount_pct"),
        short_close_pct=decimal_of(answer, "short_close_pct"),
        source=answer.source,
    )


@dataclass(frozen=True, slots=True)
class AcknowledgmentTerms:
    """When the supplier's answer is due and what happens without one.

    Either ``due_business_days`` (closing time of that day) or ``due_business_hours`` is set, both in the supplier's calendar.
    ``reminders`` and ``escalate_after`` are business hours after the due time.
    """

    due_business_days: int | None
    due_business_hours: Decimal | None
    reminders: tuple[Decimal, ...]
    escalate_after: Decimal
    escalation_role: Role
    source: str


def acknowledgment_terms(
    policy: PolicySet, *, supplier: str | None, category: str | None, rush: bool = False
) -> AcknowledgmentTerms:
    """Return when the supplier has to answer an order (domain.md 1, Acknowledgment due)."""
    answer = policy.require("acknowledgment_due", {"supplier": supplier, "category": category, "rush": rush})
    return AcknowledgmentTerms(
        due_business_days=integer_or_none(answer, "due_business_days"),
        due_business_hours=decimal_or_none(answer, "due_business_hours"),
        reminders=decimals_of(answer, "reminders"),
        escalate_after=decimal_of(answer, "escalate_after"),
        escalation_role=Role(text_of(answer, "escalation_role")),
        source=answer.source,
    )


def exception_owner(policy: PolicySet, type_: ExceptionType, *, category: str | None = None) -> ExceptionRule:
    """Return who owns an exception of this type, until when, and how it may end; ``policy`` names row and version.

    Without a category the rows for every category count: an exception is never left without an owner.
    """
    answer = policy.require("exception_owners", {"type": type_.value, "category": category or ""})
    return ExceptionRule(
        route=(Role(text_of(answer, "owner")), *(Role(role) for role in texts_of(answer, "escalates_to"))),
        due_business_hours=decimal_of(answer, "due_business_hours"),
        allowed_resolutions=texts_of(answer, "resolutions"),
        severity=Severity(text_of(answer, "severity")),
        policy=answer.source,
    )


def gate_policy(policy: PolicySet, *, category: str | None = None, source: FactSource = FactSource.CONNECTED) -> GatePolicy:
    """Return the limits of the gate for a category and a kind of ERP; without a category the rows for every category count."""
    answer = policy.require("gate_limits", {"category": category or ""})
    return GatePolicy(
        policy=answer.source,
        freshness={fact: freshness_of(policy, fact, source) for fact in AGEING_FACTS},
        agreement_tolerance_pct=decimal_of(answer, "agreement_price_pct"),
        no_agreement_tolerance_pct=decimal_of(answer, "no_agreement_price_pct"),
        duplicate_window_days=integer_of(answer, "duplicate_window_days"),
        usual_deviations=decimal_of(answer, "usual_deviations"),
        usual_times_largest=decimal_of(answer, "usual_times_largest"),
        usual_least_orders=integer_of(answer, "usual_least_orders"),
        usual_least_times_median=decimal_of(answer, "usual_least_times_median"),
        maximum_cover_days=decimal_of(answer, "maximum_cover_days"),
        break_uplift_pct=decimal_of(answer, "break_uplift_share_pct"),
        item_record_days=integer_of(answer, "item_record_days"),
        least_receipts=integer_of(answer, "lead_time_least_receipts"),
    )


def freshness_of(policy: PolicySet, fact: FactKind, source: FactSource) -> Freshness:
    """Return how old one kind of fact may be (domain.md 1, Freshness; set freshness)."""
    answer = policy.require("freshness", {"fact": fact.value, "source": source.value})
    return Freshness(integer_of(answer, "limit_minutes"), Severity(text_of(answer, "effect")))


@dataclass(frozen=True, slots=True)
class AcceptanceWindow:
    """Which changes of a supplier are taken without a buyer: percents, and business days later than promised or needed.

    ``price_down_pct``: a price that falls further may be a slip, so a buyer decides. ``before_need_by`` also asks that the new
    delivery is not after need-by.
    """

    price_up_pct: Decimal
    price_down_pct: Decimal
    quantity_pct: Decimal
    later_business_days: int
    before_need_by: bool
    source: str


def acceptance_window(policy: PolicySet, *, supplier: str | None, category: str | None) -> AcceptanceWindow:
    """Return the window for automatic acceptance of supplier changes (domain.md 1, Auto-accept)."""
    answer = policy.require("auto_acceptance", {"supplier": supplier, "category": category})
    return AcceptanceWindow(
        price_up_pct=decimal_of(answer, "price_up_pct"),
        price_down_pct=decimal_of(answer, "price_down_pct"),
        quantity_pct=decimal_of(answer, "quantity_pct"),
        later_business_days=integer_of(answer, "later_business_days"),
        before_need_by=truth_of(answer, "before_need_by"),
        source=answer.source,
    )
