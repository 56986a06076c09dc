"""The worked cases of promise dates, and of what a late receipt costs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from purveyor.core.acknowledge import fold_line
from purveyor.core.promise import DayKind, Promise, Transit, build_ledger
from purveyor.core.stockout import DueReceipt, shortage_until
from tests.core.supplier_side import a_line, a_part, an_answer, open_days
from tests.worked import needs_worked_cases, worked_cases, worked_set

pytestmark = needs_worked_cases


def shown(promises: tuple[Promise, ...]) -> dict[str, str | None] | None:
    if not promises:
        return None
    (only,) = promises
    return {
        "promised_ship": only.promised_ship.isoformat() if only.promised_ship else None,
        "promised_delivery": only.promised_delivery.isoformat() if only.promised_delivery else None,
        "basis": only.basis and only.basis.value,
    }


@pytest.mark.parametrize("case", worked_cases("promise_dates"))
def test_what_was_promised_first_and_what_is_promised_now(case: dict[str, Any]) -> None:
    given, expected = case["input"], case["expect"]
    line = a_line("100", need_by=given["need_by"])
    transit = given["transit"] and Transit(given["transit"]["days"], DayKind(given["transit"]["kind"]))
    answers = [an_answer(a_part(**answer), name=f"a{place}", minutes=place) for place, answer in enumerate(given["answers"])]
    fold = fold_line(line, answers)

    ledger = build_ledger(line, fold.applied, fold.standing, transit, open_days(*worked_set("promise_dates")["holidays"]))

    assert shown(ledger.original) == expected["original"]
    assert shown(ledger.current) == expected["current"]
    assert any(promise.transit_unknown for promise in ledger.current) == (expected.get("finding") == "TRANSIT_UNKNOWN")


@pytest.mark.parametrize(
    "case", [case for case in worked_cases("reorder_point_and_cover") if "days_short" in case.values[0]["expect"]]
)
def test_what_is_short_until_a_late_receipt(case: dict[str, Any]) -> None:
    given, expected = case["input"], case["expect"]
    others = [DueReceipt(Decimal(other["in_days"]), Decimal(other["qty"])) for other in given.get("other_receipts", [])]

    shortage = shortage_until(
        Decimal(given["receipt_in_days"]),
        Decimal(given["on_hand"]) - Decimal(given["allocated"]),
        Decimal(given["daily_demand"]),
        others,
    )

    assert str(shortage.available) == expected["available_to_receipt"]
    assert str(shortage.days_short) == expected["days_short"]
    assert str(shortage.units_short) == expected["units_short"]
