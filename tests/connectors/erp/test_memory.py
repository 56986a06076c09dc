"""The ERP in memory: the faults it can be told to have, and corners the shared suite does not reach."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from purveyor.connectors.erp.contract import START
from purveyor.connectors.erp.memory import Fault, MemoryErp
from purveyor.core.erp_records import Entity, ErpStock
from purveyor.core.erp_results import Applied, Conflict, Rejected
from tests.connectors.erp.desks import MemoryDesk


def test_an_edit_just_before_the_write_is_a_conflict() -> None:
    desk = MemoryDesk()
    order = desk.draft()
    desk.erp.fail_next_write(Fault.EDITED_MEANWHILE)

    result = desk.erp.confirm(order, "PV000001", order.version)

    assert isinstance(result, Conflict)
    assert desk.erp.writes == 0


def test_demand_comes_page_by_page() -> None:
    erp = MemoryDesk().erp

    first = erp.pull(Entity.STOCK, START, 1)

    assert (len(first.records), first.complete) == (1, True)


def test_a_position_longer_than_a_page_goes_on_where_it_stopped() -> None:
    desk = MemoryDesk()
    stock = desk.erp.ledger.records(Entity.STOCK)[0]
    assert isinstance(stock, ErpStock)
    desk.erp.ledger.load([replace(stock, external_id="1:12", site="12")])

    first = desk.erp.pull(Entity.STOCK, START, 1)
    second = desk.erp.pull(Entity.STOCK, first.cursor, 1)

    assert (first.complete, second.complete) == (False, True)
    assert {first.records[0].external_id, second.records[0].external_id} == {"1:5", "1:12"}


def test_an_item_nobody_sells_has_no_price_and_no_order_is_placed() -> None:
    desk = MemoryDesk()
    order = desk.draft("20", None)
    strange = replace(order, lines=(replace(order.lines[0], item="99"),))

    result = desk.erp.confirm(strange, "PV000001", order.version)

    assert isinstance(result, Rejected)
    assert result.code == "price_missing"


def test_an_erp_without_units_or_stock_still_confirms() -> None:
    bare = MemoryErp()
    order = MemoryDesk().draft()
    typed = bare.ledger.save(Entity.ORDER, order)

    result = bare.confirm(typed, "PV000001", typed.version)

    assert isinstance(result, Applied)


def test_below_the_first_break_there_is_no_price() -> None:
    desk = MemoryDesk()
    order = desk.draft("1", None)
    little = replace(order, lines=(replace(order.lines[0], quantity=Decimal("0")),))

    result = desk.erp.confirm(little, "PV000001", order.version)

    assert isinstance(result, Rejected)
