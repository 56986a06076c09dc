"""The approver's pages: the queue and its first line, the card, one verdict, and refusals that leave a trace."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

import pytest

from purveyor.app import approve, gate
from purveyor.core.access import SYSTEM
from purveyor.core.finding import Severity
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder, new_version
from purveyor.settings import Settings
from purveyor.store import masters, orders
from purveyor.store.db import Database
from tests.app.approval_desk import standing, submitted, the_step, told, worth
from tests.app.invoicing import HERE, the_masters
from tests.app.people import People, an_organisation, pass_hours, user
from tests.core.builders import a_price, an_agreement
from tests.order_builders import ITEM, SUPPLIER, a_line, an_order
from tests.web.desks import Desk, desks


@dataclass
class Office:
    """Martha, Paula, Rita and an auditor at their desks; one order of 19,968.00 waits for Martha."""

    database: Database
    people: People
    martha: Desk
    paula: Desk
    rita: Desk
    order: PurchaseOrder

    @property
    def card(self) -> str:
        """Where the card of the open step is."""
        return f"/approvals/{the_step(self.database, self.order).id}"

    def now(self) -> Status:
        """The status of the order."""
        return standing(self.database, self.order).status


def pumps(requester: str = "rita") -> PurchaseOrder:
    """20 cartons of pumps asked for by somebody."""
    return an_order(a_line(1, 20, "998.40", category="pumps"), requester=requester)


@pytest.fixture
def office(database: Database, web_settings: Settings) -> Iterator[Office]:
    """An office on Monday morning."""
    people = an_organisation(database)
    (order,) = submitted(database, pumps())
    with desks(database, web_settings, people.martha, people.paula, people.rita) as (martha, paula, rita):
        yield Office(database, people, martha, paula, rita, order)


def test_the_first_line_says_how_many_wait_how_much_and_since_when(office: Office) -> None:
    submitted(office.database, worth("6000.00"), worth("15302.00"))
    pass_hours(office.database, 3)

    page = office.martha.open("/approvals").text

    assert "3 approvals wait for you, 41,270.00 USD, oldest 3 business hours." in page


def test_the_queue_can_be_sorted_by_age_in_business_hours(office: Office) -> None:
    pass_hours(office.database, 2)
    (newer,) = submitted(office.database, worth("6000.00"))

    oldest_last = office.martha.open("/approvals?sort=age").text
    oldest_first = office.martha.open("/approvals?sort=-age").text

    assert oldest_last.index(newer.order_ref) < oldest_last.index(office.order.order_ref)
    assert oldest_first.index(office.order.order_ref) < oldest_first.index(newer.order_ref)
    for sort in ("due", "-amount", "order"):
        assert office.martha.open(f"/approvals?sort={sort}").status_code == 200


def test_an_empty_queue_says_why(office: Office) -> None:
    assert "No approval waits for you." in office.paula.open("/approvals").text


def test_the_card_says_why_what_it_costs_and_what_nobody_knows(office: Office) -> None:
    page = office.martha.open(office.card).text

    for shown in (
        "19,968.00 USD",
        "You decide as Line manager.",
        "the order total is at least 5,000.00 USD and below 25,000.00 USD",
        "Rita",
        "20 CT",
        "Budget",
        "Not connected yet",
        "similar orders",
    ):
        assert shown in page


def test_problems_found_stand_on_the_card(office: Office) -> None:
    (doubtful,) = submitted(office.database, worth("300.00"), severity=Severity.APPROVE)

    page = office.martha.open(f"/approvals/{the_step(office.database, doubtful).id}").text

    assert "the gate found something that somebody has to approve: <strong>approved by Line manager" in page


@pytest.mark.parametrize(
    ("agreed", "said", "something_at_stake"),
    [
        ("998.40", "Price as agreed", False),
        ("960.00", "768.00 USD above the agreement", True),
        ("1000.00", "32.00 USD below the agreement", True),
    ],
)
def test_each_price_stands_beside_the_agreed_one(office: Office, agreed: str, said: str, something_at_stake: bool) -> None:
    the_masters(office.database)
    terms = an_agreement(a_price(price=agreed, uom="CT"), supplier_id=SUPPLIER, item_id=ITEM)
    with office.database.transaction(SYSTEM) as tx:
        masters.save_agreements(tx, [terms], HERE)
        gate.check_orders(tx, [orders.get(tx, office.order.id)])

    page = office.martha.open(office.card).text

    assert said in page
    assert ("Money at stake" in page) is something_at_stake


def test_looking_decides_nothing(office: Office) -> None:
    office.martha.open(office.card)
    office.martha.visitor.get(office.card, params={"verdict": "approve", "version": "1"})

    assert office.now() is Status.PENDING_APPROVAL


def test_a_yes_approves_and_leads_back_to_the_queue(office: Office) -> None:
    answer = office.martha.send(office.card, verdict="approve")

    assert (answer.status_code, answer.headers["location"]) == (303, "/approvals")
    assert office.now() is Status.APPROVED
    assert "Approved." in office.martha.open("/approvals").text


@pytest.mark.parametrize("verdict", ["return", "reject"])
def test_a_no_needs_a_reason_and_takes_the_order_back(office: Office, verdict: str) -> None:
    without = office.martha.send(office.card, verdict=verdict)
    status_after = office.now()
    answer = office.martha.send(office.card, verdict=verdict, reason="Why 20 cartons?")

    assert (without.status_code, "Say why" in without.text, status_after) == (422, True, Status.PENDING_APPROVAL)
    assert (answer.status_code, office.now()) == (303, Status.DRAFT)


def test_nothing_chosen_is_no_decision(office: Office) -> None:
    answer = office.martha.send(office.card)

    assert (answer.status_code, "Choose what you decide." in answer.text) == (422, True)
    assert office.now() is Status.PENDING_APPROVAL


def test_the_same_form_sent_twice_counts_once(office: Office) -> None:
    card = office.card
    form = {**office_form(office.martha, card), "verdict": "approve"}

    first, second = (office.martha.visitor.post(card, data=form) for _ in range(2))

    assert (first.status_code, second.status_code) == (303, 303)
    assert told(office.database, office.order).count("approval.step_decided") == 1
    assert "counts once" in office.martha.open(card).text


def office_form(desk: Desk, card: str) -> dict[str, str]:
    """What the form of a card carries."""
    page = desk.open(card).text
    token = page.rpartition('name="csrf_token" value="')[2].partition('"')[0]
    return {"csrf_token": token, "version": "1"}


def edited_by_a_cent(office: Office) -> None:
    """Rita changes the price by a cent, which voids the approval."""
    with office.database.transaction(SYSTEM) as tx:
        before = orders.lock(tx, office.order.id)
        dearer = replace(before.lines[0], unit_price=Decimal("998.41"))
        after = orders.save(tx, new_version(before, replace(before, lines=(dearer,))))
        approve.void_on_edit(tx, after)


def test_an_order_edited_meanwhile_is_not_decided_and_the_difference_is_shown(office: Office) -> None:
    card = office.card
    form = {**office_form(office.martha, card), "verdict": "approve"}
    edited_by_a_cent(office)

    answer = office.martha.visitor.post(card, data=form)

    assert answer.status_code == 409
    for shown in ("Nothing was decided", "998.4", "998.41"):
        assert shown in answer.text
    queue = office.martha.open("/approvals").text
    assert "No approval waits for you." in queue
    assert f"{office.order.order_ref} changed before you decided, so it left your approvals." in queue


def test_a_card_shows_the_version_it_was_for_and_says_what_changed_since(office: Office) -> None:
    card = office.card
    edited_by_a_cent(office)

    page = office.martha.open(card).text

    assert "19,968.00 USD" in page
    assert "19,968.20 USD" not in page
    assert "it is at version 2 now. Everything below is version 1, for which this approval was asked." in page
    assert "Line 1 · price: 998.4 → 998.41" in page
    assert "This approval is void" in page
    assert "Confirm" not in page


def test_a_decided_card_still_shows_what_was_decided_after_the_order_changed(office: Office) -> None:
    card = office.card
    office.martha.send(card, verdict="return", reason="Why 20 cartons?")
    edited_by_a_cent(office)

    page = office.rita.open(card).text

    assert ("Decided by Martha." in page, "19,968.00 USD" in page, "is void" in page) == (True, True, False)


def test_a_form_with_an_older_version_is_refused_with_the_difference(office: Office) -> None:
    form = {**office_form(office.martha, office.card), "verdict": "approve", "version": "7"}

    answer = office.martha.visitor.post(office.card, data=form)

    assert (answer.status_code, "Nothing was decided" in answer.text) == (409, True)
    assert office.now() is Status.PENDING_APPROVAL


def test_a_form_with_a_version_that_no_order_can_have_is_refused(office: Office) -> None:
    form = {**office_form(office.martha, office.card), "verdict": "approve", "version": "2147483648"}

    assert office.martha.visitor.post(office.card, data=form).status_code == 422
    assert office.now() is Status.PENDING_APPROVAL


def test_who_lacks_the_role_is_refused_and_the_attempt_is_in_the_log(office: Office) -> None:
    card = office.card
    form = {**office_form(office.martha, card), "verdict": "approve"}
    token = office.rita.open("/approvals/away").text  # refused too, but carries a form token in the page's header
    form["csrf_token"] = token.rpartition('name="csrf_token" value="')[2].partition('"')[0]

    answer = office.rita.visitor.post(card, data=form)

    assert answer.status_code == 403
    assert "not_authorised" in answer.text
    assert told(office.database, office.order)[-1] == "approval.refused"
    assert office.now() is Status.PENDING_APPROVAL


def test_a_step_of_somebody_else_is_refused_and_the_attempt_is_in_the_log(office: Office) -> None:
    card = office.card
    page = office.paula.open(card).text
    token = page.rpartition('name="csrf_token" value="')[2].partition('"')[0]

    answer = office.paula.visitor.post(card, data={"csrf_token": token, "version": "1", "verdict": "approve"})

    assert "Martha decides, as Line manager." in page
    assert "Confirm" not in page
    assert (answer.status_code, "not_your_step" in answer.text) == (403, True)
    assert told(office.database, office.order)[-1] == "approval.refused"


def test_nobody_approves_what_he_asked_for_himself(office: Office) -> None:
    (own,) = submitted(office.database, pumps(requester="martha"))
    card = f"/approvals/{the_step(office.database, own).id}"

    page = office.martha.open(card).text

    assert "Confirm" not in page


@pytest.mark.parametrize("path", ["/approvals", "/approvals/away"])
def test_the_queue_is_for_people_who_may_approve(office: Office, path: str) -> None:
    assert office.rita.open(path).status_code == 403


def test_everybody_in_the_house_may_read_a_card_and_nobody_an_unknown_one(office: Office) -> None:
    assert office.rita.open(office.card).status_code == 200
    assert office.martha.open("/approvals/00000000-0000-7000-8000-000000000099").status_code == 404


def test_a_form_without_its_token_is_refused(office: Office) -> None:
    answer = office.martha.visitor.post(office.card, data={"version": "1", "verdict": "approve"})

    assert (answer.status_code, office.now()) == (403, Status.PENDING_APPROVAL)


def test_a_decided_card_says_who_decided_and_why(office: Office) -> None:
    card = office.card
    office.martha.send(card, verdict="reject", reason="Too many pumps.")

    page = office.rita.open(card).text

    assert "Decided by Martha." in page
    assert "Too many pumps." in page


def test_an_order_on_the_card_is_compared_with_similar_orders(office: Office) -> None:
    office.martha.send(office.card, verdict="approve")
    (again,) = submitted(office.database, pumps())

    page = office.martha.open(f"/approvals/{the_step(office.database, again).id}").text

    assert office.order.order_ref in page


def test_a_deputy_decides_while_the_holder_is_away_and_both_names_stay(office: Office) -> None:
    paula = str(user(office.people.paula))
    away = {"starts_on": "2026-03-09", "ends_on": "2026-03-20", "deputy": paula, "reason": "On leave."}

    handed = office.martha.send("/approvals/away", **away)

    assert (handed.status_code, handed.headers["location"]) == (303, "/approvals/away")
    assert "Handed over to Paula" in office.martha.open("/approvals/away").text
    assert "You stand in for Martha now." in office.paula.open("/approvals/away").text
    assert "for Martha" in office.paula.open("/approvals").text
    assert "Handed over to your deputy" in office.martha.open("/approvals").text
    page = office.paula.open(office.card).text
    assert "You decide for Martha, Line manager." in page
    assert office.paula.send(office.card, verdict="approve").status_code == 303
    assert office.now() is Status.APPROVED


def test_a_delegation_can_be_taken_back(office: Office) -> None:
    paula = str(user(office.people.paula))
    away = {"starts_on": "2026-03-09", "ends_on": "2026-03-20", "deputy": paula, "reason": "On leave."}
    office.martha.send("/approvals/away", **away)
    page = office.martha.open("/approvals/away").text
    end = "/approvals/away/" + page.partition('action="/approvals/away/')[2].partition('"')[0]

    answer = office.martha.send(end, seen_on="/approvals/away")

    assert answer.status_code == 303
    assert "You decide your approvals yourself." in office.martha.open("/approvals/away").text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"starts_on": ""}, "Enter a day."),
        ({"ends_on": "Friday"}, "Enter a day."),
        ({"ends_on": "2026-03-01"}, "a delegation ends after it starts"),
        ({"ends_on": "9999-12-31"}, "Enter a day."),
        ({"deputy": ""}, "Choose who decides for you."),
        ({"reason": "\u200b"}, "Say why"),
    ],
)
def test_what_is_missing_for_a_delegation_is_said_beside_its_field(office: Office, changed: dict[str, str], said: str) -> None:
    paula = str(user(office.people.paula))
    away = {"starts_on": "2026-03-09", "ends_on": "2026-03-20", "deputy": paula, "reason": "On leave."}

    answer = office.martha.send("/approvals/away", **{**away, **changed})

    assert (answer.status_code, said in answer.text) == (422, True)


def test_an_order_on_hold_shows_no_decision(office: Office) -> None:
    with office.database.transaction(SYSTEM) as tx:
        tx.conn.exec_driver_sql("UPDATE purchase_order SET hold_reason = 'asked', hold_since = created_at")

    page = office.martha.open(office.card).text

    assert "on hold" in page
    assert "Confirm" not in page
