"""What an ERP is told of goods: more is posted there, less belongs to a person who keys it, and one line never hides another."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from purveyor.app.erp_receipts import erp_receipt
from purveyor.app.receive import CountedLine
from purveyor.core.access import SYSTEM
from purveyor.core.cases import ExceptionType
from purveyor.core.ids import OrderId
from purveyor.core.order import PurchaseOrder
from purveyor.core.receiving import ReturnFor
from purveyor.store import messages
from purveyor.store.db import Database
from purveyor.store.tables.flow import MESSAGE
from tests.app.supplier_world import a_world, an_issued_order, counted, open_cases, two_lines

pytestmark = pytest.mark.postgres


def posted(database: Database, order_id: OrderId) -> list[dict[str, Decimal]]:
    """What each receipt for the ERP takes into stock, by the ERP's line."""
    with database.read(SYSTEM) as tx:
        found = [erp_receipt(tx, message) for message in messages.of_order(tx, order_id)]
    return [{line.order_line: line.accepted for line in receipt.lines} for receipt in found]


def both(database: Database, order: PurchaseOrder, first: str, second: str, **given: Any) -> None:
    """Count both lines in one receipt."""
    lines = (CountedLine(1, Decimal(first)), CountedLine(2, Decimal(second)))
    counted(database, order, "0", lines=lines, **given)


def test_a_return_is_keyed_in_the_erp_by_a_person_who_is_told_exactly_what(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database)
    counted(database, order, "20")

    counted(database, order, "-5", name="r2", hours=2, return_for=ReturnFor.CREDIT)
    counted(database, order, "-5", name="r2", hours=2, return_for=ReturnFor.CREDIT)

    assert posted(database, order.id) == [{"11": Decimal(20)}]
    (case,) = open_cases(database)
    assert (case.type, case.subject.order_id, case.subject.line_no) == (ExceptionType.ERP_WRITE_FAILED, order.id, 1)
    assert case.summary.endswith("line 1: take 5 CT back, then 15 CT are received.")
    assert dict(case.evidence[0].values) == {"purveyor": "15 CT", "erp": "20 CT"}
    assert case.proposed_resolution in case.allowed_resolutions


def test_more_of_one_line_is_posted_although_as_much_less_of_another_came(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database, **two_lines())
    both(database, order, "5", "10")

    both(database, order, "10", "5", revision=2)

    assert posted(database, order.id) == [{"1": Decimal(5), "2": Decimal(10)}, {"1": Decimal(5)}]
    (case,) = open_cases(database)
    assert case.summary.endswith("line 2: take 5 CT back, then 5 CT are received.")


def test_nothing_needs_to_be_keyed_in_an_erp_that_is_never_written_to(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database)
    counted(database, order, "20")
    with database.transaction(SYSTEM) as tx:
        tx.conn.execute(MESSAGE.update().values(state="done", result={"outcome": "unsupported"}))

    counted(database, order, "-5", name="r2", hours=2, return_for=ReturnFor.CREDIT)

    assert open_cases(database) == []


def test_an_order_that_lives_in_no_erp_tells_none(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database, erp=None)

    counted(database, order, "20")
    counted(database, order, "-5", name="r2", hours=2, return_for=ReturnFor.CREDIT)

    assert posted(database, order.id) == []
    assert open_cases(database) == []
