"""Approval steps handed over for a time: who may decide, who only reads, and who never may."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from purveyor.app import delegate
from purveyor.app.delegate import Delegate
from purveyor.core.access import SYSTEM, Actor, ActorKind, Permission
from purveyor.core.approval_chain import (
    Delegation,
    NotYourStep,
    SelfApproval,
)
from purveyor.core.errors import InvalidInput, NotAuthorised, NotFound
from purveyor.core.events.base import Ref
from purveyor.store import events
from purveyor.store.db import Database
from tests.app.approval_desk import queue, say, submitted, the_step, worth
from tests.app.people import People, an_organisation, pass_hours, user
from tests.order_builders import UNIT, fresh_id

pytestmark = pytest.mark.postgres


@pytest.fixture
def people(database: Database) -> People:
    return an_organisation(database)


def delegated(database: Database, people: People, *, to: Actor | None = None, days: int = 2) -> Delegation:
    with database.transaction(people.martha) as tx:
        command = Delegate(user(to or people.derek), tx.now, tx.now + timedelta(days=days), "on holiday")
        return delegate.delegate(tx, command)


def test_an_open_step_goes_to_the_delegate_and_both_names_are_recorded(database: Database, people: People) -> None:
    [order] = submitted(database, worth("19968.00"))
    delegated(database, people)

    [read_only], [line] = queue(database, people.martha), queue(database, people.derek)
    step = say(database, people.derek, line.step.step_id)

    assert not read_only.step.may_decide
    assert (line.step.may_decide, line.step.acting_for) == (True, user(people.martha))
    assert (step.decided_by, step.decided_for) == (people.derek.id, people.martha.id)
    with database.read(SYSTEM) as tx:
        decided = events.read_stream(tx, Ref("order", order.id))[-2]
    assert decided.on_behalf_of == people.martha.id


def test_a_delegate_is_refused_when_his_time_is_over_or_taken_back(database: Database, people: People) -> None:
    [order] = submitted(database, worth("19968.00"))
    step = the_step(database, order)
    given = delegated(database, people)
    pass_hours(database, 49)

    with pytest.raises(NotYourStep):
        say(database, people.derek, step.id)
    assert queue(database, people.derek) == []
    given = delegated(database, people)
    with pytest.raises(NotAuthorised), database.transaction(people.paula) as tx:
        delegate.end_delegation(tx, given.id)
    with database.transaction(people.martha) as tx:
        delegate.end_delegation(tx, given.id)
    with pytest.raises(NotYourStep):
        say(database, people.derek, step.id)
    say(database, people.martha, step.id)


def test_a_delegation_does_not_reach_whoever_asked_for_the_order(database: Database, people: People) -> None:
    [order] = submitted(database, worth("19968.00", requester="derek"))
    delegated(database, people)
    step = the_step(database, order)

    with pytest.raises(SelfApproval):
        say(database, people.derek, step.id)
    [line] = queue(database, people.martha)

    assert queue(database, people.derek) == []
    assert line.step.may_decide
    say(database, people.martha, step.id)


def test_steps_are_delegated_only_by_and_to_people_who_may_approve(database: Database, people: People) -> None:
    with pytest.raises(NotAuthorised):
        delegated(database, people, to=people.rita)
    client = Actor(
        ActorKind.API_CLIENT, fresh_id(), business_units=frozenset({UNIT}), grants=frozenset({Permission.APPROVAL_DECIDE})
    )
    two_units = replace(people.martha, business_units=frozenset({UNIT, fresh_id()}))
    for actor, refusal in ((client, NotAuthorised), (two_units, InvalidInput)):
        with pytest.raises(refusal), database.transaction(actor) as tx:
            delegate.delegate(tx, Delegate(user(people.derek), tx.now, tx.now + timedelta(days=1), "away"))
    with pytest.raises(NotFound), database.transaction(people.martha) as tx:
        delegate.end_delegation(tx, fresh_id())
