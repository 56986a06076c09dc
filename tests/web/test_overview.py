"""The overview tells what was stopped, saved and waits; every number is the sum of the rows behind it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser

from purveyor.app import cancel, edit, match
from purveyor.app.approve import assign_holder
from purveyor.core.access import SYSTEM, Actor, ActorKind, Role
from purveyor.core.editing import EditOrder, LineEdit
from purveyor.core.ids import UserId
from purveyor.core.invoice import InvoiceCommand, InvoiceLine
from purveyor.core.money import Money
from purveyor.core.order import Origin, PurchaseOrder
from purveyor.settings import Settings
from purveyor.store.db import Database
from purveyor.store.views.overview import OWNED, SAVED, Figure, proof
from purveyor.web.main import create_app
from purveyor.web.overview import routes
from purveyor.web.overview.figures import Sum, overview, sum_of
from tests.app.erp_world import Company, a_company, a_draft, a_draft_line
from tests.order_builders import UNIT
from tests.web.browser import PATIENCE, look_around, served, visited
from tests.web.people import a_business_unit, a_person, form_token, sign_in

Superuser = psycopg.Connection[tuple[object, ...]]
PRICE = Decimal("1036.80")


@dataclass(frozen=True)
class Monday:
    """What happened, by order: each planted error, and what became of it."""

    database: Database
    stopped: PurchaseOrder
    too_many: PurchaseOrder
    too_dear: PurchaseOrder
    copy: PurchaseOrder
    waiting: PurchaseOrder

    def sum(self, figure: Figure, owner: str | None = None) -> Sum:
        """Return one figure."""
        with self.database.read(SYSTEM) as tx:
            return sum_of(tx, figure, owner)


@pytest.fixture
def monday(database: Database) -> Monday:
    """Five drafts with errors and a clean one; buyers correct three of them, and a supplier bills twice and too much."""
    company = a_company(database)
    dana = _people(database)
    stopped, too_many, too_dear, clean, waiting = company.takes_in(
        a_draft("101", a_draft_line(1, "240"), origin=Origin.TYPED),
        a_draft("102", a_draft_line(2, "240"), origin=Origin.TYPED),
        a_draft("103", a_draft_line(3, "3", "1136.80"), origin=Origin.TYPED),
        a_draft("104", a_draft_line(1, "4")),
        a_draft("105", a_draft_line(2, "20", "998.40"), origin=Origin.TYPED),
    )
    (copy,) = company.takes_in(a_draft("106", a_draft_line(1, "4"), origin=Origin.TYPED))
    too_many = _corrected(company, dana, too_many, LineEdit(quantity=Decimal(4)))
    too_dear = _corrected(company, dana, too_dear, LineEdit(unit_price=PRICE))
    with database.transaction(dana) as tx:
        cancel.cancel(tx, copy.id, cancel.CancelOrder(copy.row_version, "typed twice"))
    sent = company.issues(clean)
    for number in ("KP-10442", "KP-1O442"):
        _bill(database, sent, number)
    return Monday(database, stopped, too_many, too_dear, copy, waiting)


def _people(database: Database) -> Actor:
    with database.transaction(SYSTEM) as tx:
        dana = a_person(tx, "dana", Role.BUYER, unit=UNIT)
        martha = a_person(tx, "martha", Role.APPROVER, unit=UNIT)
        a_person(tx, "ada", Role.AUDITOR, unit=UNIT)
        a_person(tx, "olga", Role.BUYER, unit=a_business_unit(tx, "ELSEWHERE"))
        assign_holder(tx, UNIT, "line_manager", UserId(martha))
    return Actor(ActorKind.USER, dana, "dana", frozenset({Role.BUYER}), frozenset({UNIT}))


def _corrected(company: Company, by: Actor, order: PurchaseOrder, change: LineEdit) -> PurchaseOrder:
    """The buyer corrects the only line, submits the order, and it leaves."""
    line_no = order.lines[0].line_no
    with company.database.transaction(by) as tx:
        edited = edit.edit(tx, order.id, EditOrder(order.row_version, {line_no: change})).order
    with company.database.transaction(by) as tx:
        submitted = edit.submit(tx, edited.id, edited.row_version)
    return company.issues(submitted)


def _bill(database: Database, order: PurchaseOrder, number: str) -> None:
    """The supplier bills four cartons at 100.00 a carton too much; nothing has arrived."""
    assert order.supplier_id is not None
    line = InvoiceLine(1, order.order_ref, order.lines[0].line_no, Decimal(4), "CT", PRICE + 100)
    bill = InvoiceCommand(
        source="api:keller",
        external_id=number,
        supplier_id=order.supplier_id,
        number=number,
        currency="USD",
        invoice_date=date(2026, 3, 9),
        lines=(line,),
    )
    with database.transaction(SYSTEM) as tx:
        match.record(tx, bill)


def usd(amount: str) -> tuple[Money, ...]:
    return (Money(Decimal(amount), "USD"),)


@contextmanager
def visits(database: Database, settings: Settings, login: str) -> Iterator[httpx.Client]:
    """Sign somebody in."""
    with visited(create_app(database, settings)) as visitor:
        assert sign_in(visitor, login).status_code == 303
        yield visitor


def test_every_figure_is_the_sum_of_the_rows_that_prove_it(monday: Monday) -> None:
    for figure in Figure:
        shown = monday.sum(figure)
        with monday.database.read(SYSTEM) as tx:
            rows = proof(tx, figure)

        amounts = sum((row.amount or Decimal(0) for row in rows), Decimal(0))
        assert shown.count == len(rows), figure
        assert sum((one.amount for one in shown.amounts), Decimal(0)) == amounts, figure
        assert shown.still_open == sum(row.still_open for row in rows), figure
    with monday.database.read(SYSTEM) as tx:
        together = overview(tx).saved_together
    parts = [amount.amount for figure in SAVED for amount in monday.sum(figure).amounts]
    assert together == (Money(sum(parts, Decimal(0)), "USD"),)


def test_what_waits_is_the_sum_over_its_owners_and_each_owners_proof_is_his_alone(monday: Monday) -> None:
    with monday.database.read(SYSTEM) as tx:
        found = overview(tx)

    for figure in OWNED:
        owners = [one for one in found.waiting if one.figure is figure]
        assert sum(one.count for one in owners) == monday.sum(figure).count > 0
        for one in owners:
            with monday.database.read(SYSTEM) as tx:
                assert {row.owner for row in proof(tx, figure, one.owner)} == {one.owner}


def test_an_order_counts_as_stopped_once_and_as_settled_when_it_was_corrected_or_cancelled(monday: Monday) -> None:
    stopped = monday.sum(Figure.STOPPED)

    assert (stopped.count, stopped.still_open) == (4, 1)
    assert stopped.amounts == usd(str(2 * Decimal("228096.00") + 300 + 4 * PRICE))


def test_each_correction_saves_what_its_formula_says(monday: Monday) -> None:
    with monday.database.read(SYSTEM) as tx:
        (fewer,) = proof(tx, Figure.QUANTITIES)
        (cheaper,) = proof(tx, Figure.PRICES)
        (cancelled,) = proof(tx, Figure.DUPLICATE_ORDERS)

    assert (fewer.order_ref, fewer.before, fewer.after) == (monday.too_many.order_ref, Decimal(240), Decimal(4))
    assert fewer.amount == 236 * PRICE
    assert (cheaper.order_ref, cheaper.before, cheaper.after) == (monday.too_dear.order_ref, Decimal("1136.80"), PRICE)
    assert cheaper.amount == 300
    assert (cancelled.order_ref, cancelled.amount) == (monday.copy.order_ref, 4 * PRICE)


def test_a_copied_invoice_counts_with_its_total_and_not_as_overbilled_too(monday: Monday) -> None:
    copies, overbilled = monday.sum(Figure.DUPLICATE_INVOICES), monday.sum(Figure.OVERBILLED)

    assert (copies.count, copies.amounts) == (1, usd("4547.20"))
    assert overbilled.count == 1
    with monday.database.read(SYSTEM) as tx:
        assert {row.invoice_number for row in proof(tx, Figure.OVERBILLED)} == {"KP-10442"}


def test_every_number_of_the_page_opens_a_list_that_exists(monday: Monday, web_settings: Settings) -> None:
    with visits(monday.database, web_settings, "dana") as visitor:
        text = visitor.get("/overview").text
        proofs = set(re.findall(r'href="(/overview/proof/[^"]+)"', text))
        answers = {address: visitor.get(address.replace("&amp;", "&")).status_code for address in proofs}
        unknown = visitor.get("/overview/proof/luck").status_code

    assert set(answers.values()) == {200}
    assert unknown == 404
    assert {f"/overview/proof/{figure.value}" for figure in Figure if figure not in OWNED} <= proofs


def test_somebody_of_another_unit_sees_nothing_of_this_one(monday: Monday, web_settings: Settings) -> None:
    with visits(monday.database, web_settings, "olga") as visitor:
        text = visitor.get("/overview").text
        rows = visitor.get("/overview/proof/stopped").text

    assert "0 orders stopped" in text
    assert monday.stopped.order_ref not in rows


def test_an_auditor_has_every_chain_checked_and_everybody_reads_the_result(monday: Monday, web_settings: Settings) -> None:
    with visits(monday.database, web_settings, "ada") as visitor:
        before = visitor.get("/overview").text
        answer = visitor.post("/overview/verify", data={"csrf_token": form_token(visitor, "/overview")})
        after = visitor.get("/overview").text

    assert "has not checked them" in before
    assert answer.headers["location"] == "/overview#chains"
    assert "Every event chain is whole." in after
    assert "were checked on" in after


def test_a_buyer_cannot_have_the_chains_checked(monday: Monday, web_settings: Settings) -> None:
    with visits(monday.database, web_settings, "dana") as visitor:
        answer = visitor.post("/overview/verify", data={"csrf_token": form_token(visitor, "/overview")})
        text = visitor.get("/overview").text

    assert answer.status_code == 403
    assert "purveyor verify-log" in text


def test_a_log_too_long_to_wait_for_is_left_to_the_command(
    monday: Monday, web_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routes, "MOST_VERIFIED", 1)
    with visits(monday.database, web_settings, "ada") as visitor:
        visitor.post("/overview/verify", data={"csrf_token": form_token(visitor, "/overview")})
        text = visitor.get("/overview").text

    assert "too long to check" in text
    assert "has not checked them" in text


def test_a_broken_chain_is_named(monday: Monday, web_settings: Settings, superuser: Superuser) -> None:
    superuser.execute("SET session_replication_role = replica")
    superuser.execute("UPDATE event SET source = 'elsewhere' WHERE position = 1")

    with visits(monday.database, web_settings, "ada") as visitor:
        visitor.post("/overview/verify", data={"csrf_token": form_token(visitor, "/overview")})
        text = visitor.get("/overview").text

    assert "Broken" in text
    assert "the content was changed" in text


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_the_overview_and_its_proofs_read_well_for_everybody(browser: Browser, monday: Monday, web_settings: Settings) -> None:
    pages = {
        "overview": "/overview",
        "overview-stopped": "/overview/proof/stopped",
        "overview-quantities": "/overview/proof/quantities",
        "overview-exceptions": "/overview/proof/exceptions",
        "overview-streams": "/overview/proof/streams",
    }
    with served(create_app(monday.database, web_settings)) as address:
        with httpx.Client(base_url=address, headers={"accept": "text/html"}, trust_env=False, timeout=PATIENCE) as visitor:
            sign_in(visitor, "ada")
            cookies = dict(visitor.cookies)
        looks = [look for name, path in pages.items() for look in look_around(browser, address + path, name, cookies)]

    for look in looks:
        look.assert_good()
