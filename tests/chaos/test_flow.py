"""The plain good day, so that a fault test that fails means a fault."""

from __future__ import annotations

from purveyor.core.lifecycle import Status
from tests.chaos.flow import SUPPLIER, Flow, a_clean_draft


def test_on_a_good_day_a_small_order_goes_from_the_erp_to_closed_without_anybodys_help(flow: Flow) -> None:
    [order] = flow.takes_in(a_clean_draft(1))
    assert order.status is Status.ISSUED
    assert len(flow.partners.suppliers.taken(SUPPLIER)) == 1
    assert len(flow.partners.warehouse.expected) == 1

    flow.finishes(order)

    assert flow.order("d1").status is Status.CLOSED
    assert [posting.reference for posting in flow.postings()] == [f"{order.order_ref}-R1", f"s1/KP-{order.order_ref}"]


def test_small_orders_for_different_pumps_pass_the_gate_and_leave(flow: Flow) -> None:
    taken = flow.takes_in(*(a_clean_draft(number) for number in range(1, 6)))

    assert {order.status for order in taken} == {Status.ISSUED}
    assert len(flow.partners.suppliers.taken(SUPPLIER)) == 5
