"""What measures are made from."""

from __future__ import annotations

from dataclasses import replace

import pytest

from purveyor.core.events.base import Ref
from purveyor.core.ids import OrderId
from purveyor.core.lifecycle import Status
from purveyor.core.measured import EventRow, MeasuredDocument, MeasuredOrder
from tests.order_builders import MONDAY, UNIT, fresh_id


@pytest.mark.parametrize(("status", "is_open"), [(Status.ISSUED, True), (Status.CLOSED, False), (Status.CANCELLED, False)])
def test_a_measured_order_is_open_while_something_can_still_happen_to_it(status: Status, is_open: bool) -> None:
    order = MeasuredOrder(OrderId(fresh_id()), "PV1", Status.DRAFT, UNIT)

    assert replace(order, status=status).is_open is is_open


def test_rows_and_documents_are_values() -> None:
    ref = Ref("invoice", fresh_id())

    assert EventRow(ref, 1, "invoice.matched", MONDAY, {}) == EventRow(ref, 1, "invoice.matched", MONDAY, {})
    assert MeasuredDocument(ref, "KP-1").counted
