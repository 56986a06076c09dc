"""A probable copy of an invoice goes to review; the worked cases name every layer and every exemption."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purveyor.core.duplicates import (
    Candidate,
    Citation,
    Layer,
    duplicate_layer,
    exact_number,
    find_duplicate,
    number_digits,
    number_key,
)
from tests.worked import needs_worked_cases, worked_cases, worked_set


def an_invoice(number: str = "KP-10442", amount: str = "12441.60", on: str = "2026-03-20", **more: Any) -> Candidate:
    """An invoice of one supplier; details that do not matter stay out of sight."""
    values: dict[str, Any] = {"supplier": "S1", "currency": "USD", "kind": "invoice", **more}
    return Candidate(number=number, amount=Decimal(amount), invoice_date=date.fromisoformat(on), **values)


def from_case(data: dict[str, Any]) -> Candidate:
    citations = tuple(Citation(line["order_line"], line["receipt"]) for line in data.get("lines", []))
    return an_invoice(
        data["number"],
        data["amount"],
        data["date"],
        supplier=data["supplier"],
        currency=data["currency"],
        kind=data["kind"],
        family=data.get("family"),
        file_hash=data.get("file"),
        recurring=data.get("recurring", False),
        citations=citations,
    )


@needs_worked_cases
@pytest.mark.parametrize("case", worked_cases("duplicate_invoice"))
def test_each_worked_pair_is_reviewed_or_let_through_by_its_layer(case: dict[str, Any]) -> None:
    hit = find_duplicate(from_case(case["input"]["new"]), [from_case(case["input"]["known"])])

    assert (hit is not None) == case["expect"]["review"]
    assert (None if hit is None else hit.layer.value) == case["expect"]["layer"]


@needs_worked_cases
@pytest.mark.parametrize("example", worked_set("duplicate_invoice").get("normalisation", []), ids=lambda each: each["number"])
def test_numbers_are_normalised_as_the_worked_numbers_say(example: dict[str, str]) -> None:
    assert number_key(example["number"]) == example["key"]
    assert number_digits(example["number"]) == example["digits"]


def test_the_letter_o_does_not_hide_the_copy_of_the_pump_invoice() -> None:
    hit = find_duplicate(an_invoice("KP-1O442"), [an_invoice("KP-10442")])

    assert hit is not None
    assert hit.layer is Layer.SAME_NUMBER


def test_the_natural_key_keeps_letters_apart_that_only_look_alike() -> None:
    assert exact_number(" kp-10442 ") == exact_number("KP-10442")
    assert exact_number("KP-1O442") != exact_number("KP-10442")


def test_a_number_without_letters_and_digits_has_an_empty_key() -> None:
    assert number_key("--") == ""
    assert number_digits("--") == ""


def test_numbers_without_latin_letters_are_compared_as_written() -> None:
    known = an_invoice("発票", on="2026-03-01", amount="5.00")

    assert duplicate_layer(an_invoice("請求"), known) is None
    assert duplicate_layer(an_invoice("発票"), known) is Layer.SAME_NUMBER


def test_family_members_far_apart_in_amount_may_share_a_number() -> None:
    known = an_invoice("9900", "640.00", family="F1")

    assert duplicate_layer(an_invoice("9900", "900.00", supplier="S2", family="F1"), known) is None


def test_a_credit_note_is_no_copy_of_an_invoice_even_in_the_same_file() -> None:
    credit = an_invoice(kind="credit_note", file_hash="sha256:ab")

    assert duplicate_layer(credit, an_invoice(file_hash="sha256:ab")) is None


def test_the_same_number_in_another_currency_is_another_invoice() -> None:
    assert duplicate_layer(an_invoice(currency="EUR"), an_invoice()) is None


@pytest.mark.parametrize(
    ("on", "recurring", "layer"),
    [
        ("2026-03-02", True, None),
        ("2026-02-27", True, None),
        ("2026-02-26", True, Layer.SAME_NUMBER),
        ("2026-03-02", False, Layer.SAME_NUMBER),
    ],
)
def test_a_bill_that_recurs_is_no_copy_after_25_days(on: str, recurring: bool, layer: Layer | None) -> None:
    last_month = an_invoice("RENT", "1850.00", "2026-02-02")

    assert duplicate_layer(an_invoice("RENT", "1850.00", on, recurring=recurring), last_month) is layer


@pytest.mark.parametrize(
    ("number", "amount", "family", "layer"),
    [
        ("7731", "504.00", "F1", Layer.SUPPLIER_FAMILY),
        ("7731", "506.00", "F1", None),
        ("7732", "504.00", "F1", None),
        ("7731", "504.00", "F2", None),
        ("7731", "504.00", None, None),
    ],
)
def test_sister_companies_that_bill_nearly_the_same_under_one_number_are_asked(
    number: str, amount: str, family: str | None, layer: Layer | None
) -> None:
    known = an_invoice("7731", "500.00", "2026-03-08", family="F1")

    assert duplicate_layer(an_invoice(number, amount, supplier="S2", family=family), known) is layer


@pytest.mark.parametrize(
    ("number", "amount", "on", "layer"),
    [
        ("RE-2207", "808.00", "2026-03-20", Layer.SIMILAR_NUMBER),
        ("RE-2207", "809.00", "2026-03-20", None),
        ("RE-2207", "808.00", "2026-04-20", None),
        ("RE-2208", "808.00", "2026-03-20", None),
        ("RE", "808.00", "2026-03-20", None),
    ],
)
def test_the_same_digits_behind_other_letters_are_asked_when_amount_and_day_are_close(
    number: str, amount: str, on: str, layer: Layer | None
) -> None:
    assert duplicate_layer(an_invoice(number, amount, on), an_invoice("KP/2207", "800.00", "2026-03-20")) is layer


@pytest.mark.parametrize(
    ("second", "layer"),
    [
        ((Citation("P8/1", "R2"),), None),
        ((Citation("P7/1", "R2"),), Layer.SAME_AMOUNT_AND_DATE),
        ((Citation("P8/1", "R1"),), Layer.SAME_AMOUNT_AND_DATE),
        ((Citation("P8/1", "R2"), Citation("P8/2", None)), Layer.SAME_AMOUNT_AND_DATE),
        ((), Layer.SAME_AMOUNT_AND_DATE),
    ],
)
def test_equal_bills_of_one_day_pass_only_when_each_has_its_own_received_delivery(
    second: tuple[Citation, ...], layer: Layer | None
) -> None:
    first = an_invoice("A-17", "320.00", citations=(Citation("P7/1", "R1"),))

    assert duplicate_layer(an_invoice("B-18", "320.00", citations=second), first) is layer


def test_of_several_copies_the_strongest_reason_is_named_whatever_their_order() -> None:
    same_file = an_invoice("A-1", "5.00", file_hash="sha256:ab")
    same_amount = an_invoice("B-2")
    new = an_invoice("C-3", file_hash="sha256:ab")

    assert find_duplicate(new, [same_amount, same_file]) == find_duplicate(new, [same_file, same_amount])
    hit = find_duplicate(new, [same_amount, same_file])
    assert hit is not None
    assert hit.known == same_file


@given(number=st.text(max_size=12))
def test_normalising_twice_changes_nothing(number: str) -> None:
    assert number_key(number_key(number)) == number_key(number)


@given(number=st.text(min_size=1, max_size=12), amount=st.decimals("0.01", "99999", places=2))
def test_an_invoice_is_always_a_copy_of_itself(number: str, amount: Decimal) -> None:
    invoice = an_invoice(number, str(amount))

    assert duplicate_layer(invoice, invoice) is Layer.SAME_NUMBER
