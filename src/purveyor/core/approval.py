"""Route an order to the people who must agree: amount in policy currency, band, chain of roles, and the trace of rows.

Amounts are converted at the rate of the order date and rounded once; orders that look like one order split into several are
added up. What cannot be decided goes to a person and never into the lowest band (domain.md 1; set approval_bands).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Final

from purveyor.core.canonical import plain_decimal
from purveyor.core.finding import Finding, Result, Section, Severity
from purveyor.core.ids import OrderId, SupplierId
from purveyor.core.money import round_amount
from purveyor.core.order import PurchaseOrder
from purveyor.core.policy.answers import UnexpectedPolicy, text_of, texts_of
from purveyor.core.policy.approval_terms import approval_limits
from purveyor.core.policy.decide import Decided, Undecidable
from purveyor.core.policy.policy_set import PolicyMissing, PolicySet, PolicyUndecidable
from purveyor.core.policy.table import Band

MATRIX: Final = "approval_matrix"
ADDITIONS: Final = "approval_additions"
PREPAID_AND_ADD: Final = "prepaid_and_add"


class RouteResult(StrEnum):
    """How routing ended."""

    ROUTED = "ROUTED"
    NO_APPROVAL_NEEDED = "NO_APPROVAL_NEEDED"
    UNDECIDABLE = "UNDECIDABLE"


@dataclass(frozen=True, slots=True)
class EarlierOrder:
    """An order entered before this one, as far as the search for split orders needs it; amount in policy currency."""

    order_id: OrderId
    order_ref: str
    requester: str | None
    supplier_id: SupplierId | None
    categories: frozenset[str]
    entered_on: date
    policy_amount: Decimal
    at_suggestion: bool = False


@dataclass(frozen=True, slots=True)
class RoutingFacts:
    """What routing must know besides the order.

    ``rate`` turns one unit of the order currency into the policy currency at the order date; None is not known. ``severity`` is
    that of the strictest finding. ``at_suggestion``: clean at the gate and at the suggested quantity.
    """

    rate: Decimal | None
    entered_on: date
    severity: Severity | None = None
    over_budget: bool | None = False
    at_suggestion: bool = False
    earlier_orders: tuple[EarlierOrder, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """Who must agree and why. ``chain`` lists roles in order; ``sources`` name every policy row that spoke.

    For UNDECIDABLE ``field`` names what is missing and the chain holds the roles policy names for that case.
    """

    result: RouteResult
    chain: tuple[str, ...]
    policy_set: str
    sources: tuple[str, ...]
    policy_currency: str
    policy_amount: Decimal | None = None
    routing_amount: Decimal | None = None
    band: str | None = None
    field: str | None = None
    findings: tuple[Finding, ...] = ()
    at_suggestion: bool = False


def route(order: PurchaseOrder, policy: PolicySet, facts: RoutingFacts) -> Route:
    """Return the chain of roles an order needs; cases AB*. Raises PolicyMissing when the approval tables are not loaded."""
    currency = policy_currency(policy)
    amount = gross_amount(order)
    if amount is None:
        return _undecidable(policy, facts, "amount")
    if facts.rate is None:
        return _undecidable(policy, facts, "exchange_rate")
    own = round_amount(amount * facts.rate, currency)
    categories = categories_of(order)
    alone = _ask_matrix(policy, categories, own)
    if isinstance(alone, Undecidable):
        return _undecidable(policy, facts, alone.field, alone)
    split = split_orders(order, facts, approval_limits(policy).split_window_days)
    summed = own + sum((other.policy_amount for other in split), Decimal(0))
    together = _ask_matrix(policy, categories, summed)
    if isinstance(together, Undecidable):
        return _undecidable(policy, facts, together.field, together)
    is_split = _lower_limit(together) > _lower_limit(alone)
    answers, routed = (together, summed) if is_split else (alone, own)
    additions = policy.decide(ADDITIONS, {"over_budget": facts.over_budget, "severity": _severity_word(facts.severity)})
    if isinstance(additions, Undecidable):
        return _undecidable(policy, facts, additions.field, additions)
    chain = _merge(answers, additions)
    return Route(
        result=RouteResult.ROUTED if chain else RouteResult.NO_APPROVAL_NEEDED,
        chain=chain,
        policy_set=policy.hash,
        sources=(*dict.fromkeys(answer.source for answer in answers), *((additions.source,) if additions.rows else ())),
        policy_currency=currency,
        policy_amount=own,
        routing_amount=routed,
        band=_band_words(answers),
        findings=(_possible_split(order, currency, split, own, routed),) if is_split else (),
        at_suggestion=facts.at_suggestion,
    )


def policy_currency(policy: PolicySet) -> str:
    """Return the currency the approval matrix is written in; raise PolicyMissing or UnexpectedPolicy."""
    compiled = policy.tables.get(MATRIX)
    if compiled is None:
        raise PolicyMissing(table=MATRIX)
    unit = next((column.unit for column in compiled.table.inputs if column.name == "amount"), None)
    if unit is None:
        raise UnexpectedPolicy(table=MATRIX, column="amount", expected="an amount of money")
    return unit


def gross_amount(order: PurchaseOrder) -> Decimal | None:
    """Return what an order may cost in its currency: positive lines plus freight the supplier may add; None without a price.

    A negative line never lowers the amount, so that nobody can slip under a limit by adding one.
    """
    amounts = [line.amount(order.currency) for line in order.lines]
    if not amounts or any(amount is None for amount in amounts):
        return None
    goods = sum((amount for amount in amounts if amount is not None and amount > 0), Decimal(0))
    freight = order.freight_ceiling if order.freight_term == PREPAID_AND_ADD and order.freight_ceiling is not None else Decimal(0)
    return goods + max(freight, Decimal(0))


def categories_of(order: PurchaseOrder) -> tuple[str | None, ...]:
    """Return the categories of the lines that still count, in order and without repetition; None for a line without one."""
    return tuple(dict.fromkeys(line.category for line in order.lines if not line.cancelled))


def split_orders(order: PurchaseOrder, facts: RoutingFacts, window_days: int) -> tuple[EarlierOrder, ...]:
    """Return the earlier orders that are added up with this one; cases AB15 to AB23.

    Same requester, supplier and a category in common, entered at most ``window_days`` before. Without a requester nobody can
    have split anything; an order that is clean and at the suggested quantity neither counts nor is compared.
    """
    if facts.at_suggestion or order.requester is None:
        return ()
    own = set(categories_of(order))
    return tuple(
        other
        for other in facts.earlier_orders
        if other.order_id != order.id
        and not other.at_suggestion
        and other.requester == order.requester
        and other.supplier_id == order.supplier_id
        and own & other.categories
        and 0 <= (facts.entered_on - other.entered_on).days <= window_days
    )


def reaches_higher_band(policy: PolicySet, categories: tuple[str | None, ...], before: Decimal, after: Decimal) -> bool:
    """Say whether an amount lies in a higher band than another one; raise PolicyUndecidable when the matrix cannot tell."""
    limits: list[Decimal] = []
    for amount in (before, after):
        answer = _ask_matrix(policy, categories, amount)
        if isinstance(answer, Undecidable):
            raise PolicyUndecidable(table=answer.table, field=answer.field, version=answer.version)
        limits.append(_lower_limit(answer))
    return limits[1] > limits[0]


def _ask_matrix(policy: PolicySet, categories: tuple[str | None, ...], amount: Decimal) -> tuple[Decided, ...] | Undecidable:
    """Ask the matrix once per category of the order, always with the amount of the whole order."""
    answers: list[Decided] = []
    for category in categories or (None,):
        answer = policy.decide(MATRIX, {"amount": amount, "category": category})
        if isinstance(answer, Undecidable):
            return answer
        answers.append(answer)
    return tuple(answers)


def _merge(answers: Sequence[Decided], additions: Decided) -> tuple[str, ...]:
    """Join the chains of several categories in the order of seniority the matrix declares; additions follow."""
    seniority = next(column.values for column in answers[0].table.outputs if column.name == "chain")
    roles = dict.fromkeys(role for answer in answers for role in texts_of(answer, "chain"))
    ranked = sorted(roles, key=lambda role: seniority.index(role) if role in seniority else len(seniority))
    added = (text_of(replace(additions, rows=(row,)), "role") for row in additions.rows)
    return tuple(dict.fromkeys((*ranked, *added)))


def _bands(answers: Iterable[Decided]) -> list[Band]:
    positions = [(answer, [column.name for column in answer.table.inputs].index("amount")) for answer in answers]
    cells = [answer.rows[0].cells[position] for answer, position in positions]
    return [cell if isinstance(cell, Band) else Band(None, None) for cell in cells]


def _lower_limit(answers: Sequence[Decided]) -> Decimal:
    """Return the highest lower limit among the bands; a band without one begins at zero."""
    return max(band.at_least or Decimal(0) for band in _bands(answers))


def _band_words(answers: Sequence[Decided]) -> str:
    highest = max(_bands(answers), key=lambda band: band.at_least or Decimal(0))
    return str(Band(highest.at_least or Decimal(0), highest.below))


def _severity_word(severity: Severity | None) -> str:
    return "none" if severity is None else severity.value


def _undecidable(policy: PolicySet, facts: RoutingFacts, name: str, answer: Undecidable | None = None) -> Route:
    limits = approval_limits(policy)
    asked = () if answer is None else (f"{answer.table}:{'+'.join(answer.rows) or 'none'}@{answer.version[:12]}",)
    return Route(
        result=RouteResult.UNDECIDABLE,
        chain=limits.undecided_chain,
        policy_set=policy.hash,
        sources=(*asked, limits.source),
        policy_currency=policy_currency(policy),
        field=name,
        at_suggestion=facts.at_suggestion,
    )


def _possible_split(order: PurchaseOrder, currency: str, split: Sequence[EarlierOrder], own: Decimal, routed: Decimal) -> Finding:
    others = ", ".join(other.order_ref for other in split)
    steps = " + ".join(plain_decimal(amount) for amount in (own, *(other.policy_amount for other in split)))
    return Finding(
        order_number=order.order_ref,
        line_no=None,
        rule="split_orders",
        code="POSSIBLE_SPLIT",
        result=Result.FAIL,
        severity=Severity.INFO,
        section=Section.POLICY,
        message="Orders of one requester, supplier and category add up to a higher band; the sum decides who approves.",
        actual=f"{routed} {currency}",
        exposure=routed,
        currency=currency,
        arithmetic=f"{steps} = {plain_decimal(routed)}",
        related_order=others,
    )
