"""S107: for any order, version, time and state in each system; what differs from ours is marked."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from playwright.sync_api import Browser

from purveyor.core.access import SYSTEM
from purveyor.core.cases import ExceptionCase, ExceptionType
from purveyor.core.ids import MessageId
from purveyor.core.messaging import MessageKind
from purveyor.core.order import PurchaseOrder
from purveyor.store import cases, orders
from purveyor.store.cases import CaseFilter
from purveyor.store.embedded import EmbeddedServer
from purveyor.store.messages import About, Message
from purveyor.web.workbench.consistency import CHANGED_THERE, NOT_CONNECTED, NOT_TOLD, SystemView, systems_of
from tests.app.test_settle import opened
from tests.order_builders import an_order, fresh_id
from tests.web.browser import look_around
from tests.web.dock_world import World
from tests.web.measured_world import a_sent_order, corrected_by_us, failed, the_message
from tests.web.one_world import a_shared_dock_world

pytestmark = pytest.mark.postgres
NOON = datetime(2026, 3, 9, 12, tzinfo=UTC)
ERP, SUPPLIER, WAREHOUSE, FINANCE = (
    MessageKind.ERP_CONFIRM,
    MessageKind.SUPPLIER_ORDER,
    MessageKind.WMS_EXPECTED_RECEIPT,
    (MessageKind.ERP_INVOICE_POST),
)


def a_told(kind: MessageKind, version: int, state: str = "done", partner: str = "east") -> Message:
    """A message about a version of the order."""
    return Message(
        id=MessageId(fresh_id()),
        kind=kind,
        subject_type="order",
        subject_id=fresh_id(),
        about=About(order_version=version),
        channel="api",
        partner_key=partner,
        payload={},
        idempotency_key=str(fresh_id()),
        state=state,
        attempts=0,
        next_attempt_at=NOON,
        last_error=None,
        result=None,
        correlation_id=fresh_id(),
        created_at=NOON,
        finished_at=NOON if state == "done" else None,
    )


def seen(order: PurchaseOrder, *sent: Message, exceptions: Sequence[ExceptionCase] = ()) -> dict[str, SystemView]:
    """The systems by name."""
    return {view.name: view for view in systems_of(order, sent, exceptions, str)}


def test_a_draft_that_nobody_was_told_of_differs_from_nothing() -> None:
    found = seen(an_order())

    assert list(found) == ["Purveyor", "ERP", "Supplier's channel", "Warehouse system", "Finance", "Analytics"]
    assert [view.state for view in found.values()][1:] == [NOT_TOLD, NOT_TOLD, NOT_TOLD, NOT_TOLD, NOT_CONNECTED]
    assert not any(view.differs for view in found.values())


def test_a_system_that_holds_an_older_version_is_marked() -> None:
    changed = replace(an_order(), version=2)
    told = [a_told(kind, 2) for kind in (ERP, WAREHOUSE, FINANCE)]

    found = seen(changed, *told, a_told(SUPPLIER, 1), a_told(MessageKind.SUPPLIER_CHANGE, 2, "ready"))

    assert [name for name, view in found.items() if view.differs] == ["Supplier's channel"]
    assert (found["Supplier's channel"].version, found["Supplier's channel"].at) == (1, NOON)
    assert found["ERP"].version == 2


def test_a_failed_message_marks_the_state_and_one_that_was_called_off_does_not() -> None:
    found = seen(an_order(), a_told(ERP, 1, "dead"), a_told(SUPPLIER, 1), a_told(SUPPLIER, 1, "superseded"))

    assert found["ERP"].state_differs
    assert found["ERP"].version is None
    assert not found["Supplier's channel"].differs


def test_of_several_warehouses_the_one_furthest_behind_is_shown() -> None:
    changed = replace(an_order(), version=2)

    found = seen(changed, a_told(WAREHOUSE, 2, partner="dayton"), a_told(WAREHOUSE, 1, partner="reno"))

    assert (found["Warehouse system"].version, found["Warehouse system"].version_differs) == (1, True)


@pytest.fixture(scope="module")
def world(postgres: EmbeddedServer, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One order of each role's desk, for pages."""
    with a_shared_dock_world(postgres, template, tmp_path_factory.mktemp("consistency")) as opened_world:
        yield opened_world


def rows(world: World, order: PurchaseOrder) -> dict[str, str]:
    """The rows of the panel by system, as text."""
    page = world.buyer.open(f"/orders/{order.order_ref}").text
    panel = page.partition('id="systems"')[2].partition("</section>")[0]
    found = {}
    for row in panel.split("<tr>")[2:]:
        name, _, rest = row.partition("</th>")
        found[_text(name)] = _text(rest.partition("</tr>")[0])
    return found


def _text(markup: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", markup).replace("&#39;", "'").split())


def test_s107_an_order_page_shows_version_time_and_state_per_system_and_marks_what_differs(world: World) -> None:
    order = a_sent_order(world.database)
    same = rows(world, order)

    corrected_by_us(world.database, order, line_no=1)
    waits = rows(world, order)
    failed(world.database, the_message(world.database, order, MessageKind.SUPPLIER_CHANGE), permanent=True)
    opened(world.database, ExceptionType.ERP_DRIFT, order)
    broken = rows(world, order)

    assert set(same) == {"Purveyor", "ERP", "Supplier's channel", "Warehouse system", "Finance", "Analytics"}
    assert "differs" not in " ".join(same.values())
    assert "Delivered" in same["Supplier's channel"]
    assert "Not connected" in same["Analytics"]
    assert "1, differs" in waits["Supplier's channel"]
    assert "UTC" in waits["Supplier's channel"]
    assert waits["Purveyor"].startswith("2 ")
    assert str(CHANGED_THERE.text) in broken["ERP"]
    with world.database.read(SYSTEM) as tx:
        assert orders.get(tx, order.id).version == 2
        assert cases.listed(tx, CaseFilter(order_id=order.id))


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_the_panel_reads_well_for_everybody(browser: Browser, world: World) -> None:
    order = a_sent_order(world.database)
    corrected_by_us(world.database, order, line_no=1)
    failed(world.database, the_message(world.database, order, MessageKind.SUPPLIER_CHANGE), permanent=True)
    address = f"{str(world.buyer.visitor.base_url).rstrip('/')}/orders/{order.order_ref}"
    for look in look_around(browser, address, "order-systems", world.buyer.cookies):
        look.assert_good()
