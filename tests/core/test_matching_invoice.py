"""A whole invoice: each difference apart, what a person accepted left out, and the ERP told once."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purveyor.core import invoice_decisions as decisions
from purveyor.core.access import SYSTEM, Actor, ActorKind, Role
from purveyor.core.duplicates import Candidate, DuplicateHit, Layer
from purveyor.core.errors import InvalidInput, NotAuthorised
from purveyor.core.events.invoice import InvoiceMatched, InvoiceSuspected, PaymentReleased
from purveyor.core.ids import BusinessUnitId, InvoiceId, OrderId, SupplierId
from purveyor.core.invoice import (
    Invoice,
    InvoiceCommand,
    InvoiceKind,
    InvoiceLine,
    InvoiceState,
    Payment,
    mismatch_key,
    new_invoice,
)
from purveyor.core.invoice_decisions import InvoiceEnded, InvoiceReleased
from purveyor.core.match_charges import FreightTerms
from purveyor.core.match_invoice import InvoiceMatch, LineBasis, MatchBasis, judged, match_invoice
from purveyor.core.matching import MismatchClass, Outcome, Running
from purveyor.core.messaging import MessageKind
from tests.core.matching_cases import a_tolerance, an_order_line, in_the_house

ORDER = OrderId(UUID(int=7))
SUPPLIER = SupplierId(UUID(int=5))
NOON = datetime(2026, 3, 23, 12, tzinfo=UTC)


def a_line(quantity: str | None = "12", price: str | None = "998.40", line_no: int = 1, **more: Any) -> InvoiceLine:
    values: dict[str, Any] = {"order_ref": "PV00001A", "order_line_no": 1, "uom": "CT", "order_id": ORDER, **more}
    amounts = (None if quantity is None else Decimal(quantity), None if price is None else Decimal(price))
    return InvoiceLine(line_no, quantity=amounts[0], unit_price=amounts[1], **values)


def a_command(*lines: InvoiceLine, **more: Any) -> InvoiceCommand:
    values: dict[str, Any] = {"number": "KP-10442", "currency": "USD", "invoice_date": date(2026, 3, 20), **more}
    return InvoiceCommand("api", "doc-1", SUPPLIER, lines=lines or (a_line(),), **values)


def an_invoice(*lines: InvoiceLine, **more: Any) -> Invoice:
    command = a_command(*lines, **more).validated()
    return new_invoice(command, InvoiceId(UUID(int=9)), NOON, command.lines, BusinessUnitId(UUID(int=3)))


def the_pump_order(received: str = "12", expected: str | None = None, earlier: Running | None = None, **more: Any) -> MatchBasis:
    basis = LineBasis(
        an_order_line("20", "998.40", uom="CT"), in_the_house(received, expected), a_tolerance(), earlier or Running()
    )
    values: dict[str, Any] = {"freight": (FreightTerms("prepaid"),), **more}
    return MatchBasis({(ORDER, 1): basis}, **values)


def found(match: InvoiceMatch) -> list[str]:
    return [mismatch.key for mismatch in match.mismatches]


def test_a_clean_invoice_is_matched_and_its_sum_is_taken() -> None:
    invoice = an_invoice()

    match = match_invoice(invoice, the_pump_order())

    assert invoice.total == Decimal("11980.80")
    assert match.outcome is Outcome.MATCHED


def test_the_pump_invoice_at_the_old_price_is_460_80_over() -> None:
    invoice = an_invoice(a_line("12", "1036.80"))

    match = match_invoice(invoice, the_pump_order())

    assert invoice.total == Decimal("12441.60")
    (mismatch,) = match.open_mismatches
    assert (mismatch.key, mismatch.exposure.amount) == ("1:PRICE", Decimal("460.80"))


def test_two_lines_of_one_order_line_are_added_up() -> None:
    match = match_invoice(an_invoice(a_line("8"), a_line("8", line_no=2)), the_pump_order("12"))

    assert found(match) == ["2:QUANTITY"]


def test_an_invoice_ahead_of_its_goods_waits() -> None:
    match = match_invoice(an_invoice(a_line("20")), the_pump_order("12", "2026-03-18"))

    assert match.outcome is Outcome.WAITING_RECEIPT
    assert match.wait_until == date(2026, 3, 23)


def test_freight_tax_and_a_wrong_sum_are_three_differences_of_the_whole() -> None:
    invoice = an_invoice(freight=Decimal(40), tax=Decimal(7), total=Decimal("13000.00"))

    match = match_invoice(invoice, the_pump_order())

    assert found(match) == ["0:FREIGHT", "0:TAX", "0:TOTAL"]
    assert match.outcome is Outcome.EXCEPTION


def test_an_amount_that_is_not_quantity_times_price_is_found() -> None:
    match = match_invoice(an_invoice(a_line(amount=Decimal("12980.80"))), the_pump_order())

    assert found(match) == ["0:TOTAL"]


def test_a_line_without_order_and_one_in_another_currency_are_differences_of_their_own() -> None:
    unknown = match_invoice(an_invoice(a_line(order_id=None)), the_pump_order())
    foreign = match_invoice(an_invoice(currency="EUR"), the_pump_order())

    assert found(unknown) == ["1:ORDER"]
    assert found(foreign) == ["1:CURRENCY"]
    assert foreign.mismatches[0].exposure.currency == "EUR"


def test_a_credit_note_gives_back_what_was_billed_and_no_more() -> None:
    billed = Running(quantity=Fraction(12), value=Fraction("11980.80"))
    credit = an_invoice(a_line("2"), kind=InvoiceKind.CREDIT_NOTE)

    assert match_invoice(credit, the_pump_order(earlier=billed)).outcome is Outcome.MATCHED
    assert found(match_invoice(credit, the_pump_order())) == ["1:QUANTITY"]


def test_a_credit_note_in_a_unit_nobody_knows_is_found() -> None:
    credit = an_invoice(a_line("2", uom="PAL"), kind=InvoiceKind.CREDIT_NOTE)

    assert found(match_invoice(credit, the_pump_order())) == ["1:UNIT"]


def test_a_difference_a_person_accepted_is_left_out_and_stays_visible() -> None:
    match = match_invoice(an_invoice(a_line("12", "1036.80")), the_pump_order())

    after = judged(match, ["1:PRICE"])

    assert after.outcome is Outcome.MATCHED
    assert found(after) == ["1:PRICE"]
    assert after.open_mismatches == ()


def test_a_settled_price_still_waits_for_the_goods() -> None:
    match = match_invoice(an_invoice(a_line("20", "1036.80")), the_pump_order("12", "2026-03-18"))

    assert match.outcome is Outcome.EXCEPTION
    assert judged(match, ["1:PRICE"]).outcome is Outcome.WAITING_RECEIPT


# --- decisions -----------------------------------------------------------------------------------------------------


def matched(invoice: Invoice, basis: MatchBasis | None = None) -> decisions.InvoiceDecision:
    return decisions.take_match(invoice, match_invoice(invoice, basis or the_pump_order()), "tolerances:T0")


def test_a_matched_invoice_is_posted_once() -> None:
    first = matched(an_invoice())
    again = matched(first.invoice)

    assert first.tell == (MessageKind.ERP_INVOICE_POST,)
    assert first.invoice.payment is Payment.RELEASED
    assert (again.invoice, again.events, again.tell) == (first.invoice, (), ())


def test_an_exception_is_posted_and_held_and_released_when_accepted() -> None:
    stopped = matched(an_invoice(a_line("12", "1036.80")))

    assert stopped.tell == (MessageKind.ERP_INVOICE_POST, MessageKind.ERP_INVOICE_HOLD)
    accepted = decisions.accept(stopped.invoice, "1:PRICE", "accept_invoice_price", None)
    released = matched(accepted.invoice)
    assert released.invoice.state is InvoiceState.MATCHED
    assert released.tell == (MessageKind.ERP_INVOICE_RELEASE,)
    assert isinstance(released.events[1], PaymentReleased)
    assert released.events[1].was_blocked


def test_an_invoice_that_waits_is_not_told_to_anybody() -> None:
    waiting = matched(an_invoice(a_line("20")), the_pump_order("12", "2026-03-18"))

    assert waiting.tell == ()
    assert isinstance(waiting.events[0], InvoiceMatched)
    assert waiting.events[0].wait_until == date(2026, 3, 23)


def test_a_paid_invoice_that_falls_into_exception_is_held() -> None:
    paid = matched(an_invoice()).invoice

    held = matched(paid, the_pump_order("6"))

    assert held.tell == (MessageKind.ERP_INVOICE_HOLD,)


@pytest.mark.parametrize("invoice", [an_invoice(a_line(order_id=None)), an_invoice(currency="EUR")])
def test_what_no_erp_could_take_in_is_not_sent_there(invoice: Invoice) -> None:
    assert matched(invoice).tell == ()


def test_a_credit_note_stays_with_us() -> None:
    assert matched(an_invoice(a_line("2"), kind=InvoiceKind.CREDIT_NOTE)).tell == ()


def test_a_probable_copy_is_reviewed_before_it_is_matched() -> None:
    known = Candidate(SUPPLIER, "KP-10442", Decimal("12441.60"), "USD", date(2026, 3, 20), "invoice", id=UUID(int=4))

    decision = decisions.suspect(an_invoice(number="KP-1O442"), DuplicateHit(Layer.SAME_NUMBER, known))

    assert decision.invoice.state is InvoiceState.IN_REVIEW
    assert decision.invoice.duplicate_of == UUID(int=4)
    assert decision.tell == ()
    (event,) = decision.events
    assert isinstance(event, InvoiceSuspected)
    freed = decisions.cleared_of_suspicion(decision.invoice)
    assert (freed.state, freed.duplicate_of) == (InvoiceState.WAITING_RECEIPT, None)


def test_a_copy_of_something_outside_names_no_known_invoice() -> None:
    known = Candidate(SUPPLIER, "KP-10442", Decimal("12441.60"), "USD", date(2026, 3, 20), "invoice")
    invoice = replace(an_invoice(), business_unit_id=None)

    decision = decisions.suspect(invoice, DuplicateHit(Layer.SAME_NUMBER, known))

    assert decision.invoice.duplicate_of is None
    assert {ref.type for ref in decision.events[0].refs} == {"order", "supplier"}


def test_an_invoice_that_ended_takes_no_more_decisions() -> None:
    rejected = decisions.reject(an_invoice(), SYSTEM, "not ours").invoice

    assert not rejected.is_live
    assert (an_invoice().counts, rejected.counts) == (True, False)
    assert rejected.is_settled
    with pytest.raises(InvoiceEnded):
        decisions.accept(rejected, "1:PRICE", "accept_invoice_price", None)


def test_what_the_erp_pays_already_is_not_taken_back_here() -> None:
    paid = matched(an_invoice()).invoice

    with pytest.raises(InvoiceReleased):
        decisions.reject(paid, SYSTEM, "too late")
    with pytest.raises(InvoiceReleased):
        decisions.undo_acceptance(paid, "1:PRICE", "too late")


def test_an_acceptance_can_be_undone_before_payment() -> None:
    accepted = decisions.accept(an_invoice(), "1:PRICE", "accept_invoice_price", "ok").invoice

    assert decisions.undo_acceptance(accepted, "1:PRICE", "wrong line").invoice.accepted == frozenset()


def test_an_auditor_sends_nothing_back() -> None:
    with pytest.raises(NotAuthorised):
        decisions.reject(an_invoice(), Actor(ActorKind.USER, roles=frozenset({Role.AUDITOR})), "no")


def test_a_later_revision_replaces_the_invoice() -> None:
    decision = decisions.supersede(an_invoice(), 2)

    assert decision.invoice.state is InvoiceState.SUPERSEDED


def test_the_number_in_the_erp_is_kept_once() -> None:
    first = decisions.posted(an_invoice(), "77", "BILL-77")

    assert first.invoice.erp_number == "BILL-77"
    assert decisions.posted(first.invoice, "77", "BILL-77").events == ()


def test_an_invoice_tells_that_it_came_in() -> None:
    event = decisions.received(an_invoice())

    assert (event.number, event.total, event.lines) == ("KP-10442", Decimal("11980.80"), 1)


# --- what cannot be used --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (a_command(number="  "), "number"),
        (a_command(number="9" * 65), "number"),
        (replace(a_command(), external_id=""), "source"),
        (a_command(revision=0), "revision"),
        (a_command(currency="usd"), "currency"),
        (replace(a_command(), lines=()), "lines"),
        (a_command(a_line(), a_line()), "lines"),
        (a_command(freight=Decimal(-1)), "freight"),
        (a_command(tax=Decimal("NaN")), "tax"),
        (a_command(a_line("-1")), "quantity"),
        (a_command(a_line(price="Infinity")), "unit_price"),
        (a_command(a_line(price_per=Decimal(0))), "price_per"),
        (a_command(a_line(order_ref=" ")), "order_ref"),
        (a_command(a_line(quantity=None)), "amount"),
    ],
)
def test_what_cannot_be_used_is_refused_by_its_field(command: InvoiceCommand, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        command.validated()

    assert refused.value.fields["field"] == field


def test_the_same_content_has_the_same_digest_by_whatever_channel() -> None:
    by_mail = replace(a_command(number="kp-10442"), source="mail", external_id="m-7")

    assert by_mail.content_digest() == a_command().content_digest()
    assert a_command(number="KP-1O442").content_digest() != a_command().content_digest()


def test_a_line_with_an_amount_only_is_worked_out_as_stated() -> None:
    line = a_line(None, None, amount=Decimal("40.00"))

    assert line.worked_out("USD") == Decimal("40.00")
    assert line.billed().amount == Decimal("40.00")
    assert mismatch_key(None, MismatchClass.TAX) == "0:TAX"


amounts = st.decimals("0.01", "2000", places=2)


@given(price=amounts, quantity=st.integers(1, 30), received=st.integers(0, 30), freight=amounts)
def test_a_match_is_deterministic_and_a_matched_invoice_has_no_open_difference(
    price: Decimal, quantity: int, received: int, freight: Decimal
) -> None:
    invoice = an_invoice(a_line(str(quantity), str(price)), freight=freight)
    basis = the_pump_order(str(received))

    match = match_invoice(invoice, basis)

    assert match == match_invoice(invoice, basis)
    assert (match.outcome is Outcome.MATCHED) == (not match.mismatches)
    assert all(mismatch.exposure.amount >= 0 for mismatch in match.mismatches)
