"""The supplier's page in a real browser: phone and desk, light and dark, without scripts, and how few taps an answer takes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from purveyor.core.acknowledge import LineState
from purveyor.settings import Settings
from purveyor.store.db import Database
from tests.web.browser import look_around, opened
from tests.web.supplier_page import SupplierPage, supplier_page, ten_lines

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture
def keller(database: Database, web_settings: Settings) -> Iterator[SupplierPage]:
    """Keller Pumps in front of an order of ten lines."""
    with supplier_page(database, web_settings, *ten_lines()) as page:
        yield page


def address(page: SupplierPage, path: str = "") -> str:
    return f"{page.visitor.base_url}{page.path}{path}"


def test_the_suppliers_pages_read_well_for_everybody(browser: Browser, keller: SupplierPage) -> None:
    looks = [
        *look_around(browser, address(keller), "supplier-new"),
        *look_around(browser, address(keller, "/ship"), "supplier-ship"),
    ]
    keller.open()
    typed = {"line_2": "change", "line_2_new_price": "44.00", "line_3": "reject", "line_3_reason": "out_of_stock"}
    keller.answer(**typed, line_1="dates", line_1_quantity_1="6", line_1_day_1="2026-03-23", line_1_quantity_2="5")
    looks += look_around(browser, address(keller), "supplier-answered")

    for look in looks:
        look.assert_good()


def test_ten_lines_are_accepted_with_one_tap_on_a_phone_without_scripts(browser: Browser, keller: SupplierPage) -> None:
    with opened(browser, address(keller), width="phone", theme="light", scripts=False) as page:
        button = page.get_by_role("button", name="Accept everything")
        box = button.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] < 844, "the button is on the first screen"
        button.click()
        page.get_by_text("Everything is answered: all 10 lines.").wait_for()

    assert {line.state for line in keller.lines()} == {LineState.ACCEPTED}


def test_one_line_on_two_dates_and_the_rest_accepted_without_scripts(browser: Browser, keller: SupplierPage) -> None:
    with opened(browser, address(keller), width="phone", theme="light", scripts=False) as page:
        line = page.locator("#line-4")
        line.get_by_text("Answer this line differently").click()
        assert not line.get_by_label("Quantity of delivery 1").is_visible()
        line.get_by_text("several deliveries").click()
        line.get_by_label("Quantity of delivery 1").fill("8")
        line.get_by_label("Date of delivery 1").fill("2026-03-23")
        line.get_by_label("Quantity of delivery 2").fill("6")
        line.get_by_label("Date of delivery 2").fill("2026-03-30")
        page.get_by_role("button", name="Send my answer").click()
        page.get_by_text("Everything is answered").first.wait_for()

    assert {line.state for line in keller.lines()} == {LineState.ACCEPTED}


def test_the_page_weighs_less_than_a_quarter_of_a_megabyte(browser: Browser, keller: SupplierPage) -> None:
    sizes: list[int] = []
    with opened(browser, "about:blank", width="phone", theme="light") as page:
        page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
        page.goto(address(keller), wait_until="networkidle")

    assert sum(sizes) < 250_000
