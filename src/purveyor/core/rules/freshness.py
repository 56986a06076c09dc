"""Freshness: a figure over its age limit makes every check that rests on it STALE, never a pass.

Source: domain.md 1, Freshness; cases FR* of the worked set freshness. A check on old data still reports what it sees, with
the age of what it saw.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from purveyor.core.facts import Fact, FactKind, LineFacts, whole_hours
from purveyor.core.finding import Finding, Result, Section
from purveyor.core.rules.base import LineCheck, OrderCheck, Rule

ORDER: Final = Rule("policy.supplier_fresh", Section.POLICY, "Supplier record is fresh enough", (FactKind.SUPPLIER,))
LINE: Final = Rule(
    "policy.facts_fresh",
    Section.POLICY,
    "Item, prices and stock are fresh enough",
    (FactKind.ITEM, FactKind.PRICE, FactKind.STOCK),
)
CODE: Final = "DATA_TOO_OLD"


def supplier_fresh(at: OrderCheck) -> Iterator[Finding]:
    """Yield a STALE finding when the supplier record is over its limit; says the age in whole hours."""
    fact = at.facts.supplier
    oldest = at.oldest.get(FactKind.SUPPLIER)
    if fact is None or oldest is None or fact.as_of >= oldest:
        return
    limit = at.policy.freshness[FactKind.SUPPLIER]
    message, actual = _said("Supplier record", fact, at.now)
    yield at.finding(
        ORDER, CODE, message, result=Result.STALE, severity=limit.effect, expected=_limit(limit.limit_minutes), actual=actual
    )


def facts_fresh(at: LineCheck) -> Iterator[Finding]:
    """Yield a STALE finding for each kind of fact of the line that is over its limit; the oldest one of a kind is named."""
    for kind in LINE.uses:
        oldest = at.whole.oldest.get(kind)
        if oldest is None:
            continue
        fact = oldest_fact(kind, at.facts)
        if fact is not None and fact.as_of < oldest:
            limit = at.policy.freshness[kind]
            message, actual = _said(f"{kind.capitalize()} data", fact, at.whole.now)
            expected = _limit(limit.limit_minutes)
            yield at.finding(
                LINE, CODE, message, result=Result.STALE, severity=limit.effect, expected=f"{kind} {expected}", actual=actual
            )


def oldest_fact(kind: FactKind, facts: LineFacts) -> Fact[Any] | None:
    """Return the oldest item, price or stock fact that a line rests on; None when there is none of that kind."""
    if kind is FactKind.ITEM:
        return facts.item
    if kind is FactKind.STOCK:
        return _oldest(tuple(facts.stock.values()))
    if kind is not FactKind.PRICE:
        return None
    return _oldest((*facts.agreements, facts.supplier_item) if facts.supplier_item else facts.agreements)


def _oldest(facts: Sequence[Fact[Any]]) -> Fact[Any] | None:
    oldest: Fact[Any] | None = None
    for fact in facts:
        if oldest is None or fact.as_of < oldest.as_of:
            oldest = fact
    return oldest


def _said(what: str, fact: Fact[Any], now: datetime) -> tuple[str, str]:
    hours = whole_hours(fact.age(now))
    return f"{what} from {fact.source}: data too old ({hours} h).", f"true at {fact.as_of.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _limit(minutes: int) -> str:
    return f"at most {minutes // 60} h" if minutes % 60 == 0 else f"at most {minutes} min"
