"""The pages of measures: each figure with what it rests on, opening its orders; files equal the screen; volume is no figure."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser

from purveyor.core.access import PERMISSIONS, Permission, Role
from purveyor.core.cases import ExceptionType
from purveyor.core.order import PurchaseOrder
from purveyor.insight.definitions import DEFINITIONS, MeasureId
from purveyor.insight.figures import Unit
from purveyor.settings import Settings
from purveyor.store.db import Database
from purveyor.web.main import create_app
from tests.app.approval_desk import say, submitted, the_step, worth
from tests.app.invoicing import a_bill, billed, goods_came
from tests.app.people import People, pass_hours
from tests.app.supplier_world import a_world, answered
from tests.app.test_settle import opened
from tests.order_builders import OTHER_SUPPLIER, SUPPLIER
from tests.web.browser import THEMES, WIDTHS, look_at, served, visited
from tests.web.desks import desks, sessions
from tests.web.measured_world import MARCH, a_sent_order, corrected_by_us, measured

pytestmark = pytest.mark.postgres
MONTH = "from=2026-03-01&to=2026-03-31"


@dataclass(frozen=True)
class World:
    """A week of a distributor, and the order that we corrected."""

    database: Database
    people: People
    order: PurchaseOrder


@pytest.fixture
def world(database: Database) -> World:
    """An order approved, one of ten lines sent, answered in part and corrected, one billed too dear, and an open exception."""
    people = a_world(database)
    (waiting,) = submitted(database, worth("6000.00"))
    order = a_sent_order(database, lines=10)
    opened(database, ExceptionType.ERP_DRIFT, order)
    pass_hours(database, 5)
    say(database, people.martha, the_step(database, waiting).id)
    answered(database, order, header="accept")
    corrected_by_us(database, order, line_no=4)
    dear = a_sent_order(database)
    goods_came(database, dear, 20)
    billed(database, a_bill(dear, "KP-2", "20", "1100.00"))
    return World(database, people, order)


def words(page: str) -> str:
    """The text of a page without its tags."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_every_figure_opens_the_orders_behind_it(world: World, web_settings: Settings) -> None:
    with desks(world.database, web_settings, world.people.rita) as (rita,):
        overview = rita.open(f"/measures?{MONTH}").text
        accuracy = rita.open(f"/measures/po-accuracy?{MONTH}").text
        ageing = rita.open(f"/measures/exception-ageing?{MONTH}").text
        by_kind = rita.open(f"/measures/exception-ageing?{MONTH}&name=ERP_DRIFT&party=buyer&group=0-1").text
        links = set(re.findall(r'href="(/measures/[^"#]+)', overview + accuracy))
        answers = {link: rita.open(link.replace("&amp;", "&")).status_code for link in links}

    assert "Measures" in overview
    assert "90.91 %" in words(overview)
    assert "10 of 11 · Sent lines" in words(accuracy)
    assert f'href="/orders/{world.order.order_ref}"' in accuracy
    assert "Corrected by us" in accuracy
    assert set(answers.values()) == {200}
    assert "Oldest open exception: 0.13 business days, belongs to Buyer." in words(ageing)
    assert len(_rows_of(ageing)) == 2
    assert len(_rows_of(by_kind)) == 1
    assert {f"/measures/{one.id.value}?{MONTH}" for one in DEFINITIONS} <= {link.replace("&amp;", "&") for link in links}


def test_what_is_not_measured_yet_says_what_is_missing(world: World, web_settings: Settings) -> None:
    with desks(world.database, web_settings, world.people.rita) as (rita,):
        page = words(rita.open("/measures/receiving-readiness").text)
        unknown = rita.open("/measures/luck").status_code
        wrong = rita.open("/measures/po-accuracy?from=tomorrow").status_code

    assert "Not measured yet. Dock slots and the transport mode of shipments are not recorded yet." in page
    assert (unknown, wrong) == (404, 422)


def test_filters_and_files_show_what_the_page_shows(world: World, web_settings: Settings) -> None:
    why = "why=corrected_by_us"
    with desks(world.database, web_settings, world.people.rita) as (rita,):
        page = rita.open(f"/measures/po-accuracy?{MONTH}&{why}&supplier={SUPPLIER}").text
        file = rita.open(f"/measures/po-accuracy.csv?{MONTH}&{why}&supplier={SUPPLIER}").text
        empty = rita.open(f"/measures/po-accuracy?{MONTH}&supplier={OTHER_SUPPLIER}").text
        workbook = rita.open(f"/measures/po-accuracy.xlsx?{MONTH}")
        handoffs = rita.open(f"/measures/handoffs.csv?{MONTH}").text

    heads, *rows = csv.reader(io.StringIO(file.lstrip("\ufeff")))
    assert [(row[heads.index("Order")], row[heads.index("Line")]) for row in rows] == [(world.order.order_ref, "4")]
    assert all(head in page for head in heads)
    assert len(_rows_of(page)) == 1
    assert "Nothing fits these filters." in empty
    assert "no data" in empty
    assert workbook.headers["content-type"].startswith("application/vnd.openxmlformats")
    assert handoffs.count("Approved on time") == 11


def test_a_period_in_which_nothing_happened_says_what_would_fill_it(database: Database, web_settings: Settings) -> None:
    people = a_world(database)
    with desks(database, web_settings, people.rita) as (rita,):
        pages = [words(rita.open(address).text) for address in ("/measures", "/measures/approval-time")]

    for page in pages:
        assert "There is nothing to measure here yet. Submit, approve and send an order" in page
        assert "no data" in page
        assert "0.00 %" not in page


def test_lists_go_on_page_by_page(world: World, web_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("purveyor.web.measures.routes.PAGE_SIZE", 4)
    seen: list[str] = []
    with desks(world.database, web_settings, world.people.rita) as (rita,):
        address: str | None = f"/measures/po-accuracy?{MONTH}"
        while address:
            text = rita.open(address).text
            seen += _rows_of(text)
            following = re.search(r'rel="next" href="([^"]+)"', text)
            address = following.group(1).replace("&amp;", "&") if following else None

    assert len(seen) == len(set(seen)) == 11


def _rows_of(page: str) -> list[str]:
    rows = page.partition('id="rows"')[2]
    return [words(row) for row in re.findall(r"<tr>(.*?)</tr>", rows, re.DOTALL) if "pv-primary" in row]


def test_only_people_of_the_house_read_measures(world: World, web_settings: Settings) -> None:
    with visited(create_app(world.database, web_settings)) as visitor:
        answer = visitor.get("/measures")

    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in")
    assert Permission.EVENT_READ not in PERMISSIONS[Role.SUPPLIER]


def test_s120_order_volume_is_a_denominator_or_a_sample_on_every_measure_page(world: World, web_settings: Settings) -> None:
    volume_words = r"(\d[\d,]*) (orders?|lines?|messages?|invoices?)\b"
    with desks(world.database, web_settings, world.people.rita) as (rita,):
        pages = {name: rita.open(f"/measures{name}{'&' if '?' in name else '?'}{MONTH}").text for name in _addresses()}

    for name, page in pages.items():
        main = page.partition("<main")[2].partition("</main>")[0]
        outside = words(re.sub(r"<(\w+)[^>]*data-sample[^>]*>.*?</\1>", " ", main, flags=re.DOTALL))
        assert re.search(volume_words, outside) is None, name
    for which in (one.id for one in DEFINITIONS if one.is_measured):
        counted = {one.key for one in measured(world.database, which, MARCH).figures if one.unit is Unit.COUNT}
        assert counted <= {"class", "band", "type", "owner"}, which
        assert measured(world.database, which, MARCH).main.unit is not Unit.COUNT


def _addresses() -> list[str]:
    return ["", *(f"/{one.id.value}" for one in DEFINITIONS)]


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_the_pages_of_measures_read_well_for_everybody(browser: Browser, world: World, web_settings: Settings) -> None:
    order = f"/orders/{world.order.order_ref}"
    both = [(width, theme) for width in WIDTHS for theme in THEMES]
    crossed = list(zip(WIDTHS, THEMES, strict=True))
    wanted = [("measures", f"/measures?{MONTH}", *look) for look in both]
    wanted += [("measures-ageing", f"/measures/exception-ageing?{MONTH}", *look) for look in crossed]
    wanted += [("order-handoffs", order, *look) for look in crossed[:1]]
    (token,) = sessions(world.database, world.people.rita)
    with served(create_app(world.database, web_settings)) as address:
        looks = [
            look_at(browser, address + path, name, width=width, theme=theme, cookies={"purveyor": token})
            for name, path, width, theme in wanted
        ]

    for look in looks:
        look.assert_good()


def test_the_order_page_answers_the_five_handoffs_of_each_line(world: World, web_settings: Settings) -> None:
    with desks(world.database, web_settings, world.people.rita) as (rita,):
        page = rita.open(f"/orders/{world.order.order_ref}").text

    section = words(page.partition('id="handoffs"')[2].partition("</section>")[0])
    for question in ("Approved on time", "Confirmed", "Changed after it was sent", "Received in full", "Invoice matched"):
        assert question in section
    assert "Still open" in section


def test_the_period_and_the_measure_stay_in_the_address(world: World, web_settings: Settings) -> None:
    with desks(world.database, web_settings, world.people.rita) as (rita,):
        page = rita.open(f"/measures/{MeasureId.AGEING.value}?{MONTH}&supplier={SUPPLIER}").text

    assert f'href="/measures?from=2026-03-01&amp;to=2026-03-31&amp;supplier={SUPPLIER}"' in page
