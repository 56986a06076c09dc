"""S36: every type of exception has an owner, a due time and a breach that somebody hears of; nothing is nobody's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from purveyor.app.cases import open_case
from purveyor.app.receive import CountedLine
from purveyor.core.access import SYSTEM, Role
from purveyor.core.cases import ExceptionCase, ExceptionType, OpenCase
from purveyor.core.events.base import Ref
from purveyor.store import cases, events, timers
from purveyor.store.db import Database
from tests.chaos.flow import Flow, a_clean_draft
from tests.order_builders import UNIT


def opened(database: Database, kind: ExceptionType) -> ExceptionCase:
    """Open an exception of a type in the business unit."""
    with database.transaction(SYSTEM) as tx:
        return open_case(
            tx, OpenCase(type=kind, natural_key=f"test:{kind}", summary="Something is wrong.", business_unit_id=UNIT)
        )


def test_s36_every_type_has_an_owner_a_due_time_and_an_alert_when_it_is_breached(flow: Flow) -> None:
    found = [opened(flow.database, kind) for kind in ExceptionType]

    assert all(case.due_at > case.opened_at and case.allowed_resolutions for case in found)
    assert {case.owner_role for case in found} <= set(Role)
    with flow.database.read(SYSTEM) as tx:
        assert cases.cases_without_owner(tx) == []
        assert all(len(timers.timers_of(tx, "exception", case.id)) == 1 for case in found)

    flow.time_passes(max(case.due_at for case in found) - flow.now() + timedelta(minutes=1))
    flow.works()

    with flow.database.read(SYSTEM) as tx:
        for case in found:
            told = [event.type for event in events.read_stream(tx, Ref("exception", case.id))]
            assert "exception.escalated" in told or "exception.breached" in told, (case.type, told)
            assert cases.load(tx, case.id).is_open
        assert cases.cases_without_owner(tx) == []


def test_s36_an_exception_whose_only_person_left_is_on_the_list_of_those_without_owner(flow: Flow) -> None:
    case = opened(flow.database, ExceptionType.MESSAGE_FAILED)
    flow.superuser.execute("UPDATE app_user SET active = false WHERE login = %s", [case.owner_role.value])

    with flow.database.read(SYSTEM) as tx:
        assert [found.id for found in cases.cases_without_owner(tx)] == [case.id]

    flow.superuser.execute("UPDATE app_user SET active = true")


def a_wrong_price(flow: Flow) -> None:
    """The buyer typed a price without its last digits."""
    draft = a_clean_draft(1)
    flow.takes_in(replace(draft, lines=(replace(draft.lines[0], unit_price=Decimal("1.00")),)))


def a_silent_warehouse(flow: Flow) -> None:
    """The warehouse system is away for good."""
    flow.partners.warehouse.down = True
    flow.takes_in(a_clean_draft(1))
    flow.settles()


def a_slip_at_the_dock(flow: Flow) -> None:
    """Somebody keyed pumps where cartons were meant."""
    [order] = flow.takes_in(a_clean_draft(1))
    flow.receives(order, lines=(CountedLine(1, order.lines[0].quantity * 12),))


@pytest.mark.parametrize("trouble", [a_wrong_price, a_silent_warehouse, a_slip_at_the_dock])
def test_s36_what_goes_wrong_on_the_way_is_owned_at_once(flow: Flow, trouble: Callable[[Flow], None]) -> None:
    trouble(flow)

    with flow.database.read(SYSTEM) as tx:
        [case] = cases.listed(tx)
        assert cases.cases_without_owner(tx) == []
    assert case.subject.order_id == flow.order("d1").id
    assert case.due_at > flow.now()
