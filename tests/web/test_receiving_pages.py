"""The dock's pages: what is expected when and where, counting once, and questions before anything wrong is booked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from purveyor.core.access import SYSTEM
from purveyor.core.cases import ExceptionType
from purveyor.settings import Settings
from purveyor.store import orders, receipts
from purveyor.store.db import Database
from tests.app.supplier_world import answered, progress, twelve_and_eight
from tests.order_builders import DAYTON
from tests.web.dock_world import World, a_dock_world

FIELD = f"count-1-{DAYTON}"


@pytest.fixture
def world(database: Database, web_settings: Settings) -> Iterator[World]:
    """One person of each role and a pump order at its supplier."""
    with a_dock_world(database, web_settings) as opened:
        yield opened


def count(world: World, quantity: str, uom: str = "CT", **fields: str) -> tuple[int, str]:
    """Let the warehouse count the first line; returns the status and the next page."""
    path = f"/receiving/{world.order.order_ref}"
    answer = world.warehouse.send(path, **{FIELD: quantity, f"{FIELD}-uom": uom, **fields})
    return answer.status_code, answer.text or world.warehouse.open("/receiving").text


def test_the_dock_sees_each_part_on_the_day_it_is_promised_for(world: World) -> None:
    answered(world.database, world.order, *twelve_and_eight())

    page = world.warehouse.open("/receiving").text

    shown = (
        "Nothing is due by today, 2 expected in all.",
        "12 CT",
        "Mon 30 Mar 2026",
        "8 CT",
        "promised",
        "Dayton",
        world.order.order_ref,
    )
    for words in shown:
        assert words in page


def test_what_came_is_no_longer_expected(world: World) -> None:
    answered(world.database, world.order, *twelve_and_eight())

    _, page = count(world, "12")

    assert "1 expected in all" in page
    assert "8 CT" in page
    assert "12 CT" not in page


def test_without_a_promise_the_day_is_the_one_asked_for(world: World) -> None:
    page = world.warehouse.open("/receiving").text

    assert "Tue 31 Mar 2026" in page
    assert "asked for" in page


def test_one_site_can_be_looked_at_alone(world: World) -> None:
    assert world.order.order_ref in world.warehouse.open(f"/receiving?site={DAYTON}").text
    assert "Nothing is expected." in world.warehouse.open("/receiving?site=00000000-0000-7000-8000-000000000099").text
    assert world.warehouse.open("/receiving?site=dayton").status_code == 422


def test_a_full_count_is_booked_and_leaves_the_list(world: World) -> None:
    status, page = count(world, "20")

    assert (status, "Recorded. The goods are booked." in page) == (303, True)
    assert "Nothing is expected." in page
    assert progress(world.database, world.order.id).accepted == 20


def test_pieces_where_cartons_were_meant_are_asked_about_before_anything_is_booked(world: World) -> None:
    status, page = count(world, "240", "CT")

    assert (status, "Please count again: 20 CT (240 EA)?" in page) == (303, True)
    assert "Count again" in page
    assert progress(world.database, world.order.id).accepted == 0
    assert len(world.open_cases(ExceptionType.HELD_RECOUNT)) == 1


def test_more_than_ordered_goes_to_the_buyer(world: World) -> None:
    _, page = count(world, "21")

    assert "the buyer decides on the rest" in page
    assert len(world.open_cases(ExceptionType.OVER_RECEIPT)) == 1


def test_damaged_goods_are_part_of_the_count(world: World) -> None:
    wrong, page = count(world, "2", **{f"{FIELD}-damaged": "3"})
    right, _ = count(world, "12", **{f"{FIELD}-damaged": "1"})

    assert (wrong, "Damaged goods are part of what was counted." in page, right) == (422, True, 303)
    assert len(world.open_cases(ExceptionType.DAMAGED_RECEIPT)) == 1


@pytest.mark.parametrize(
    ("quantity", "said"), [("", "Enter what was counted of at least one line."), ("a dozen", "This is no quantity.")]
)
def test_what_cannot_be_read_is_said_and_nothing_is_recorded(world: World, quantity: str, said: str) -> None:
    status, page = count(world, quantity)

    assert (status, said in page) == (422, True)
    with world.database.read(SYSTEM) as tx:
        assert receipts.of_order(tx, world.order.id) == []


def test_the_same_form_sent_twice_counts_once_and_with_other_figures_is_asked_about(world: World) -> None:
    once = [count(world, "12", form_id="f1") for _ in range(2)]
    other = count(world, "13", form_id="f1")

    assert [status for status, _ in once] == [303, 303]
    assert "counts once" in once[1][1]
    assert (other[0], "sent this form with other figures" in other[1]) == (422, True)
    assert progress(world.database, world.order.id).accepted == 12


@pytest.mark.parametrize("quantity", ["", "many"])
def test_a_recount_needs_a_quantity(world: World, quantity: str) -> None:
    count(world, "240", "CT")
    case = world.case(ExceptionType.HELD_RECOUNT)
    at = f"/exceptions/{case.id}"
    action = world.warehouse.open(at).text.partition('action="/receiving/recount/')[2].partition('"')[0]

    answer = world.warehouse.send(f"/receiving/recount/{action}", seen_on=at, quantity=quantity)

    assert answer.status_code == 422


def test_only_the_warehouse_counts(world: World) -> None:
    path = f"/receiving/{world.order.order_ref}"

    assert world.buyer.open(path).status_code == 403
    assert world.buyer.open("/receiving").status_code == 200
    assert world.warehouse.open("/receiving/PVNOTHING").status_code == 404


def test_a_closed_order_takes_no_count(world: World) -> None:
    with world.database.transaction(SYSTEM) as tx:
        tx.conn.exec_driver_sql("UPDATE purchase_order SET status = 'closed'")

    page = world.warehouse.open(f"/receiving/{world.order.order_ref}").text

    assert "Record the count" not in page
    with world.database.read(SYSTEM) as tx:
        assert orders.get(tx, world.order.id).status == "closed"
