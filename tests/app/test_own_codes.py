"""An unknown code of an ERP is answered with one of our records: what waited goes on, and what is not answered is asked again."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from sqlalchemy import text

from purveyor.app import masters as masters_app
from purveyor.app import quarantine
from purveyor.app.cases import open_case
from purveyor.app.own_codes import question_of
from purveyor.app.resolve import Resolve
from purveyor.app.settle import effect_of, settle
from purveyor.core.access import SYSTEM, Actor, ActorKind, Role
from purveyor.core.cases import CaseStatus, ExceptionCase, ExceptionType, OpenCase
from purveyor.core.erp_records import Entity, ErpItem, ErpSite, ErpUom
from purveyor.core.errors import InvalidInput, NotAuthorised
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.core.parties import BusinessUnit
from purveyor.store import cases, masters, xref
from purveyor.store.db import Database
from purveyor.store.views.own_records import OwnRecord, offered, offered_units
from purveyor.store.xref import Code
from tests.app.erp_world import Company, a_company, a_draft, a_draft_line, erp_masters
from tests.app.people import MONDAY_NINE
from tests.order_builders import ERP, OTHER_UNIT, UNIT, fresh_id

pytestmark = pytest.mark.postgres

ITEM_I99 = "unmapped:tryton:item:i99"
IVAN = Actor(ActorKind.USER, fresh_id(), "ivan", frozenset({Role.IT}), frozenset({UNIT}))


@pytest.fixture
def company(database: Database) -> Company:
    return a_company(database)


def waiting_order(company: Company) -> PurchaseOrder:
    """An order whose second line names an item nobody knows."""
    (order,) = company.takes_in(a_draft("100", a_draft_line(1), a_draft_line(2, item="i99")))
    return order


def question(company: Company, key: str = ITEM_I99) -> ExceptionCase:
    with company.database.transaction(SYSTEM) as tx:
        found = cases.find_open(tx, key)
    assert found is not None, key
    return found


def answered(company: Company, case: ExceptionCase, own_code: str | None, actor: Actor = IVAN) -> ExceptionCase:
    with company.database.transaction(actor) as tx:
        settle(tx, case.id, Resolve("map_code", "told by the supplier", case.version, own_code=own_code))
        return cases.load(tx, case.id)


def closed(company: Company, case: ExceptionCase, resolution: str, actor: Actor = SYSTEM) -> None:
    with company.database.transaction(actor) as tx:
        settle(tx, case.id, Resolve(resolution, "nobody cares", case.version))


def reads_again(company: Company, external_id: str = "100") -> None:
    record = company.erp.get_order(external_id)
    assert record is not None
    company.pulls(record)


def queued(company: Company, kind: str) -> list[dict[str, str]]:
    with company.database.read(SYSTEM) as tx:
        rows = tx.conn.execute(text("SELECT args FROM procrastinate_jobs WHERE task_name = :kind"), {"kind": kind})
        return [row.args["payload"] for row in rows]


def waits(company: Company) -> list[Code]:
    with company.database.read(SYSTEM) as tx:
        return [one.unknown for one in xref.waiting(tx)]


def test_the_sku_of_our_item_answers_the_question_and_the_order_goes_on(company: Company) -> None:
    order = waiting_order(company)

    after = answered(company, question(company), " PUMP-2 ")

    assert (after.status, after.resolution, after.resolved_by, after.override) == (
        CaseStatus.RESOLVED,
        "map_code",
        IVAN.id,
        False,
    )
    assert after.reason == "told by the supplier"
    assert queued(company, quarantine.READ_ORDER_JOB) == [{"erp": ERP, "external_id": "100", "again": "1"}]
    reads_again(company)
    assert [line.item_code for line in company.now(order).lines] == ["PUMP-1", "PUMP-2"]
    assert company.now(order).status is Status.PENDING_APPROVAL
    assert waits(company) == []


@pytest.mark.parametrize(
    ("own_code", "said"),
    [
        ("PUMP-99", "PUMP-99 is not known here: enter the SKU of one of our items"),
        ("  ", "i99 stands for nothing yet: enter the SKU of one of our items"),
        (None, "i99 stands for nothing yet: enter the SKU of one of our items"),
    ],
)
def test_a_record_nobody_named_or_knows_answers_nothing(company: Company, own_code: str | None, said: str) -> None:
    waiting_order(company)

    with pytest.raises(InvalidInput) as refused:
        answered(company, question(company), own_code)

    assert refused.value.fields == {"field": "own_code", "reason": said}
    assert question(company).is_open
    assert waits(company) == [Code(Entity.ITEM, "i99")]


def test_who_may_not_settle_it_maps_nothing(company: Company) -> None:
    waiting_order(company)

    with pytest.raises(NotAuthorised):
        answered(company, question(company), "PUMP-2", replace(IVAN, roles=frozenset({Role.WAREHOUSE})))

    assert waits(company) == [Code(Entity.ITEM, "i99")]


def test_the_codes_of_a_supplier_and_a_site_are_answered_by_our_codes(company: Company) -> None:
    (order,) = company.takes_in(a_draft("100", supplier="s9", site="w9"))

    answered(company, question(company, "unmapped:tryton:supplier:s9"), "KELLER")
    answered(company, question(company, "unmapped:tryton:site:w9"), "DAY")
    reads_again(company)

    now = company.now(order)
    assert (now.supplier_code, now.status) == ("KELLER", Status.APPROVED)
    assert now.lines[0].schedules[0].ship_to is not None
    assert waits(company) == []


def a_site_of_company_2() -> ErpSite:
    return ErpSite(
        external_id="w2", version="1", updated_at=MONDAY_NINE, code="RIV", name="Riverside", legal_entity="2", country="US"
    )


def test_a_site_of_a_company_nobody_knew_comes_when_its_business_unit_is_named(company: Company) -> None:
    with company.database.transaction(SYSTEM) as tx:
        masters.save_business_units(tx, [BusinessUnit(OTHER_UNIT, "EAST", "East", "USD", "US")])
        masters_app.receive(tx, ERP, Entity.SITE, [a_site_of_company_2()])

    everywhere = replace(IVAN, business_units=frozenset({UNIT, OTHER_UNIT}))
    answered(company, question(company, "unmapped:tryton:legal_entity:2"), "EAST", everywhere)

    assert queued(company, quarantine.PULL_JOB) == [{"erp": ERP, "entity": "site", "restart": "1"}]
    with company.database.transaction(SYSTEM) as tx:
        assert masters_app.receive(tx, ERP, Entity.SITE, [a_site_of_company_2()]).taken == 1
        assert {site.business_unit_id for site in masters.sites(tx).values() if site.code == "RIV"} == {OTHER_UNIT}


def a_pump_in_pieces() -> ErpItem:
    """An item counted in STK, which the ERP never explained."""
    pump = next(record for record in erp_masters(MONDAY_NINE) if isinstance(record, ErpItem))
    return replace(pump, external_id="i7", sku="PUMP-7", base_uom="STK", purchase_uom="STK")


def units_of(company: Company, sku: str) -> tuple[str, dict[str, Fraction]]:
    with company.database.transaction(SYSTEM) as tx:
        masters_app.receive(tx, ERP, Entity.ITEM, [a_pump_in_pieces()])
        (units,) = [item.units for item in masters.items(tx).values() if item.sku == sku]
    return units.base_uom, dict(units.factors)


def test_a_unit_nobody_explained_counts_as_much_as_the_one_it_stands_for(company: Company) -> None:
    with company.database.transaction(SYSTEM) as tx:
        assert masters_app.receive(tx, ERP, Entity.ITEM, [a_pump_in_pieces()]).quarantined == 1
    asked = question(company, "unmapped:tryton:uom:pump:STK")

    with pytest.raises(InvalidInput):
        answered(company, asked, "KG")
    after = answered(company, asked, "EA")

    assert after.resolved_by == IVAN.id
    assert queued(company, quarantine.PULL_JOB) == [{"erp": ERP, "entity": "item", "restart": "1"}]
    assert units_of(company, "PUMP-7") == ("STK", {"EA": Fraction(1), "CT": Fraction(12)})


def test_what_the_erp_says_of_a_unit_itself_counts_more_than_what_a_person_said(company: Company) -> None:
    with company.database.transaction(SYSTEM) as tx:
        masters_app.receive(tx, ERP, Entity.ITEM, [a_pump_in_pieces()])
    answered(company, question(company, "unmapped:tryton:uom:pump:STK"), "EA")

    pair = ErpUom(external_id="u9", version="1", code="STK", name="Pair", category="pump", factor=Fraction(2), discrete=True)
    with company.database.transaction(SYSTEM) as tx:
        masters_app.receive(tx, ERP, Entity.UOM, [pair])

    assert units_of(company, "PUMP-7") == ("STK", {"EA": Fraction(1, 2), "CT": Fraction(6)})


@pytest.mark.parametrize("resolution", ["discard_document", "decided_by_person"])
def test_a_question_closed_without_an_answer_is_asked_again_when_the_order_is_read_again(
    company: Company, resolution: str
) -> None:
    order = waiting_order(company)
    first = question(company)

    closed(company, first, resolution)
    reads_again(company)

    again = question(company)
    assert (again.id != first.id, again.occurrences) == (True, 1)
    with company.database.read(SYSTEM) as tx:
        assert list(xref.unmapped_of(tx, [order.id])) == [order.id]
    reads_again(company)
    assert (question(company).id, question(company).version) == (again.id, again.version)


def test_a_question_closed_without_an_answer_is_asked_again_when_the_master_record_is_read_again(company: Company) -> None:
    def comes() -> None:
        with company.database.transaction(SYSTEM) as tx:
            masters_app.receive(tx, ERP, Entity.ITEM, [a_pump_in_pieces()])

    comes()
    first = question(company, "unmapped:tryton:uom:pump:STK")
    comes()
    assert question(company, "unmapped:tryton:uom:pump:STK") == first

    closed(company, first, "discard_document")
    comes()

    assert question(company, "unmapped:tryton:uom:pump:STK").id != first.id


def test_a_second_order_with_the_same_code_is_counted_once_on_the_open_question(company: Company) -> None:
    waiting_order(company)

    company.takes_in(a_draft("101", a_draft_line(1, item="i99")))
    reads_again(company, "101")

    assert question(company).occurrences == 2


def test_an_order_that_is_cancelled_asks_nothing_when_it_is_read_again(company: Company) -> None:
    order = waiting_order(company)
    with company.database.transaction(SYSTEM) as tx:
        quarantine.let_go(tx, order)

    reads_again(company)

    assert waits(company) == []
    with company.database.transaction(SYSTEM) as tx:
        assert cases.find_open(tx, ITEM_I99) is None


def test_only_questions_of_the_quarantine_about_records_of_ours_are_answered_by_a_record(company: Company) -> None:
    def opened(kind: ExceptionType, key: str) -> ExceptionCase:
        with company.database.transaction(SYSTEM) as tx:
            return open_case(tx, OpenCase(kind, key))

    gate, other = opened(ExceptionType.UNMAPPED_CODE, "gate_blocked:1"), opened(ExceptionType.ERP_DRIFT, "unmapped:a:item:b")
    strange = opened(ExceptionType.UNMAPPED_CODE, "unmapped:tryton:tax:vat")

    assert [question_of(case) for case in (gate, other, strange)] == [None, None, None]
    assert [effect_of(case, "map_code") for case in (gate, strange)] == [None, None]
    closed(company, strange, "map_code")


def test_our_records_are_offered_by_code_and_name_while_they_can_be_overlooked(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    with company.database.read(SYSTEM) as tx:
        assert offered(tx, "supplier") == (OwnRecord("KELLER", "Keller Pumps"),)
        assert offered(tx, "legal_entity") == (OwnRecord("PUMPCO", "Pump & Co"),)
        assert offered_units(tx, "tryton:pump") == (OwnRecord("CT"), OwnRecord("EA"))
        assert [one.code for one in offered(tx, "item")] == ["PUMP-1", "PUMP-2", "PUMP-3"]
        monkeypatch.setattr("purveyor.store.views.own_records.MOST_OFFERED", 2)
        assert offered(tx, "item") == ()
