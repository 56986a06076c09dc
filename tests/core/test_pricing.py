"""One agreed price per line: breaks, validity, currency, site and ties, with the worked cases of price_breaks."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purveyor.core.items import PriceEntry, PricingDate, TieRule
from purveyor.core.pricing import (
    EndDateProposal,
    Overlap,
    PriceQuery,
    Resolved,
    Unresolved,
    agreed_price,
    extend,
    in_base_units,
    overlaps,
    price_per_unit,
    resolve,
    rising_breaks,
    round_exact,
)
from purveyor.core.quantity import UnitTable
from tests.core.builders import DAYTON, PIECES_AND_CARTONS, RENO, TULSA, a_price, an_agreement, dec
from tests.worked import needs_worked_cases, worked_cases, worked_set

WORKED = worked_set("price_breaks")
SITES = {"WH1": DAYTON, "WH2": TULSA}
TODAY = date(2026, 3, 9)


def _units() -> UnitTable:
    factors = {uom: Fraction(value) for uom, value in WORKED["uom_factors_to_base"].items()}
    return UnitTable("EA", {uom: factor for uom, factor in factors.items() if uom != "EA"})


def _entries(name: str) -> list[PriceEntry]:
    return [
        PriceEntry(
            row["id"],
            dec(row["min_qty"]),
            row["uom"],
            dec(row["price"]),
            row["currency"],
            date.fromisoformat(row["valid_from"]),
            date.fromisoformat(row["valid_to"]),
            SITES[row["site"]] if "site" in row else None,
        )
        for row in WORKED["agreements"][name]
    ]


def _tie_rule(name: str) -> TieRule:
    rules = WORKED["tie_rules"]
    return TieRule(rules.get(name, rules["default"]))


@needs_worked_cases
@pytest.mark.parametrize("case", worked_cases("price_breaks"))
def test_the_worked_cases_resolve_to_one_price_or_say_why_not(case: dict[str, Any]) -> None:
    given_, expect = case["input"], case["expect"]
    entries = _entries(given_["agreement"])
    rising = rising_breaks(entries, _units())
    if expect.get("finding") == "BREAK_NOT_DESCENDING":
        assert rising == tuple(expect["entries"])
        return
    assert rising is None
    on = date.fromisoformat(given_["pricing_date"])
    query = PriceQuery(dec(given_["qty"]), given_["uom"], given_["currency"], on, site=SITES.get(given_.get("site", "")))

    answer = resolve(entries, query, on, _units(), _tie_rule(given_["agreement"]))

    if "finding" in expect:
        assert isinstance(answer, Unresolved)
        assert answer.code == expect["finding"]
        assert answer.reason == expect.get("reason", answer.reason)
        assert list(answer.entries) == expect.get("entries", [])
        return
    assert isinstance(answer, Resolved)
    assert answer.entry.id == expect["entry"]
    assert answer.unit_price == dec(expect["unit_price"])
    assert str(answer.extended) == expect["extended"]


@needs_worked_cases
@pytest.mark.parametrize("case", worked_cases("price_breaks", "imports"))
def test_an_import_proposes_end_dates_for_overlapping_entries(case: dict[str, Any]) -> None:
    found = overlaps(_entries(case["input"]["agreement"]), _units())

    def day(row: dict[str, str], name: str) -> date | None:
        return date.fromisoformat(row[name]) if name in row else None

    proposals = [
        EndDateProposal(row["entry"], day(row, "valid_to"), day(row, "continue_from")) for row in case["expect"]["proposals"]
    ]
    assert list(found.proposals) == proposals
    assert list(found.ambiguous) == case["expect"].get("entries", [])


def _query(quantity: str = "10", uom: str = "EA", **changes: Any) -> PriceQuery:
    return replace(PriceQuery(dec(quantity), uom, "USD", TODAY), **changes)


def test_a_tie_settled_by_the_latest_start_says_so() -> None:
    entries = [a_price("A", "1.00"), a_price("B", "0.97", valid_from=date(2026, 3, 1))]

    answer = resolve(entries, _query(), TODAY, PIECES_AND_CARTONS, TieRule.LATEST_START)

    assert isinstance(answer, Resolved)
    assert (answer.entry.id, answer.settled_by) == ("B", TieRule.LATEST_START)


def test_an_entry_for_another_site_only_is_no_price() -> None:
    answer = resolve([a_price(site_id=TULSA)], _query(site=RENO), TODAY, PIECES_AND_CARTONS)

    assert answer == Unresolved("PRICE_MISSING", "site")


def test_an_agreement_without_entries_has_no_price() -> None:
    assert resolve([], _query(), TODAY, PIECES_AND_CARTONS) == Unresolved("PRICE_MISSING", "no_entry")


def test_an_entry_in_a_unit_the_item_does_not_know_cannot_be_judged() -> None:
    answer = resolve([a_price("P1", uom="pallet")], _query(), TODAY, PIECES_AND_CARTONS)

    assert answer == Unresolved("UOM_UNKNOWN", "pallet", ("P1",))


def test_a_price_per_piece_extends_a_line_in_cartons() -> None:
    assert extend(a_price(price="86.40"), dec(20), "carton", PIECES_AND_CARTONS) == dec("20736.00")
    assert price_per_unit(a_price(price="86.40"), "carton", PIECES_AND_CARTONS) == dec("1036.80")


def test_a_unit_that_is_no_whole_number_of_base_units_converts_exactly() -> None:
    units = UnitTable("roll", {"m": Fraction(1, 25)})

    assert in_base_units(units, dec(150), "m") == 6
    assert extend(a_price(price="25.00", uom="roll"), dec(30), "m", units) == dec("30.00")
    assert extend(a_price(price="1.00", uom="m"), dec(2), "roll", units) == dec("50.00")


def test_an_amount_is_rounded_half_away_from_zero() -> None:
    assert round_exact(Fraction("3.085"), "USD") == dec("3.09")
    assert round_exact(Fraction("-3.085"), "USD") == dec("-3.09")
    assert round_exact(Fraction("3.5"), "JPY") == dec("4")


def test_without_agreement_the_price_list_of_the_supplier_speaks() -> None:
    answer = agreed_price([], [a_price("L1", "9.00")], _query(), PIECES_AND_CARTONS)

    assert isinstance(answer, Resolved)
    assert (answer.entry.id, answer.agreement) == ("L1", None)


def test_nothing_agreed_is_told_apart_from_no_valid_price() -> None:
    assert agreed_price([], [], _query(), PIECES_AND_CARTONS) is None


def test_an_agreement_rules_over_the_price_list() -> None:
    answer = agreed_price([an_agreement(a_price("P1", "10.00"))], [a_price("L1", "9.00")], _query(), PIECES_AND_CARTONS)

    assert isinstance(answer, Resolved)
    assert answer.entry.id == "P1"


def test_an_ended_agreement_gives_no_price() -> None:
    ended = an_agreement(valid_to=date(2026, 3, 8))
    later = an_agreement(valid_from=date(2026, 3, 10))

    for agreement in (ended, later):
        answer = agreed_price([agreement], [], _query(), PIECES_AND_CARTONS)

        assert answer == Unresolved("PRICE_MISSING", "no_valid_date", agreement=agreement)


def test_an_agreement_may_price_by_the_need_by_date() -> None:
    entries = (a_price("OLD", "10.00", valid_to=date(2026, 3, 31)), a_price("NEW", "11.00", valid_from=date(2026, 4, 1)))
    agreement = an_agreement(*entries, pricing_date=PricingDate.NEED_BY)

    by_need = agreed_price([agreement], [], _query(need_by=date(2026, 4, 10)), PIECES_AND_CARTONS)
    undated = agreed_price([agreement], [], _query(), PIECES_AND_CARTONS)

    assert isinstance(by_need, Resolved)
    assert isinstance(undated, Resolved)
    assert (by_need.entry.id, undated.entry.id) == ("NEW", "OLD")


def test_two_agreements_that_both_give_a_price_are_ambiguous() -> None:
    both = [an_agreement(a_price("A"), number="AG-1"), an_agreement(a_price("B"), number="AG-2")]

    assert agreed_price(both, [], _query(), PIECES_AND_CARTONS) == Unresolved(
        "PRICE_AMBIGUOUS", "several_agreements", ("AG-1/A", "AG-2/B")
    )


def test_of_two_agreements_the_one_in_force_gives_the_price() -> None:
    both = [an_agreement(number="AG-1", valid_to=date(2026, 1, 1)), an_agreement(number="AG-2")]

    answer = agreed_price(both, [], _query(), PIECES_AND_CARTONS)

    assert isinstance(answer, Resolved)
    assert answer.agreement == both[1]


def test_an_ambiguous_agreement_is_not_settled_by_another_one() -> None:
    unclear = an_agreement(a_price("A"), a_price("B"), number="AG-1")

    answer = agreed_price([unclear, an_agreement(number="AG-2")], [], _query(), PIECES_AND_CARTONS)

    assert isinstance(answer, Unresolved)
    assert answer.code == "PRICE_AMBIGUOUS"


def test_of_several_agreements_without_price_the_nearest_miss_is_named() -> None:
    ended = an_agreement(number="AG-1", valid_to=date(2026, 1, 1))
    high = an_agreement(a_price(least=100), number="AG-2")

    answer = agreed_price([ended, high], [], _query(), PIECES_AND_CARTONS)

    assert answer == Unresolved("PRICE_MISSING", "below_smallest_break", agreement=high)


def test_the_highest_break_reached_wins_wherever_it_stands_in_the_list() -> None:
    hundred, one, thousand = a_price("HUNDRED", "8.50", least=100), a_price("ONE", "9.20"), a_price("THOUSAND", "7", least=1000)

    answers = [
        resolve(entries, _query("250"), TODAY, PIECES_AND_CARTONS)
        for entries in ([hundred, one, thousand], [thousand, one, hundred])
    ]

    assert [answer.entry.id for answer in answers if isinstance(answer, Resolved)] == ["HUNDRED", "HUNDRED"]


@pytest.mark.parametrize(("carton_price", "rising"), [("50.40", ("PIECES", "CARTONS")), ("48.00", None), ("47.40", None)])
def test_a_larger_quantity_that_costs_more_per_piece_is_named_with_the_smaller_one(
    carton_price: str, rising: tuple[str, str] | None
) -> None:
    breaks = [a_price("CARTONS", carton_price, least=10, uom="carton"), a_price("PIECES", "4.00")]

    assert rising_breaks(breaks, PIECES_AND_CARTONS) == rising


@pytest.mark.parametrize(("carton_price", "rising"), [("24.00", ("PIECE", "CARTON")), ("12.00", None)])
def test_one_piece_and_one_carton_are_different_breaks(carton_price: str, rising: tuple[str, str] | None) -> None:
    breaks = [a_price("PIECE", "1.00"), a_price("CARTON", carton_price, uom="carton")]

    assert rising_breaks(breaks, PIECES_AND_CARTONS) == rising


def test_twelve_pieces_and_a_carton_of_twelve_are_one_break_that_hides_none_beside_it() -> None:
    dozen, carton = a_price("A", "0.90", least=12), a_price("B", "24.00", uom="carton")

    assert rising_breaks([dozen, carton], PIECES_AND_CARTONS) is None
    assert rising_breaks([dozen, carton, a_price("ONE", "1.00")], PIECES_AND_CARTONS) == ("ONE", "B")


def test_breaks_of_different_years_or_of_one_quantity_are_not_compared() -> None:
    last_year = a_price("A", "4.00", valid_to=date(2025, 12, 31))
    this_year = a_price("B", "4.50", least=100, valid_from=date(2026, 1, 1))

    assert rising_breaks([last_year, this_year], PIECES_AND_CARTONS) is None
    assert rising_breaks([a_price("A", "4.00"), a_price("B", "4.50")], PIECES_AND_CARTONS) is None


def test_an_open_price_ends_the_day_before_its_successor_starts() -> None:
    found = overlaps(
        [a_price("NEW", valid_from=date(2026, 4, 1)), a_price("OLD", valid_from=date(2025, 7, 1))], PIECES_AND_CARTONS
    )

    assert found == Overlap((EndDateProposal("OLD", date(2026, 3, 31)),))


def test_a_price_interrupted_by_a_promotion_goes_on_after_it() -> None:
    year = a_price("YEAR", valid_from=date(2026, 1, 1), valid_to=date(2026, 12, 31))
    june = a_price("JUNE", "8.80", valid_from=date(2026, 6, 1), valid_to=date(2026, 6, 30))

    found = overlaps([year, june], PIECES_AND_CARTONS)

    assert found.proposals == (
        EndDateProposal("YEAR", date(2026, 5, 31)),
        EndDateProposal("YEAR", date(2026, 12, 31), continue_from=date(2026, 7, 1)),
    )


def test_prices_that_follow_each_other_or_differ_in_quantity_do_not_overlap() -> None:
    winter = a_price("WINTER", valid_to=date(2026, 2, 28))
    spring = a_price("SPRING", valid_from=date(2026, 3, 1))

    assert overlaps([winter, spring, a_price("BULK", "9.00", least=100)], PIECES_AND_CARTONS) == Overlap()


def test_three_entries_with_the_same_start_are_each_named_once() -> None:
    found = overlaps([a_price("A"), a_price("B"), a_price("C")], PIECES_AND_CARTONS)

    assert found.ambiguous == ("A", "B", "C")


@st.composite
def price_lists(draw: st.DrawFn) -> list[PriceEntry]:
    count = draw(st.integers(1, 6))
    return [
        a_price(
            f"P{number}",
            draw(st.decimals("0.01", "99.99", places=2)),
            least=draw(st.sampled_from([1, 12, 24, 100])),
            uom=draw(st.sampled_from(["EA", "carton"])),
            valid_from=draw(st.sampled_from([None, date(2026, 1, 1), date(2026, 3, 1)])),
            site_id=draw(st.sampled_from([None, DAYTON])),
        )
        for number in range(count)
    ]


@given(st.data(), price_lists(), st.sampled_from(list(TieRule)), st.integers(1, 2000))
def test_the_order_of_the_entries_never_decides_the_price(
    data: st.DataObject, entries: list[PriceEntry], tie_rule: TieRule, quantity: int
) -> None:
    shuffled = data.draw(st.permutations(entries))
    query = _query(str(quantity), site=DAYTON)

    answers = [resolve(some, query, TODAY, PIECES_AND_CARTONS, tie_rule) for some in (entries, shuffled)]

    assert answers[0] == answers[1]


@given(
    st.decimals("0.001", "1000000", places=3),
    st.fractions(min_value=Fraction(1, 1000), max_value=1000, max_denominator=1000),
)
def test_a_quantity_converted_there_and_back_is_the_same_quantity(quantity: Decimal, factor: Fraction) -> None:
    units = UnitTable("EA", {"BX": factor})

    there = units.convert(quantity, "BX", "EA")

    assert there * units.ratio("EA", "BX") == Fraction(quantity)


@given(st.decimals("0.01", "9999", places=2), st.integers(1, 5000))
def test_an_amount_extended_in_another_unit_equals_the_exact_amount_rounded_once(price: Decimal, cartons: int) -> None:
    entry = a_price(price=price, uom="EA")

    exact = Fraction(price) * cartons * 12

    assert extend(entry, Decimal(cartons), "carton", PIECES_AND_CARTONS) == round_exact(exact, "USD")
