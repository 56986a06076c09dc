"""Exceptions in the database: opened once, owned, listed by due time and money, escalated by timer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import pytest

from purveyor.app import cases as case_app
from purveyor.app import policy, resolve
from purveyor.app.cases import DUE_TIMER, Hold, Reassign
from purveyor.app.policy import LoadPolicies
from purveyor.app.resolve import NotReversible, Resolve, Undo
from purveyor.core.access import SYSTEM, Actor, ActorKind, Role
from purveyor.core.cases import CaseStatus, ExceptionCase, ExceptionType, OpenCase, compared
from purveyor.core.errors import InvalidInput, NotFound, StaleVersion
from purveyor.core.events.base import Ref
from purveyor.core.ids import BusinessUnitId, ExceptionCaseId, OrderId, UserId
from purveyor.core.money import Money
from purveyor.store import cases, events, logins, timers
from purveyor.store.cases import CaseFilter
from purveyor.store.db import Database, Tx
from purveyor.store.failures import Conflict
from tests.store.builders import a_business_unit

pytestmark = pytest.mark.postgres

POLICIES = Path(__file__).resolve().parents[2] / "policies"


@pytest.fixture(autouse=True)
def _policies(database: Database) -> None:
    """The product's own policies are in force."""
    files = {path.name: path.read_text("utf-8") for path in POLICIES.glob("*.toml")}
    with database.transaction(SYSTEM) as tx:
        policy.load(tx, LoadPolicies(files, author="author", publisher="publisher"))


def a_problem(key: str = "invoice:1:1:PRICE", exposure: str = "460.80", **more: Any) -> OpenCase:
    values: dict[str, Any] = {
        "type": ExceptionType.MATCH_PRICE,
        "summary": "12 cartons at 1,036.80 instead of 998.40",
        "evidence": (compared("unit price", order="998.40", invoice="1036.80"),),
        "exposure": Money(Decimal(exposure), "USD"),
        **more,
    }
    return OpenCase(natural_key=key, **values)


def a_manager() -> Actor:
    return Actor(ActorKind.USER, uuid4(), roles=frozenset({Role.CATEGORY_MANAGER}))


def test_an_exception_is_read_back_as_it_was_saved(tx: Tx) -> None:
    case = case_app.open_case(tx, a_problem(order_id=OrderId(uuid4()), line_no=1, category="pumps/circulators"))

    assert cases.load(tx, case.id) == case
    assert case.evidence[0].differs
    assert case.owner_role is Role.BUYER
    assert case.policy.startswith("exception_owners:")


def test_an_exception_that_nobody_knows_is_not_found(tx: Tx) -> None:
    with pytest.raises(NotFound):
        cases.load(tx, ExceptionCaseId(uuid4()))


def test_the_same_problem_twice_is_one_exception(tx: Tx) -> None:
    first = case_app.open_case(tx, a_problem())
    again = case_app.open_case(tx, a_problem())
    grown = case_app.open_case(tx, a_problem(exposure="921.60"))

    assert again == first
    assert grown.id == first.id
    assert grown.occurrences == 2
    assert [event.type for event in events.read_stream(tx, Ref("exception", first.id))] == [
        "exception.opened",
        "exception.recurred",
    ]


def test_a_problem_that_comes_back_after_it_was_settled_is_a_new_exception(tx: Tx) -> None:
    first = case_app.open_case(tx, a_problem())
    cleared = case_app.clear(tx, first.natural_key)
    second = case_app.open_case(tx, a_problem())

    assert cleared is not None
    assert cleared.resolution == "cleared"
    assert second.id != first.id
    assert case_app.clear(tx, "nothing:of:this:name") is None


def test_a_question_that_came_back_is_not_opened_a_second_time_by_an_undo(tx: Tx) -> None:
    first = case_app.open_case(tx, a_problem())
    resolve.resolve(tx, first.id, Resolve(first.allowed_resolutions[0], "seen"))
    case_app.open_case(tx, a_problem())

    with pytest.raises(NotReversible):
        resolve.undo(tx, first.id, Undo("was a mistake"))


def test_a_resolution_is_one_that_policy_names(tx: Tx) -> None:
    first = case_app.open_case(tx, a_problem())

    with pytest.raises(InvalidInput):
        resolve.resolve(tx, first.id, Resolve("told joe@example.com by phone", "seen"))
    assert resolve.resolve(tx, first.id, Resolve("decided_by_person", "seen")).override


def test_every_type_has_an_owner_a_due_time_and_resolutions_by_policy(tx: Tx) -> None:
    opened = [case_app.open_case(tx, a_problem(f"type:{kind}", type=kind)) for kind in ExceptionType]

    assert all(case.policy != "exception_owners:none" for case in opened)
    assert all(case.due_at > tx.now and case.allowed_resolutions for case in opened)
    assert {timer.kind for case in opened for timer in timers.timers_of(tx, "exception", case.id)} == {DUE_TIMER}


def test_the_inbox_lists_the_soonest_due_first_and_of_those_the_most_money(tx: Tx) -> None:
    small, large = (case_app.open_case(tx, a_problem(f"k:{amount}", amount)) for amount in ("5.00", "900.00"))
    none = case_app.open_case(tx, OpenCase(ExceptionType.MATCH_PRICE, "k:none"))
    held = case_app.hold(tx, small.id, Hold(small.due_at + timedelta(days=9), "waits for the supplier"))

    found = cases.listed(tx)

    assert [case.id for case in found] == [large.id, none.id, held.id]
    assert [case.id for case in cases.listed(tx, limit=1)] == [large.id]
    assert [case.id for case in cases.listed(tx, after=found[0])] == [none.id, held.id]


def test_the_inbox_is_filtered_by_role_type_status_category_order_and_time(tx: Tx) -> None:
    order = OrderId(uuid4())
    price = case_app.open_case(tx, a_problem("a", order_id=order, category="pumps/circulators"))
    freight = case_app.open_case(tx, a_problem("b", type=ExceptionType.MATCH_FREIGHT))
    case_app.clear(tx, case_app.open_case(tx, a_problem("c")).natural_key)

    def ids(wanted: CaseFilter) -> list[ExceptionCaseId]:
        return [case.id for case in cases.listed(tx, wanted)]

    assert ids(CaseFilter(owner_roles=frozenset({Role.BUYER}))) == [price.id]
    assert ids(CaseFilter(types=frozenset({ExceptionType.MATCH_FREIGHT}))) == [freight.id]
    assert ids(CaseFilter(category="pumps")) == [price.id]
    assert ids(CaseFilter(order_id=order)) == [price.id]
    assert ids(CaseFilter(due_before=tx.now)) == []
    assert len(ids(CaseFilter(status=CaseStatus.RESOLVED))) == 1
    assert len(ids(CaseFilter(include_resolved=True))) == 3
    assert cases.open_keys(tx, "a") == ["a"]


def test_a_reassignment_and_a_stale_form(tx: Tx) -> None:
    case = case_app.open_case(tx, a_problem())

    moved = case_app.reassign(tx, case.id, Reassign(Role.ACCOUNTS_PAYABLE, "tax, not price", version=1))

    assert moved.owner_role is Role.ACCOUNTS_PAYABLE
    with pytest.raises(StaleVersion):
        case_app.reassign(tx, case.id, Reassign(Role.BUYER, "back", version=1))


def overdue(tx: Tx, case: ExceptionCase) -> None:
    """Let the due time of an exception be over."""
    aged = cases.load(tx, case.id, for_update=True)
    cases.save(tx, replace(aged, due_at=tx.now))


def test_a_breach_goes_to_the_next_owner_and_then_stays_there(tx: Tx) -> None:
    case = case_app.open_case(tx, a_problem())
    overdue(tx, case)

    escalated = case_app.escalate(tx, case.id)

    assert escalated.owner_role is Role.CATEGORY_MANAGER
    assert escalated.due_at > tx.now
    overdue(tx, case)
    assert case_app.escalate(tx, case.id).owner_role is Role.CATEGORY_MANAGER
    assert case_app.escalate(tx, case.id).is_open


def test_an_open_exception_always_has_somebody_who_can_act(tx: Tx) -> None:
    unit = BusinessUnitId(a_business_unit(tx, "EAST"))
    case = case_app.open_case(tx, a_problem(business_unit_id=unit))

    assert [each.id for each in cases.cases_without_owner(tx)] == [case.id]

    buyer = logins.add_user(tx, "buyer", "A Buyer", person_key="p-1")
    logins.set_roles(tx, buyer, [Role.BUYER], [unit])
    assert cases.cases_without_owner(tx) == []


def test_a_person_that_is_named_owns_an_exception_whose_role_nobody_holds(tx: Tx) -> None:
    somebody = logins.add_user(tx, "somebody", "Some Body", person_key="p-2")

    case_app.open_case(tx, a_problem(owner_id=UserId(somebody)))

    assert cases.cases_without_owner(tx) == []


def test_what_waits_on_whom_is_added_up_by_role_and_currency(tx: Tx) -> None:
    late = case_app.open_case(tx, a_problem("a", "460.80"))
    case_app.open_case(tx, a_problem("b", "39.20"))
    case_app.open_case(tx, a_problem("c", "40.00", type=ExceptionType.MATCH_FREIGHT))
    cases.save(tx, replace(late, due_at=tx.now - timedelta(hours=1)))

    buyer, payables = cases.waiting_by_owner(tx)

    assert (buyer.owner_role, buyer.count, buyer.overdue, buyer.exposure) == (Role.BUYER, 2, 1, Decimal("500.00"))
    assert (payables.owner_role, payables.currency, payables.overdue) == (Role.ACCOUNTS_PAYABLE, "USD", 0)


def test_the_same_problem_seen_at_the_same_moment_by_two_workers_is_one_exception(database: Database) -> None:
    def see(exposure: str) -> None:
        with database.transaction(SYSTEM) as tx:
            case_app.open_case(tx, a_problem(exposure=exposure))

    threads = [Thread(target=see, args=(exposure,)) for exposure in ("1.00", "2.00", "3.00")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with database.read(SYSTEM) as tx:
        (case,) = cases.listed(tx)
    assert case.occurrences == 3


def test_a_problem_of_another_unit_is_not_touched(database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        here, there = (BusinessUnitId(a_business_unit(tx, code)) for code in ("HERE", "THERE"))
        case_app.open_case(tx, a_problem(business_unit_id=there))
    buyer = Actor(ActorKind.USER, UUID(int=1), roles=frozenset({Role.BUYER}), business_units=frozenset({here}))

    with pytest.raises(Conflict), database.transaction(buyer) as tx:
        case_app.open_case(tx, a_problem(business_unit_id=here))


def test_ageing_counts_open_exceptions_by_business_days(tx: Tx) -> None:
    old = case_app.open_case(tx, a_problem("old"))
    cases.save(tx, replace(old, opened_at=tx.now - timedelta(days=30)))
    case_app.open_case(tx, a_problem("new"))

    found = case_app.ageing(tx)

    assert dict(found.bands) == {"0-1": 1, "1-3": 0, "3-7": 0, "over 7": 1}
    assert found.oldest is not None
    assert found.oldest.owner_role is Role.BUYER


def test_nobody_ages_when_nothing_is_open(tx: Tx) -> None:
    assert case_app.ageing(tx).oldest is None


def test_other_units_do_not_see_an_exception(database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        here, there = (BusinessUnitId(a_business_unit(tx, code)) for code in ("HERE", "THERE"))
        case_app.open_case(tx, a_problem("here", business_unit_id=here))
        case_app.open_case(tx, a_problem("nowhere"))

    reader = Actor(ActorKind.USER, UUID(int=1), roles=frozenset({Role.BUYER}), business_units=frozenset({there}))
    with database.read(reader) as tx:
        assert [case.natural_key for case in cases.listed(tx)] == ["nowhere"]


def test_an_installation_without_policies_gives_its_exceptions_to_it(database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        before = datetime(2020, 1, 1, tzinfo=UTC)
        early = replace(tx, now=before)
        case = case_app.open_case(early, a_problem())

    assert case.owner_role is Role.IT
