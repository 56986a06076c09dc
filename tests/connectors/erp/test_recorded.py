"""The Tryton adapter against recorded answers, without a running ERP: a field that goes missing fails here by its name."""

from __future__ import annotations

import copy
import json
from decimal import Decimal
from typing import Any

import pytest

from purveyor.connectors.contract import PermanentError
from purveyor.connectors.erp.contract import START
from purveyor.connectors.erp.tryton import TrytonAccess, TrytonConnector
from purveyor.core.erp_records import Entity, ErpOrder, ErpOrderStatus, ErpSupplier
from purveyor.core.erp_results import Applied
from purveyor.core.parties import SupplierStatus
from tests.connectors.erp.record import FIXTURE, Replay

ORDER_FIELDS = (
    *("state", "shipment_state", "reference", "number", "revision", "party", "warehouse", "currency.", "purchase_date"),
    *("delivery_date", "description", "lines.", "_timestamp", "create_date", "write_date"),
)
LINE_FIELDS = (
    *("type", "sequence", "product", "description", "quantity", "unit_price", "delivery_date_store", "_timestamp"),
    *("unit.", "taxes.", "moves.", "invoice_lines.", "create_date", "write_date", "id"),
)


def recorded() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(FIXTURE.read_text(encoding="utf-8"))
    return found


def a_tryton(heard: list[dict[str, Any]]) -> TrytonConnector:
    return TrytonConnector(TrytonAccess("http://tryton.test", "db", "purveyor", "secret"), transport=Replay(heard))


def read_draft(connector: TrytonConnector) -> ErpOrder:
    order_id = str(recorded()[0]["answer"]["result"][0]["id"])
    order = connector.get_order(order_id)
    assert order is not None
    return order


def test_the_recorded_draft_reads_as_twenty_cartons_of_pumps() -> None:
    order = read_draft(a_tryton(recorded()))

    assert order.status is ErpOrderStatus.DRAFT
    assert [(line.quantity, line.uom, line.unit_price) for line in order.lines] == [(Decimal(20), "CTN12", Decimal("998.40"))]


def test_the_recorded_confirmation_is_applied_and_the_suppliers_follow() -> None:
    connector = a_tryton(recorded())
    order = read_draft(connector)

    result = connector.confirm(order, "PV000REC", order.version)
    page = connector.pull(Entity.SUPPLIER, START, 2)

    assert isinstance(result, Applied)
    assert result.number
    assert {entry.status for entry in page.records if isinstance(entry, ErpSupplier)} <= set(SupplierStatus)
    assert (len(page.records), page.complete) == (2, False)


@pytest.mark.parametrize("field", ORDER_FIELDS)
def test_an_order_without_a_field_we_rely_on_is_refused_by_the_name_of_the_field(field: str) -> None:
    heard = copy.deepcopy(recorded())
    del heard[0]["answer"]["result"][0][field]

    with pytest.raises(PermanentError, match=field.strip(".")):
        read_draft(a_tryton(heard))


@pytest.mark.parametrize("field", LINE_FIELDS)
def test_a_line_without_a_field_we_rely_on_is_refused_by_the_name_of_the_field(field: str) -> None:
    heard = copy.deepcopy(recorded())
    del heard[0]["answer"]["result"][0]["lines."][0][field]

    with pytest.raises(PermanentError, match=field):
        read_draft(a_tryton(heard))
