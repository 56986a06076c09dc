"""Two hands on one approval: one verdict is recorded, whoever came second is told, and nobody passes his own order."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx
import pytest

from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.settings import Settings
from purveyor.store.db import Database
from tests.app.approval_desk import standing, submitted, the_step, told
from tests.app.people import an_organisation
from tests.order_builders import a_line, an_order
from tests.web.desks import Desk, desks, hidden_fields

DECIDED = "approval.step_decided"


@dataclass
class Office:
    """Martha with two browsers and Paula with one; one order of 19,968.00 waits for Martha as the last approver."""

    database: Database
    martha: Desk
    martha_at_home: Desk
    paula: Desk
    order: PurchaseOrder

    @property
    def card(self) -> str:
        """Where the card of the open step is."""
        return f"/approvals/{the_step(self.database, self.order).id}"


def pumps(requester: str = "rita") -> PurchaseOrder:
    """20 cartons of pumps asked for by somebody."""
    return an_order(a_line(1, 20, "998.40", category="pumps"), requester=requester)


@pytest.fixture
def office(database: Database, web_settings: Settings) -> Iterator[Office]:
    """An office on Monday morning."""
    people = an_organisation(database)
    (order,) = submitted(database, pumps())
    with desks(database, web_settings, people.martha, people.martha, people.paula) as (martha, at_home, paula):
        yield Office(database, martha, at_home, paula, order)


def opened(desk: Desk, card: str) -> dict[str, str]:
    """Open a card and return what its form carries."""
    return hidden_fields(desk.open(card).text, card)


def test_of_two_verdicts_at_the_same_moment_one_counts_and_the_other_is_told(office: Office) -> None:
    card = office.card
    yes = {**opened(office.martha, card), "verdict": "approve"}
    no = {**opened(office.martha_at_home, card), "verdict": "reject", "reason": "Too many pumps."}

    def send(desk: Desk, form: dict[str, str]) -> httpx.Response:
        return desk.visitor.post(card, data=form)

    with ThreadPoolExecutor(2) as pool:
        answers = list(pool.map(send, (office.martha, office.martha_at_home), (yes, no)))

    assert told(office.database, office.order).count(DECIDED) == 1
    won = [answer.headers.get("location") == "/approvals" for answer in answers]
    assert sorted(won) == [False, True]
    assert standing(office.database, office.order).status is (Status.APPROVED if won[0] else Status.DRAFT)
    loser, late = (office.martha_at_home, answers[1]) if won[0] else (office.martha, answers[0])
    shown = loser.open(late.headers["location"]).text if late.status_code == 303 else late.text
    assert "You had decided this already; it counts once." in shown or "Nothing was decided" in shown


def test_a_deputy_who_was_faster_leaves_the_holder_with_a_message(office: Office) -> None:
    card = office.card
    stale = {**opened(office.martha, card), "verdict": "approve"}
    paula = office.martha.open("/approvals/away").text.partition('">Paula')[0].rpartition('value="')[2]
    days = {"starts_on": "2026-03-09", "ends_on": "2026-03-20"}
    assert office.martha.send("/approvals/away", deputy=paula, reason="On leave.", **days).status_code == 303
    assert office.paula.send(card, verdict="approve").status_code == 303

    answer = office.martha.visitor.post(card, data=stale)

    assert (answer.status_code, answer.headers["location"]) == (303, card)
    assert "This step was decided by somebody else meanwhile." in office.martha.open(card).text
    assert told(office.database, office.order).count(DECIDED) == 1


def test_a_form_for_his_own_order_is_refused_in_words_and_on_record(office: Office) -> None:
    (own,) = submitted(office.database, pumps(requester="martha"))
    card = f"/approvals/{the_step(office.database, own).id}"
    page = office.martha.open(card).text

    answer = office.martha.visitor.post(card, data={**hidden_fields(page, card), "version": "1", "verdict": "approve"})

    assert "You asked for this order yourself, so somebody else decides." in page
    assert (answer.status_code, "self_approval" in answer.text) == (403, True)
    assert standing(office.database, own).status is Status.PENDING_APPROVAL
    assert told(office.database, own)[-1] == "approval.refused"
