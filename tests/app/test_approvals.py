"""Approvals from submit to the last word: queues, delegates, backups, races and refusals, in a real database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from threading import Thread

import pytest

from purveyor.app import approval_steps, approve, edit, submit
from purveyor.app.submit import Checked
from purveyor.core.access import SYSTEM, Role
from purveyor.core.approval import RouteResult
from purveyor.core.approval_chain import (
    ChainState,
    NotYourStep,
    SelfApproval,
    StepClosed,
    StepState,
    Verdict,
)
from purveyor.core.approval_decisions import DecideStep
from purveyor.core.cases import ExceptionType
from purveyor.core.editing import EditOrder, LineEdit
from purveyor.core.errors import NotAuthorised, NotFound, PurveyorError, StaleVersion
from purveyor.core.events.base import Ref
from purveyor.core.facts import GatePolicy, OrderFacts
from purveyor.core.finding import Severity
from purveyor.core.gate import GateReport
from purveyor.core.ids import OrderId, StepId, UserId
from purveyor.core.lifecycle import Status, Verb
from purveyor.core.order import Origin, advance, new_version
from purveyor.store import approvals, approvers, events, orders, timers
from purveyor.store.db import Database
from tests.app.approval_desk import open_types, queue, say, standing, submitted, the_step, told, worth
from tests.app.people import MONDAY_NINE, People, an_organisation, pass_hours, set_clock, user
from tests.order_builders import UNIT, a_line, an_order, fresh_id

pytestmark = pytest.mark.postgres


@pytest.fixture
def people(database: Database) -> People:
    return an_organisation(database)


def test_a_clean_order_under_the_limit_is_approved_by_a_named_policy_row(database: Database, people: People) -> None:
    [order] = submitted(database, worth("4999.99"))

    with database.read(SYSTEM) as tx:
        chain = approvals.in_force(tx, order.id)
        log = events.read_stream(tx, Ref("order", order.id))
    assert order.status is Status.APPROVED
    assert chain is not None
    assert (chain.state, chain.result) == (ChainState.APPROVED, RouteResult.NO_APPROVAL_NEEDED)
    assert [event.type for event in log] == ["order.submitted", "order.approved"]
    assert str(log[1].payload["by_policy"]).startswith("approval_matrix:A1@")
    assert log[0].policy_set == chain.policy_set


def test_a_blocked_order_stays_a_draft_and_says_so(database: Database, people: People) -> None:
    [order] = submitted(database, worth("10.00"), severity=Severity.BLOCK)

    assert order.status is Status.DRAFT
    assert told(database, order) == ["order.submit_stopped"]


def test_a_larger_order_waits_for_its_approver_and_is_released_by_his_yes(database: Database, people: People) -> None:
    [order] = submitted(database, worth("19968.00"))
    [line] = queue(database, people.martha)

    say(database, people.martha, line.step.step_id)

    assert (order.status, line.step.order_ref, line.step.policy_amount) == (
        Status.PENDING_APPROVAL,
        order.order_ref,
        Decimal("19968"),
    )
    assert line.age_minutes == 0
    assert standing(database, order).status is Status.APPROVED
    assert queue(database, people.martha) == []
    assert told(database, order)[-2:] == ["approval.step_decided", "order.approved"]
    with database.read(SYSTEM) as tx:
        assert timers.timers_of(tx, approval_steps.SUBJECT, line.step.step_id) == []


def test_the_second_approver_is_asked_when_the_first_has_decided(database: Database, people: People) -> None:
    [order] = submitted(database, worth("30000.00"))
    assert queue(database, people.carl) == []

    say(database, people.martha, the_step(database, order).id)
    [line] = queue(database, people.carl)
    say(database, people.carl, line.step.step_id)

    assert standing(database, order).status is Status.APPROVED


def test_a_rejected_order_is_a_draft_again_and_can_be_submitted_anew(database: Database, people: People) -> None:
    [order] = submitted(database, worth("9000.00"))
    say(database, people.martha, the_step(database, order).id, Verdict.REJECT, reason="not this year")

    draft = standing(database, order)
    with database.transaction(SYSTEM) as tx:
        report = GateReport(draft, OrderFacts(), GatePolicy(), tx.now, ())
        [again] = submit.submit_checked(tx, [Checked(orders.lock(tx, order.id), report)])
        chains = approvals.history(tx, order.id)

    assert draft.status is Status.DRAFT
    assert again.status is Status.PENDING_APPROVAL
    assert [chain.state for chain in chains] == [ChainState.REJECTED, ChainState.OPEN]
    assert chains[0].steps[0].reason == "not this year"


def test_an_edit_by_one_cent_after_approval_voids_it(database: Database, people: People) -> None:
    [order] = submitted(database, worth("19968.00"))
    step = the_step(database, order)
    say(database, people.martha, step.id)

    with database.transaction(SYSTEM) as tx:
        approved = orders.lock(tx, order.id)
        edited = new_version(approved, replace(approved, lines=(replace(approved.lines[0], unit_price=Decimal("19968.01")),)))
        orders.save(tx, advance(edited, Verb.EDIT, Status.DRAFT))
        assert approve.void_on_edit(tx, edited)
        assert not approve.void_on_edit(tx, edited)

    with pytest.raises(StepClosed):
        say(database, people.martha, step.id, version=2)
    assert told(database, order)[-1] == "approval.voided"


def test_a_verdict_on_a_version_that_moved_on_is_stale(database: Database, people: People) -> None:
    [order] = submitted(database, worth("19968.00"))

    with pytest.raises(StaleVersion):
        say(database, people.martha, the_step(database, order).id, version=2)


def test_s7_a_step_older_than_its_due_time_is_reminded_and_then_escalated(database: Database, people: People) -> None:
    [order] = submitted(database, worth("19968.00"))
    step = the_step(database, order)
    with database.read(SYSTEM) as tx:
        kinds = {timer.kind: timer.due_at for timer in timers.timers_of(tx, approval_steps.SUBJECT, step.id)}
    assert kinds[approval_steps.REMIND] < kinds[approval_steps.ESCALATE] == step.due_at

    set_clock(database, kinds[approval_steps.REMIND])
    with database.transaction(SYSTEM) as tx:
        assert approve.remind(tx, step.id)
    set_clock(database, kinds[approval_steps.ESCALATE] + timedelta(seconds=1))
    [line] = queue(database, people.martha)

    assert (line.age_minutes, line.overdue) == (480, True)
    assert told(database, order)[-1] == "approval.step_reminded"


def test_s28_the_backup_of_the_same_role_gets_an_idle_approvers_step_and_the_process_owner_the_last(
    database: Database, people: People
) -> None:
    [order] = submitted(database, worth("19968.00"))
    step = the_step(database, order)

    holders = []
    for _ in range(4):
        pass_hours(database, 30)
        with database.transaction(SYSTEM) as tx:
            moved = approve.escalate(tx, step.id)
        assert moved.holder is not None
        holders.append(moved.holder.person_key)

    assert holders == ["paula", "owen", "owen", "owen"]
    assert standing(database, order).status is Status.PENDING_APPROVAL
    assert told(database, order)[-4:] == [
        "approval.step_escalated",
        "approval.step_escalated",
        "approval.step_breached",
        "approval.step_breached",
    ]
    with pytest.raises(NotYourStep):
        say(database, people.martha, step.id)
    say(database, people.owen, step.id)
    assert standing(database, order).status is Status.APPROVED


def test_timers_of_a_step_that_is_over_do_nothing(database: Database, people: People) -> None:
    [order] = submitted(database, worth("19968.00"))
    step = the_step(database, order)
    say(database, people.martha, step.id)

    with database.transaction(SYSTEM) as tx:
        assert not approve.remind(tx, step.id)
        assert approve.escalate(tx, step.id).state is StepState.APPROVED
    assert told(database, order)[-1] == "order.approved"


def test_s66_a_person_without_the_role_is_refused_logged_and_the_order_stays_as_it_is(database: Database, people: People) -> None:
    [order] = submitted(database, worth("19968.00", requester="somebody"))
    step = the_step(database, order)

    with pytest.raises(NotAuthorised) as refused:
        say(database, people.rita, step.id)
    with database.transaction(people.rita) as tx:
        approve.record_refusal(tx, step.id, refused.value.code)

    assert refused.value.code == "not_authorised"
    assert standing(database, order).status is Status.PENDING_APPROVAL
    assert told(database, order)[-1] == "approval.refused"


def test_of_two_who_press_approve_at_the_same_time_one_is_recorded(database: Database, people: People) -> None:
    [order] = submitted(database, worth("19968.00"))
    step = the_step(database, order)
    outcomes: list[str] = []

    def press() -> None:
        try:
            say(database, people.martha, step.id)
            outcomes.append("recorded")
        except PurveyorError as error:
            outcomes.append(error.code)

    presses = [Thread(target=press) for _ in range(2)]
    for thread in presses:
        thread.start()
    for thread in presses:
        thread.join()

    assert sorted(outcomes) == ["recorded", "step_closed"]
    assert told(database, order).count("approval.step_decided") == 1


def test_the_requester_never_gets_his_own_order_the_backup_does(database: Database, people: People) -> None:
    [order] = submitted(database, worth("19968.00", requester="martha"))

    step = the_step(database, order)

    assert step.holder is not None
    assert step.holder.person_key == "paula"
    with pytest.raises(SelfApproval):
        say(database, people.martha, step.id)


def test_whoever_submits_an_order_does_not_approve_it(database: Database, people: People) -> None:
    [order] = submitted(
        database, worth("30000.00", requester=None), by=replace(people.carl, roles=frozenset({Role.CATEGORY_MANAGER}))
    )
    say(database, people.martha, the_step(database, order).id)

    step = the_step(database, order)

    assert step.holder is None
    assert open_types(database, approval_steps.no_holder_key(step.id)) == [ExceptionType.APPROVAL_NO_HOLDER]


def test_whoever_edited_an_order_does_not_approve_it_when_somebody_else_submits_it(database: Database, people: People) -> None:
    [draft] = submitted(database, worth("19968.00"), severity=Severity.BLOCK)
    with database.transaction(replace(people.martha, roles=frozenset({Role.CATEGORY_MANAGER}))) as tx:
        edited = edit.edit(tx, draft.id, EditOrder(draft.row_version, {1: LineEdit(unit_price=Decimal("19960.00"))})).order

    [order] = submitted(database, edited, by=people.rita)

    step = the_step(database, order)
    assert step.holder is not None
    assert step.holder.person_key == "paula"
    with pytest.raises(SelfApproval):
        say(database, people.martha, step.id, version=2)


def test_an_edit_before_the_last_approval_makes_nobody_a_party(database: Database, people: People) -> None:
    [draft] = submitted(database, worth("19968.00"), severity=Severity.BLOCK)
    for editor, price in ((people.martha, "19960.00"), (people.rita, "19961.00")):
        order = standing(database, draft)
        with database.transaction(replace(editor, roles=frozenset({Role.CATEGORY_MANAGER}))) as tx:
            edited = edit.edit(tx, draft.id, EditOrder(order.row_version, {1: LineEdit(unit_price=Decimal(price))})).order
        [order] = submitted(database, edited)
        first = the_step(database, order)
        if editor is people.martha:
            say(database, people.paula, first.id, version=order.version)

    assert first.holder is not None
    assert first.holder.person_key == "martha"


def test_a_step_nobody_holds_is_owned_by_an_exception_until_somebody_is_named(database: Database, people: People) -> None:
    [order] = submitted(database, worth("600000.00"))
    for actor in (people.martha, people.carl):
        say(database, actor, the_step(database, order).id)
    step = the_step(database, order)
    key = approval_steps.no_holder_key(step.id)
    before = open_types(database, key)

    with database.transaction(SYSTEM) as tx:
        given = approve.assign_holder(tx, UNIT, "finance_director", user(people.derek), category="pumps")

    assert (step.role, step.holder, before) == ("finance_director", None, [ExceptionType.APPROVAL_NO_HOLDER])
    assert given == 1
    assert open_types(database, key) == []
    assert the_step(database, order).holder is not None
    with pytest.raises(NotAuthorised), database.transaction(people.martha) as tx:
        approve.assign_holder(tx, UNIT, "cfo", user(people.martha))
    with pytest.raises(NotAuthorised), database.transaction(SYSTEM) as tx:
        approve.assign_holder(tx, UNIT, "cfo", user(people.rita))


def test_naming_the_requester_as_holder_leaves_his_own_step_waiting(database: Database, people: People) -> None:
    [order] = submitted(database, worth("600000.00", requester="derek"))
    for actor in (people.martha, people.carl):
        say(database, actor, the_step(database, order).id)

    with database.transaction(SYSTEM) as tx:
        given = approve.assign_holder(tx, UNIT, "finance_director", user(people.derek))

    assert given == 0
    assert the_step(database, order).holder is None


def test_without_a_rate_a_person_decides_and_an_exception_says_why(database: Database, people: People) -> None:
    [order] = submitted(database, worth("10.00", currency="CHF"))
    key = approval_steps.undecidable_key(order.id)

    assert order.status is Status.PENDING_APPROVAL
    assert the_step(database, order).role == "category_manager"
    assert open_types(database, key) == [ExceptionType.POLICY_UNDECIDABLE]
    say(database, people.carl, the_step(database, order).id)
    assert open_types(database, key) == []


def test_three_orders_of_one_requester_are_routed_on_their_sum_even_in_one_batch(database: Database, people: People) -> None:
    first, second = submitted(database, worth("3000.00"), worth("3000.00"))
    [third] = submitted(database, worth("3000.00"))
    [restocking] = submitted(database, worth("3000.00", origin=Origin.PLANNED))

    with database.read(SYSTEM) as tx:
        chain = approvals.in_force(tx, third.id)
    assert [order.status for order in (first, second, third)] == [
        Status.APPROVED,
        Status.PENDING_APPROVAL,
        Status.PENDING_APPROVAL,
    ]
    assert chain is not None
    assert (chain.policy_amount, chain.routing_amount) == (Decimal(3000), Decimal(9000))
    assert restocking.status is Status.APPROVED


def test_the_category_manager_of_the_nearest_category_is_asked(database: Database, people: People) -> None:
    with database.transaction(SYSTEM) as tx:
        approve.assign_holder(tx, UNIT, "category_manager", user(people.derek), category="chemicals")
    lines = (a_line(1, 1, "50.00", category="chemicals/solvents"), a_line(2, 1, "10.00", category="pumps"))

    [order] = submitted(database, replace(an_order(*lines), requester="rita", created_at=MONDAY_NINE))

    holder = the_step(database, order).holder
    assert holder is not None
    assert holder.person_key == "derek"


def test_a_holder_who_left_is_not_asked(database: Database, people: People) -> None:
    with database.transaction(SYSTEM) as tx:
        approvers.remove_holder(tx, UNIT, "line_manager", user(people.martha))

    [order] = submitted(database, worth("9000.00"))

    holder = the_step(database, order).holder
    assert holder is not None
    assert holder.person_key == "paula"


def test_what_is_not_there_is_not_found(database: Database, people: People) -> None:
    with database.transaction(SYSTEM) as tx:
        with pytest.raises(NotFound):
            approve.decide(tx, StepId(fresh_id()), DecideStep(Verdict.APPROVE, 1))
        with pytest.raises(NotFound):
            approvals.get_by_step(tx, StepId(fresh_id()))
        with pytest.raises(NotFound):
            approvers.person(tx, UserId(fresh_id()), UNIT)
        assert approvals.in_force(tx, OrderId(fresh_id())) is None
        assert approve.waiting_for_actor(tx) == []


def test_another_business_unit_sees_no_chain(database: Database, people: People) -> None:
    [order] = submitted(database, worth("19968.00"))
    stranger = replace(people.martha, business_units=frozenset({fresh_id()}))

    with database.read(stranger) as tx:
        assert approvals.in_force(tx, order.id) is None
        assert approve.waiting_for_actor(tx) == []
