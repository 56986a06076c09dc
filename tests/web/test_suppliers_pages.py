"""The page of a supplier: every number is the length of the list it opens; terms, channels and codes stand beside it."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from playwright.sync_api import Browser

from purveyor.core.access import SYSTEM
from purveyor.core.ids import ErpInstance
from purveyor.core.items import PriceEntry, SupplierItem
from purveyor.store import masters, xref
from purveyor.store.embedded import EmbeddedServer
from purveyor.store.xref import Code
from tests.app.invoicing import HERE
from tests.app.supplier_world import an_issued_order, answered
from tests.core.supplier_side import a_part
from tests.order_builders import DAYTON, ITEM, OTHER_SUPPLIER, SUPPLIER
from tests.web.browser import look_around
from tests.web.dock_world import World, a_price_dispute
from tests.web.one_world import a_shared_dock_world
from tests.web.test_messages_pages import a_message

pytestmark = pytest.mark.postgres
TERMS = SupplierItem(
    SUPPLIER,
    ITEM,
    "KP-100",
    "CT",
    lead_time_days=10,
    minimum=Decimal(5),
    multiple=Decimal(5),
    prices=(
        PriceEntry("p1", Decimal(1), "CT", Decimal("1036.80"), "USD"),
        PriceEntry("p2", Decimal(20), "CT", Decimal("998.40"), "USD", date(2026, 1, 1), date(2026, 12, 31), DAYTON),
    ),
)
_FIGURE = re.compile(r'<a href="([^"]+)">([0-9,]+)<span class="visually-hidden"> ([^<]+)</span>')
_LISTED = {
    "Open orders": r'href="/orders/([A-Z0-9]+)"',
    "Not answered": r'href="/orders/([A-Z0-9]+)"',
    "Promised later than needed": r'href="/orders/([A-Z0-9]+)"',
    "Open exceptions": r'href="/exceptions/([0-9a-f-]{36})"',
    "Failed messages": r'id="message-([0-9a-f-]{36})"',
}


@pytest.fixture(scope="module")
def world(postgres: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Three orders at the pump supplier: one disputed, one not answered, one promised too late; and a failed message."""
    with a_shared_dock_world(postgres, template, tmp_path_factory.mktemp("suppliers")) as opened:
        a_price_dispute(opened)
        an_issued_order(opened.database)
        late = an_issued_order(opened.database)
        answered(opened.database, late, a_part("accept", "20", promised_delivery="2026-05-20"), name="late")
        a_message(opened, failed=True)
        with opened.database.transaction(SYSTEM) as tx:
            another = replace(masters.supplier(tx, SUPPLIER), id=OTHER_SUPPLIER, code="ZINC", name="Zinc & Sons")
            masters.save_suppliers(tx, [another], HERE)
            masters.save_supplier_items(tx, [TERMS], HERE)
            xref.remember(tx, ErpInstance("east"), {Code("supplier", "V-117"): SUPPLIER})
        yield opened


def figures(page: str) -> dict[str, tuple[str, int]]:
    """The numbers of the page with the addresses they open, by label."""
    return {label: (html.unescape(href), int(count)) for href, count, label in _FIGURE.findall(page)}


def test_every_number_is_the_length_of_the_list_it_opens(world: World) -> None:
    shown = figures(world.it.open(f"/suppliers/{SUPPLIER}").text)

    lengths = {label: len(set(re.findall(_LISTED[label], world.it.open(href).text))) for label, (href, _) in shown.items()}

    assert set(shown) == set(_LISTED)
    assert lengths == {label: count for label, (_, count) in shown.items()}
    assert all(lengths.values())


def test_the_page_names_channels_terms_prices_and_the_codes_of_each_erp(world: World) -> None:
    page = world.buyer.open(f"/suppliers/{SUPPLIER}").text

    assert "API, then mail with link" in page
    assert "3 days" in page
    assert "<dt>east</dt><dd><code>V-117</code></dd>" in page
    assert "from 1 CT: 1,036.80 USD" in page
    assert "from 20 CT: 998.40 USD" in page
    assert "in steps of 5" in page
    assert "KP-100" in page


def test_list_search_and_order_lead_to_the_supplier(world: World) -> None:
    link = f'href="/suppliers/{SUPPLIER}"'

    assert link in world.buyer.open("/suppliers").text
    assert link in world.buyer.open(f"/orders/{world.order.order_ref}").text
    assert "No supplier is called that." in world.buyer.open("/suppliers?q=nobody+at+all").text
    assert world.buyer.open("/suppliers/00000000-0000-0000-0000-000000000000").status_code == 404
    assert world.it.open("/messages?supplier=nobody").status_code == 422


def test_the_next_page_of_suppliers_goes_on_behind_the_last(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("purveyor.web.suppliers.routes.PAGE_SIZE", 1)
    first = world.buyer.open("/suppliers").text
    forward = re.findall(r'rel="next" href="([^"]+)"', first)

    second = world.buyer.open(html.unescape(forward[0])).text

    ids = re.compile(r'href="/suppliers/([0-9a-f-]{36})"')
    assert not set(ids.findall(first)) & set(ids.findall(second))


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_the_pages_of_suppliers_read_well_for_everybody(browser: Browser, world: World) -> None:
    base = str(world.it.visitor.base_url).rstrip("/")
    for path, name in (("/suppliers", "suppliers"), (f"/suppliers/{SUPPLIER}", "supplier")):
        for look in look_around(browser, f"{base}{path}", name, world.it.cookies):
            look.assert_good()
