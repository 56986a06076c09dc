"""How Tryton's words translate into ours: units, order states, holds. One table each, nothing else decides."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from purveyor.core.erp_records import ErpOrderStatus
from purveyor.core.order import Origin

UNIT_CODES: Final[Mapping[str, str]] = {"u": "EA", "ft": "FT", "m": "M", "kg": "KG", "lb": "LB", "gal": "GAL", "pr": "PR"}
"""Tryton's unit symbols as the codes the rest of Purveyor uses; any other symbol is used in capitals."""

HOLD_CATEGORY: Final = "Purchasing hold"
"""The party category that stops purchasing from a supplier: Tryton has no such flag of its own."""

OBSOLETE_CATEGORY: Final = "Obsolete"
"""The product category of items that are sold out and not bought again."""

OUR_REFERENCE: Final = re.compile(r"PV[A-Z0-9]{4,10}")
"""What our order references look like; any other reference is the buyer's own note."""


def unit_code(symbol: str) -> str:
    """Return our code for a unit symbol."""
    return UNIT_CODES.get(symbol, symbol.upper())


def order_status(state: str, shipment_state: str) -> ErpOrderStatus:
    """Return the status of a purchase from its own state and its shipments'."""
    if state in ("confirmed", "processing"):
        return {
            "partially shipped": ErpOrderStatus.PARTIALLY_RECEIVED,
            "received": ErpOrderStatus.RECEIVED,
        }.get(shipment_state, ErpOrderStatus.CONFIRMED)
    return {
        "draft": ErpOrderStatus.DRAFT,
        "quotation": ErpOrderStatus.SUBMITTED,
        "done": ErpOrderStatus.CLOSED,
        "cancelled": ErpOrderStatus.CANCELLED,
    }[state]


def origin_and_typist(description: str | None) -> tuple[Origin, str | None]:
    """Read how a draft came to be from its description, ``planned: who`` or ``typed: who``."""
    word, _, who = (description or "").partition(":")
    return (Origin.PLANNED if word.strip() == "planned" else Origin.TYPED), (who.strip() or None)
