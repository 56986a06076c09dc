"""Counts at the dock: damaged goods, decisions on excess, corrections, and the question that saves a wrong posting."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from purveyor.core.acknowledge import DocumentKey
from purveyor.core.finding import Severity
from purveyor.core.quantity import UnitTable
from purveyor.core.receiving import Announced, Count, Judged, ReceivingCode, ReceivingStatus, ReceivingTerms, ReturnFor, judge
from purveyor.core.recount import in_words, likely_meant, receipt_findings, recount_question
from tests.core.supplier_side import MONDAY, a_line, an_order, quantities

PUMPS = UnitTable("EA", {"CT": Fraction(12)})


def a_count(quantity: str, name: str = "r1", hours: int = 1, revision: int = 1, **given: Any) -> Count:
    return Count(DocumentKey("wms", name, revision), MONDAY + timedelta(hours=hours), Decimal(quantity), **given)


def last(ordered: str, *counts: Count, terms: ReceivingTerms | None = None, announced: Announced | None = None) -> Judged:
    return judge(Decimal(ordered), terms or ReceivingTerms(), counts, announced)[-1]


def test_damaged_goods_arrived_but_are_not_accepted_and_stay_wanted() -> None:
    judged = last("100", a_count("100", damaged=Decimal(4)))

    assert (judged.accepted, judged.rejected, judged.open_quantity) == quantities(96, 4, 4)
    assert (judged.codes, judged.status) == ((ReceivingCode.DAMAGED,), ReceivingStatus.OPEN)


def test_damaged_goods_that_are_credited_are_not_wanted_any_more() -> None:
    judged = last("100", a_count("100", damaged=Decimal(4), credited=Decimal(4)))

    assert (judged.open_quantity, judged.credited_total) == quantities(0, 4)
    assert (judged.codes, judged.status) == ((), ReceivingStatus.RECEIVED_FULL)


def test_excess_that_a_person_allowed_is_accepted() -> None:
    judged = last("100", a_count("110", allowed_over=Decimal(10)))

    assert (judged.accepted, judged.excess, judged.codes) == (Decimal(110), Decimal(0), ())


def test_a_document_that_comes_twice_counts_once_and_its_revision_replaces_it() -> None:
    first, again, corrected = a_count("40"), a_count("40"), a_count("45", revision=2)

    assert last("100", first, again).accepted_total == 40
    assert last("100", corrected, first).accepted_total == 45
    assert last("100", first, corrected).accepted_total == 45


def test_a_recount_takes_the_place_of_a_count_that_was_accepted() -> None:
    first = a_count("90")
    recount = a_count("80", "r2", 2, recount_of=first.key)

    assert last("100", first, recount).accepted_total == 80


def test_a_promise_on_the_day_of_the_receipt_keeps_nothing_open() -> None:
    terms = ReceivingTerms(short_close_percent=Decimal(5))

    today = last("100", a_count("95"), terms=terms, announced=Announced(promised_delivery=date(2026, 3, 9)))
    nothing = last("100", a_count("95"), terms=terms, announced=Announced())

    assert (today.status, nothing.status) == (ReceivingStatus.CLOSED_SHORT, ReceivingStatus.CLOSED_SHORT)
    assert today.short_quantity == 5


def test_goods_sent_back_for_replacement_are_wanted_again_and_those_for_credit_are_not() -> None:
    arrived = a_count("60")

    replaced = last("60", arrived, a_count("-6", "r2", 2, return_for=ReturnFor.REPLACEMENT))
    credited = last("60", arrived, a_count("-6", "r2", 2, return_for=ReturnFor.CREDIT))

    assert (replaced.accepted, replaced.accepted_total, replaced.open_quantity) == quantities(-6, 54, 6)
    assert (replaced.credited_total, replaced.status) == (Decimal(0), ReceivingStatus.OPEN)
    assert (credited.accepted_total, credited.credited_total, credited.open_quantity) == quantities(54, 6, 0)
    assert credited.status is ReceivingStatus.RECEIVED_FULL


def test_a_line_within_the_tolerance_waits_for_what_is_still_announced() -> None:
    terms = ReceivingTerms(short_close_percent=Decimal(5))

    shipped = last("100", a_count("97"), terms=terms, announced=Announced(ship_notice=True))
    promised = last("100", a_count("97"), terms=terms, announced=Announced(promised_delivery=date(2026, 3, 10)))

    assert [judged.waits_for for judged in (shipped, promised)] == ["ship_notice", "promise"]
    assert [judged.status for judged in (shipped, promised)] == [ReceivingStatus.OPEN, ReceivingStatus.OPEN]
    assert (shipped.open_quantity, shipped.short_quantity) == quantities(3, 0)


def test_hose_may_come_in_fractions_of_a_metre_and_pumps_may_not() -> None:
    hose = ReceivingTerms(over_percent=Decimal("2.5"), discrete=False)
    pumps = ReceivingTerms(over_percent=Decimal("2.5"))

    assert (hose.limit(Decimal(50)), pumps.limit(Decimal(50))) == quantities("51.25", 51)
    assert last("50", a_count("51.3"), terms=hose).excess == Decimal("0.05")


def test_the_limit_of_cartons_is_whole_cartons() -> None:
    terms = ReceivingTerms(over_percent=Decimal(5), line_unit=Decimal(12))

    assert terms.limit(Decimal(360)) == 372


def test_144_cartons_keyed_for_12_ask_for_12_cartons() -> None:
    assert recount_question(Decimal(144), "CT", Decimal(144), "CT", PUMPS) == "12 CT (144 EA)?"


def test_a_number_that_fits_no_unit_asks_for_another_count() -> None:
    question = recount_question(Decimal(50), "CT", Decimal(144), "CT", PUMPS)

    assert question == "50 CT (600 EA) counted, 12 CT (144 EA) still to come. Count again?"
    assert likely_meant(Decimal(50), "CT", Decimal(144), "CT", PUMPS) is None


def test_a_part_delivery_keyed_in_pieces_is_asked_for_in_cartons() -> None:
    assert recount_question(Decimal(144), "CT", Decimal(240), "CT", PUMPS) == "12 CT (144 EA)?"


def test_pieces_of_a_line_in_pieces_need_no_carton_to_make_sense() -> None:
    assert likely_meant(Decimal(12), "CT", Decimal(100), None, PUMPS) == 12


def test_base_units_are_written_once() -> None:
    assert in_words(Decimal(5), "EA", PUMPS) == "5 EA"
    assert in_words(Decimal(5), None, PUMPS) == "5 EA"
    assert in_words(Decimal(5), "BX", PUMPS) == "5 EA"


def test_findings_name_the_money_at_stake() -> None:
    line = a_line("12", uom="CT", price="1036.80")
    held = last("144", a_count("1728"), terms=ReceivingTerms(line_unit=Decimal(12)))
    over = last("144", a_count("156"), terms=ReceivingTerms(line_unit=Decimal(12)))

    (slip,) = receipt_findings(an_order(line), line, held, PUMPS, "12 CT (144 EA)?")
    (excess,) = receipt_findings(an_order(line), line, over, PUMPS, "")

    assert (slip.code, slip.severity, slip.message) == ("HELD_RECOUNT", Severity.BLOCK, "12 CT (144 EA)?")
    assert (excess.code, excess.exposure, excess.actual) == ("OVER_RECEIPT", Decimal("1036.80"), "1 CT (12 EA)")


def test_a_line_without_price_has_no_money_at_stake() -> None:
    line = a_line("12", uom="CT")
    over = last("144", a_count("156"))

    (excess,) = receipt_findings(an_order(line), line, over, PUMPS, "")

    assert excess.exposure is None
