"""Intake: drafts of the ERP become orders, are checked at once, and what changes there is judged by its content."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction

import pytest
from sqlalchemy import text

from purveyor.app import edit, intake, quarantine, reconcile
from purveyor.app import masters as masters_app
from purveyor.app.clearance import blocked_key
from purveyor.app.edit import AcceptSuggestion
from purveyor.core.access import SYSTEM
from purveyor.core.cases import ExceptionType
from purveyor.core.editing import EditOrder, LineEdit
from purveyor.core.erp_records import Entity, ErpOrderStatus, ErpUom
from purveyor.core.errors import NotFound, StaleVersion
from purveyor.core.events.base import Ref
from purveyor.core.ids import OrderId
from purveyor.core.lifecycle import Status
from purveyor.core.order import Origin
from purveyor.core.parties import BusinessUnit
from purveyor.store import approvals, cases, events, masters, orders, rates, search, xref
from purveyor.store.db import Database
from purveyor.store.rates import ExchangeRate
from purveyor.store.xref import Code
from tests.app.erp_world import Company, a_company, a_draft, a_draft_line, statuses
from tests.app.people import MONDAY_NINE
from tests.order_builders import ERP, OTHER_UNIT

pytestmark = pytest.mark.postgres


@pytest.fixture
def company(database: Database) -> Company:
    return a_company(database)


def event_types(company: Company, order_id: OrderId) -> list[str]:
    with company.database.read(SYSTEM) as tx:
        return [event.type for event in events.read_stream(tx, Ref("order", order_id))]


def open_exception(company: Company, key: str) -> ExceptionType | None:
    with company.database.transaction(SYSTEM) as tx:
        found = cases.find_open(tx, key)
    return found.type if found else None


def test_a_clean_small_draft_approves_itself_by_policy(company: Company) -> None:
    (order,) = company.takes_in(a_draft("100"))

    assert (order.status, order.total, order.order_ref[:2]) == (Status.APPROVED, Decimal("4147.20"), "PV")
    assert event_types(company, order.id) == ["order.drafted", "order.checked", "order.submitted", "order.approved"]


def test_240_cartons_are_stopped_and_the_suggestion_of_20_is_taken_over_in_one_verb(company: Company) -> None:
    (order,) = company.takes_in(a_draft("100", a_draft_line(1, "240"), origin=Origin.TYPED))

    assert order.status is Status.DRAFT
    assert open_exception(company, blocked_key(order.id)) is ExceptionType.QUANTITY_ANOMALY
    with company.database.transaction(SYSTEM) as tx:
        edited = edit.accept_suggestion(tx, order.id, AcceptSuggestion(order.row_version, 1, "PACK_SLIP"))
    assert (edited.order.lines[0].quantity, edited.order.version) == (Decimal(20), 2)
    with company.database.transaction(SYSTEM) as tx:
        priced = edit.accept_suggestion(tx, order.id, AcceptSuggestion(edited.order.row_version, 1, "PRICE_MISMATCH"))
    assert priced.order.total == Decimal("19968.00")
    assert not priced.report.blocked
    assert open_exception(company, blocked_key(order.id)) is None
    with company.database.transaction(SYSTEM) as tx:
        assert edit.submit(tx, order.id, priced.order.row_version).status is Status.PENDING_APPROVAL


def test_a_suggestion_of_an_older_check_or_another_line_is_not_taken_over(company: Company) -> None:
    (order,) = company.takes_in(a_draft("100"))

    with company.database.transaction(SYSTEM) as tx, pytest.raises(NotFound):
        edit.accept_suggestion(tx, order.id, AcceptSuggestion(order.row_version, 1, "PACK_SLIP"))


def test_the_same_page_again_changes_nothing(company: Company) -> None:
    drafts = [a_draft("100"), a_draft("101", a_draft_line(2))]
    before = company.takes_in(*drafts)

    result = company.pulls(*(record for draft in drafts if (record := company.erp.get_order(draft.external_id))))

    assert len(result.unchanged) == 2
    assert [company.order(draft.external_id) for draft in drafts] == before


def test_a_draft_edited_in_the_erp_is_a_new_version_and_its_approval_is_void(company: Company) -> None:
    (order,) = company.takes_in(a_draft("100"))

    (after,) = company.takes_in(a_draft("100", a_draft_line(1, "3"), version="2"))

    assert (after.version, after.status, after.total) == (2, Status.APPROVED, Decimal("3110.40"))
    with company.database.read(SYSTEM) as tx:
        assert orders.version(tx, order.id, 1).version_hash() == order.version_hash()
        assert approvals.history(tx, order.id)[0].state == "void"


def test_one_cent_after_approval_voids_it(company: Company) -> None:
    (order,) = company.takes_in(a_draft("100"))

    with company.database.transaction(SYSTEM) as tx:
        edited = edit.edit(tx, order.id, EditOrder(order.row_version, {1: LineEdit(unit_price=Decimal("1036.79"))}))

    assert edited.order.status is Status.DRAFT
    with company.database.read(SYSTEM) as tx:
        assert approvals.in_force(tx, order.id) is None


def test_an_edit_of_what_somebody_else_changed_is_refused_and_an_empty_edit_keeps_the_approval(company: Company) -> None:
    (order,) = company.takes_in(a_draft("100"))

    with company.database.transaction(SYSTEM) as tx, pytest.raises(StaleVersion):
        edit.edit(tx, order.id, EditOrder(order.row_version - 1))
    with company.database.transaction(SYSTEM) as tx:
        assert edit.edit(tx, order.id, EditOrder(order.row_version)).order.status is Status.APPROVED


def test_a_draft_deleted_in_the_erp_is_cancelled(company: Company) -> None:
    first, second = company.takes_in(a_draft("100"), a_draft("101", a_draft_line(2)))

    company.pulls(replace(company.types(a_draft("100"))[0], status=ErpOrderStatus.CANCELLED))
    with company.database.transaction(SYSTEM) as tx:
        gone = intake.receive_deleted(tx, ERP, ["101"])
        known = intake.receive_deleted(tx, ERP, ["101"])

    assert statuses([company.now(first), company.now(second)]) == [Status.CANCELLED, Status.CANCELLED]
    assert (gone.deleted, known.ignored) == ([second.id], 1)


def test_an_order_placed_past_the_gate_belongs_to_somebody_and_is_not_sent(company: Company) -> None:
    company.pulls(*company.types(a_draft("100", status=ErpOrderStatus.CONFIRMED)))

    order = company.order("100")
    assert order.status is Status.DRAFT
    assert open_exception(company, f"bypassed_gate:{order.id}") is ExceptionType.BYPASSED_GATE


def test_a_draft_we_know_that_was_placed_past_the_gate_is_a_bypass_once(company: Company) -> None:
    (order,) = company.takes_in(a_draft("100", a_draft_line(1, "240")))

    for _ in range(2):
        company.pulls(a_draft("100", a_draft_line(1, "240"), version="2", status=ErpOrderStatus.CONFIRMED))

    with company.database.transaction(SYSTEM) as tx:
        found = cases.find_open(tx, f"bypassed_gate:{order.id}")
    assert found is not None
    assert found.subject.order_id == order.id


def test_an_edit_after_issue_opens_erp_drift_with_both_values(company: Company) -> None:
    (order,) = company.takes_in(a_draft("100"))
    company.issues(order)
    record = company.erp.get_order("100")
    assert record is not None

    company.pulls(replace(record, lines=(replace(record.lines[0], quantity=Decimal(9)),)))

    with company.database.transaction(SYSTEM) as tx:
        found = cases.find_open(tx, f"erp_drift:{order.id}")
    assert found is not None
    assert {row.name: dict(row.values) for row in found.evidence} == {"line 1 quantity": {"purveyor": "4", "erp": "9"}}
    assert company.now(order).lines[0].quantity == 4


def test_reading_our_own_confirmation_back_is_no_drift(company: Company) -> None:
    (order,) = company.takes_in(a_draft("100"))
    company.issues(order)
    record = company.erp.get_order("100")
    assert record is not None

    result = company.pulls(record)

    assert result.unchanged == [order.id]
    assert company.now(order).status is Status.ISSUED


def test_a_page_read_before_our_confirmation_does_not_turn_the_version_back(company: Company) -> None:
    (draft,) = company.types(a_draft("100"))
    company.pulls(draft)
    issued = company.issues(company.order("100"))

    company.pulls(draft)

    assert company.order("100").erp == issued.erp


def test_an_order_with_an_unknown_item_is_kept_blocked_and_waits_in_quarantine(company: Company) -> None:
    (order,) = company.takes_in(a_draft("100", a_draft_line(1), a_draft_line(2, item="i99")))

    assert order.status is Status.DRAFT
    assert [line.item_code for line in order.lines] == ["PUMP-1", "i99"]
    with company.database.read(SYSTEM) as tx:
        assert [one.order_ids for one in xref.waiting(tx, erp=ERP)] == [(order.id,)]
        assert list(xref.unmapped_of(tx, [order.id])) == [order.id]
    assert open_exception(company, "unmapped:tryton:item:i99") is ExceptionType.UNMAPPED_CODE


def test_a_mapped_code_lets_the_order_that_waited_for_it_go_on(company: Company) -> None:
    (order,) = company.takes_in(a_draft("100", a_draft_line(1), a_draft_line(2, item="i99")))
    with company.database.transaction(SYSTEM) as tx:
        pump = xref.lookup(tx, ERP, [Code(Entity.ITEM, "i2")])[Code(Entity.ITEM, "i2")]
        assert quarantine.map_code(tx, ERP, Code(Entity.ITEM, "i99"), pump) == 1

    assert queued_readings(company) == [{"erp": ERP, "external_id": "100", "again": "1"}]
    record = company.erp.get_order("100")
    assert record is not None
    company.pulls(record)

    after = company.now(order)
    assert ([line.item_code for line in after.lines], after.version) == (["PUMP-1", "PUMP-2"], 2)
    assert after.status is Status.PENDING_APPROVAL
    assert open_exception(company, blocked_key(order.id)) is None
    assert company.pulls(record).unchanged == [order.id]


def test_a_unit_that_is_known_now_lets_the_draft_that_counts_in_it_be_looked_at_again(company: Company) -> None:
    (order,) = company.takes_in(a_draft("100", a_draft_line(1, "2", uom="PAL")))
    assert order.status is Status.DRAFT

    with company.database.transaction(SYSTEM) as tx:
        for _ in range(2):
            masters_app.receive(tx, ERP, Entity.UOM, [a_pallet()])

    assert queued_readings(company) == [{"erp": ERP, "external_id": "100", "again": "1"}]


def a_pallet() -> ErpUom:
    return ErpUom(
        external_id="u3",
        version="1",
        updated_at=MONDAY_NINE,
        code="PAL",
        name="Pallet",
        category="pump",
        factor=Fraction(24),
        discrete=True,
    )


def queued_readings(company: Company) -> list[dict[str, str]]:
    """Return what the queued readings of single orders are about."""
    with company.database.transaction(SYSTEM) as tx:
        rows = tx.conn.execute(
            text("SELECT args FROM procrastinate_jobs WHERE task_name = :kind"), {"kind": quarantine.READ_ORDER_JOB}
        )
        return [row.args["payload"] for row in rows]


def test_orders_bought_before_are_the_measure_of_what_is_usual(company: Company) -> None:
    result = company.pulls(*company.types(a_draft("90", status=ErpOrderStatus.RECEIVED)))

    assert (result.ignored, result.new) == (1, [])
    with company.database.read(SYSTEM) as tx, pytest.raises(NotFound):
        orders.by_erp_id(tx, ERP, "90")


def test_too_many_orders_at_once_are_refused(company: Company) -> None:
    with pytest.raises(ValueError, match="at most"):
        company.pulls(*(a_draft(str(number)) for number in range(201)))


def test_a_comparison_names_both_values_and_ends_the_exception_when_they_agree_again(company: Company) -> None:
    first, second = company.takes_in(a_draft("100"), a_draft("101", a_draft_line(2)))
    company.issues(first)
    record = company.erp.get_order("100")
    assert record is not None
    other = replace(record, lines=(replace(record.lines[0], unit_price=Decimal(1)),))

    with company.database.transaction(SYSTEM) as tx:
        found = reconcile.compare(tx, ERP, [other, a_draft("101", a_draft_line(2)), a_draft("999")])
    assert (found.agreed, found.unknown) == (1, ("999",))
    assert [(one.path, one.ours, one.theirs) for one in found.differing[0].fields] == [("line 1 unit price", "1036.8", "1")]
    assert open_exception(company, f"erp_drift:{first.id}") is ExceptionType.ERP_DRIFT

    with company.database.transaction(SYSTEM) as tx:
        assert reconcile.compare(tx, ERP, [record]).agreed == 1
    assert open_exception(company, f"erp_drift:{first.id}") is None
    assert second.status is Status.APPROVED


def test_an_issued_order_that_vanished_from_the_erp_belongs_to_somebody(company: Company) -> None:
    (order,) = company.takes_in(a_draft("100"))
    company.issues(order)

    with company.database.transaction(SYSTEM) as tx:
        result = intake.receive_deleted(tx, ERP, ["100"])

    assert result.drifted == [order.id]
    assert open_exception(company, f"erp_drift:{order.id}") is ExceptionType.ERP_DRIFT
    assert company.now(order).status is Status.ISSUED


def test_an_order_of_an_unknown_site_waits_until_somebody_knows_whose_it_is(company: Company) -> None:
    with company.database.transaction(SYSTEM) as tx:
        masters.save_business_units(tx, [BusinessUnit(OTHER_UNIT, "EAST", "East", "USD", "US")])

    result = company.pulls(*company.types(a_draft("100", site="w9")))

    assert result.quarantined == ["100"]
    with company.database.transaction(SYSTEM) as tx:
        assert quarantine.map_code(tx, ERP, Code(Entity.SITE, "w9"), next(iter(masters.sites(tx)))) == 1
    record = company.erp.get_order("100")
    assert record is not None
    assert len(company.pulls(record).new) == 1


def test_orders_and_items_are_found_by_words_and_wildcards_are_plain_characters(company: Company) -> None:
    (order,) = company.takes_in(a_draft("100"))

    with company.database.read(SYSTEM) as tx:
        assert {hit.code for hit in search.search(tx, "kp-2501")} == {order.order_ref, "PUMP-1"}
        assert [hit.kind for hit in search.search(tx, "keller pumps")] == ["supplier"]
        assert search.search(tx, "%") == []
        assert search.search(tx, "  ") == []


def test_a_rate_is_the_newest_known_on_the_day(company: Company) -> None:
    known = [ExchangeRate("EUR", "USD", date(2026, 3, day), Decimal(f"1.0{day}"), "bank") for day in (2, 6)]
    with company.database.transaction(SYSTEM) as tx:
        rates.save_rates(tx, known)

        assert rates.rate_on(tx, "EUR", "USD", date(2026, 3, 9)) == known[1]
        assert rates.rate_on(tx, "EUR", "USD", date(2026, 3, 1)) is None
        same = rates.rate_on(tx, "USD", "USD", date(2026, 3, 1))
        assert same is not None
        assert same.rate == 1
