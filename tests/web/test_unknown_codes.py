"""Unknown codes of an ERP on their page and in the API: our record is named beside the question, and the order goes on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from purveyor.app import masters as masters_app
from purveyor.app.cases import open_case
from purveyor.core.access import SYSTEM, Role
from purveyor.core.cases import CaseStatus, ExceptionCase, ExceptionType, OpenCase
from purveyor.core.erp_records import Entity, ErpItem
from purveyor.settings import Settings
from purveyor.store import cases, xref
from purveyor.store.cases import CaseFilter
from purveyor.store.db import Database
from tests.app.erp_world import Company, a_company, a_draft, a_draft_line, erp_masters
from tests.app.people import MONDAY_NINE
from tests.order_builders import ERP, UNIT
from tests.web.api_world import an_api, send
from tests.web.desks import Desk, desks
from tests.web.dock_world import an_account

pytestmark = pytest.mark.postgres


@dataclass
class World:
    """The company whose ERP names an item nobody knows, and two people who may answer."""

    company: Company
    it: Desk
    manager: Desk

    @property
    def waiting(self) -> int:
        """How many records wait in quarantine."""
        with self.company.database.read(SYSTEM) as tx:
            return len(xref.waiting(tx))

    def stored(self, case: ExceptionCase) -> ExceptionCase:
        """An exception as it stands now."""
        with self.company.database.read(SYSTEM) as tx:
            return cases.load(tx, case.id)


@pytest.fixture
def world(database: Database, web_settings: Settings) -> Iterator[World]:
    company = a_company(database)
    company.takes_in(a_draft("100", a_draft_line(1), a_draft_line(2, item="i99")))
    with database.transaction(SYSTEM) as tx:
        people = [an_account(tx, "ivan", Role.IT), an_account(tx, "carl", Role.CATEGORY_MANAGER)]
    with desks(database, web_settings, *people) as (it, manager):
        yield World(company, it, manager)


def the_question(database: Database, text: str = "item i99 of tryton is not mapped") -> ExceptionCase:
    with database.read(SYSTEM) as tx:
        unknown = cases.listed(tx, CaseFilter(types=frozenset({ExceptionType.UNMAPPED_CODE})))
    return next(case for case in unknown if case.summary.startswith(text))


def at(case: ExceptionCase) -> str:
    return f"/exceptions/{case.id}"


def test_the_page_asks_for_our_record_and_offers_those_we_have(world: World) -> None:
    page = world.it.open(at(the_question(world.company.database))).text

    field = page.partition('id="field-own_code"')[2].partition("</div>")[0]
    assert "SKU of our item" in page
    assert 'list="choices-own_code"' in field
    assert '<datalist id="choices-own_code"><option value="PUMP-1">Circulator pump 1</option>' in field


def test_the_record_that_is_named_settles_the_question_with_name_and_reason(world: World) -> None:
    case = the_question(world.company.database)

    reply = world.it.send(
        f"{at(case)}/settle", seen_on=at(case), resolution="map_code", own_code="PUMP-2", reason="It was renamed."
    )
    page = world.it.open(at(case)).text

    assert reply.status_code == 303
    assert (world.stored(case).status, world.waiting) == (CaseStatus.RESOLVED, 0)
    assert "Map the code" in page
    assert "Ivan" in page
    assert "It was renamed." in page
    assert "Undo this" not in page


@pytest.mark.parametrize("own_code", ["", "PUMP-99"])
def test_what_to_enter_is_said_beside_the_field_and_what_was_typed_stays(world: World, own_code: str) -> None:
    case = the_question(world.company.database)

    reply = world.it.send(f"{at(case)}/settle", seen_on=at(case), resolution="map_code", own_code=own_code)

    field = reply.text.partition('for="field-own_code"')[2].partition('for="field-reason"')[0]
    assert reply.status_code == 422
    assert "Enter the SKU of one of our items." in field
    assert f'value="{own_code}"' in field
    assert world.stored(case).is_open
    assert world.waiting == 1


def test_other_exceptions_do_not_ask_for_a_record_of_ours(world: World) -> None:
    with world.company.database.transaction(SYSTEM) as tx:
        gate = open_case(tx, OpenCase(ExceptionType.UNMAPPED_CODE, "invoice:1:unit", "KTN is no unit.", business_unit_id=UNIT))

    assert "own_code" not in world.it.open(at(gate)).text


def test_mapping_is_not_offered_as_an_override_of_a_question_that_is_answered_by_a_record(world: World) -> None:
    page = world.manager.open(at(the_question(world.company.database))).text

    assert page.count('value="map_code"') == 1
    assert '<option value="scrap">' in page


def test_a_unit_is_chosen_among_those_of_its_group(world: World) -> None:
    pump = next(record for record in erp_masters(MONDAY_NINE) if isinstance(record, ErpItem))
    strange = replace(pump, external_id="i7", sku="PUMP-7", base_uom="STK", purchase_uom="STK")
    with world.company.database.transaction(SYSTEM) as tx:
        masters_app.receive(tx, ERP, Entity.ITEM, [strange])

    page = world.it.open(at(the_question(world.company.database, "uom pump:STK"))).text

    assert "Code of our unit" in page
    assert '<option value="CT"></option><option value="EA"></option>' in page


def test_a_program_names_our_record_and_is_told_what_is_missing(database: Database, web_settings: Settings) -> None:
    company = a_company(database)
    company.takes_in(a_draft("100", a_draft_line(1), a_draft_line(2, item="i99")))
    case = the_question(database)
    resolve = f"/v1/exceptions/{case.id}/resolve"

    with an_api(database, web_settings) as api:
        desk = api.desk()
        nothing = send(desk, resolve, {"resolution": "map_code"}, version=case.version)
        unknown = send(desk, resolve, {"resolution": "map_code", "own_code": "PUMP-99"}, version=case.version)
        known = send(desk, resolve, {"resolution": "map_code", "own_code": "PUMP-2"}, version=case.version)

    assert [(reply.status_code, reply.json()["code"]) for reply in (nothing, unknown)] == [(422, "invalid_input")] * 2
    assert "enter the SKU of one of our items" in unknown.text
    assert "own_code" in unknown.text
    assert (known.json()["status"], known.json()["resolution"]) == ("resolved", "map_code")
    with database.read(SYSTEM) as tx:
        assert xref.waiting(tx) == []
