"""Messages: what failed with every attempt, sent again under the same identity or called off with a reason, by who may."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from purveyor.core.access import SYSTEM
from purveyor.core.messaging import MessageKind, Outbound
from purveyor.settings import Settings
from purveyor.store import message_batches, messages
from purveyor.store.db import Database
from purveyor.store.message_batches import NewMessage
from purveyor.store.messages import About, Message
from tests.web.dock_world import World, a_dock_world


@pytest.fixture
def world(database: Database, web_settings: Settings) -> Iterator[World]:
    """One person of each role and a pump order at its supplier."""
    with a_dock_world(database, web_settings) as opened:
        yield opened


def a_message(world: World, *, failed: bool) -> Message:
    """An order on its way to the supplier; a failed one was given up."""
    order = world.order
    about = About(order.id, order.version, order.business_unit_id, order.supplier_id)
    said = Outbound(MessageKind.SUPPLIER_ORDER, "order", order.id, 1, str(order.supplier_id), "api", "order:1")
    with world.database.transaction(SYSTEM) as tx:
        message_id = message_batches.queue_many(tx, [NewMessage(said, {"order_id": str(order.id), "version": 1}, about)])[0].id
        if failed:
            messages.kill(tx, message_id, "The supplier's server answers 503.")
        return messages.load(tx, message_id)


def state(world: World, message: Message) -> str:
    with world.database.read(SYSTEM) as tx:
        return messages.load(tx, message.id).state


def test_a_failed_message_says_why_and_can_be_sent_again(world: World) -> None:
    message = a_message(world, failed=True)

    page = world.it.open("/messages").text
    answer = world.it.send(f"/messages/{message.id}/replay", seen_on="/messages")

    for shown in ("1 message failed and waits for a person", "answers 503", world.order.order_ref, "Order to the supplier"):
        assert shown in page
    assert (answer.status_code, state(world, message)) == (303, "ready")


def test_sending_again_twice_is_refused_the_second_time(world: World) -> None:
    message = a_message(world, failed=True)
    page = world.it.open("/messages").text
    form = {"csrf_token": page.rpartition('name="csrf_token" value="')[2].partition('"')[0]}

    first, second = (world.it.visitor.post(f"/messages/{message.id}/replay", data=form) for _ in range(2))

    assert (first.status_code, second.status_code) == (303, 409)


def test_a_message_that_is_not_needed_is_called_off_with_a_reason(world: World) -> None:
    message = a_message(world, failed=True)
    path = f"/messages/{message.id}/skip"

    without = world.buyer.send(path, seen_on="/messages", reason=" ")
    with_reason = world.buyer.send(path, seen_on="/messages", reason="Told by phone.")

    assert (without.status_code, "Give a reason" in without.text, with_reason.status_code) == (422, True, 303)
    assert state(world, message) == "superseded"


def test_who_may_only_read_is_offered_nothing_and_refused(world: World) -> None:
    message = a_message(world, failed=True)
    page = world.auditor.open("/messages").text
    form = {"csrf_token": page.rpartition('name="csrf_token" value="')[2].partition('"')[0]}

    assert "Send it again" not in page
    assert world.auditor.visitor.post(f"/messages/{message.id}/replay", data=form).status_code == 403
    assert state(world, message) == "dead"


def test_what_waits_is_listed_and_delivered_ones_on_request(world: World) -> None:
    a_message(world, failed=False)

    assert "No message failed, 1 waits to be sent." in world.it.open("/messages").text
    assert "Nothing waits to be sent." in world.it.open("/messages?state=done").text
    assert "Order to the supplier" in world.it.open("/messages?state=all").text
    assert world.it.open("/messages?state=lost").status_code == 422
