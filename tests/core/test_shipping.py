"""What is under way: announced, arrived, ended; per site and whatever the order of the documents."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import permutations
from uuid import UUID

import pytest

from purveyor.core.errors import InvalidInput, UnknownReference
from purveyor.core.shipping import MovementKind, Place, ShipNotice, ShippedLine, in_transit, latest_revisions, resolve_ship_to
from tests.core.supplier_side import DAYTON, MONDAY, RENO, TULSA, a_line, a_movement, a_schedule, an_order, quantities

SHIPPED, ACCEPTED, REJECTED = MovementKind.SHIPPED, MovementKind.ACCEPTED, MovementKind.REJECTED
ENDED = MovementKind.SHIPMENT_ENDED
HERE = Place(1, DAYTON)


def a_notice(name: str = "n1", revision: int = 1, quantity: str = "100") -> ShipNotice:
    return ShipNotice(
        source="api:kp",
        external_id=name,
        number=f"S-{name}",
        sent_at=MONDAY + timedelta(hours=revision),
        lines=(ShippedLine(1, Decimal(quantity)),),
        revision=revision,
    )


def test_a_receipt_settles_the_shipment_it_names_and_no_other() -> None:
    movements = [
        a_movement(SHIPPED, "60", notice="S1"),
        a_movement(SHIPPED, "40", notice="S2"),
        a_movement(ACCEPTED, "55", notice="S1"),
        a_movement(REJECTED, "5", notice="S1"),
    ]

    assert {in_transit(order)[HERE] for order in permutations(movements)} == {Decimal(40)}


def test_a_receipt_without_a_shipment_uses_up_what_is_announced() -> None:
    movements = [a_movement(SHIPPED, "60", notice="S1"), a_movement(ACCEPTED, "45")]

    assert in_transit(movements) == {HERE: Decimal(15)}
    assert in_transit([*movements, a_movement(ACCEPTED, "45")]) == {HERE: Decimal(0)}


def test_the_rest_of_a_short_shipment_is_void_even_when_the_notice_comes_last() -> None:
    movements = [
        a_movement(ACCEPTED, "55", notice="S1"),
        a_movement(ENDED, "0", notice="S1"),
        a_movement(SHIPPED, "60", notice="S1"),
    ]

    assert {in_transit(order)[HERE] for order in permutations(movements)} == {Decimal(0)}


def test_a_correction_of_a_receipt_brings_no_shipment_back() -> None:
    received = a_movement(ACCEPTED, "60")
    corrected = replace(received, id=a_movement(ACCEPTED, "0").id, quantity=Decimal(-20))

    for order in permutations([a_movement(SHIPPED, "30", notice="S1"), received, corrected]):
        assert in_transit(order) == {HERE: Decimal(0)}


def test_sites_are_kept_apart() -> None:
    elsewhere = replace(a_movement(SHIPPED, "30", notice="S1"), place=Place(1, RENO))

    assert in_transit([a_movement(SHIPPED, "60", notice="S1"), elsewhere]) == {
        HERE: Decimal(60),
        Place(1, RENO): Decimal(30),
    }


def test_a_revised_ship_notice_replaces_the_first_in_any_order() -> None:
    first, second, other = a_notice(), a_notice(revision=2, quantity="80"), a_notice("n2")

    for order in permutations([first, second, other]):
        assert latest_revisions(order) == (second, other)


def test_a_line_with_one_site_needs_none_named() -> None:
    assert resolve_ship_to(an_order(), 1, None) == HERE
    assert resolve_ship_to(an_order(), 1, DAYTON) == HERE


def test_a_line_for_several_sites_must_say_which() -> None:
    order = an_order(a_line(schedules=(a_schedule(1, "60"), a_schedule(2, "40", ship_to=TULSA))))

    assert resolve_ship_to(order, 1, TULSA) == Place(1, TULSA)
    with pytest.raises(InvalidInput):
        resolve_ship_to(order, 1, None)
    with pytest.raises(UnknownReference):
        resolve_ship_to(order, 1, RENO)
    with pytest.raises(UnknownReference):
        resolve_ship_to(order, 2, None)


def test_movements_are_told_apart_by_their_own_id() -> None:
    one, two = a_movement(SHIPPED, "1"), a_movement(SHIPPED, "1")

    assert isinstance(one.id, UUID)
    assert one.id != two.id
    assert (one.quantity, two.quantity) == quantities(1, 1)
