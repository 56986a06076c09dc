"""Short words for the stable codes of findings, answers, matches and causes; the code itself stands under Details."""

from __future__ import annotations

from typing import Final

from purveyor.web.i18n import marked

FIELD: Final[dict[str, str]] = {
    "item": marked("item"),
    "item_id": marked("item record"),
    "quantity": marked("quantity"),
    "uom": marked("unit"),
    "unit_price": marked("price"),
    "price_per": marked("quantity the price is for"),
    "cancelled": marked("cancelled"),
    "schedules": marked("dates, places and their quantities"),
    "currency": marked("currency"),
    "payment_terms": marked("payment terms"),
    "freight_term": marked("freight"),
    "fob_point": marked("point where risk passes"),
    "incoterm": marked("Incoterm"),
    "freight_ceiling": marked("most freight allowed"),
}
"""What the fields are called in which two versions of an order can differ."""
NAMED_ONLY: Final = frozenset({"schedules", "item_id"})
"""Fields whose values are no words; that they changed is said, and the order shows what they are."""
FINDING: Final[dict[str, str]] = {
    "NO_LINES": marked("no lines"),
    "SUPPLIER_UNKNOWN": marked("unknown supplier"),
    "ITEM_UNKNOWN": marked("unknown item"),
    "CODE_UNMAPPED": marked("unknown code"),
    "QUANTITY_INVALID": marked("quantity missing"),
    "SCHEDULES_UNEVEN": marked("schedules do not add up"),
    "UNIT_MISSING": marked("unit missing"),
    "UNIT_PRICE_MISSING": marked("price missing"),
    "UNIT_PRICE_INVALID": marked("price cannot be used"),
    "SHIP_TO_MISSING": marked("ship-to missing"),
    "NEED_BY_MISSING": marked("need-by date missing"),
    "NEED_BY_PAST": marked("need-by date in the past"),
    "TERMS_MISSING": marked("delivery terms missing"),
    "INCOTERM_ON_DOMESTIC": marked("Incoterm on a domestic order"),
    "COUNTRY_UNKNOWN": marked("unknown country"),
    "ITEM_STALE": marked("item no longer bought"),
    "ITEM_SUPERSEDED": marked("item replaced by another"),
    "SUPPLIER_ON_HOLD": marked("supplier on hold"),
    "SUPPLIER_INACTIVE": marked("supplier inactive"),
    "PRICE_MISMATCH": marked("price differs from the agreement"),
    "PRICE_MISSING": marked("no agreed price"),
    "PRICE_AMBIGUOUS": marked("several prices agreed"),
    "PRICE_ABOVE_LAST": marked("dearer than last time"),
    "PRICE_ABOVE_MEDIAN": marked("dearer than usual"),
    "PRICE_KEYING": marked("price probably mistyped"),
    "MOQ": marked("below the minimum"),
    "MULTIPLE": marked("not a multiple of the pack"),
    "ABOVE_MAX_ORDER_QTY": marked("above the largest order"),
    "SUPPLIER_ITEM_MISSING": marked("supplier's terms missing"),
    "UOM_UNKNOWN": marked("unit cannot be converted"),
    "PACK_SLIP": marked("cartons and pieces mixed up"),
    "OVER_MAX": marked("more than the stock may hold"),
    "STOCK_UNKNOWN": marked("stock unknown"),
    "QUANTITY_ANOMALY": marked("unusual quantity"),
    "NO_HISTORY": marked("never bought before"),
    "LEAD_TIME_RISK": marked("need-by date too early"),
    "LEAD_TIME_UNKNOWN": marked("lead time unknown"),
    "PROBABLE_DUPLICATE": marked("probably ordered twice"),
    "DATA_TOO_OLD": marked("data too old"),
    "POSSIBLE_SPLIT": marked("may be one order split up"),
}
ANSWER_RESULT: Final[dict[str, str]] = {
    "APPLIED": marked("taken over"),
    "DUPLICATE": marked("said before, counted once"),
    "STALE_VERSION": marked("about an older version"),
    "UNKNOWN_VERSION": marked("about an unknown version"),
    "ACKNOWLEDGMENT_EXCEEDS_ORDER": marked("more than was ordered"),
    "IGNORED_TECHNICAL": marked("a technical receipt only"),
}
MATCH_OUTCOME: Final[dict[str, str]] = {
    "MATCHED": marked("all agrees"),
    "WAITING_RECEIPT": marked("waiting for the receipt"),
    "REVIEW": marked("needs a look"),
    "EXCEPTION": marked("differs"),
}
CAUSE: Final[dict[str, str]] = {
    "approval_missing": marked("the approval no longer fits"),
    "gate_block": marked("the gate stopped it"),
    "erp_conflict": marked("it was changed in the ERP"),
    "edited": marked("edited"),
    "edited_in_erp": marked("edited in the ERP"),
    "cancelled": marked("cancelled"),
}
RESOLUTION: Final[dict[str, str]] = {
    "cleared": marked("the cause is gone"),
    "answered": marked("answered"),
    "replay": marked("sent again"),
    "accept_invoice_price": marked("invoice price accepted"),
    "reject_invoice": marked("invoice sent back"),
    "reduce_quantity": marked("quantity reduced"),
    "use_expected_price": marked("agreed price used"),
    "call_supplier": marked("supplier called"),
    "await_receipt": marked("receipt awaited"),
}
MISMATCH: Final[dict[str, str]] = {
    "PRICE": marked("price"),
    "PRICE_CUMULATIVE": marked("price with earlier invoices"),
    "PRICE_FAVOURABLE": marked("price suspiciously low"),
    "VALUE_CUMULATIVE": marked("value with earlier invoices"),
    "QUANTITY": marked("quantity"),
    "UNIT": marked("unit"),
    "CURRENCY": marked("currency"),
    "ORDER": marked("order"),
    "FREIGHT": marked("freight"),
    "TAX": marked("tax"),
    "TOTAL": marked("total"),
    "DUPLICATE": marked("probable copy"),
}
MOVED: Final[dict[str, str]] = {
    "shipped": marked("announced"),
    "accepted": marked("received"),
    "rejected": marked("damaged"),
    "returned": marked("returned"),
    "credited": marked("credited"),
    "shipment_ended": marked("no longer expected"),
    "invoiced": marked("invoiced"),
}
