"""The gate on a real database: facts loaded by the set, checks kept with their inputs, overrides with a name and a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import event as engine_events

from purveyor.app.gate import check_orders, override, report
from purveyor.core.access import SYSTEM, Actor, ActorKind, Role
from purveyor.core.errors import NotAuthorised, NotFound
from purveyor.core.events.order import order_stream
from purveyor.core.facts import LeadTime
from purveyor.core.gate import GateReport, fingerprint
from purveyor.core.gate_report import report_bytes
from purveyor.core.ids import ErpInstance, ItemId, OrderId
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.store import events, findings, masters, xref
from purveyor.store.db import Database, Tx
from purveyor.store.facts import load_facts
from purveyor.store.masters import Provenance
from purveyor.store.xref import Code, Unmapped
from tests.app.gate_world import ITEMS, a_distributor, saved
from tests.app.people import pass_hours, set_clock
from tests.core.builders import DAYTON, ERP, NOW, TULSA, UNIT, USUAL_ORDERS, a_line, an_item, an_order, dec

pytestmark = pytest.mark.postgres

BUYER = Actor(ActorKind.USER, UUID(int=101), "rita", frozenset({Role.BUYER}), frozenset({UNIT}))
MANAGER = Actor(ActorKind.USER, UUID(int=102), "carl", frozenset({Role.CATEGORY_MANAGER}), frozenset({UNIT}))


def checked(database: Database, *orders: PurchaseOrder) -> dict[OrderId, GateReport]:
    with database.transaction(SYSTEM) as tx:
        return check_orders(tx, orders)


def codes(found: GateReport) -> list[str]:
    return [finding.code for finding in found.findings]


def test_a_clean_order_passes_on_loaded_facts(database: Database) -> None:
    a_distributor(database)
    [order] = saved(database, an_order(lines=3))

    found = checked(database, order)[order.id]

    assert codes(found) == []
    facts = found.facts.lines[1]
    assert facts.history[DAYTON].value == USUAL_ORDERS
    assert facts.lead_time is not None
    assert facts.lead_time.value == LeadTime(12, dec("8.5"), dec(13))
    assert found.policy.policy.startswith("gate_limits")


def test_the_number_of_queries_does_not_grow_with_the_orders(database: Database) -> None:
    a_distributor(database)
    many = saved(database, *(an_order(lines=3, number=number) for number in range(1, 21)))

    with database.read(SYSTEM) as tx:
        assert _statements_for(tx, many[:1]) == _statements_for(tx, many) <= 15


def _statements_for(tx: Tx, orders: list[PurchaseOrder]) -> int:
    seen: list[str] = []

    def count(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    engine_events.listen(tx.conn, "before_cursor_execute", count)
    load_facts(tx, orders)
    engine_events.remove(tx.conn, "before_cursor_execute", count)
    return len(seen)


def test_no_orders_ask_for_nothing(tx: Tx) -> None:
    assert load_facts(tx, []) == {}
    assert check_orders(tx, []) == {}
    assert findings.save_checks(tx, []) == {}


def test_an_order_with_nothing_known_is_told_everything_that_is_missing(database: Database) -> None:
    a_distributor(database)
    nameless = replace(a_line(price=None, ship_to=None), item_id=None, item_code="???")
    unknown = replace(a_line(2), item_id=ItemId(UUID(int=4711)))
    [order] = saved(database, an_order([nameless, unknown], supplier_id=None))

    found = checked(database, order)[order.id]

    missing = {finding.code for finding in found.missing}
    assert {"SUPPLIER_UNKNOWN", "ITEM_UNKNOWN", "UNIT_PRICE_MISSING", "SHIP_TO_MISSING"} <= missing


def test_a_line_of_an_order_without_supplier_still_knows_its_item_and_stock(database: Database) -> None:
    a_distributor(database)
    [order] = saved(database, an_order(supplier_id=None))

    facts = checked(database, order)[order.id].facts.lines[1]

    assert facts.item is not None
    assert facts.stock[DAYTON].value.on_hand == 80
    assert (facts.supplier_item, facts.agreements, facts.lead_time) == (None, (), None)


def test_a_code_that_waits_to_be_mapped_stops_the_order(database: Database) -> None:
    a_distributor(database)
    [order] = saved(database, an_order())
    erp = ErpInstance(ERP)
    with database.transaction(SYSTEM) as tx:
        kept = xref.quarantine(tx, erp, [Unmapped(Code("order", "17"), Code("uom", "PAL"), {})])
        [(quarantine_id, _)] = kept.values()
        xref.block(tx, quarantine_id, order.id, UNIT)

    assert codes(checked(database, order)[order.id]) == ["CODE_UNMAPPED"]


def test_a_replaced_item_names_the_number_of_its_successor(database: Database) -> None:
    a_distributor(database)
    [order] = saved(database, an_order())
    with database.transaction(SYSTEM) as tx:
        masters.save_items(tx, [an_item(1, superseded_by=ITEMS[1].id)], Provenance(tx.now, ERP))

    [finding] = checked(database, order)[order.id].findings

    assert (finding.code, finding.suggestion) == ("ITEM_SUPERSEDED", "PUMP-2")


def test_a_second_order_for_the_same_purchase_is_held_and_a_buyer_releases_it(database: Database) -> None:
    a_distributor(database)
    first, second = saved(database, an_order(number=1, created_at=NOW - timedelta(days=1)), an_order(number=2))

    found = checked(database, first, second)

    assert codes(found[first.id]) == []
    [finding] = found[second.id].findings
    assert (finding.code, finding.related_order) == ("PROBABLE_DUPLICATE", first.order_ref)
    with database.transaction(BUYER) as tx:
        released = override(tx, second.id, fingerprint(finding), "a second truck")
    assert not released.blocked
    assert not checked(database, second)[second.id].blocked


def test_an_override_is_on_the_timeline_with_its_reason_and_on_the_finding(database: Database) -> None:
    a_distributor(database)
    [order] = saved(database, an_order([a_line(price="10.50")]))
    [finding] = checked(database, order)[order.id].findings

    with database.transaction(MANAGER) as tx:
        override(tx, order.id, fingerprint(finding), "agreed for March")

    with database.read(SYSTEM) as tx:
        told = [event for event in events.read_stream(tx, order_stream(order.id)) if event.type == "order.finding_overridden"]
        [kept] = findings.of_orders(tx, [order.id])[order.id]
    assert [(event.reason, event.actor_id) for event in told] == [("agreed for March", MANAGER.id)]
    assert "reason" not in told[0].payload
    assert (kept.overridden, kept.finding) == (True, finding)


def test_a_buyer_cannot_override_a_price(database: Database) -> None:
    a_distributor(database)
    [order] = saved(database, an_order([a_line(price="10.50")]))
    [finding] = checked(database, order)[order.id].findings

    with pytest.raises(NotAuthorised), database.transaction(BUYER) as tx:
        override(tx, order.id, fingerprint(finding), "because")


def test_the_report_can_be_made_again_after_the_figures_moved_on(database: Database) -> None:
    a_distributor(database, maximum=dec(120))
    [order] = saved(database, an_order([a_line(price="10.50")]))
    first = checked(database, order)[order.id]
    set_clock(database, NOW + timedelta(minutes=30))
    a_distributor_again = an_item(1, name="Renamed")
    with database.transaction(SYSTEM) as tx:
        masters.save_items(tx, [a_distributor_again], Provenance(tx.now, ERP))

    with database.read(SYSTEM) as tx:
        again = report(tx, order.id)

    assert report_bytes(again) == report_bytes(first)
    assert set(codes(again)) == {"PRICE_MISMATCH", "OVER_MAX"}


def test_every_check_is_an_event_with_the_digest_of_its_inputs(database: Database) -> None:
    a_distributor(database)
    [order] = saved(database, an_order())
    checked(database, order)

    with database.read(SYSTEM) as tx:
        [told] = events.read_stream(tx, order_stream(order.id))
        kept = findings.of_check(tx, UUID(str(told.payload["check_id"])))

    assert (told.type, told.payload["blocked"], told.payload["codes"]) == ("order.checked", False, [])
    assert told.policy_set is not None
    assert len(str(told.payload["digest"])) == 64
    assert kept.order.id == order.id


def test_the_findings_of_a_new_check_replace_those_of_the_last_one(database: Database) -> None:
    a_distributor(database)
    [order] = saved(database, an_order([a_line(price="10.50")]))
    checked(database, order)
    [corrected] = saved(database, replace(order, lines=(a_line(price="10.00"),), version=2))

    checked(database, corrected)

    with database.read(SYSTEM) as tx:
        assert findings.of_orders(tx, [order.id]) == {}


def test_stock_that_was_not_read_for_more_than_an_hour_stops_the_order(database: Database) -> None:
    a_distributor(database)
    [order] = saved(database, an_order())
    pass_hours(database, 2)

    found = checked(database, order)[order.id]

    assert found.blocked
    [finding] = found.findings
    assert "data too old (2 h)" in finding.message


def test_what_is_under_way_but_unknown_to_the_erp_counts_as_coming(database: Database) -> None:
    a_distributor(database, maximum=dec(200))
    under_way = an_order([a_line(quantity=84)], number=1, status=Status.APPROVED, created_at=NOW - timedelta(days=9))
    draft = an_order(number=2)
    _, order = saved(database, under_way, draft)

    [finding] = checked(database, order)[order.id].findings

    assert finding.code == "OVER_MAX"
    assert finding.arithmetic is not None
    assert "+ 84 not in the ERP yet" in finding.arithmetic


def test_what_we_bought_before_is_the_measure_where_nothing_was_agreed(database: Database) -> None:
    a_distributor(database)
    bought = an_order([a_line(1, price="9.00")], number=1, status=Status.CLOSED, order_date=NOW.date() - timedelta(days=60))
    _, order = saved(database, replace(bought, created_at=NOW - timedelta(days=60)), an_order(number=2))

    facts = checked(database, order)[order.id].facts.lines[1]

    assert facts.paid is not None
    assert (facts.paid.value.last, facts.paid.value.orders) == (dec("9.00"), 1)
    assert facts.history[DAYTON].value == tuple(sorted((*USUAL_ORDERS, dec(60))))


def test_sites_without_history_are_told_apart(database: Database) -> None:
    a_distributor(database)
    [order] = saved(database, an_order([a_line(ship_to=TULSA)]))

    assert codes(checked(database, order)[order.id]) == ["NO_HISTORY"]


def test_an_order_never_checked_has_no_report(database: Database) -> None:
    a_distributor(database)
    [order] = saved(database, an_order())

    with database.read(SYSTEM) as tx:
        with pytest.raises(NotFound):
            report(tx, order.id)
        with pytest.raises(NotFound):
            findings.of_check(tx, UUID(int=1))


def test_a_buyer_of_another_unit_sees_neither_check_nor_finding(database: Database) -> None:
    a_distributor(database)
    [order] = saved(database, an_order([a_line(price="10.50")]))
    checked(database, order)
    stranger = Actor(ActorKind.USER, UUID(int=103), "eve", frozenset({Role.BUYER}), frozenset({UUID(int=77)}))

    with database.read(stranger) as tx:
        assert findings.of_orders(tx, [order.id]) == {}
        with pytest.raises(NotFound):
            report(tx, order.id)
