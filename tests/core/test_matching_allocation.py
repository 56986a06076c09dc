"""Bills and receipts meet many to many, by what is cited, and no side is used beyond its quantity."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from purveyor.core.allocation import Allocation, Basis, BillPart, ReceiptPart, allocate, short_of_receipt

FIRST = date(2026, 3, 10)


def a_receipt(key: str, quantity: int, day: int = 0) -> ReceiptPart:
    return ReceiptPart(key, Decimal(quantity), FIRST + timedelta(days=day))


def a_bill(key: str, quantity: int, *cited: str) -> BillPart:
    return BillPart(key, Decimal(quantity), cited)


def test_the_receipt_that_is_cited_is_taken_not_the_first_one() -> None:
    assert allocate([a_bill("I1", 40, "R2")], [a_receipt("R1", 60), a_receipt("R2", 40, 1)]) == (
        Allocation("I1", "R2", Decimal(40), Basis.STATED),
    )


def test_a_later_invoice_that_cites_a_receipt_comes_before_one_that_cites_none() -> None:
    found = allocate([a_bill("I1", 40), a_bill("I2", 40, "R1")], [a_receipt("R1", 40), a_receipt("R2", 40, 1)])

    assert {(each.bill, each.receipt) for each in found} == {("I2", "R1"), ("I1", "R2")}


def test_an_uncited_bill_takes_the_receipt_of_its_own_quantity_before_an_older_one() -> None:
    (only,) = allocate([a_bill("I1", 30)], [a_receipt("R1", 60), a_receipt("R2", 30, 1)])

    assert (only.receipt, only.basis) == ("R2", Basis.DERIVED)


def test_one_invoice_may_pay_for_several_receipts_the_oldest_first() -> None:
    found = allocate([a_bill("I1", 100)], [a_receipt("R2", 70, 1), a_receipt("R1", 60)])

    assert [(each.receipt, each.quantity) for each in found] == [("R1", Decimal(60)), ("R2", Decimal(40))]


def test_more_than_the_cited_receipt_holds_is_short_and_takes_nothing_else() -> None:
    bill = a_bill("I1", 60, "R1")
    found = allocate([bill], [a_receipt("R1", 40), a_receipt("R2", 60, 1)])

    assert short_of_receipt(bill, found) == 20
    assert {each.receipt for each in found} == {"R1"}


def test_a_receipt_nobody_knows_counts_as_none_cited() -> None:
    bill = a_bill("I1", 10, "R9")
    found = allocate([bill], [a_receipt("R1", 40)])

    assert short_of_receipt(bill, found) == 0
    assert short_of_receipt(a_bill("I2", 5), found) == 0


def test_a_receipt_that_was_sent_back_whole_pays_for_nothing() -> None:
    assert allocate([a_bill("I1", 10)], [a_receipt("R1", 0), a_receipt("R2", -3)]) == ()


keys = st.sampled_from(["R1", "R2", "R3", "R4"])
bills = st.lists(
    st.builds(lambda quantity, cited: (quantity, cited), st.integers(0, 60), st.lists(keys, max_size=2, unique=True)), max_size=5
)
receipts = st.dictionaries(keys, st.tuples(st.integers(-5, 60), st.integers(0, 5)), max_size=4)


@given(some_bills=bills, some_receipts=receipts)
def test_neither_side_is_ever_allocated_beyond_its_quantity(
    some_bills: list[tuple[int, list[str]]], some_receipts: dict[str, tuple[int, int]]
) -> None:
    wanted = [a_bill(f"I{number}", quantity, *cited) for number, (quantity, cited) in enumerate(some_bills)]
    held = [a_receipt(key, quantity, day) for key, (quantity, day) in some_receipts.items()]

    found = allocate(wanted, held)

    used: dict[str, Decimal] = defaultdict(Decimal)
    for each in found:
        assert each.quantity > 0
        used[each.bill] += each.quantity
        used[each.receipt] += each.quantity
    limits = {bill.key: bill.quantity for bill in wanted} | {receipt.key: max(receipt.quantity, Decimal(0)) for receipt in held}
    assert all(used[key] <= limit for key, limit in limits.items())
    assert found == allocate(wanted, list(reversed(held)))
