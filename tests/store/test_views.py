"""What waits for whom, read from the database inside each reader's scope."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from purveyor.app import cases as exceptions
from purveyor.app.cases import Reassign
from purveyor.app.clearance import blocked_key
from purveyor.core.access import SYSTEM, Actor, Role
from purveyor.core.lifecycle import Status
from purveyor.core.order import Hold
from purveyor.store import cases, orders
from purveyor.store.db import Database
from purveyor.store.views import names
from purveyor.store.views.order_totals import open_orders
from purveyor.store.views.work import WorkKind, WorkRow, waiting_work
from tests.app.people import pass_hours, user
from tests.order_builders import OTHER_UNIT
from tests.web.story_data import Story, a_story


@pytest.fixture
def story(database: Database) -> Story:
    """A Monday at the distributor."""
    return a_story(database)


def rows_of(story: Story, actor: Actor) -> list[WorkRow]:
    """What waits for a person."""
    with story.database.read(actor) as tx:
        return list(waiting_work(tx).rows)


def test_each_role_has_its_own_work_sorted_by_due_time(story: Story) -> None:
    buyer = rows_of(story, story.people["dana"])
    it = rows_of(story, story.people["ines"])

    assert {(row.kind, row.order_ref) for row in buyer} >= {(WorkKind.STOPPED, story.stopped)}
    assert (WorkKind.MESSAGE, story.failed) in {(row.kind, row.order_ref) for row in it}
    assert rows_of(story, story.people["audrey"]) == []
    due = [row.due_at for row in buyer if row.due_at is not None]
    assert due == sorted(due)


def test_a_stopped_draft_with_an_exception_of_mine_waits_once(story: Story) -> None:
    waiting = [row for row in rows_of(story, story.people["dana"]) if row.order_ref == story.stopped]

    assert [(row.kind, row.code) for row in waiting] == [(WorkKind.STOPPED, "QUANTITY_ANOMALY")]
    assert "240 CT" in (waiting[0].note or "")


def test_a_stopped_draft_is_due_with_its_exception_whoever_owns_that(story: Story) -> None:
    with story.database.transaction(SYSTEM) as tx:
        case = cases.find_open(tx, blocked_key(story.order(story.stopped).id))
        assert case is not None
        exceptions.reassign(tx, case.id, Reassign(Role.CATEGORY_MANAGER, "A price question"))

    (waiting,) = [row for row in rows_of(story, story.people["dana"]) if row.order_ref == story.stopped]

    assert (waiting.kind, waiting.code) == (WorkKind.STOPPED, Status.DRAFT.value)
    assert waiting.due_at is not None
    assert waiting.due_at == next(row.due_at for row in rows_of(story, story.people["carl"]) if row.order_ref == story.stopped)


def test_totals_count_what_the_rows_say(story: Story) -> None:
    rows = rows_of(story, story.people["dana"])
    with story.database.read(story.people["dana"]) as tx:
        totals = waiting_work(tx).totals

    assert sum(total.count for total in totals) == len(rows)
    assert sum(total.amount or 0 for total in totals) == sum(row.amount or 0 for row in rows)
    assert min(total.oldest for total in totals) == min(row.since for row in rows)


def test_a_silent_supplier_waits_for_the_buyer_after_the_due_time(story: Story) -> None:
    def silent() -> set[str | None]:
        return {row.order_ref for row in rows_of(story, story.people["dana"]) if row.kind is WorkKind.UNANSWERED}

    before = silent()
    pass_hours(story.database, 24 * 7)

    assert before == set()
    assert story.silent in silent()


def test_a_held_order_waits_for_who_holds_it(story: Story) -> None:
    with story.database.transaction(SYSTEM) as tx:
        order = orders.by_ref(tx, story.silent)
        hold = Hold("Wrong site", user(story.people["dana"]), tx.now - timedelta(hours=1))
        orders.save(tx, replace(order, hold=hold))

    held = [row for row in rows_of(story, story.people["dana"]) if row.kind is WorkKind.HELD]
    assert [(row.order_ref, row.note) for row in held] == [(story.silent, "Wrong site")]


def test_another_business_unit_sees_none_of_it(story: Story) -> None:
    stranger = replace(story.people["dana"], business_units=frozenset({OTHER_UNIT}))

    assert rows_of(story, stranger) == []
    with story.database.read(stranger) as tx:
        assert open_orders(tx) == []


def test_the_list_of_orders_counts_what_is_open_and_what_it_waits_for(story: Story) -> None:
    with story.database.read(story.people["dana"]) as tx:
        (total,) = open_orders(tx)
        choices = names.order_choices(tx)

    assert (total.count, total.stopped, total.in_approval, total.unanswered) == (6, 1, 1, 2)
    assert story.order(story.silent).status is Status.ISSUED
    assert ([each.name for each in choices.suppliers], [each.name for each in choices.sites]) == (["Keller Pumps"], ["Dayton"])
