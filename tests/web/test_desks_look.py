"""Exceptions, receiving, invoices and messages in a real browser: phone and desk, light and dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from purveyor.core.cases import ExceptionType
from purveyor.settings import Settings
from purveyor.store.db import Database
from tests.app.supplier_world import answered, counted
from tests.core.supplier_side import a_part
from tests.web.browser import look_around
from tests.web.dock_world import a_dock_world, a_price_dispute
from tests.web.test_messages_pages import a_message

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_the_pages_of_each_desk_read_well_for_everybody(browser: Browser, database: Database, web_settings: Settings) -> None:
    with a_dock_world(database, web_settings) as world:
        answered(database, world.order, a_part("accept", "20", promised_delivery="2026-03-23"))
        answered(database, world.order, a_part("accept", "20", promised_delivery="2026-03-27"), name="a2", minutes=60)
        counted(database, world.order, "240", uom="CT")
        invoice = a_price_dispute(world).invoice
        a_message(world, failed=True)
        held, risk = world.case(ExceptionType.HELD_RECOUNT), world.case(ExceptionType.STOCKOUT_RISK)
        price = world.case(ExceptionType.MATCH_PRICE)
        visits = (
            (world.buyer, "/exceptions", "exceptions"),
            (world.manager, f"/exceptions/{price.id}", "exception-price"),
            (world.buyer, f"/exceptions/{risk.id}", "exception-stockout"),
            (world.warehouse, f"/exceptions/{held.id}", "exception-recount"),
            (world.warehouse, "/receiving", "receiving"),
            (world.warehouse, f"/receiving/{world.order.order_ref}", "receiving-count"),
            (world.payable, "/invoices", "invoices"),
            (world.payable, f"/invoices/{invoice.id}", "invoice"),
            (world.it, "/messages", "messages"),
        )
        for desk, path, name in visits:
            for look in look_around(browser, f"{str(desk.visitor.base_url).rstrip(chr(47))}{path}", name, desk.cookies):
                look.assert_good()
