"""Inputs and questions for tests of models."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from purveyor.core.advisory import QuantityInputs, QuantityQuestion
from purveyor.core.ids import BusinessUnitId, ItemId, OrderId, SiteId

ORDER = OrderId(UUID(int=1))
SITE = SiteId(UUID(int=2))
USUAL = ("80", "90", "100", "100", "110", "120", "100", "90", "110", "100", "80", "120")


def some_inputs(ordered: str = "800", history: tuple[str, ...] = USUAL, **changes: Any) -> QuantityInputs:
    """Eight times the usual order of the site, by the limits of the shipped policy."""
    inputs = QuantityInputs(
        item_id=ItemId(UUID(int=3)),
        site_id=SITE,
        ordered=Decimal(ordered),
        uom="EA",
        history=tuple(sorted(map(Decimal, history))),
        deviations=Decimal(5),
        times_largest=Decimal(3),
        least_orders=6,
        least_times_median=Decimal("1.5"),
        policy="gate_limits@1",
    )
    return replace(inputs, **changes)


def a_question(inputs: QuantityInputs | None = None, **changes: Any) -> QuantityQuestion:
    """A question about line 1 of an order."""
    question = QuantityQuestion(
        order_id=ORDER,
        order_ref="PV000001",
        order_version=1,
        business_unit_id=BusinessUnitId(UUID(int=4)),
        supplier_id=None,
        buyer_id=None,
        category="pumps",
        line_no=1,
        site_code="DAY",
        inputs=inputs or some_inputs(),
        exposure=None,
    )
    return replace(question, **changes)
