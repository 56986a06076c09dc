"""S121: worker, ERP, partners and database stop during load; nothing is lost or doubled, and the event log is whole."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from purveyor.app.progress import progress_of
from purveyor.connectors.erp.memory import MemoryErp
from purveyor.core.access import SYSTEM
from purveyor.core.erp_records import Entity
from purveyor.core.errors import IllegalTransition, NotFound
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.demo.partners.server import Answer, Partner, Received
from purveyor.demo.processes import Child
from purveyor.store import cases, messages
from purveyor.store.cases import CaseFilter
from purveyor.store.db import Database
from purveyor.store.embedded import EmbeddedServer
from tests.app.people import MONDAY_NINE
from tests.chaos.a_worker import SETTINGS, Addresses
from tests.chaos.bad_days import (
    Moods,
    a_worker,
    leases_of_dead_workers_end,
    own_postgres,
    runtime_url,
    stop_at_once,
    superuser_of,
    until_it_works,
    wait_until,
)
from tests.chaos.erp_server import ErpServer
from tests.chaos.flow import SUPPLIER, Flow, Partners, a_clean_draft, flow_masters, set_up
from tests.chaos.history import faults

pytestmark = pytest.mark.long
ORDERS = 60


@dataclass
class Site:
    """Everything of one bad day."""

    flow: Flow
    erp: ErpServer
    postgres: EmbeddedServer
    addresses: Addresses
    folder: Path
    workers: list[Child] = field(default_factory=list)

    def worker(self, name: str) -> Child:
        """Start a worker process."""
        child = a_worker(self.addresses, self.folder, name)
        self.workers.append(child)
        child.start()
        return child


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A distributor on a durable Postgres of its own, with the ERP and all partners on sockets."""
    partners, records = Partners(), flow_masters(MONDAY_NINE)
    erp = ErpServer(MemoryErp(records))
    with own_postgres() as postgres:
        database = Database(runtime_url(postgres))
        martha = set_up(database, records, partners.suppliers.address(SUPPLIER))
        flow = Flow(database, superuser_of(postgres), partners, replace(SETTINGS, data_dir=tmp_path), martha, erp.erp)
        addresses = Addresses(database.url, erp.server.url, partners.warehouse.server.url, partners.mailbox.port)
        running = Site(flow, erp, postgres, addresses, tmp_path)
        try:
            yield running
        finally:
            for worker in running.workers:
                worker.kill()
            flow.superuser.close()
            database.close()
            partners.stop()
            erp.server.stop()


class Hold:
    """A partner that acts and then keeps its answer back until it is let go."""

    def __init__(self, server: Partner, path: str) -> None:
        self.acted, self.let_go = threading.Event(), threading.Event()
        self._server, self._answer, self._path = server, server.answer, path
        server.answer = self._held

    def _held(self, received: Received) -> Answer | None:
        reply = self._answer(received)
        if self._path in received.path and not self.acted.is_set():
            self.acted.set()
            self.let_go.wait(30)
        return reply

    def end(self) -> None:
        """Answer as always again."""
        self.let_go.set()
        self._server.answer = self._answer


def test_s121_a_worker_killed_between_sending_and_recording_costs_time_and_nothing_else(site: Site) -> None:
    flow = site.flow
    flow.types(a_clean_draft(1))
    sends: list[tuple[str, Partner, str, Callable[[], object]]] = [
        ("confirmation", site.erp.server, "/confirm", lambda: None),
        ("supplier order", flow.partners.suppliers.server, "/orders", lambda: None),
        ("expected receipt", flow.partners.warehouse.server, "/expected", lambda: None),
        ("receipt", site.erp.server, "/post_receipt", lambda: (flow.answers(the_order()), flow.receives(the_order()))),
        ("invoice", site.erp.server, "/post_invoice", lambda: flow.bills(the_order())),
    ]

    def the_order() -> PurchaseOrder:
        return flow.order("d1")

    holds = {name: Hold(server, path) for name, server, path, _ in sends[:3]}
    worker = site.worker("worker-0")
    for number, (name, server, path, before) in enumerate(sends, start=1):
        if name not in holds:
            wait_until(lambda: the_order().first_issued_version is not None, 30, "the order was not issued")
            holds[name] = Hold(server, path)
            before()
        assert holds[name].acted.wait(60), f"the {name} was not sent"
        worker.kill()
        holds[name].end()
        time.sleep(0.2)
        flow.superuser.execute("UPDATE message SET lease_until = now() - interval '1 second' WHERE state = 'leased'")
        worker = site.worker(f"worker-{number}")
    wait_until(lambda: ends(flow), 60, "the order was not closed")
    worker.stop()

    assert faults(flow.database, site.erp.erp.ledger, flow.partners) == []
    with flow.database.read(SYSTEM) as tx:
        repeats = {message.kind: len(messages.attempts_of(tx, message.id)) for message in messages.of_order(tx, the_order().id)}
    assert max(repeats.values()) <= 4


def ends(flow: Flow) -> bool:
    """Say whether everything is closed; the waits between tries are cut short."""
    flow.waits_over_now()
    return flow.statuses() == {Status.CLOSED} and flow.waiting_messages() == 0


@dataclass
class Business:
    """The people and partners who go on working while things break: everything is sent twice and in no order."""

    site: Site
    random: random.Random
    done: int = 0

    def __post_init__(self) -> None:
        self.failed: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, name="business")

    def begin(self) -> None:
        """Start working."""
        self._thread.start()

    def finish(self) -> None:
        """Wait for the last document; fails with what failed."""
        self._thread.join(180)
        assert not self._thread.is_alive(), "the business did not get through"
        if self.failed:
            raise self.failed[0]

    def _run(self) -> None:
        try:
            waiting = set(range(1, ORDERS + 1))
            deadline = time.monotonic() + 150
            while waiting and time.monotonic() < deadline:
                for number in sorted(waiting):
                    if self._documents_of(number):
                        waiting.discard(number)
                        self.done += 1
                time.sleep(0.3)
            assert not waiting, f"never issued: {sorted(waiting)}"
        except BaseException as error:
            self.failed.append(error)

    def _documents_of(self, number: int) -> bool:
        flow = self.site.flow
        try:
            order = until_it_works(lambda: flow.order(f"d{number}"))
        except NotFound:
            return False
        if order.status is Status.PENDING_APPROVAL:
            until_it_works(lambda: flow.approves(order))
        if order.first_issued_version is None:
            return False
        sends: list[Callable[[], object]] = [
            lambda: flow.answers(order),
            lambda: flow.ships(order),
            lambda: flow.receives(order),
            lambda: flow.bills(order),
        ] * 2
        self.random.shuffle(sends)
        for one in sends:
            with suppress(IllegalTransition):  # what comes late for a closed order is refused by name
                until_it_works(one)
        return True


def test_s121_sixty_orders_come_through_kills_outages_and_database_restarts(site: Site) -> None:
    seed = int(os.environ.get("PURVEYOR_CHAOS_SEED", random.SystemRandom().randrange(10**6)))
    print(f"seed {seed} (PURVEYOR_CHAOS_SEED)")
    flow, chance, moods = site.flow, random.Random(seed), Moods(seed)
    for server in (site.erp.server, flow.partners.suppliers.server, flow.partners.warehouse.server):
        moods.spoil(server)
    flow.types(*(a_clean_draft(number, cartons=0 if number % 6 else 5 + number // 12 % 3) for number in range(1, ORDERS + 1)))
    workers = [site.worker("worker-1"), site.worker("worker-2")]
    business = Business(site, random.Random(seed))
    business.begin()

    for round_ in range(6):
        time.sleep(chance.uniform(2, 4))
        match round_ % 3:
            case 0:
                victim = chance.randrange(2)
                workers[victim].kill()
                workers[victim] = site.worker(f"worker-{3 + round_}")
            case 1:
                stop_at_once(site.postgres)
                flow.superuser.close()
                flow.superuser = superuser_of(site.postgres)
            case 2:
                site.erp.erp.unplugged = True
                time.sleep(2)
                site.erp.erp.unplugged = False
        time_runs(flow)
    business_goes_on(business, flow)
    moods.calm()
    wait_until(lambda: drained(flow), 120, lambda: f"{left(flow)} (seed {seed})")
    for worker in workers:
        worker.stop()

    assert moods.met.keys() >= {"good", "late", "error", "closed", "closed after acting", "page"}
    found = faults(flow.database, site.erp.erp.ledger, flow.partners)
    assert found == [], f"seed {seed}"
    assert {order.status for order in flow.orders()} == {Status.CLOSED}
    assert len(flow.orders()) == ORDERS


def business_goes_on(business: Business, flow: Flow) -> None:
    """Let the partners get through with all their documents."""
    wait_until(
        lambda: time_runs(flow) or business.done == ORDERS or bool(business.failed), 180, lambda: f"{business.done} orders done"
    )
    business.finish()


def time_runs(flow: Flow) -> bool:
    """Waits, the leases of dead workers and the minute until the ERP is read again pass; False, to stand in a condition."""
    leases_of_dead_workers_end(flow)
    if len(until_it_works(flow.orders)) < len(flow.erp.ledger.ids(Entity.ORDER)):
        until_it_works(flow.asks_for_orders)
    flow.waits_over_now()
    return False


def drained(flow: Flow) -> bool:
    """Say whether nothing moves any more; what was given up in the storm is sent again by IT."""
    time_runs(flow)
    flow.replays_all()
    return flow.statuses() == {Status.CLOSED} and flow.waiting_messages() == 0 and flow.jobs_left() == 0


def left(flow: Flow) -> str:
    """What was not done: of each such order what is asked about it, and where the first one stands."""
    open_ones = [order for order in flow.orders() if order.status is not Status.CLOSED]
    told = [f"{len(open_ones)} orders are not closed; {flow.waiting_messages()} messages and {flow.jobs_left()} jobs are left"]
    with flow.database.read(SYSTEM) as tx:
        for order in open_ones:
            asked = [case.summary for case in cases.listed(tx, CaseFilter(order_id=order.id))]
            told.append(f"{order.order_ref} {order.status}: {asked}")
        for order in open_ones[:1]:
            sent = [f"{each.kind} {each.state} {each.last_error or ''}".strip() for each in messages.of_order(tx, order.id)]
            told.append(f"{order.order_ref}: {sent} {progress_of(tx, [order.id])[order.id]}")
    return "\n".join(told)
