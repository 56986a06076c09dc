"""Who is let go, or may not approve any more, leaves no approval behind."""

from __future__ import annotations

import pytest

from purveyor.app import approval_steps, people
from purveyor.core.access import SYSTEM, Role
from purveyor.core.cases import ExceptionType
from purveyor.store import approvers
from purveyor.store.db import Database
from tests.app.approval_desk import open_types, queue, say, submitted, the_step, told, worth
from tests.app.people import People, an_organisation, user
from tests.order_builders import UNIT


@pytest.fixture
def house(database: Database) -> People:
    return an_organisation(database)


def test_the_open_approvals_of_a_leaver_go_to_the_next_of_the_role_at_once(database: Database, house: People) -> None:
    [order] = submitted(database, worth("19968.00"))
    with database.transaction(SYSTEM) as tx:
        people.end_access(tx, user(house.martha))

    step = the_step(database, order)

    assert step.holder is not None
    assert step.holder.user_id == user(house.paula)
    assert [line.step.order_ref for line in queue(database, house.paula)] == [order.order_ref]
    say(database, house.paula, step.id)
    assert told(database, order)[-1] == "order.approved"


def test_without_a_next_one_the_step_waits_openly_and_somebody_is_told(database: Database, house: People) -> None:
    [order] = submitted(database, worth("19968.00"))
    with database.transaction(SYSTEM) as tx:
        for leaver in (house.martha, house.paula):
            people.end_access(tx, user(leaver))

    step = the_step(database, order)

    assert step.holder is None
    assert open_types(database, approval_steps.no_holder_key(step.id)) == [ExceptionType.APPROVAL_NO_HOLDER]


def test_whose_roles_no_longer_approve_holds_no_step_and_other_changes_leave_it(database: Database, house: People) -> None:
    [order] = submitted(database, worth("19968.00"))
    with database.transaction(SYSTEM) as tx:
        people.set_roles(tx, user(house.martha), [Role.APPROVER, Role.BUYER], [UNIT])
    kept = the_step(database, order)
    with database.transaction(SYSTEM) as tx:
        people.set_roles(tx, user(house.martha), [Role.BUYER], [UNIT])
        holders = approvers.holders(tx, UNIT, "line_manager")

    moved = the_step(database, order)

    assert (kept.holder, moved.holder) != (None, None)
    assert kept.holder is not None
    assert kept.holder.user_id == user(house.martha)
    assert moved.holder is not None
    assert moved.holder.user_id == user(house.paula)
    assert user(house.martha) not in [holder.user_id for holder in holders]
