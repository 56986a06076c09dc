"""Delivery terms: who pays freight and where risk passes must be settled before the supplier reads the order.

Source: domain.md 1, Delivery terms; cases DT* of the worked set delivery_terms. Missing fields are filled from the agreement,
else from the supplier record, and shown as filled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from typing import Final

from purveyor.core.facts import DeliveryTerms, FactKind
from purveyor.core.finding import Finding, Result, Section
from purveyor.core.rules.base import OrderCheck, Rule

RULE: Final = Rule("terms.delivery", Section.TERMS, "Freight term with FOB point, or Incoterm", (FactKind.SUPPLIER,))
PREPAID_AND_ADD: Final = "prepaid_and_add"
_FIELDS: Final = tuple(field.name for field in fields(DeliveryTerms))


@dataclass(frozen=True, slots=True)
class TermsJudgement:
    """The terms after filling, which fields were filled, which are still missing, and a warning that lets the order pass."""

    terms: DeliveryTerms
    filled: tuple[str, ...]
    missing: tuple[str, ...]
    warning: str | None = None


def judge_terms(
    ordered: DeliveryTerms,
    sources: tuple[DeliveryTerms, ...],
    ship_from: str | None,
    ship_to: frozenset[str] | None,
) -> TermsJudgement:
    """Fill the order's terms from the sources in their order and say what is missing for this pair of countries.

    Countries are ISO 3166 codes; None when a country is not known.
    """
    terms, filled = _fill(ordered, sources)
    if ship_from is None or ship_to is None:
        missing = () if terms.incoterm else _freight_missing(terms)
        return TermsJudgement(terms, filled, missing, None if missing else "COUNTRY_UNKNOWN")
    if ship_to != {ship_from}:
        missing = ("incoterm",) if not terms.incoterm else ()
        beside = _freight_missing(terms) if terms.freight_term else ()
        return TermsJudgement(terms, filled, missing + beside)
    if terms.incoterm and not terms.freight_term:
        return TermsJudgement(terms, filled, (), "INCOTERM_ON_DOMESTIC")
    return TermsJudgement(terms, filled, _freight_missing(terms))


def _fill(ordered: DeliveryTerms, sources: tuple[DeliveryTerms, ...]) -> tuple[DeliveryTerms, tuple[str, ...]]:
    filled = {}
    for name in _FIELDS:
        if getattr(ordered, name) is None:
            found = next((getattr(source, name) for source in sources if getattr(source, name) is not None), None)
            if found is not None:
                filled[name] = found
    return (replace(ordered, **filled) if filled else ordered), tuple(sorted(filled))


def _freight_missing(terms: DeliveryTerms) -> tuple[str, ...]:
    wanted = {"freight_term": terms.freight_term, "fob_point": terms.fob_point}
    if terms.freight_term == PREPAID_AND_ADD:
        wanted["freight_ceiling"] = None if terms.freight_ceiling is None else str(terms.freight_ceiling)
    return tuple(name for name, value in wanted.items() if not value)


def order_terms(at: OrderCheck) -> TermsJudgement:
    """Judge the delivery terms of an order; a supplier or site that is not known leaves its country open."""
    order, facts = at.order, at.facts
    ordered = DeliveryTerms(order.freight_term, order.fob_point, order.incoterm, order.freight_ceiling)
    supplier = facts.supplier.value if facts.supplier else None
    sources = (facts.agreed_terms.value,) if facts.agreed_terms else ()
    if supplier is not None:
        sources = (*sources, DeliveryTerms(supplier.freight_term, supplier.fob_point, supplier.incoterm))
    sites = {part.ship_to for line in order.lines if not line.cancelled for part in line.schedules if part.ship_to}
    known = all(site in facts.sites for site in sites) and bool(sites)
    countries = frozenset(facts.sites[site].country for site in sites) if known else None
    return judge_terms(ordered, sources, supplier.country if supplier else None, countries)


def delivery_terms(at: OrderCheck) -> Iterator[Finding]:
    """Yield TERMS_MISSING with the full list of missing fields, or the warning that goes with the terms."""
    judged = order_terms(at)
    filled = f" Filled from agreement or supplier: {', '.join(judged.filled)}." if judged.filled else ""
    if judged.missing:
        missing = ", ".join(judged.missing)
        yield at.finding(
            RULE, "TERMS_MISSING", f"Missing: {missing}.{filled}", result=Result.NO_DATA, actual=f"missing: {missing}"
        )
    if judged.warning == "INCOTERM_ON_DOMESTIC":
        message = f"Incoterm {judged.terms.incoterm} on a domestic order: the freight term is what counts here.{filled}"
        yield at.finding(RULE, "INCOTERM_ON_DOMESTIC", message)
    if judged.warning == "COUNTRY_UNKNOWN":
        message = f"The country of the supplier or of a ship-to site is not known, so the terms cannot be judged fully.{filled}"
        yield at.finding(RULE, "COUNTRY_UNKNOWN", message, result=Result.NO_DATA)
