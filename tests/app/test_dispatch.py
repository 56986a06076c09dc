"""Whatever is queued for the outside stands on the timeline of its order, once."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from purveyor.app import acknowledge, links
from purveyor.core.access import SYSTEM
from purveyor.core.events.base import Ref
from purveyor.core.ids import OrderId
from purveyor.store import events, messages
from purveyor.store.db import Database
from tests.app.invoicing import a_bill, billed
from tests.app.supplier_world import a_world, an_issued_order, counted

pytestmark = pytest.mark.postgres


def on_the_timeline(database: Database, order_id: OrderId) -> list[str]:
    """The kinds of messages the order's timeline tells of; each message of the order must be there exactly once."""
    with database.read(SYSTEM) as tx:
        told = [event for event in events.read_about(tx, Ref("order", order_id)) if event.type == "message.queued"]
        sent = messages.of_order(tx, order_id)
    assert sorted(event.stream.id for event in told) == sorted(message.id for message in sent)
    return sorted(message.kind for message in sent)


def test_receipts_and_invoices_for_the_erp_stand_on_the_timeline(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database)

    counted(database, order, "12")
    counted(database, order, "12")
    billed(database, a_bill(order, price="1036.80"))

    assert on_the_timeline(database, order.id) == ["erp_invoice_hold", "erp_invoice_post", "erp_receipt"]


def test_reminders_and_new_links_for_a_supplier_stand_on_the_timeline(database: Database) -> None:
    a_world(database)
    order = an_issued_order(database)
    with database.transaction(SYSTEM) as tx:
        token = links.make_link(tx, order.id)

    with database.transaction(SYSTEM) as tx:
        acknowledge.remind(tx, order.id, 1, datetime(2026, 3, 11, 21, tzinfo=UTC))
        links.send_new_link(tx, token)
        links.send_new_link(tx, token)

    assert on_the_timeline(database, order.id) == ["supplier_reminder", "supplier_reminder"]
