"""Invoices: ordered, received and billed side by side, what that means for payment, and the way to the exception."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from purveyor.core.cases import ExceptionType
from purveyor.settings import Settings
from purveyor.store.db import Database
from tests.app.invoicing import a_bill, billed, goods_came
from tests.web.dock_world import World, a_dock_world, a_price_dispute


@pytest.fixture
def world(database: Database, web_settings: Settings) -> Iterator[World]:
    """One person of each role and a pump order at its supplier."""
    with a_dock_world(database, web_settings) as opened:
        yield opened


def test_the_list_says_which_invoices_are_stopped(world: World) -> None:
    a_price_dispute(world)

    page = world.payable.open("/invoices").text

    for shown in ("1 invoice on this page is stopped", "KP-10442", "Keller Pumps", world.order.order_ref, "12,441.60 USD"):
        assert shown in page


def test_the_list_is_filtered_by_state(world: World) -> None:
    a_price_dispute(world)

    assert "KP-10442" in world.payable.open("/invoices?state=open").text
    assert "KP-10442" in world.payable.open("/invoices?state=in_exception").text
    assert "No invoice is here." in world.payable.open("/invoices?state=matched").text
    assert world.payable.open("/invoices?state=lost").status_code == 422


def test_a_price_that_differs_is_marked_and_leads_to_its_exception(world: World) -> None:
    invoice = a_price_dispute(world).invoice

    page = world.buyer.open(f"/invoices/{invoice.id}").text

    price = page.partition("Unit price</th>")[2].partition("</tr>")[0]
    assert "998.40 USD" in price
    assert 'class="pv-differs">1,036.80 USD' in price
    assert "Something differs; payment waits" in page
    assert f"/exceptions/{world.case(ExceptionType.MATCH_PRICE).id}" in page


def test_more_billed_than_received_is_marked(world: World) -> None:
    goods_came(world.database, world.order, 8)
    invoice = billed(world.database, a_bill(world.order)).invoice

    page = world.payable.open(f"/invoices/{invoice.id}").text

    quantity = page.partition("Quantity</th>")[2].partition("</tr>")[0]
    assert "8 CT" in quantity
    assert 'class="pv-differs">12 CT' in quantity


def test_an_invoice_that_agrees_says_so(world: World) -> None:
    goods_came(world.database, world.order, 12)
    invoice = billed(world.database, a_bill(world.order)).invoice

    assert "Order, receipt and invoice agree." in world.payable.open(f"/invoices/{invoice.id}").text


def test_an_invoice_waiting_for_goods_says_so(world: World) -> None:
    invoice = billed(world.database, a_bill(world.order)).invoice

    assert "It waits for the goods." in world.payable.open(f"/invoices/{invoice.id}").text


def test_a_probable_copy_names_the_invoice_it_looks_like(world: World) -> None:
    goods_came(world.database, world.order, 12)
    billed(world.database, a_bill(world.order))
    copy = billed(world.database, a_bill(world.order, "KP-1O442")).invoice

    page = world.payable.open(f"/invoices/{copy.id}").text

    assert "It looks like a copy, so 11,980.80 USD are stopped." in page
    assert "KP-10442" in page


def test_an_invoice_without_a_known_order_shows_what_it_names(world: World) -> None:
    invoice = billed(world.database, a_bill(world.order, line={"order_ref": "PVNOTHING"})).invoice

    page = world.payable.open(f"/invoices/{invoice.id}").text

    assert "Without a known order" in page
    assert "PVNOTHING" in page


def test_an_unknown_invoice_is_not_found_and_an_empty_list_says_why(world: World) -> None:
    assert world.payable.open("/invoices/00000000-0000-7000-8000-000000000099").status_code == 404
    assert "matched with order and receipt at once" in world.payable.open("/invoices").text
