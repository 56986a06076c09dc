"""S30: one of four targets is stopped while orders go out; the others are served, it is served after its restart, once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from purveyor.core.access import SYSTEM
from purveyor.core.messaging import MessageKind
from purveyor.core.order import PurchaseOrder
from purveyor.demo.partners.mailbox import Mailbox
from purveyor.demo.partners.server import Partner
from purveyor.store import masters
from tests.chaos.flow import SUPPLIER, Flow, a_clean_draft

Restart = Callable[[], None]


def stop_supplier(flow: Flow) -> Restart:
    server, port = flow.partners.suppliers.server, int(flow.partners.suppliers.server.url.rpartition(":")[2])
    server.stop()

    def restart() -> None:
        flow.partners.suppliers.server = Partner(server.answer, port)

    return restart


def stop_warehouse(flow: Flow) -> Restart:
    server, port = flow.partners.warehouse.server, int(flow.partners.warehouse.server.url.rpartition(":")[2])
    server.stop()

    def restart() -> None:
        flow.partners.warehouse.server = Partner(server.answer, port)

    return restart


def stop_mail(flow: Flow) -> Restart:
    flow.partners.mailbox.stop()

    def restart() -> None:
        flow.partners.mailbox = Mailbox(flow.partners.mailbox.port)

    return restart


def stop_erp(flow: Flow) -> Restart:
    flow.erp.unplugged = True

    def restart() -> None:
        flow.erp.unplugged = False

    return restart


def reached_by(flow: Flow, *channels: str) -> None:
    """The supplier is reached by these channels from now on."""
    with flow.database.transaction(SYSTEM) as tx:
        [supplier] = masters.suppliers(tx).values()
        masters.save_profiles(tx, [replace(supplier, channels=channels)])


def states(flow: Flow, *some: PurchaseOrder) -> dict[str, set[str]]:
    """The states of messages by kind and channel."""
    found: dict[str, set[str]] = {}
    for order in some:
        for message in flow.messages_of(order):
            name = message.channel if message.kind == MessageKind.SUPPLIER_ORDER else message.kind
            found.setdefault(name, set()).add(message.state)
    return found


TARGETS = {"api": stop_supplier, "email": stop_mail, "wms_expected_receipt": stop_warehouse, "erp_receipt": stop_erp}


@pytest.mark.parametrize("target", list(TARGETS))
def test_s30_the_other_targets_complete_and_the_stopped_one_completes_after_its_restart(flow: Flow, target: str) -> None:
    restart: Restart | None = None
    if target != "erp_receipt":
        restart = TARGETS[target](flow)
    reached_by(flow, "api")
    [by_api] = flow.takes_in(a_clean_draft(1))
    reached_by(flow, "email")
    [by_mail] = flow.takes_in(a_clean_draft(2))
    if restart is None:
        restart = TARGETS[target](flow)
    for order in (by_api, by_mail):
        flow.receives(order)
    flow.works()

    before = states(flow, by_api, by_mail)
    assert before.pop("erp_confirm") == {"done"}
    assert before.pop(target) == {"ready"}
    assert set(map(frozenset, before.values())) == {frozenset({"done"})}

    restart()
    flow.settles()

    after = states(flow, by_api, by_mail)
    assert set(after) == {"erp_confirm", *TARGETS}
    assert set(map(frozenset, after.values())) == {frozenset({"done"})}
    assert len(flow.partners.suppliers.taken(SUPPLIER)) == 1
    assert len(flow.partners.mailbox.to("orders@keller.example")) == 1
    assert (len(flow.partners.warehouse.expected), flow.partners.warehouse.writes) == (2, 2)
    assert [posting.reference for posting in flow.postings()] == [f"{order.order_ref}-R1" for order in (by_api, by_mail)]
