"""What a rule gets and gives: one order or line with all that is known about it, in; findings, out.

A rule is a pure generator over a check, registered with its metadata in ``purveyor.core.rules.RULES``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from purveyor.core.facts import NO_LINE_FACTS, FactKind, GatePolicy, LineFacts, OrderFacts
from purveyor.core.finding import Finding, Result, Section, Severity
from purveyor.core.ids import SiteId
from purveyor.core.items import Item, SupplierItem
from purveyor.core.order import OrderLine, PurchaseOrder
from purveyor.core.pricing import (
    PRICE_AMBIGUOUS,
    PriceAnswer,
    PriceQuery,
    Resolved,
    Unresolved,
    agreed_price,
    in_base_units,
    round_exact,
)
from purveyor.core.rules.codes import SEVERITIES
from purveyor.core.rules.shown import facts_shown


@dataclass(frozen=True, slots=True)
class Rule:
    """What is known about a rule: its stable id, the section it reports in, a title for people, and the facts it rests on."""

    id: str
    section: Section
    title: str
    uses: tuple[FactKind, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderCheck:
    """One order with everything a rule about the whole order may look at; ``oldest`` is how far back a fact of a kind may be."""

    order: PurchaseOrder
    facts: OrderFacts
    policy: GatePolicy
    now: datetime
    oldest: Mapping[FactKind, datetime]

    def finding(
        self,
        rule: Rule,
        code: str,
        message: str,
        *,
        result: Result = Result.FAIL,
        severity: Severity | None = None,
        expected: str | None = None,
        actual: str | None = None,
        suggestion: str | None = None,
    ) -> Finding:
        """Return a finding about the order, with the facts the rule rests on and when they were true."""
        return Finding(
            order_number=self.order.order_ref,
            line_no=None,
            rule=rule.id,
            code=code,
            result=result,
            severity=severity or self.policy.severities.get(code, SEVERITIES[code]),
            section=rule.section,
            message=message,
            expected=expected,
            actual=actual,
            policy=self.policy.policy,
            facts=facts_shown(rule.uses, NO_LINE_FACTS, self.facts),
            suggestion=suggestion,
        )


@dataclass(frozen=True, slots=True)
class LineCheck:
    """One line with everything a rule about a line may look at; what several rules need is worked out once.

    ``quantity`` is the ordered quantity in base units (None when the unit cannot be converted), ``by_site`` its parts per ship-to
    site, ``amount`` the rounded amount. ``agreed`` is the agreed price, None when nothing was agreed.
    """

    whole: OrderCheck
    order: PurchaseOrder
    line: OrderLine
    facts: LineFacts
    policy: GatePolicy
    item: Item | None
    terms: SupplierItem | None
    quantity: Decimal | None
    by_site: tuple[tuple[SiteId, Decimal], ...]
    need_by: date | None
    amount: Decimal | None
    agreed: PriceAnswer | None

    @property
    def base_uom(self) -> str:
        """The item's base unit, or nothing for an unknown item."""
        return self.item.units.base_uom if self.item else ""

    def site_code(self, site_id: SiteId) -> str:
        """Return the code of a ship-to site for people; its id when the site is not known."""
        site = self.whole.facts.sites.get(site_id)
        return site.code if site else str(site_id)

    def cost(self, base_quantity: Decimal) -> Decimal | None:
        """Return what a quantity in base units costs at the price of the line, rounded once; None without price or unit."""
        line = self.line
        if self.item is None or self.quantity is None or line.uom is None or line.unit_price is None:
            return None
        per_base = Fraction(line.unit_price) / Fraction(line.price_per) / self.item.units.ratio(line.uom, self.base_uom)
        return round_exact(Fraction(base_quantity) * per_base, self.order.currency)

    def finding(
        self,
        rule: Rule,
        code: str,
        message: str,
        *,
        result: Result = Result.FAIL,
        severity: Severity | None = None,
        expected: str | None = None,
        actual: str | None = None,
        exposure: Decimal | None = None,
        arithmetic: str | None = None,
        suggestion: str | None = None,
        related_order: str | None = None,
    ) -> Finding:
        """Return a finding about this line, with the facts the rule rests on and when they were true."""
        return Finding(
            order_number=self.order.order_ref,
            line_no=self.line.line_no,
            rule=rule.id,
            code=code,
            result=result,
            severity=severity or self.policy.severities.get(code, SEVERITIES[code]),
            section=rule.section,
            message=message,
            expected=expected,
            actual=actual,
            exposure=exposure,
            currency=None if exposure is None else self.order.currency,
            policy=self.policy.policy,
            facts=facts_shown(rule.uses, self.facts, self.whole.facts),
            arithmetic=arithmetic,
            suggestion=suggestion,
            related_order=related_order,
        )


@dataclass(frozen=True, slots=True)
class OrderRule:
    """A rule about the whole order."""

    rule: Rule
    check: Callable[[OrderCheck], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class LineRule:
    """A rule about one line."""

    rule: Rule
    check: Callable[[LineCheck], Iterator[Finding]]


def order_check(order: PurchaseOrder, facts: OrderFacts, policy: GatePolicy, now: datetime) -> OrderCheck:
    """Lay out one order for the rules."""
    oldest = {kind: now - limit.limit for kind, limit in policy.freshness.items()}
    return OrderCheck(order, facts, policy, now, oldest)


def line_check(whole: OrderCheck, line: OrderLine) -> LineCheck:
    """Lay out one line for the rules: convert its quantity and resolve its agreed price once."""
    order = whole.order
    facts = whole.facts.lines.get(line.line_no, NO_LINE_FACTS)
    item = facts.item.value if facts.item else None
    terms = facts.supplier_item.value if facts.supplier_item else None
    base = in_base_units(item.units, line.quantity, line.uom) if item and line.uom else None
    by_site = _parts_by_site(line, item, base)
    need_by = line.schedules[0].need_by if len(line.schedules) == 1 else line.need_by
    agreed = None
    if item is not None and line.uom is not None:
        agreed = _agreed(order, line, facts, terms, item, line.uom, need_by)
    amount = line.amount(order.currency)
    return LineCheck(whole, order, line, facts, whole.policy, item, terms, base, by_site, need_by, amount, agreed)


def _parts_by_site(line: OrderLine, item: Item | None, base: Decimal | None) -> tuple[tuple[SiteId, Decimal], ...]:
    """Add up the schedules of a line per ship-to site, in base units; the sites stand in the order of the schedules."""
    if base is None or item is None or line.uom is None:
        return ()
    if len(line.schedules) == 1:
        only = line.schedules[0]
        return ((only.ship_to, base),) if only.ship_to and only.quantity == line.quantity else ()
    parts: dict[SiteId, Decimal] = {}
    for part in line.schedules:
        if part.ship_to is not None:
            quantity = item.units.convert_decimal(part.quantity, line.uom, item.units.base_uom)
            parts[part.ship_to] = parts.get(part.ship_to, Decimal(0)) + quantity
    return tuple(parts.items())


def _agreed(
    order: PurchaseOrder,
    line: OrderLine,
    facts: LineFacts,
    terms: SupplierItem | None,
    item: Item,
    uom: str,
    need_by: date | None,
) -> PriceAnswer | None:
    """Resolve the agreed price at every ship-to of the line; sites that disagree leave it ambiguous."""
    agreements = [fact.value for fact in facts.agreements]
    price_list = terms.prices if terms else ()
    sites = {part.ship_to for part in line.schedules} or {None}
    answers: list[PriceAnswer | None] = []
    for site in sites:
        query = PriceQuery(line.quantity, uom, order.currency, order.order_date, need_by, site)
        answers.append(agreed_price(agreements, price_list, query, item.units))
    if all(answer == answers[0] for answer in answers[1:]):
        return answers[0]
    named = sorted({answer.entry.id for answer in answers if isinstance(answer, Resolved)})
    return Unresolved(PRICE_AMBIGUOUS, "sites_differ", tuple(named))
