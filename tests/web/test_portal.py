"""The supplier's page: everything in one tap, line by line, on several dates, once however often it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from purveyor.core.access import SYSTEM
from purveyor.core.acknowledge import LineState, Outcome
from purveyor.core.lifecycle import Status
from purveyor.core.order import new_version
from purveyor.settings import Settings
from purveyor.store import acknowledgments, orders, promises, ship_notices
from purveyor.store.db import Database
from tests.app.supplier_world import answered, twelve_and_eight
from tests.order_builders import a_line
from tests.web.supplier_page import SupplierPage, supplier_page


@pytest.fixture
def keller(database: Database, web_settings: Settings) -> Iterator[SupplierPage]:
    """Keller Pumps in front of an order of 20 and 10 cartons."""
    lines = (a_line(1, 20, "998.40", supplier_part_no="KP-25-60"), a_line(2, 10, "998.40"))
    with supplier_page(database, web_settings, *lines) as page:
        yield page


def test_the_page_shows_what_is_ordered_with_both_part_numbers_and_nothing_internal(keller: SupplierPage) -> None:
    page = keller.open()

    for shown in ("KP-25-60", "PUMP-1", "20 CT", "998.40 USD", "Tue 31 Mar 2026", "Dayton", "29,952.00 USD", "Accept everything"):
        assert shown in page
    assert "requester" not in page
    assert "pumps/circulators" not in page
    assert "Sign out" not in page


def test_one_tap_accepts_everything_and_the_page_says_what_was_recorded(keller: SupplierPage) -> None:
    keller.open()

    answer = keller.accept_all()

    assert (answer.status_code, answer.headers["location"]) == (303, keller.path)
    assert [line.state for line in keller.lines()] == [LineState.ACCEPTED, LineState.ACCEPTED]
    page = keller.open()
    assert "Your answer is recorded." in page
    assert "Everything is answered: all 2 lines." in page
    assert "Accept everything" not in page


def test_opening_the_page_answers_nothing(keller: SupplierPage) -> None:
    keller.open()
    keller.open("/ship")

    assert keller.answers() == 0


def test_the_same_form_sent_twice_counts_once(keller: SupplierPage) -> None:
    keller.open()
    fields = {"line_1": "accept", "line_2": "reject", "line_2_reason": "out_of_stock"}

    first, second = keller.answer(**fields), keller.answer(**fields)

    assert (first.status_code, second.status_code) == (303, 303)
    assert keller.answers() == 1
    assert "counts once" in keller.open()


def test_a_second_tap_on_accept_everything_counts_once(keller: SupplierPage) -> None:
    keller.open()

    keller.accept_all()
    again = keller.accept_all()

    assert again.status_code == 303
    assert keller.answers() == 1


def test_twelve_and_eight_cartons_on_two_dates_are_two_promises(keller: SupplierPage) -> None:
    keller.open()

    keller.answer(
        line_1="dates",
        line_1_quantity_1="12",
        line_1_day_1="2026-03-23",
        line_1_quantity_2="8",
        line_1_day_2="2026-03-30",
        line_2="accept",
    )

    with keller.database.read(SYSTEM) as tx:
        given = promises.current(tx, [keller.order.id])[keller.order.id][1]
    assert [(each.quantity, each.promised_delivery) for each in given] == [
        (Decimal(12), date(2026, 3, 23)),
        (Decimal(8), date(2026, 3, 30)),
    ]


def test_an_answer_that_the_suppliers_program_repeats_counts_once(keller: SupplierPage) -> None:
    keller.open()
    keller.answer(
        line_1="dates",
        line_1_quantity_1="12",
        line_1_day_1="2026-03-23",
        line_1_quantity_2="8",
        line_1_day_2="2026-03-30",
        line_2="later",
    )

    repeated = answered(keller.database, keller.order, *twelve_and_eight(), minutes=60)

    assert repeated.result.value == "DUPLICATE"
    assert keller.lines()[0].balance.accepted == 20


def test_dates_can_mean_the_day_goods_leave(keller: SupplierPage) -> None:
    keller.open()

    keller.answer(line_1="dates", line_1_day_1="2026-03-20", line_2="later", dates="ship")

    assert keller.lines()[0].promised_ship == date(2026, 3, 20)


def test_another_price_and_quantity_wait_for_the_buyer(keller: SupplierPage) -> None:
    keller.open()

    keller.answer(line_1="change", line_1_new_quantity="18", line_1_new_price="1,036.80", line_2="accept")

    line = keller.lines()[0]
    assert line.balance.proposed == 18
    page = keller.open()
    assert "Answered, the buyer decides" in page
    assert "Change proposed: 18 CT at 1,036.80 USD" in page


def test_only_another_date_is_an_acceptance_with_that_date(keller: SupplierPage) -> None:
    keller.open()

    keller.answer(line_1="change", line_1_new_price="998.40", line_1_new_day="2026-03-27", line_2="later")

    assert (keller.lines()[0].state, keller.lines()[0].promised_delivery) == (LineState.ACCEPTED, date(2026, 3, 27))


def test_a_line_can_be_unavailable_or_rejected_with_a_reason(keller: SupplierPage) -> None:
    keller.open()

    keller.answer(line_1="backorder", line_1_expected="2026-04-20", line_2="reject", line_2_reason="discontinued")

    assert [line.balance.backordered for line in keller.lines()] == [20, 0]
    assert keller.lines()[1].state is LineState.REJECTED
    page = keller.open()
    assert "Rejected: 10 CT (No longer made)" in page or "(No longer made)" in page


def test_a_line_left_for_later_stays_open_and_the_rest_counts(keller: SupplierPage) -> None:
    keller.open()

    keller.answer(line_1="accept", line_2="later")

    page = keller.open()
    assert "1 of 2 lines still needs your answer." in page
    assert "Accept the open line" in page


def test_another_delivery_keeps_what_was_typed_and_records_nothing(keller: SupplierPage) -> None:
    keller.open()

    page = keller.answer(line_1="dates", line_1_quantity_1="12", line_1_day_1="2026-03-23", more="1").text

    assert 'name="line-1-quantity-3"' in page
    assert 'value="12"' in page
    assert keller.answers() == 0


@pytest.mark.parametrize("more", ["\u00b2", "9" * 5000, "3"])
def test_another_delivery_of_a_line_that_is_not_there_is_no_fault(keller: SupplierPage, more: str) -> None:
    keller.open()

    assert keller.answer(line_1="dates", line_2="accept", more=more).status_code == 422
    assert keller.answers() == 0


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"line_1": "dates"}, "Enter a date"),
        ({"line_1": "dates", "line_1_quantity_1": "12", "line_1_day_2": "2026-03-23"}, "Enter the quantity of each delivery"),
        ({"line_1": "dates", "line_1_quantity_1": "24"}, "24 confirmed, but only 20 ordered"),
        ({"line_1": "dates", "line_1_quantity_1": "a dozen"}, "This is no quantity: a dozen"),
        ({"line_1": "dates", "line_1_quantity_1": "0"}, "A quantity must be above zero"),
        ({"line_1": "dates", "line_1_day_1": "next week"}, "This is no date: next week"),
        ({"line_1": "dates", "line_1_day_1": "9999-12-31", "dates": "ship"}, "This is no date: 9999-12-31"),
        ({"line_1": "dates", "line_1_day_1": "0026-03-31"}, "This is no date: 0026-03-31"),
        ({"line_1": "dates", "line_1_day_1": "20260331"}, "This is no date: 20260331"),
        ({"line_1": "change"}, "Enter the quantity, the price or the date"),
        ({"line_1": "change", "line_1_new_price": "12,5"}, "This is no price: 12,5"),
    ],
)
def test_what_cannot_be_read_is_said_beside_the_line_and_nothing_is_recorded(
    keller: SupplierPage, fields: dict[str, str], said: str
) -> None:
    keller.open()

    answer = keller.answer(**fields, line_2="accept")

    assert answer.status_code == 422
    assert said in answer.text
    assert keller.answers() == 0


def test_answering_nothing_is_no_answer(keller: SupplierPage) -> None:
    keller.open()

    answer = keller.answer(line_1="later", line_2="later")

    assert (answer.status_code, "Choose an answer" in answer.text) == (422, True)


def test_the_same_form_with_other_answers_is_asked_about_and_can_be_sent_again(keller: SupplierPage) -> None:
    keller.open()
    keller.answer(line_1="accept", line_2="accept")

    asked = keller.answer(line_1="reject", line_2="accept")

    assert (asked.status_code, "Send again to replace it" in asked.text) == (409, True)
    assert keller.lines()[0].state is LineState.ACCEPTED


def a_newer_version(page: SupplierPage) -> None:
    """The second line asks for twelve cartons now; the supplier has been told."""
    with page.database.transaction(SYSTEM) as tx:
        before = orders.lock(tx, page.order.id)
        more = replace(
            before.lines[1],
            quantity=Decimal(12),
            schedules=tuple(replace(part, quantity=Decimal(12)) for part in before.lines[1].schedules),
        )
        orders.save(tx, new_version(before, replace(before, lines=(before.lines[0], more))))


def test_after_a_change_the_link_shows_the_new_version_and_keeps_the_answers_that_still_hold(keller: SupplierPage) -> None:
    keller.open()
    keller.answer(line_1="accept", line_2="later")

    a_newer_version(keller)

    page = keller.open()
    assert "You see version 2" in page
    assert "Changed in version 2" in page
    assert "1 of 2 lines still needs your answer." in page


def test_an_answer_typed_on_the_older_version_is_not_recorded_but_shown_again(keller: SupplierPage) -> None:
    keller.open()
    a_newer_version(keller)

    accepted, typed = keller.accept_all(), keller.answer(line_1="reject", line_2="accept")

    assert (accepted.status_code, typed.status_code) == (409, 409)
    assert "Not recorded yet" in typed.text
    assert keller.answers() == 0


@pytest.mark.parametrize("status", [Status.CLOSED, Status.CANCELLED])
def test_an_order_that_ended_can_be_read_but_not_answered(keller: SupplierPage, status: Status) -> None:
    keller.open()
    with keller.database.transaction(SYSTEM) as tx:
        orders.save(tx, replace(orders.lock(tx, keller.order.id), status=status))

    refused = keller.accept_all()

    assert (refused.status_code, "Nothing was recorded" in refused.text) == (409, True)
    assert "Send my answer" not in keller.open()


def test_what_is_on_its_way_is_announced_with_what_is_left_proposed(keller: SupplierPage) -> None:
    form = keller.open("/ship")
    rows = [name for name in form.split('"') if name.startswith("line-")]
    first, second = list(dict.fromkeys(rows))

    told = {**keller.seen, "number": "LS-881", "ships_on": "2026-03-19", "carrier": "Old Dominion", first: "12", second: ""}
    sent = [keller.visitor.post(f"{keller.path}/ship", data=told) for _ in range(2)]

    assert [answer.status_code for answer in sent] == [303, 303]
    with keller.database.read(SYSTEM) as tx:
        (notice,) = ship_notices.of_order(tx, keller.order.id)
    assert [(line.line_no, line.quantity) for line in notice.lines] == [(1, Decimal(12))]
    assert "LS-881" in keller.open()
    assert "not announced yet 8" in keller.open("/ship")


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"number": ""}, "Enter the number of your delivery note."),
        ({"ships_on": "tomorrow"}, "This is no date."),
        ({"quantity": "many"}, "This is no quantity."),
        ({"quantity": ""}, "Enter how much of at least one line is on its way."),
    ],
)
def test_a_shipment_that_cannot_be_read_is_not_recorded(keller: SupplierPage, fields: dict[str, str], said: str) -> None:
    form = keller.open("/ship")
    first = next(name for name in form.split('"') if name.startswith("line-"))
    quantity = fields.pop("quantity", "12")

    answer = keller.visitor.post(f"{keller.path}/ship", data={**keller.seen, "number": "LS-1", first: quantity, **fields})

    assert (answer.status_code, said in answer.text) == (422, True)


def test_the_same_shipment_form_with_other_figures_is_asked_about(keller: SupplierPage) -> None:
    form = keller.open("/ship")
    first = next(name for name in form.split('"') if name.startswith("line-"))
    told = {**keller.seen, "number": "LS-1", first: "12"}
    keller.visitor.post(f"{keller.path}/ship", data=told)

    asked = keller.visitor.post(f"{keller.path}/ship", data={**told, first: "13"})

    assert (asked.status_code, "You had sent this form before" in asked.text) == (409, True)


def test_what_was_rejected_is_not_proposed_for_shipping(keller: SupplierPage) -> None:
    keller.open()
    keller.answer(line_1="reject", line_2="accept")

    page = keller.open("/ship")

    assert "ordered 20, not announced yet 0" in page
    assert "ordered 10, not announced yet 10" in page


def test_a_price_that_is_missing_is_asked_for(database: Database, web_settings: Settings) -> None:
    with supplier_page(database, web_settings, a_line(1, 20, None)) as page:
        assert "Price missing: please state yours." in page.open()


def test_the_answer_says_through_which_channel_it_came(keller: SupplierPage) -> None:
    keller.open()
    keller.accept_all()

    with keller.database.read(SYSTEM) as tx:
        (kept,) = acknowledgments.of_order(tx, keller.order.id)
    assert kept.acknowledgment.channel == "link"
    assert [part.outcome for line in kept.acknowledgment.lines for part in line.parts] == [Outcome.ACCEPT, Outcome.ACCEPT]


def test_the_page_is_small_enough_for_a_bad_connection(keller: SupplierPage) -> None:
    assert len(keller.open().encode()) < 250_000
