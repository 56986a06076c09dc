"""S44: five layers with page, health and owner. S83: one ERP of two is stopped; the page shows it down with its orders."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest
from playwright.sync_api import Browser

from purveyor.connectors.erp.memory.erp import MemoryErp
from purveyor.core.access import SYSTEM, Role
from purveyor.core.ids import ErpInstance
from purveyor.core.messaging import MessageKind, Outbound
from purveyor.settings import Settings, load_settings
from purveyor.store import feeds, message_batches, messages
from purveyor.store.db import Database
from purveyor.store.jobs import Job
from purveyor.store.message_batches import NewMessage
from purveyor.store.messages import About
from purveyor.web.layers import LAYERS
from purveyor.web.main import create_app
from purveyor.worker.connections import Connections, ErpConnection
from purveyor.worker.inbound import PULLED, Inbound
from purveyor.worker.reachability import Lookout
from tests.web.browser import THEMES, WIDTHS, look_at, visited
from tests.web.dock_world import World, a_dock_world
from tests.web.people import a_person, sign_in

Superuser = psycopg.Connection[tuple[object, ...]]
DOCS = Path(__file__).resolve().parents[2] / "docs" / "layers"
EAST, WEST = ErpInstance("east"), ErpInstance("west")


@pytest.fixture
def world(database: Database, web_settings: Settings) -> Iterator[World]:
    """One person of each role and a pump order at its supplier."""
    with a_dock_world(database, web_settings) as opened:
        yield opened


def two_erps() -> Connections:
    """Two business units with an ERP each; that of the first is switched off."""
    stopped = MemoryErp()
    stopped.unplugged = True
    return Connections(
        company="Pump & Co",
        erps={
            EAST: ErpConnection(EAST, stopped, "EAST"),
            WEST: ErpConnection(WEST, MemoryErp(), "WEST"),
        },
        owners={"erp:east": "Ines, extension 12"},
    )


def one_order_waits_for_east(world: World) -> None:
    order = world.order
    about = About(order.id, order.version, order.business_unit_id, order.supplier_id)
    said = Outbound(MessageKind.ERP_CONFIRM, "order", order.id, 1, EAST, "erp", f"order:{order.id}")
    with world.database.transaction(SYSTEM) as tx:
        message_batches.queue_many(tx, [NewMessage(said, {"order_ref": order.order_ref}, about)])


def a_look(database: Database) -> None:
    Lookout(two_erps()).look(database, Job(1, "look_at_interfaces", "", {}))


def part(page: str, name: str) -> str:
    """The panel of one interface."""
    return page.partition(f"<h2>{name}</h2>")[2].partition("</section>")[0]


def test_s83_an_erp_that_is_stopped_is_down_with_its_orders_and_the_other_goes_on(world: World) -> None:
    one_order_waits_for_east(world)
    a_look(world.database)
    Inbound(two_erps()).pull(world.database, Job(2, "erp_pull", "", {"erp": WEST}))

    page = world.it.open("/integrations").text

    assert "1 outside system is down: ERP east." in page
    east, west = part(page, "ERP east"), part(page, "ERP west")
    for shown in ("Down", "unplugged", "Ines, extension 12", "1 order waits for it", world.order.order_ref, "USD"):
        assert shown in east, shown
    assert "Works" in west
    assert "waits for it" not in west
    with world.database.read(SYSTEM) as tx:
        assert [feed.erp for feed in feeds.all_feeds(tx) if feed.read_at] == [WEST] * len(PULLED)


def test_s83_an_erp_that_is_back_keeps_its_owner_and_says_since_when_it_answers(world: World) -> None:
    a_look(world.database)
    back = replace(two_erps(), erps={EAST: ErpConnection(EAST, MemoryErp(), "EAST")})

    Lookout(back).look(world.database, Job(1, "look_at_interfaces", "", {}))

    page = world.it.open("/integrations").text
    assert "No outside system is down." in page
    assert "Ines, extension 12" in part(page, "ERP east")


def test_failures_and_silence_are_told_apart(world: World, superuser: Superuser) -> None:
    one_order_waits_for_east(world)
    with world.database.transaction(SYSTEM) as tx:
        outbound = Outbound(MessageKind.SUPPLIER_ORDER, "order", uuid4(), 1, "keller", "email", "other")
        [queued] = message_batches.queue_many(tx, [NewMessage(outbound, {}, About())])
        messages.kill(tx, queued.id, "refused")
    a_look(world.database)
    superuser.execute("UPDATE interface SET checked_at = checked_at - interval '1 hour'")

    page = world.it.open("/integrations").text

    assert "Answers, but documents failed" in part(page, "Suppliers, mail with link")
    assert "Not known: no worker has looked" in part(page, "ERP west")


def test_the_page_is_for_those_who_run_the_installation_and_says_what_would_fill_it(world: World) -> None:
    assert world.buyer.open("/integrations").status_code == 403
    assert "/integrations" not in world.buyer.open("/orders").text
    assert "No outside system is known yet." in world.it.open("/integrations").text


def test_s44_each_layer_has_a_page_a_health_endpoint_and_an_owner(database: Database, web_settings: Settings) -> None:
    with database.transaction(SYSTEM) as tx:
        a_person(tx, "ines", Role.IT)
    named = {f"PURVEYOR_OWNER_{key.replace('-', '_').upper()}": f"Owner of {key}" for key in LAYERS}
    own = {"PURVEYOR_DATA_DIR": str(web_settings.data_dir), "PURVEYOR_SECOND_FACTOR_ROLES": ""}
    settings = load_settings({**named, **own})

    with visited(create_app(database, settings)) as visitor:
        strangers = [visitor.get(f"/readyz/{key}").text for key in LAYERS]
        sign_in(visitor, "ines")
        told = {key: visitor.get(f"/readyz/{key}").json() for key in LAYERS}
        page = visitor.get("/integrations").text

    assert strangers == ["ok\n"] * 5
    for key in LAYERS:
        assert (told[key]["owner"], told[key]["documentation"]) == (f"Owner of {key}", f"docs/layers/{key}.md")
        assert f"owner: Owner of {key}" in page
        text = (DOCS / f"{key}.md").read_text("utf-8")
        assert f"`/readyz/{key}`" in text
        assert f"`owner_{key.replace('-', '_')}`" in text


def test_s44_there_are_five_layers_and_a_layer_that_is_not_well_says_so(
    world: World, database: Database, superuser: Superuser
) -> None:
    one_order_waits_for_east(world)
    superuser.execute("UPDATE message SET created_at = created_at - interval '1 day'")
    a_look(database)

    codes = {key: status(world.it.visitor, key) for key in (*LAYERS, "another")}

    assert codes == {
        "erp": 503,
        "orchestration": 200,
        "middleware": 503,
        "api-governance": 200,
        "process-intelligence": 200,
        "another": 404,
    }


def status(visitor: httpx.Client, key: str) -> int:
    return visitor.get(f"/readyz/{key}").status_code


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_reads_well_for_everybody(
    browser: Browser, database: Database, web_settings: Settings, width: str, theme: str
) -> None:
    with a_dock_world(database, web_settings) as world:
        one_order_waits_for_east(world)
        a_look(database)
        address = f"{str(world.it.visitor.base_url).rstrip('/')}/integrations"
        cookies = dict(world.it.visitor.cookies.items())
        look_at(browser, address, "integrations", width=width, theme=theme, cookies=cookies).assert_good()
