"""Change orders: a copy is changed, shown, and applied as the next version; what it does not touch stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from uuid import UUID

import pytest

from purveyor.core.change import (
    Action,
    BelowReceived,
    CancelLine,
    ChangeOrder,
    ChangeStatus,
    ChangeVerb,
    Initiator,
    SetItem,
    SetNeedBy,
    SetPrice,
    SetQuantity,
    SplitLine,
    apply,
    move,
    preview,
)
from purveyor.core.errors import IllegalTransition, InvalidInput, StaleVersion, UnknownReference
from purveyor.core.ids import ChangeOrderId, ItemId
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from tests.core.supplier_side import DAYTON, TULSA, a_line, a_schedule, an_order, quantities


def a_change(*actions: Action, base_version: int = 1, status: ChangeStatus = ChangeStatus.APPROVED) -> ChangeOrder:
    order_id = an_order().id
    return ChangeOrder(ChangeOrderId(UUID(int=7)), order_id, base_version, actions, Initiator.SUPPLIER, status)


def two_lines() -> PurchaseOrder:
    return an_order(a_line("100", price="10.00"), a_line("50", line_no=2, price="8.00"), status=Status.ACKNOWLEDGED)


def test_the_next_version_marks_only_the_lines_that_changed() -> None:
    order, change = apply(two_lines(), a_change(SetQuantity(2, Decimal(80)), SetPrice(2, Decimal("7.50"))))

    assert (order.version, order.status, change.status) == (2, Status.ISSUED, ChangeStatus.APPLIED)
    assert [line.changed_in_version for line in order.lines] == [1, 2]
    assert order.total == Decimal("1600.00")


def test_a_preview_saves_nothing_and_keeps_the_status() -> None:
    before = two_lines()

    after = preview(before, [CancelLine(1)])

    assert (after.version, after.status, before.lines[0].cancelled) == (2, Status.ACKNOWLEDGED, False)


def test_a_change_that_changes_nothing_is_no_new_version() -> None:
    assert preview(two_lines(), [SetQuantity(1, Decimal(100))]).version == 1


def test_a_smaller_quantity_takes_from_the_last_schedules() -> None:
    order = an_order(a_line("100", schedules=(a_schedule(1, "60"), a_schedule(2, "30"), a_schedule(3, "10"))))

    (line,) = preview(order, [SetQuantity(1, Decimal(75))]).lines

    assert [(part.schedule_no, part.quantity) for part in line.schedules] == [(1, Decimal(60)), (2, Decimal(15))]
    (more,) = preview(order, [SetQuantity(1, Decimal(108))]).lines
    assert tuple(part.quantity for part in more.schedules) == quantities(60, 30, 18)


def test_a_part_at_another_price_gets_its_own_line() -> None:
    order = an_order(a_line("100", price="10.00", schedules=(a_schedule(1, "60"), a_schedule(2, "40", ship_to=TULSA))), version=3)

    after = preview(order, [SplitLine(1, Decimal(50), 2, unit_price=Decimal("10.60"))])

    kept, moved = after.lines
    assert (kept.quantity, moved.quantity, moved.unit_price) == (Decimal(50), Decimal(50), Decimal("10.60"))
    assert [(part.ship_to, part.quantity) for part in moved.schedules] == [(DAYTON, Decimal(10)), (TULSA, Decimal(40))]
    assert (after.version, kept.changed_in_version, moved.changed_in_version) == (4, 4, 4)
    tulsa_only = preview(order, [SplitLine(1, Decimal(40), 2)]).lines[1]
    assert [(part.ship_to, part.quantity) for part in tulsa_only.schedules] == [(TULSA, Decimal(40))]


def test_a_substitute_for_a_part_is_another_item_on_a_line_of_its_own() -> None:
    ours = ItemId(UUID(int=9))

    after = preview(two_lines(), [SplitLine(1, Decimal(20), 3, item_id=ours, item_code="B-200")])

    moved = after.lines[2]
    assert (moved.item_code, moved.item_id, moved.unit_price, moved.supplier_part_no) == ("B-200", ours, Decimal("10.00"), None)
    assert [line.changed_in_version for line in after.lines] == [2, 1, 2]


def test_a_substitute_for_the_whole_line_takes_its_place() -> None:
    (line, _) = preview(two_lines(), [SetItem(1, None, "B-200")]).lines

    assert (line.item_code, line.item_id, line.supplier_part_no) == ("B-200", None, None)


def test_a_schedule_can_be_wanted_on_another_day() -> None:
    order = an_order(a_line("100", schedules=(a_schedule(1, "60"), a_schedule(2, "40"))))

    (line,) = preview(order, [SetNeedBy(1, 2, date(2026, 4, 7))]).lines

    assert [part.need_by for part in line.schedules] == [date(2026, 3, 27), date(2026, 4, 7)]


def test_no_less_can_be_ordered_than_has_arrived() -> None:
    with pytest.raises(BelowReceived):
        preview(two_lines(), [SetQuantity(1, Decimal(59))], {1: Decimal(60)})
    with pytest.raises(BelowReceived):
        preview(two_lines(), [CancelLine(1)], {1: Decimal(1)})
    assert preview(two_lines(), [SetQuantity(1, Decimal(60))], {1: Decimal(60)}).version == 2


def test_a_change_against_an_older_version_is_refused() -> None:
    with pytest.raises(StaleVersion):
        apply(replace(two_lines(), version=2), a_change(SetQuantity(1, Decimal(5))))


@pytest.mark.parametrize(
    "action",
    [
        SetQuantity(1, Decimal(0)),
        SetQuantity(1, Decimal("Infinity")),
        SplitLine(1, Decimal(100), 3),
        SplitLine(1, Decimal(10), 2),
    ],
)
def test_an_impossible_change_is_refused(action: Action) -> None:
    with pytest.raises(InvalidInput):
        preview(two_lines(), [action])


@pytest.mark.parametrize("action", [SetQuantity(9, Decimal(5)), SetNeedBy(1, 9, date(2026, 4, 7))])
def test_a_change_of_something_that_is_not_there_is_refused(action: Action) -> None:
    with pytest.raises(UnknownReference):
        preview(two_lines(), [action])


def test_a_cancelled_line_cannot_be_changed() -> None:
    with pytest.raises(InvalidInput):
        preview(two_lines(), [CancelLine(1), SetPrice(1, Decimal(5))])


def test_a_change_order_follows_its_table() -> None:
    draft = a_change(status=ChangeStatus.DRAFT)

    pending = move(draft, ChangeVerb.SUBMIT, ChangeStatus.PENDING_APPROVAL)

    assert move(pending, ChangeVerb.REJECT, ChangeStatus.REJECTED).status is ChangeStatus.REJECTED
    with pytest.raises(IllegalTransition) as refused:
        move(pending, ChangeVerb.APPLY, ChangeStatus.APPLIED)
    assert refused.value.fields["allowed"] == "approve, reject, withdraw"
