"""Orders in the database: what is saved is what is loaded, versions stay readable, and nobody sees what is not theirs."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from purveyor.core.access import SYSTEM, Actor, ActorKind, Scope, ScopeKind
from purveyor.core.errors import NotFound, StaleVersion
from purveyor.core.lifecycle import Status
from purveyor.core.order import Hold, OrderLine, Origin, Schedule, new_version
from purveyor.store import order_views, orders
from purveyor.store.db import Database, Tx
from tests.order_builders import (
    DAYTON,
    MONDAY,
    OTHER_SUPPLIER,
    OTHER_UNIT,
    SUPPLIER,
    UNIT,
    a_line,
    an_order,
    fresh_id,
    in_erp,
)

pytestmark = pytest.mark.postgres

amounts = st.decimals(min_value=Decimal("0.001"), max_value=Decimal(10**9), places=3)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
days = st.dates(min_value=date(2000, 1, 1), max_value=date(2100, 1, 1))


@st.composite
def lines_of_any_kind(draw: st.DrawFn) -> tuple[OrderLine, ...]:
    numbers = draw(st.lists(st.integers(1, 9999), min_size=1, max_size=3, unique=True))
    return tuple(
        a_line(
            number,
            unit_price=draw(st.none() | amounts),
            price_per=draw(amounts),
            uom=draw(st.none() | texts),
            description=draw(texts),
            tax_code=draw(st.none() | texts),
            cancelled=draw(st.booleans()),
            closed_reason=draw(st.none() | texts),
            external_id=draw(st.none() | texts),
            schedules=tuple(
                Schedule(part, draw(st.sampled_from([None, DAYTON])), draw(amounts), draw(st.none() | days))
                for part in range(1, draw(st.integers(1, 3)) + 1)
            ),
        )
        for number in sorted(numbers)
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=lines_of_any_kind(), terms=st.none() | texts, ceiling=st.none() | amounts, held=st.booleans())
def test_what_is_saved_is_what_is_loaded(
    tx: Tx, lines: tuple[OrderLine, ...], terms: str | None, ceiling: Decimal | None, held: bool
) -> None:
    order = an_order(
        *lines,
        payment_terms=terms,
        freight_ceiling=ceiling,
        origin=Origin.PLANNED,
        hold=Hold("waits for the price list", None, MONDAY) if held else None,
        erp=in_erp(str(fresh_id()), number="PO-7", version="3", content_hash="ab") if held else None,
    )

    saved = orders.save(tx, order)

    assert saved == replace(order, row_version=1)
    assert orders.get(tx, order.id) == saved
    assert orders.lock(tx, order.id) == saved


def test_an_earlier_version_stays_readable_after_a_change(tx: Tx) -> None:
    first = orders.save(tx, an_order(a_line(1, 240), a_line(2, 5)))
    smaller = new_version(first, replace(first, lines=(a_line(1, 20), first.lines[1])))

    orders.save(tx, smaller)

    before = orders.version(tx, first.id, 1)
    assert before.lines == first.lines
    assert before.version_hash() == first.version_hash()
    assert orders.get(tx, first.id).lines[0].quantity == 20
    assert [mark.version_hash for mark in orders.versions(tx, first.id)] == [first.version_hash(), smaller.version_hash()]


def test_a_line_that_left_the_draft_is_gone_and_the_others_stay(tx: Tx) -> None:
    order = orders.save(tx, an_order(a_line(1), a_line(2), a_line(3)))

    orders.save(tx, new_version(order, replace(order, lines=(order.lines[0], order.lines[2]))))

    assert [line.line_no for line in orders.get(tx, order.id).lines] == [1, 3]


def test_a_value_read_before_somebody_elses_save_is_refused(tx: Tx) -> None:
    order = orders.save(tx, an_order())
    orders.save(tx, order)

    with pytest.raises(StaleVersion):
        orders.save(tx, order)
    with pytest.raises(StaleVersion):
        orders.lock(tx, order.id, row_version=1)


def test_many_orders_are_saved_together_or_not_at_all(tx: Tx) -> None:
    known = orders.save(tx, an_order())
    new = an_order()

    with pytest.raises(StaleVersion):
        orders.save_many(tx, [new, replace(known, row_version=7)])

    assert new.id not in orders.get_many(tx, [new.id])
    assert orders.save_many(tx, []) == []
    assert orders.get_many(tx, []) == {}


def test_an_order_is_found_by_our_reference_and_by_the_erps_id(tx: Tx) -> None:
    order = orders.save(tx, an_order(erp=in_erp("4711")))

    assert orders.by_ref(tx, order.order_ref) == order
    assert orders.by_erp_id(tx, in_erp("x").instance, "4711") == order


def test_what_does_not_exist_is_not_found(tx: Tx) -> None:
    order = orders.save(tx, an_order())

    with pytest.raises(NotFound):
        orders.get(tx, an_order().id)
    with pytest.raises(NotFound):
        orders.by_ref(tx, "PVNOTHERE")
    with pytest.raises(NotFound):
        orders.by_erp_id(tx, in_erp("x").instance, "0")
    with pytest.raises(NotFound):
        orders.version(tx, order.id, 9)


def test_references_are_fresh_and_short(tx: Tx) -> None:
    references = orders.next_refs(tx, 3)

    assert len(set(references)) == 3
    assert all(len(reference) <= 12 for reference in references)


def test_a_buyer_sees_the_orders_of_his_business_units_only(database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        order = orders.save(tx, an_order())

    with database.read(Actor(ActorKind.USER, fresh_id(), business_units=frozenset({UNIT}))) as tx:
        assert orders.get(tx, order.id) == order
    with database.read(Actor(ActorKind.USER, fresh_id(), business_units=frozenset({OTHER_UNIT}))) as tx:
        assert orders.get_many(tx, [order.id]) == {}


def test_a_supplier_reads_an_order_from_its_issue_on_and_no_draft_version(database: Database) -> None:
    portal = Scope(ScopeKind.SUPPLIER, supplier_id=SUPPLIER)
    with database.transaction(SYSTEM) as tx:
        draft = orders.save(tx, an_order(a_line(1, 240), requester="person-7"))
        second = orders.save(tx, new_version(draft, replace(draft, lines=(a_line(1, 20),))))
    with database.read(SYSTEM, portal) as tx, pytest.raises(NotFound):
        order_views.shown_order(tx, draft.id)

    with database.transaction(SYSTEM) as tx:
        orders.save(tx, replace(second, status=Status.ISSUED, first_issued_version=2, issued_at=MONDAY))

    with database.read(SYSTEM, portal) as tx:
        assert order_views.shown_order(tx, draft.id).lines[0].quantity == 20
        assert order_views.shown_order(tx, draft.id).requester is None
        with pytest.raises(NotFound):
            order_views.shown_order(tx, draft.id, version=1)
    with database.read(SYSTEM, Scope(ScopeKind.SUPPLIER, supplier_id=OTHER_SUPPLIER)) as tx, pytest.raises(NotFound):
        order_views.shown_order(tx, draft.id)
