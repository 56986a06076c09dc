"""The worked cases of receipts: limits, recounts, returns and short closes, each followed count by count."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from purveyor.core.acknowledge import DocumentKey
from purveyor.core.canonical import plain_decimal
from purveyor.core.receiving import Announced, Count, Judged, ReceivingTerms, ReturnFor, judge
from tests.core.supplier_side import MONDAY
from tests.worked import needs_worked_cases, worked_cases

pytestmark = needs_worked_cases


def key(number: int) -> DocumentKey:
    return DocumentKey("wms", f"r{number:02}", 1)


def counts_of(raw: list[Any]) -> list[Count]:
    counts = []
    for place, item in enumerate(raw, start=1):
        fields = item if isinstance(item, dict) else {"qty": item}
        counts.append(
            Count(
                key(place),
                MONDAY + timedelta(hours=place),
                Decimal(fields["qty"]),
                return_for=ReturnFor(fields["return"]) if "return" in fields else None,
                recount_of=key(fields["recount_of"]) if "recount_of" in fields else None,
            )
        )
    return counts


def announced_in(given: dict[str, Any]) -> Announced | None:
    if "later_promise" in given:
        return Announced(promised_delivery=date.fromisoformat(given["later_promise"]["promised_delivery"]))
    return Announced(ship_notice=True) if "open_ship_notice" in given else None


def shown(judged: Judged) -> dict[str, str]:
    told: dict[str, Any] = {
        "accepted": judged.accepted,
        "excess": judged.excess,
        "accepted_total": judged.accepted_total,
        "open_qty": judged.open_quantity,
        "status": judged.status.value,
        "held": judged.held or None,
        "short_qty": judged.short_quantity or None,
        "returned_for_credit": judged.credited_total or None,
        "finding": judged.codes[0].value if judged.codes else None,
        "short_close_waits_for": judged.waits_for,
    }
    return {
        name: plain_decimal(value) if isinstance(value, Decimal) else value for name, value in told.items() if value is not None
    }


@pytest.mark.parametrize("case", worked_cases("over_receipt"))
def test_what_is_accepted_of_each_count(case: dict[str, Any]) -> None:
    given, expected = case["input"], case["expect"]
    terms = ReceivingTerms(Decimal(given["over_pct"]), Decimal(given["short_close_pct"]), discrete=given["discrete"])
    ordered = Decimal(given["ordered"])
    counts = counts_of(given["receipts"])

    after_each = [judge(ordered, terms, counts[: place + 1], announced_in(given))[-1] for place in range(len(counts))]

    assert terms.limit(ordered) == Decimal(expected["limit"])
    assert [shown(judged) for judged in after_each] == expected["receipts"]
