"""The rules of the gate, in the order of the report. A rule joins by being written and listed here."""

from __future__ import annotations

from typing import Final

from purveyor.core.rules import (
    agreed_price,
    completeness,
    delivery_terms,
    duplicate,
    freshness,
    keying,
    lead_time,
    masters,
    minimum,
    packs,
    stock,
    usual,
)
from purveyor.core.rules.base import LineRule, OrderRule

RULES: Final[tuple[OrderRule | LineRule, ...]] = (
    LineRule(packs.RULE, packs.unit_fits),
    LineRule(minimum.RULE, minimum.fits_the_terms),
    LineRule(usual.RULE, usual.quantity_is_usual),
    LineRule(agreed_price.RULE, agreed_price.price_matches),
    LineRule(keying.RULE, keying.price_keying),
    OrderRule(delivery_terms.RULE, delivery_terms.delivery_terms),
    OrderRule(completeness.ORDER, completeness.order_complete),
    LineRule(completeness.LINE, completeness.line_complete),
    OrderRule(masters.SUPPLIER, masters.supplier_is_open),
    LineRule(masters.ITEM, masters.item_is_live),
    OrderRule(freshness.ORDER, freshness.supplier_fresh),
    LineRule(freshness.LINE, freshness.facts_fresh),
    LineRule(duplicate.RULE, duplicate.not_entered_before),
    LineRule(stock.RULE, stock.within_maximum),
    LineRule(lead_time.RULE, lead_time.need_by_is_reachable),
)
"""Every rule with its metadata; sections are those of the report."""

ORDER_RULES: Final = tuple(rule for rule in RULES if isinstance(rule, OrderRule))
LINE_RULES: Final = tuple(rule for rule in RULES if isinstance(rule, LineRule))
