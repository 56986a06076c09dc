"""Rows of the capability checklist that the release gate answers for, as written there, on a real database."""

from __future__ import annotations

from dataclasses import replace

import pytest

from purveyor.app import edit
from purveyor.app.clearance import check, submit_all
from purveyor.app.gate import override, report
from purveyor.core.access import SYSTEM
from purveyor.core.cases import ExceptionType
from purveyor.core.errors import ReasonRequired
from purveyor.core.finding import Severity
from purveyor.core.ids import OrderId
from purveyor.core.lifecycle import Status
from purveyor.core.order import Schedule
from purveyor.store import cases, findings
from purveyor.store.cases import CaseFilter
from purveyor.store.db import Database
from tests.app.gate_world import a_distributor, saved
from tests.app.test_gate import BUYER, codes
from tests.core.builders import DAYTON, NEED_BY, RENO, TULSA, a_line, an_order, dec

pytestmark = pytest.mark.postgres


def test_s5_a_price_above_the_agreement_names_both_prices_the_percent_the_money_and_the_agreement(database: Database) -> None:
    a_distributor(database, maximum=dec(1000))
    [order] = saved(database, an_order([a_line(quantity=200, price="10.50")]))

    with database.transaction(SYSTEM) as tx:
        found = check(tx, [order])[order.id]

    [mismatch] = [finding for finding in found.findings if finding.code == "PRICE_MISMATCH"]
    assert (mismatch.expected, mismatch.actual) == ("10.00 USD per EA", "10.50 USD per EA")
    assert "+5.00 %" in mismatch.message
    assert (mismatch.exposure, mismatch.currency) == (dec("100.00"), "USD")
    assert "agreement AG-100 version 3" in mismatch.message


def test_s6_the_second_of_two_equal_orders_is_held_and_links_the_first_and_a_buyer_may_release_it(database: Database) -> None:
    a_distributor(database)
    first, second = saved(database, an_order(number=1), an_order(number=2))
    with database.transaction(SYSTEM) as tx:
        submit_all(tx, [first])

    with database.transaction(SYSTEM) as tx:
        [held] = submit_all(tx, [second])

    assert held.status is Status.DRAFT
    with database.read(SYSTEM) as tx:
        found = report(tx, second.id)
        [twin] = [finding for finding in found.findings if finding.code == "PROBABLE_DUPLICATE"]
        [question] = cases.listed(tx, CaseFilter(order_id=second.id))
    assert twin.related_order == first.order_ref
    assert question.type is ExceptionType.PROBABLE_DUPLICATE
    key = _fingerprint(database, second.id, "PROBABLE_DUPLICATE")
    with database.transaction(BUYER) as tx, pytest.raises(ReasonRequired):
        override(tx, second.id, key, "")
    with database.transaction(BUYER) as tx:
        released = override(tx, second.id, key, "a second truck is wanted")
    assert not released.blocked


def _fingerprint(database: Database, order_id: OrderId, code: str) -> str:
    with database.read(SYSTEM) as tx:
        return next(one.fingerprint for one in findings.of_orders(tx, [order_id])[order_id] if one.finding.code == code)


def test_s6_three_warehouses_restocking_one_item_on_one_day_do_not_hold_each_other(database: Database) -> None:
    a_distributor(database)
    lines = [replace(a_line(), schedules=(Schedule(1, site, a_line().quantity, NEED_BY),)) for site in (DAYTON, TULSA, RENO)]
    drafts = saved(database, *(an_order([line], number=number) for number, line in enumerate(lines, start=1)))

    with database.transaction(SYSTEM) as tx:
        reports = check(tx, drafts)

    assert [code for order in drafts for code in codes(reports[order.id]) if code == "PROBABLE_DUPLICATE"] == []


def test_s16_stock_on_order_demand_and_this_order_against_the_maximum_with_its_arithmetic(database: Database) -> None:
    a_distributor(database, on_hand=dec(80), on_order=dec(40), allocated=dec(20), maximum=dec(120))
    [order] = saved(database, an_order([a_line(quantity=60)]))

    with database.transaction(SYSTEM) as tx:
        found = check(tx, [order])[order.id]

    [over] = [finding for finding in found.findings if finding.code == "OVER_MAX"]
    assert over.arithmetic == "80 on hand + 40 on order - 20 demand + 60 ordered = 160 against maximum 120"
    assert over.suggestion == "20 EA"


def test_s45_an_incomplete_order_is_refused_with_everything_that_is_missing_at_once(database: Database) -> None:
    a_distributor(database)
    bare = replace(a_line(), uom=None, unit_price=None, schedules=(Schedule(1, None, a_line().quantity, None),))
    [order] = saved(database, an_order([bare]))

    with database.transaction(BUYER) as tx:
        kept = edit.submit(tx, order.id, order.row_version)

    assert kept.status is Status.DRAFT
    with database.read(SYSTEM) as tx:
        missing = report(tx, order.id).missing
    assert {"UNIT_MISSING", "UNIT_PRICE_MISSING", "SHIP_TO_MISSING", "NEED_BY_MISSING"} <= {finding.code for finding in missing}
    assert {finding.severity for finding in missing} == {Severity.BLOCK}
