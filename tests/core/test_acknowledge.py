"""What suppliers answer, and what it does to a line: in a buyer's words."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest

from purveyor.core.acknowledge import (
    Acknowledgment,
    ApplyResult,
    LineAnswer,
    LineState,
    Outcome,
    Reminders,
    Verdict,
    fold_line,
)
from purveyor.core.answers import asks_about, fold_order, in_line_unit, is_answered, overall, reminders, results_of, validate
from purveyor.core.errors import InvalidInput, UnknownReference
from purveyor.core.quantity import UnitTable
from tests.core.supplier_side import a_line, a_part, an_answer, an_order, quantities

APPLIED, DUPLICATE = ApplyResult.APPLIED, ApplyResult.DUPLICATE


def test_the_same_answer_by_mail_link_and_api_counts_once() -> None:
    said = (
        a_part("accept", "12", promised_delivery="2026-03-23"),
        a_part("accept", "8", promised_delivery="2026-03-30"),
    )
    by_link = an_answer(*said, name="link-1", channel="email")
    by_api = an_answer(*reversed(said), name="77", minutes=30, channel="api", mode="add")

    fold = fold_line(a_line("20"), [by_api, by_link])

    assert fold.results == (DUPLICATE, APPLIED)
    assert fold.balance.accepted == 20


def test_another_channel_that_says_something_else_is_a_new_answer() -> None:
    by_link = an_answer(a_part("accept", "20", promised_delivery="2026-03-23"), name="link-1", channel="email")
    by_api = an_answer(a_part("accept", "20", promised_delivery="2026-03-24"), name="77", minutes=30)

    fold = fold_line(a_line("20"), [by_link, by_api])

    assert fold.results == (APPLIED, APPLIED)
    assert [item.answer.external_id for item in fold.standing] == ["77"]


def test_a_later_revision_of_an_addition_replaces_the_earlier_one() -> None:
    first = an_answer(a_part("accept", "60"), name="a1", mode="add")
    corrected = an_answer(a_part("accept", "40"), name="a1", mode="add", revision=2, minutes=5)

    assert fold_line(a_line("100"), [corrected, first]).balance.accepted == 40


def test_an_acceptance_at_another_price_is_a_proposal() -> None:
    fold = fold_line(a_line("100", price="10.00"), [an_answer(a_part("accept", "100", price="10.60"))])

    assert (fold.balance.proposed, fold.state) == (Decimal(100), LineState.ANSWERED_WITH_DIFFERENCES)
    assert len(fold.open_proposals) == 1


def test_an_acceptance_of_another_item_is_a_proposal_and_our_own_or_his_number_is_not() -> None:
    def proposed(item_code: str) -> Decimal:
        return fold_line(a_line("10"), [an_answer(a_part("accept", item_code=item_code))]).balance.proposed

    assert [proposed("B-200"), proposed("A-100"), proposed("KP-7")] == [10, 0, 0]


def test_an_acceptance_that_repeats_the_price_is_plain() -> None:
    fold = fold_line(a_line("10", price="10.00"), [an_answer(a_part("accept", price="10"))])

    assert fold.state is LineState.ACCEPTED


@pytest.mark.parametrize(
    ("verdict", "accepted", "rejected", "state"),
    [(Verdict.ACCEPTED, 100, 0, LineState.ACCEPTED), (Verdict.REJECTED, 0, 100, LineState.REJECTED)],
)
def test_our_decision_turns_a_proposal_into_accepted_or_rejected(
    verdict: Verdict, accepted: int, rejected: int, state: LineState
) -> None:
    answer = an_answer(a_part("change", "108", reason="CASE_PACK"))

    fold = fold_line(a_line("100"), [answer], {(answer.key, 1): verdict})

    assert (fold.balance.accepted, fold.balance.rejected, fold.balance.proposed_over) == quantities(accepted, rejected, 0)
    assert (fold.state, fold.open_proposals) == (state, ())


def test_what_is_on_hold_stays_unanswered_and_may_be_answered_by_an_addition() -> None:
    first = an_answer(a_part("accept", "60"), a_part("hold", "40"))
    then = an_answer(a_part("accept", "40"), name="a2", minutes=1, mode="add")

    assert fold_line(a_line("100"), [first]).state is LineState.PARTLY_ANSWERED
    assert fold_line(a_line("100"), [first, then]).state is LineState.ACCEPTED


def test_a_part_without_quantity_stands_for_the_rest() -> None:
    fold = fold_line(a_line("100"), [an_answer(a_part("accept", "60"), a_part("backorder"))])

    assert (fold.balance.accepted, fold.balance.backordered) == quantities(60, 40)


def test_an_addition_without_quantity_stands_for_what_was_open() -> None:
    first = an_answer(a_part("accept", "60"))
    rest = an_answer(a_part("reject"), name="a2", minutes=1, mode="add")

    assert fold_line(a_line("100"), [first, rest]).balance.rejected == 40


def test_a_version_from_before_the_order_was_issued_is_unknown() -> None:
    fold = fold_line(a_line(), [an_answer(header="accept", version=1, known_version=3)], first_sent=3)

    assert fold.results == (ApplyResult.UNKNOWN_VERSION,)


def test_a_cancelled_line_cannot_be_accepted_in_its_present_version() -> None:
    cancelled = a_line("50", changed_in=2, cancelled=True)

    by_line = fold_line(cancelled, [an_answer(a_part("accept", "50"), version=2)])
    by_header = fold_line(cancelled, [an_answer(header="accept", version=2)])

    assert by_line.results == (ApplyResult.ACKNOWLEDGMENT_EXCEEDS_ORDER,)
    assert (by_header.results, by_header.state) == ((None,), LineState.CANCELLED)


def test_an_answer_for_another_line_says_nothing_about_this_one() -> None:
    assert fold_line(a_line(), [an_answer(a_part("accept"), line_no=2)]).results == (None,)


def test_header_and_lines_together_answer_the_whole_order() -> None:
    order = an_order(a_line("10"), a_line("20", line_no=2))
    answer = an_answer(a_part("reject", reason="DISCONTINUED"), line_no=2, header="accept")

    folds = fold_order(order, [answer])

    assert [folds[1].state, folds[2].state] == [LineState.ACCEPTED, LineState.REJECTED]
    assert is_answered(folds)
    assert results_of(folds, 0) == {1: APPLIED, 2: APPLIED}


def test_one_word_for_a_whole_acknowledgment_names_the_problem_first() -> None:
    assert overall({1: APPLIED, 2: ApplyResult.STALE_VERSION}) is ApplyResult.STALE_VERSION
    assert overall({1: DUPLICATE, 2: APPLIED}) is APPLIED
    assert overall({1: DUPLICATE}) is DUPLICATE
    assert overall({}) is ApplyResult.IGNORED_TECHNICAL


def test_nothing_is_asked_when_the_changed_line_is_answered_in_its_present_version() -> None:
    order = an_order(a_line("100", changed_in=2), version=2)
    new = an_answer(header="accept", version=2)
    late = an_answer(header="accept", name="a0", version=1, known_version=2)

    folds = fold_order(order, [new, late])

    assert folds[1].results == (APPLIED, ApplyResult.STALE_VERSION)
    assert asks_about(order, late, folds) == ()
    assert asks_about(order, new, folds) == ()
    assert asks_about(order, an_answer(technical=True), folds) == ()


def test_an_answer_to_the_old_version_is_asked_about_what_changed_came_or_went_since() -> None:
    order = an_order(
        a_line("10"),
        a_line("20", line_no=2, changed_in=2),
        a_line("30", line_no=3),
        a_line("40", line_no=4, changed_in=2, cancelled=True),
        version=2,
    )
    late = an_answer(header="accept", version=1, known_version=2)
    came_with = {3: 2}

    folds = fold_order(order, [late], added_in=came_with)

    assert folds[1].state is LineState.ACCEPTED
    assert asks_about(order, late, folds, came_with) == (2, 3, 4)


def test_a_technical_receipt_answers_nothing() -> None:
    fold = fold_line(a_line("10"), [an_answer(technical=True, header="accept")])

    assert (fold.results, fold.balance.unanswered) == ((ApplyResult.IGNORED_TECHNICAL,), Decimal(10))


def test_the_same_document_delivered_again_is_a_duplicate() -> None:
    answer = an_answer(a_part("accept", "7"), mode="add")

    fold = fold_line(a_line("10"), [answer, answer])

    assert (fold.results, fold.balance.accepted) == ((APPLIED, DUPLICATE), Decimal(7))


def test_a_line_that_is_answered_completely_is_never_reminded_of() -> None:
    answered = fold_line(a_line("10"), [an_answer(a_part("accept", "10"))])

    assert reminders(answered, exception_open=False) is Reminders.NONE
    assert reminders(answered, exception_open=True) is Reminders.NONE


def test_reminders_stop_while_an_answer_waits_for_us() -> None:
    open_line = fold_line(a_line(), [])

    assert reminders(open_line, exception_open=False) is Reminders.RUNNING
    assert reminders(open_line, exception_open=True) is Reminders.STOPPED


def test_pieces_are_read_as_cartons_at_the_price_of_a_carton() -> None:
    pumps = UnitTable("EA", {"CT": Fraction(12)})
    said = LineAnswer(
        1, (a_part("change", "144", price="86.40", uom="EA"), a_part("accept", uom="CT"), a_part("accept", uom="EA"))
    )

    pieces, cartons, rest = in_line_unit(said, a_line("20", uom="CT"), pumps).parts

    assert (pieces.quantity, pieces.unit_price, pieces.uom) == (Decimal(12), Decimal("1036.8"), "CT")
    assert (cartons.uom, rest.quantity, rest.unit_price) == ("CT", None, None)


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        (an_answer(), "lines"),
        (an_answer(header="change"), "header"),
        (an_answer(header="accept", version=0), "version"),
        (an_answer(lines=(LineAnswer(1, (a_part(),)), LineAnswer(1, (a_part(),)))), "lines"),
        (an_answer(lines=(LineAnswer(1, ()),)), "parts"),
        (an_answer(a_part(), a_part("reject")), "quantity"),
        (an_answer(a_part("accept", "-5")), "quantity"),
        (an_answer(a_part("accept", "NaN")), "quantity"),
        (an_answer(a_part("change", "5", price="-1")), "unit_price"),
        (an_answer(a_part("substitute", "5")), "item_code"),
    ],
)
def test_an_answer_no_order_could_have_is_refused_with_its_field(answer: Acknowledgment, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        validate(answer, an_order())

    assert refused.value.fields["field"] == field


def test_a_line_that_is_not_on_the_order_is_refused() -> None:
    with pytest.raises(UnknownReference):
        validate(an_answer(a_part(), line_no=9), an_order())


def test_usable_answers_pass() -> None:
    validate(an_answer(technical=True), an_order())
    validate(an_answer(a_part("substitute", "5", item_code="B"), a_part("change", price="1.00")), an_order())
    assert Outcome("pending") is Outcome.PENDING
