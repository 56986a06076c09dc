"""What the gate blocks belongs to somebody: one exception per kind of cause, settled when the cause is gone."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from purveyor.app import submit
from purveyor.app.gate_cases import PREFIX, clear_gate_cases, gate_key, update_gate_cases
from purveyor.app.submit import Checked
from purveyor.core.access import SYSTEM, Role
from purveyor.core.cases import ExceptionCase, ExceptionType
from purveyor.core.facts import GatePolicy, OrderFacts
from purveyor.core.finding import Finding, Result, Section, Severity
from purveyor.core.gate import GateReport
from purveyor.core.lifecycle import Status
from purveyor.core.money import Money
from purveyor.core.order import PurchaseOrder
from purveyor.store import cases, orders
from purveyor.store.db import Database
from tests.app.people import an_organisation
from tests.order_builders import a_line, an_order

pytestmark = pytest.mark.postgres


@pytest.fixture(autouse=True)
def _organisation(database: Database) -> None:
    an_organisation(database)


def blocks(code: str, line_no: int | None = 1, exposure: str | None = None, suggestion: str | None = None) -> Finding:
    return Finding(
        *("PV000001", line_no, "rule", code, Result.FAIL, Severity.BLOCK, Section.QUANTITY, "This is wrong."),
        expected="20 CT",
        actual="240 CT",
        exposure=None if exposure is None else Decimal(exposure),
        currency="USD",
        suggestion=suggestion,
    )


def checked(database: Database, order: PurchaseOrder, *found: Finding) -> PurchaseOrder:
    with database.transaction(SYSTEM) as tx:
        saved = orders.save(tx, order)
        return submit.submit_checked(tx, [Checked(saved, GateReport(saved, OrderFacts(), GatePolicy(), tx.now, found))])[0]


def open_cases(database: Database) -> dict[ExceptionType, ExceptionCase]:
    with database.transaction(SYSTEM) as tx:
        found = [cases.find_open(tx, key) for key in cases.open_keys(tx, PREFIX)]
    return {case.type: case for case in found if case is not None}


def test_each_kind_of_cause_goes_to_the_role_it_belongs_to_with_the_money_at_stake(database: Database) -> None:
    order = an_order(a_line(1, category="pumps"), a_line(2, category="valves"))
    slip = blocks("PACK_SLIP", exposure="228096.00", suggestion="20 CT")

    checked(database, order, slip, blocks("OVER_MAX", exposure="100.00"), blocks("PRICE_MISMATCH", 2), blocks("MOQ", None))

    found = open_cases(database)
    quantity, price = found[ExceptionType.QUANTITY_ANOMALY], found[ExceptionType.PRICE_MISMATCH]
    assert set(found) == {ExceptionType.QUANTITY_ANOMALY, ExceptionType.PRICE_MISMATCH, ExceptionType.GATE_BLOCKED}
    assert (quantity.owner_role, quantity.exposure) == (Role.BUYER, Money(Decimal("228096.00"), "USD"))
    assert quantity.proposed_resolution in quantity.allowed_resolutions
    assert (price.owner_role, price.category, price.proposed_resolution) == (Role.CATEGORY_MANAGER, "valves", None)
    assert found[ExceptionType.GATE_BLOCKED].subject.line_no is None


def test_an_exception_settles_itself_when_a_later_check_no_longer_finds_its_cause(database: Database) -> None:
    stopped = checked(database, an_order(a_line(quantity=1, price="10.00", category="pumps")), blocks("PACK_SLIP"), blocks("MOQ"))
    half = checked(database, stopped, blocks("MOQ"))
    left = set(open_cases(database))

    gone = checked(database, half)

    assert left == {ExceptionType.GATE_BLOCKED}
    assert open_cases(database) == {}
    assert gone.status is Status.APPROVED


def test_an_unmapped_code_is_owned_by_its_quarantine_alone(database: Database) -> None:
    stopped = checked(database, an_order(), blocks("CODE_UNMAPPED"))

    assert stopped.status is Status.DRAFT
    assert open_cases(database) == {}


def test_exceptions_of_other_orders_stay_and_those_of_a_cancelled_order_end(database: Database) -> None:
    first = checked(database, an_order(), blocks("MOQ"))
    second = checked(database, an_order(), blocks("MOQ"))

    with database.transaction(SYSTEM) as tx:
        report = GateReport(replace(first), OrderFacts(), GatePolicy(), tx.now, ())
        update_gate_cases(tx, [report, replace(report, order=an_order())])
        update_gate_cases(tx, [])
        still = cases.open_keys(tx, PREFIX)
        clear_gate_cases(tx, second.id)

    assert still == [gate_key(second.id, ExceptionType.GATE_BLOCKED)]
    assert open_cases(database) == {}
