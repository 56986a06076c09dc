"""Shipments and receipts: what is under way, accepted, held, sent back or decided, and what the ERP is told."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import Any

import pytest

from purveyor.app import receive, ship
from purveyor.app.erp_receipts import erp_receipt
from purveyor.app.receipt_decisions import DecideDamage, DecideExcess, accept_over, close_short, decide_damage
from purveyor.app.receive import CountedLine
from purveyor.core.access import SYSTEM
from purveyor.core.acknowledge import DocumentChanged
from purveyor.core.cases import ExceptionType
from purveyor.core.errors import IllegalTransition, InvalidInput, NotFound, ReasonRequired
from purveyor.core.ids import SiteId
from purveyor.core.lifecycle import Status
from purveyor.core.order import Schedule
from purveyor.core.parties import Site
from purveyor.core.progress import LineProgressState
from purveyor.core.receiving import ReceivingCode, ReturnFor
from purveyor.core.shipping import ShippedLine
from purveyor.store import masters, messages
from purveyor.store.db import Database
from tests.app.supplier_world import (
    a_world,
    an_issued_order,
    answered,
    counted,
    now_of,
    open_cases,
    open_types,
    progress,
    shipped,
    told,
    twelve_and_eight,
)
from tests.core.supplier_side import quantities
from tests.order_builders import DAYTON, UNIT, a_line, fresh_id

pytestmark = pytest.mark.postgres


def test_a_shipment_is_under_way_until_it_is_received(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database)

    announced = shipped(database, order, "12")
    repeated = shipped(database, order, "12")
    on_the_road = progress(database, order.id)
    counted(database, order, "12", notice="S1")

    assert (repeated.id, repeated.repeated) == (announced.id, True)
    assert (on_the_road.in_transit, on_the_road.open) == quantities(12, 20)
    assert (progress(database, order.id).in_transit, progress(database, order.id).open) == quantities(0, 8)
    with pytest.raises(DocumentChanged):
        shipped(database, order, "11")
    with database.read(SYSTEM) as tx:
        assert len(ship.of_order(tx, order.id)) == 1
        assert len(receive.of_order(tx, order.id)) == 1


def test_a_revised_ship_notice_replaces_what_the_first_announced(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database)

    shipped(database, order, "10", revision=2)
    shipped(database, order, "12")

    assert (progress(database, order.id).shipped, progress(database, order.id).in_transit) == quantities(10, 10)


@pytest.mark.parametrize("lines", [(), (ShippedLine(1, Decimal(0)),), (ShippedLine(1, Decimal(1)), ShippedLine(1, Decimal(1)))])
def test_an_impossible_ship_notice_is_refused(database: Database, lines: tuple[ShippedLine, ...]) -> None:
    a_world(database)
    order = an_issued_order(database)

    with pytest.raises(InvalidInput):
        shipped(database, order, "1", lines=lines)


def test_twelve_cartons_are_posted_in_the_erp_once(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database)

    counted(database, order, "12", notice="S1", ends_shipment=True)
    again = counted(database, order, "12", notice="S1", ends_shipment=True)

    assert again.repeated
    with database.read(SYSTEM) as tx:
        (message,) = messages.of_order(tx, order.id)
        receipt = erp_receipt(tx, message)
    assert (message.kind, receipt.reference, receipt.delivery_note) == ("erp_receipt", f"{order.order_ref}-R1", "S1")
    assert [(line.order_line, line.quantity, line.uom) for line in receipt.lines] == [("11", Decimal(12), "CT")]
    with pytest.raises(DocumentChanged):
        counted(database, order, "13", notice="S1", ends_shipment=True)


def test_144_cartons_keyed_for_12_are_held_and_the_recount_is_posted(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database)
    answered(database, order, *twelve_and_eight())
    counted(database, order, "8")

    held = counted(database, order, "144", name="r2", hours=2)
    (case,) = open_cases(database)
    recounted = counted(database, order, "12", name="r3", hours=3, recount_of=held.id)

    assert (held.held, held.lines[0].question) == (True, "12 CT (144 EA)?")
    assert (case.type, case.summary) == (ExceptionType.HELD_RECOUNT, "12 CT (144 EA)?")
    assert (recounted.lines[0].judged.accepted, open_types(database)) == (Decimal(144), [])
    assert progress(database, order.id).state is LineProgressState.RECEIVED


def test_a_repeated_held_receipt_asks_the_same_question(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database)

    counted(database, order, "240")

    assert counted(database, order, "240").lines[0].question == "20 CT (240 EA)?"
    with database.read(SYSTEM) as tx:
        assert messages.of_order(tx, order.id) == []


def test_surplus_is_accepted_by_a_person_with_a_reason(database: Database) -> None:
    people = a_world(database)
    order = an_issued_order(database)
    result = counted(database, order, "22")
    assert open_types(database) == [ExceptionType.OVER_RECEIPT]

    with database.transaction(people.rita) as tx, pytest.raises(ReasonRequired):
        accept_over(tx, DecideExcess(result.id, 1, accept=True, reason=" "))
    with database.transaction(people.rita) as tx:
        accept_over(tx, DecideExcess(result.id, 1, accept=True, reason="we sell them anyway"))

    assert (progress(database, order.id).accepted, open_types(database)) == (Decimal(22), [])
    with database.read(SYSTEM) as tx:
        last = messages.of_order(tx, order.id)[-1]
        assert [line.quantity for line in erp_receipt(tx, last).lines] == [Decimal(2)]
    with database.transaction(people.rita) as tx, pytest.raises(NotFound):
        accept_over(tx, DecideExcess(result.id, 1, accept=True, reason="again"))


def test_surplus_that_goes_back_is_not_posted(database: Database) -> None:
    people = a_world(database)
    order = an_issued_order(database)
    result = counted(database, order, "22")

    with database.transaction(people.rita) as tx:
        accept_over(tx, DecideExcess(result.id, 1, accept=False, reason="not ordered"))

    assert (progress(database, order.id).accepted, open_types(database)) == (Decimal(20), [])
    assert "excess.decided" in told(database, order.id)


@pytest.mark.parametrize(("wish", "still_open"), [(ReturnFor.CREDIT, "0"), (ReturnFor.REPLACEMENT, "2")])
def test_damaged_pumps_are_credited_or_replaced(database: Database, wish: ReturnFor, still_open: str) -> None:
    a_world(database)
    order = an_issued_order(database)
    result = counted(database, order, "20", damaged="2")
    assert result.lines[0].judged.codes == (ReceivingCode.DAMAGED,)
    assert open_types(database) == [ExceptionType.DAMAGED_RECEIPT]

    with database.transaction(SYSTEM) as tx:
        decide_damage(tx, DecideDamage(result.id, 1, wish))

    seen = progress(database, order.id)
    assert (seen.open, seen.rejected, seen.accepted) == quantities(still_open, 2, 18)
    assert open_types(database) == []


def test_a_return_for_credit_is_not_wanted_again_and_no_more_goes_back_than_came(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database)
    counted(database, order, "20")

    counted(database, order, "-5", name="r2", hours=2, return_for=ReturnFor.CREDIT)

    assert (progress(database, order.id).accepted, progress(database, order.id).open) == quantities(15, 0)
    with pytest.raises(InvalidInput):
        counted(database, order, "-16", name="r3", hours=3, return_for=ReturnFor.REPLACEMENT)


@pytest.mark.parametrize("count", [{"quantity": "1", "damaged": "2"}, {"quantity": "-1"}, {"quantity": "NaN"}])
def test_an_impossible_count_is_refused(database: Database, count: dict[str, Any]) -> None:
    a_world(database)
    order = an_issued_order(database)

    with pytest.raises(InvalidInput):
        counted(database, order, **count)
    with pytest.raises(InvalidInput):
        counted(database, order, "1", lines=())


def test_goods_of_a_closed_or_unknown_order_are_refused(database: Database) -> None:
    a_world(database)

    with pytest.raises(IllegalTransition):
        counted(database, an_issued_order(database, status=Status.CLOSED), "1")
    with pytest.raises(NotFound):
        counted(database, an_issued_order(database, status=Status.APPROVED, first_issued_version=None), "1")


def test_three_warehouses_are_counted_apart_and_each_of_them_must_be_done(database: Database) -> None:
    a_world(database)
    sites = (DAYTON, SiteId(fresh_id()), SiteId(fresh_id()))
    with database.transaction(SYSTEM) as tx:
        names = zip(sites[1:], ("TULSA", "RENO"), strict=True)
        masters.save_sites(tx, [Site(site, UNIT, code, code.title(), "US", "America/Chicago") for site, code in names])
    schedules = tuple(Schedule(no, site, Decimal(10), None) for no, site in enumerate(sites, start=1))
    order = an_issued_order(database, lines=(a_line(1, 30, "998.40", schedules=schedules),))

    def came(site: SiteId, cartons: str, name: str) -> None:
        counted(database, order, "0", name=name, lines=(CountedLine(1, Decimal(cartons), ship_to=site),))

    came(sites[0], "12", "d1")
    came(sites[1], "10", "t1")
    two_done = progress(database, order.id)
    came(sites[2], "10", "n1")

    assert [place.open for place in two_done.places] == list(quantities(0, 0, 120))
    assert (two_done.state, progress(database, order.id).state) == (
        LineProgressState.PARTLY_RECEIVED,
        LineProgressState.RECEIVED,
    )
    assert open_types(database) == [ExceptionType.OVER_RECEIPT]
    with pytest.raises(InvalidInput):
        counted(database, order, "1", name="nowhere")


def test_a_person_closes_the_line_short_with_a_reason(database: Database) -> None:
    people = a_world(database)
    order = an_issued_order(database)
    counted(database, order, "12")

    with database.transaction(people.rita) as tx:
        close_short(tx, order.id, 1, "the rest is not made any more")

    seen = progress(database, order.id)
    assert (seen.open, seen.short, seen.state) == (Decimal(0), Decimal(8), LineProgressState.CLOSED_SHORT)
    assert now_of(database, order.id).lines[0].closed_reason == "closed_short"
    with database.transaction(people.rita) as tx, pytest.raises(InvalidInput):
        close_short(tx, order.id, 1, "again")


def test_shipments_and_receipts_end_the_same_in_whatever_order_they_arrive(database: Database) -> None:
    a_world(database)
    chance = random.Random(5)
    ends = set()
    for round_ in range(5):
        order = an_issued_order(database)
        arrivals: list[Any] = [
            lambda order=order, r=round_: shipped(database, order, "12", number=f"S1-{r}"),
            lambda order=order, r=round_: shipped(database, order, "11", number=f"S1-{r}", revision=2),
            lambda order=order, r=round_: counted(database, order, "11", name=f"r1-{r}", notice=f"S1-{r}", ends_shipment=True),
            lambda order=order, r=round_: counted(database, order, "6", name=f"r2-{r}", hours=2),
            lambda order=order, r=round_: counted(database, order, "5", name=f"r3-{r}", hours=3),
        ]
        arrived = [*arrivals, *arrivals[:3]]
        chance.shuffle(arrived)
        for arrival in arrived:
            arrival()
        seen = progress(database, order.id)
        ends.add((seen.accepted, seen.in_transit, seen.open, seen.shipped, seen.state))

    assert ends == {(Decimal(20), Decimal(0), Decimal(0), Decimal(11), LineProgressState.RECEIVED)}
