"""A confirmation that waited, or was under way, while its order changed: the ERP never learns of what nobody approved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from purveyor.app import cancel, edit, hold, outbound
from purveyor.app.cancel import CancelOrder
from purveyor.app.hold import HoldOrder
from purveyor.app.outbound import Failure
from purveyor.connectors.erp.memory import Fault
from purveyor.core.access import SYSTEM
from purveyor.core.cases import ExceptionType
from purveyor.core.editing import EditOrder, LineEdit
from purveyor.core.erp_records import ErpOrderStatus
from purveyor.core.erp_results import WriteResult
from purveyor.core.lifecycle import Status
from purveyor.core.messaging import MessageKind
from purveyor.core.order import PurchaseOrder
from purveyor.settings import Settings
from purveyor.store import cases, orders
from purveyor.store.db import Database
from purveyor.store.jobs import Job
from purveyor.store.messages import Claim
from purveyor.store.tables.flow import MESSAGE
from purveyor.worker.connections import Connections, ErpConnection
from purveyor.worker.outbound import ToSuppliers
from purveyor.worker.to_erp import ToErp
from tests.app.erp_world import Company, a_company, a_draft
from tests.order_builders import ERP

pytestmark = pytest.mark.postgres
Change = Callable[[Company, PurchaseOrder], None]
AWAY = Failure("partner_away", "nobody answers")


@pytest.fixture
def company(database: Database) -> Company:
    return a_company(database)


@pytest.fixture
def released(company: Company) -> PurchaseOrder:
    (order,) = company.takes_in(a_draft("100"))
    company.releases(order)
    return company.now(order)


def the_worker_tries(company: Company, order: PurchaseOrder, *, read_only: bool = False) -> None:
    """A worker takes the order's confirmation up as soon as its wait is over."""
    with company.database.transaction(SYSTEM) as tx:
        tx.conn.execute(MESSAGE.update().values(next_attempt_at=tx.real_now - timedelta(seconds=1)))
    connections = Connections("Pump & Co", {ERP: ErpConnection(ERP, company.erp, "PUMPCO", read_only)})
    message = company.message(order)
    job = Job(1, message.kind, str(message.id), {"message_id": str(message.id)})
    ToErp(connections, Settings()).confirm(company.database, job)


def nobody_answers(company: Company, held: Claim) -> None:
    with company.database.transaction(SYSTEM) as tx:
        outbound.mark_failed(tx, held, AWAY)


def edits(company: Company, order: PurchaseOrder) -> None:
    with company.database.transaction(SYSTEM) as tx:
        edit.edit(tx, order.id, EditOrder(order.row_version, {1: LineEdit(quantity=Decimal(3))}))


def cancels(company: Company, order: PurchaseOrder) -> None:
    with company.database.transaction(SYSTEM) as tx:
        cancel.cancel(tx, order.id, CancelOrder(order.row_version, "not needed any more"))


def placed_in_erp(company: Company) -> bool:
    record = company.erp.get_order("100")
    return record is not None and record.status is not ErpOrderStatus.DRAFT


def bypass(company: Company, order: PurchaseOrder) -> ExceptionType | None:
    with company.database.transaction(SYSTEM) as tx:
        found = cases.find_open(tx, f"bypassed_gate:{order.id}")
    return found.type if found else None


def test_a_confirmation_that_waits_its_turn_places_the_approved_order(company: Company, released: PurchaseOrder) -> None:
    the_worker_tries(company, released)

    assert placed_in_erp(company)
    assert company.now(released).status is Status.ISSUED


def test_a_read_only_erp_is_not_written_to_and_the_order_leaves_all_the_same(company: Company, released: PurchaseOrder) -> None:
    the_worker_tries(company, released, read_only=True)

    assert (company.erp.writes, company.now(released).status) == (0, Status.ISSUED)


@pytest.mark.parametrize("change", [edits, cancels])
def test_an_order_changed_while_the_erp_was_away_is_not_confirmed_when_it_is_back(
    company: Company, released: PurchaseOrder, change: Change
) -> None:
    held = company.claims(company.message(released))
    change(company, released)
    nobody_answers(company, held)

    the_worker_tries(company, released)

    assert not placed_in_erp(company)
    assert company.message(released).state == "superseded"
    assert bypass(company, released) is None


def test_a_hold_keeps_a_waiting_confirmation_back_until_it_is_lifted(company: Company, released: PurchaseOrder) -> None:
    with company.database.transaction(SYSTEM) as tx:
        held = hold.hold(tx, released.id, HoldOrder(released.row_version, "price list is in doubt"))

    the_worker_tries(company, released)

    assert (placed_in_erp(company), company.now(released).status) == (False, Status.APPROVED)
    with company.database.transaction(SYSTEM) as tx:
        hold.lift(tx, released.id, held.row_version)
    company.releases(released)
    the_worker_tries(company, released)
    assert (placed_in_erp(company), company.now(released).status) == (True, Status.ISSUED)


def lost_answer(company: Company, order: PurchaseOrder) -> None:
    held = company.claims(company.message(order))
    company.erp.fail_next_write(Fault.ANSWER_LOST)
    company.hears(held, company.writes(order))


@pytest.mark.parametrize("change", [edits, cancels])
def test_a_lost_answer_is_looked_up_even_when_the_order_changed_and_what_the_erp_placed_belongs_to_a_person(
    company: Company, released: PurchaseOrder, change: Change
) -> None:
    lost_answer(company, released)
    change(company, released)

    the_worker_tries(company, released)

    assert bypass(company, released) is ExceptionType.BYPASSED_GATE
    assert company.message(released).state == "done"
    assert company.erp.writes == 1
    assert company.now(released).status is not Status.ISSUED


def test_a_lost_request_of_a_changed_order_ends_when_the_erp_never_heard_of_it(company: Company, released: PurchaseOrder) -> None:
    held = company.claims(company.message(released))
    with company.database.transaction(SYSTEM) as tx:
        outbound.mark_failed(tx, held, Failure("erp_answer_lost", "the line was cut", unknown=True))
    edits(company, released)

    the_worker_tries(company, released)

    assert not placed_in_erp(company)
    assert company.message(released).state == "superseded"


def test_an_order_cancelled_while_the_erp_was_writing_belongs_to_a_person(company: Company, released: PurchaseOrder) -> None:
    held = company.claims(company.message(released))
    answer: WriteResult = company.writes(released)
    cancels(company, released)

    company.hears(held, answer)

    assert company.now(released).status is Status.CANCELLED
    assert bypass(company, released) is ExceptionType.BYPASSED_GATE


def test_an_order_taken_back_at_a_second_look_takes_its_waiting_confirmation_along(
    company: Company, released: PurchaseOrder
) -> None:
    with company.database.transaction(SYSTEM) as tx:
        other_price = replace(released.lines[0], unit_price=Decimal("1036.79"))
        orders.save(tx, replace(released, lines=(other_price,)))

    assert company.releases(released).stopped == [released.id]

    assert company.message(released).state == "superseded"


def test_content_that_nobody_approved_is_never_issued_whatever_the_erp_says(company: Company, released: PurchaseOrder) -> None:
    held = company.claims(company.message(released))
    answer = company.writes(released)
    with company.database.transaction(SYSTEM) as tx:
        other_price = replace(released.lines[0], unit_price=Decimal("1036.79"))
        orders.save(tx, replace(released, lines=(other_price,)))

    company.hears(held, answer)

    assert company.now(released).status is Status.APPROVED
    assert bypass(company, released) is ExceptionType.BYPASSED_GATE


def test_a_cancelled_order_is_not_sent_to_its_supplier_by_a_later_attempt(company: Company, released: PurchaseOrder) -> None:
    the_worker_tries(company, released)
    issued = company.now(released)
    message = company.message(released, MessageKind.SUPPLIER_ORDER)
    held = company.claims(message)
    cancels(company, issued)
    nobody_answers(company, held)
    with company.database.transaction(SYSTEM) as tx:
        tx.conn.execute(MESSAGE.update().values(next_attempt_at=tx.real_now - timedelta(seconds=1)))

    job = Job(1, message.kind, str(message.id), {"message_id": str(message.id)})
    ToSuppliers(Connections("Pump & Co"), Settings()).send(company.database, job)

    assert company.message(released, MessageKind.SUPPLIER_ORDER).state == "superseded"
