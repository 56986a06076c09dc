"""One suggestion end to end: recorded under the advisory's own role, a person asked, nothing sent before he decided."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import text
from sqlalchemy.exc import ProgrammingError

from purveyor.advice import quantity
from purveyor.app import advise, cancel, edit, gate, issue
from purveyor.app.advise import DecideAdvisory
from purveyor.app.cancel import CancelOrder
from purveyor.app.resolve import Resolve
from purveyor.app.settle import settle
from purveyor.core.access import ADVISORY, SYSTEM, Actor, ActorKind, Permission, Role
from purveyor.core.advisory import Advisory, AdvisoryState, AdvisoryUndecided, AdvisoryVerdict, inputs_from, questions
from purveyor.core.canonical import digest
from purveyor.core.cases import CaseStatus, ExceptionCase, ExceptionType
from purveyor.core.editing import EditOrder, LineEdit
from purveyor.core.errors import IllegalTransition, NotAuthorised, ReasonRequired
from purveyor.core.events.base import Ref
from purveyor.core.gate import fingerprint
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.store import advisories, cases, events, findings
from purveyor.store.db import Database
from tests.app.advised import BUYER, a_company_of_small_orders, an_unusual_order, asked_about, now_approved
from tests.app.erp_world import Company

pytestmark = pytest.mark.postgres

KEEP = DecideAdvisory(AdvisoryVerdict.KEPT, "A new branch is stocked for the first time.")
TAKE = DecideAdvisory(AdvisoryVerdict.TAKEN)


@pytest.fixture
def company(database: Database) -> Company:
    return a_company_of_small_orders(database)


@pytest.fixture
def approved(company: Company) -> PurchaseOrder:
    return now_approved(company, an_unusual_order(company))


def on_record(company: Company, order: PurchaseOrder) -> list[Advisory]:
    with company.database.read(SYSTEM) as tx:
        return list(advisories.of_orders(tx, [order.id]).get(order.id, ()))


def exception_of(company: Company, advisory: Advisory) -> ExceptionCase:
    assert advisory.case_id is not None
    with company.database.read(SYSTEM) as tx:
        return cases.load(tx, advisory.case_id)


def decides(company: Company, advisory: Advisory, command: DecideAdvisory, by: Actor = BUYER) -> Advisory:
    with company.database.transaction(by) as tx:
        return advise.decide(tx, advisory.id, command)


def edits(company: Company, order: PurchaseOrder, pieces: str) -> PurchaseOrder:
    now = company.now(order)
    with company.database.transaction(BUYER) as tx:
        change = EditOrder(now.row_version, {1: LineEdit(quantity=Decimal(pieces))})
        return edit.edit(tx, order.id, change).order


def test_s57_an_order_eight_times_as_large_as_usual_asks_its_buyer_before_it_leaves(
    company: Company, approved: PurchaseOrder
) -> None:
    [advisory] = asked_about(company, approved)

    case = exception_of(company, advisory)
    assert (advisory.state, advisory.proposal) == (AdvisoryState.OPEN, Decimal(48))
    assert (case.type, case.owner_role, case.status) == (ExceptionType.QUANTITY_ANOMALY, Role.BUYER, CaseStatus.OPEN)
    assert case.summary == f"{approved.order_ref} line 1: 384 EA for DAY is larger than usual."
    assert case.exposure is not None
    assert case.exposure.amount == Decimal("27955.20")


def test_s57_it_is_not_issued_until_a_person_decides_and_leaves_when_he_keeps_the_quantity(
    company: Company, approved: PurchaseOrder
) -> None:
    [advisory] = asked_about(company, approved)
    held_back = company.releases(approved)
    assert (held_back.undecided, held_back.queued, company.now(approved).status) == ([approved.id], {}, Status.APPROVED)
    with company.database.read(BUYER) as tx, pytest.raises(AdvisoryUndecided, match="larger than usual"):
        advise.require_decided(tx, approved)

    decided = decides(company, advisory, KEEP)

    assert (decided.state, decided.decided_by, decided.decision_reason) == (AdvisoryState.KEPT, BUYER.id, KEEP.reason)
    assert exception_of(company, advisory).resolution == "confirm_quantity"
    assert list(company.releases(approved).queued) == [approved.id]


def test_s57_whether_the_release_or_the_suggestion_comes_first_makes_no_difference(
    company: Company, approved: PurchaseOrder
) -> None:
    assert company.releases(approved).undecided == [approved.id]

    [advisory] = asked_about(company, approved)
    asked_about(company, approved)

    assert on_record(company, approved) == [advisory]
    assert exception_of(company, advisory).occurrences == 1
    assert company.releases(approved).undecided == [approved.id]


def test_s57_an_order_of_usual_size_leaves_without_anybody_being_asked(company: Company) -> None:
    order = now_approved(company, an_unusual_order(company, "60"))

    [noted] = asked_about(company, order)

    assert (noted.state, noted.case_id) == (AdvisoryState.NOTED, None)
    assert list(company.releases(order).queued) == [order.id]


def test_s57_taking_the_suggestion_keeps_the_order_here_until_it_is_changed(company: Company, approved: PurchaseOrder) -> None:
    [advisory] = asked_about(company, approved)

    decides(company, advisory, TAKE)

    assert company.releases(approved).undecided == [approved.id]
    assert exception_of(company, advisory).resolution == "reduce_quantity"
    smaller = edits(company, approved, "60")
    with company.database.read(SYSTEM) as tx:
        advise.require_decided(tx, smaller)


def test_s62_a_buyer_who_orders_less_has_taken_the_suggestion(company: Company, approved: PurchaseOrder) -> None:
    [advisory] = asked_about(company, approved)

    edits(company, approved, "60")

    [taken] = on_record(company, approved)
    assert (taken.state, taken.decided_by) == (AdvisoryState.TAKEN, BUYER.id)
    assert exception_of(company, advisory).status is CaseStatus.RESOLVED


def test_s57_an_edit_that_is_still_unusual_asks_again_and_a_quantity_that_was_kept_does_not(
    company: Company, approved: PurchaseOrder
) -> None:
    asked_about(company, approved)
    edits(company, approved, "396")
    [old, second] = asked_about(company, approved)
    assert (old.state, second.state) == (AdvisoryState.MOOT, AdvisoryState.OPEN)
    decides(company, second, KEEP)

    with company.database.transaction(BUYER) as tx:
        later = company.now(approved)
        later = edit.edit(tx, later.id, EditOrder(later.row_version, payment_terms="N60")).order

    assert len(asked_about(company, approved)) == 2
    with company.database.read(SYSTEM) as tx:
        advise.require_decided(tx, later)


def test_s57_a_suggestion_that_comes_after_its_version_is_gone_asks_nobody(company: Company, approved: PurchaseOrder) -> None:
    with company.database.read(SYSTEM) as tx:
        said = [quantity.advise(question) for question in questions(findings.newest(tx, approved.id)[1])]
    edits(company, approved, "60")

    with company.database.transaction(ADVISORY) as tx:
        [late] = advise.record(tx, said)
    asked_about(company, approved)

    states = [one.state for one in on_record(company, approved)]
    assert states == [AdvisoryState.MOOT, AdvisoryState.NOTED]
    assert exception_of(company, late).status is CaseStatus.RESOLVED


def test_s57_a_cancelled_order_asks_nothing_any_more(company: Company, approved: PurchaseOrder) -> None:
    [advisory] = asked_about(company, approved)
    with company.database.transaction(BUYER) as tx:
        cancel.cancel(tx, approved.id, CancelOrder(company.now(approved).row_version, "not needed"))

    asked_about(company, approved)

    assert [one.state for one in on_record(company, approved)] == [AdvisoryState.MOOT]
    assert exception_of(company, advisory).status is CaseStatus.RESOLVED


def test_s57_who_overrides_the_gate_about_the_quantity_has_decided(company: Company, approved: PurchaseOrder) -> None:
    [advisory] = asked_about(company, approved)
    lead = replace(BUYER, roles=frozenset({Role.CATEGORY_MANAGER}))

    with company.database.transaction(lead) as tx:
        [finding] = [one for one in gate.report(tx, approved.id).findings if one.code == "QUANTITY_ANOMALY"]
        gate.override(tx, approved.id, fingerprint(finding), "First stock of a new branch.")

    [kept] = on_record(company, approved)
    assert (kept.state, kept.decided_by) == (AdvisoryState.KEPT, lead.id)
    assert exception_of(company, advisory).status is CaseStatus.RESOLVED
    assert list(company.releases(approved).queued) == [approved.id]


def test_s57_settling_the_exception_is_the_decision_and_keeping_needs_a_reason(company: Company, approved: PurchaseOrder) -> None:
    [advisory] = asked_about(company, approved)
    case = exception_of(company, advisory)
    with pytest.raises(ReasonRequired), company.database.transaction(BUYER) as tx:
        settle(tx, case.id, Resolve("confirm_quantity", None, case.version))

    with company.database.transaction(BUYER) as tx:
        settle(tx, case.id, Resolve("confirm_quantity", "A new branch.", case.version))

    [kept] = on_record(company, approved)
    assert (kept.state, kept.decision_reason) == (AdvisoryState.KEPT, "A new branch.")
    assert list(company.releases(approved).queued) == [approved.id]


def test_s57_a_suggestion_is_decided_once(company: Company, approved: PurchaseOrder) -> None:
    [advisory] = asked_about(company, approved)
    decides(company, advisory, KEEP)

    with pytest.raises(IllegalTransition):
        decides(company, advisory, TAKE)


def test_s62_model_inputs_score_threshold_and_the_human_action_are_on_record_and_the_score_can_be_made_again(
    company: Company, approved: PurchaseOrder
) -> None:
    [advisory] = asked_about(company, approved)
    decides(company, advisory, KEEP)

    with company.database.read(SYSTEM) as tx:
        stored = tx.conn.execute(text("SELECT * FROM advisory")).mappings().one()
        told = events.read_stream(tx, Ref("advisory", advisory.id))
    inputs = inputs_from(json.loads(stored["inputs"]))
    assert (stored["model"], stored["model_version"]) == (quantity.MODEL, quantity.VERSION)
    assert (quantity.score(inputs), quantity.THRESHOLD) == (stored["score"], stored["threshold"])
    assert digest(inputs) == stored["inputs_hash"]
    assert (stored["state"], stored["decided_by"], stored["decision_reason"]) == ("kept", BUYER.id, KEEP.reason)
    assert [(one.type, one.actor_kind) for one in told] == [("advisory.recorded", "advisory"), ("advisory.decided", "user")]
    assert told[1].reason == KEEP.reason


def test_s62_what_a_model_said_cannot_be_put_on_record_by_anybody_else(company: Company, approved: PurchaseOrder) -> None:
    with company.database.transaction(SYSTEM) as tx, pytest.raises(NotAuthorised):
        advise.record(tx, [])


def test_s57_the_advisory_actor_holds_no_permission_and_every_command_refuses_it(
    company: Company, approved: PurchaseOrder
) -> None:
    [advisory] = asked_about(company, approved)
    pretender = replace(BUYER, kind=ActorKind.ADVISORY)

    assert not any(pretender.may(permission) for permission in Permission)
    with company.database.transaction(ADVISORY) as tx:
        for act in (
            lambda: edit.edit(tx, approved.id, EditOrder(approved.row_version)),
            lambda: edit.submit(tx, approved.id, approved.row_version),
            lambda: cancel.cancel(tx, approved.id, CancelOrder(approved.row_version, "no")),
            lambda: advise.decide(tx, advisory.id, KEEP),
        ):
            with pytest.raises(NotAuthorised):
                act()
    with company.database.transaction(ADVISORY) as tx, pytest.raises(ProgrammingError, match="permission denied"):
        issue.release(tx, approved.id)


@pytest.mark.parametrize(
    "attempt",
    [
        "UPDATE purchase_order SET status = 'issued'",
        "SELECT status FROM purchase_order",
        "INSERT INTO purchase_order DEFAULT VALUES",
        "UPDATE order_line SET quantity = 1",
        "DELETE FROM order_schedule",
        "UPDATE approval_chain SET state = 'approved'",
        "UPDATE approval_step SET state = 'approved'",
        "INSERT INTO approval_step DEFAULT VALUES",
        "UPDATE message SET state = 'ready'",
        "INSERT INTO message DEFAULT VALUES",
        "UPDATE exception_case SET status = 'resolved'",
        "UPDATE advisory SET state = 'kept'",
        "DELETE FROM advisory",
        "INSERT INTO finding_override DEFAULT VALUES",
        "INSERT INTO procrastinate_jobs DEFAULT VALUES",
        "SELECT purveyor_publish_policy(gen_random_uuid(), 'x', 'y', now(), 'z')",
    ],
)
def test_s57_the_database_itself_refuses_a_model_that_would_act(database: Database, attempt: str) -> None:
    with database.transaction(ADVISORY) as tx, pytest.raises(ProgrammingError, match="permission denied"):
        tx.conn.execute(text(attempt))


def test_s57_the_product_itself_cannot_rewrite_what_a_model_said(database: Database) -> None:
    with database.transaction(SYSTEM) as tx, pytest.raises(ProgrammingError, match="permission denied"):
        tx.conn.execute(text("DELETE FROM advisory"))
