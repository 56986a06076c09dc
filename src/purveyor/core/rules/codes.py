"""Every code the gate can give and the severity it has unless the policy says otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from purveyor.core.finding import Severity

SEVERITIES: Final[Mapping[str, Severity]] = {
    "NO_LINES": Severity.BLOCK,
    "SUPPLIER_UNKNOWN": Severity.BLOCK,
    "ITEM_UNKNOWN": Severity.BLOCK,
    "CODE_UNMAPPED": Severity.BLOCK,
    "QUANTITY_INVALID": Severity.BLOCK,
    "SCHEDULES_UNEVEN": Severity.BLOCK,
    "UNIT_MISSING": Severity.BLOCK,
    "UNIT_PRICE_MISSING": Severity.BLOCK,
    "UNIT_PRICE_INVALID": Severity.BLOCK,
    "SHIP_TO_MISSING": Severity.BLOCK,
    "NEED_BY_MISSING": Severity.BLOCK,
    "NEED_BY_PAST": Severity.BLOCK,
    "TERMS_MISSING": Severity.BLOCK,
    "INCOTERM_ON_DOMESTIC": Severity.WARN,
    "COUNTRY_UNKNOWN": Severity.WARN,
    "ITEM_STALE": Severity.BLOCK,
    "ITEM_SUPERSEDED": Severity.APPROVE,
    "SUPPLIER_ON_HOLD": Severity.BLOCK,
    "SUPPLIER_INACTIVE": Severity.BLOCK,
    "PRICE_MISMATCH": Severity.BLOCK,
    "PRICE_MISSING": Severity.APPROVE,
    "PRICE_AMBIGUOUS": Severity.APPROVE,
    "PRICE_ABOVE_LAST": Severity.APPROVE,
    "PRICE_ABOVE_MEDIAN": Severity.WARN,
    "PRICE_KEYING": Severity.BLOCK,
    "MOQ": Severity.BLOCK,
    "MULTIPLE": Severity.BLOCK,
    "ABOVE_MAX_ORDER_QTY": Severity.APPROVE,
    "SUPPLIER_ITEM_MISSING": Severity.WARN,
    "UOM_UNKNOWN": Severity.BLOCK,
    "PACK_SLIP": Severity.BLOCK,
    "OVER_MAX": Severity.APPROVE,
    "STOCK_UNKNOWN": Severity.WARN,
    "QUANTITY_ANOMALY": Severity.APPROVE,
    "NO_HISTORY": Severity.INFO,
    "LEAD_TIME_RISK": Severity.WARN,
    "LEAD_TIME_UNKNOWN": Severity.INFO,
    "PROBABLE_DUPLICATE": Severity.BLOCK,
    "DATA_TOO_OLD": Severity.BLOCK,
}
"""Code -> default severity; the product's choice, replaced per code by ``GatePolicy.severities``."""

MISSING_DATA: Final = frozenset(
    {
        *(
            "NO_LINES",
            "SUPPLIER_UNKNOWN",
            "ITEM_UNKNOWN",
            "CODE_UNMAPPED",
            "QUANTITY_INVALID",
            "SCHEDULES_UNEVEN",
            "UNIT_MISSING",
        ),
        *("UNIT_PRICE_MISSING", "UNIT_PRICE_INVALID", "SHIP_TO_MISSING", "NEED_BY_MISSING", "TERMS_MISSING", "UOM_UNKNOWN"),
    }
)
"""Codes that say the order cannot be understood by its supplier; nobody can decide them away, the data must be filled in."""
