"""How long after a supplier's answer is sent over HTTP are the order and the buyer's inbox up to date?

Five answers a second (some 400,000 a day) from two suppliers, over loopback, against the product's own web process and a durable
Postgres that holds two thousand open orders. A third of the answers changes the price of a line and a third promises one too
late, so that a person has to decide. The clock runs from the moment the answer was to be sent until it is confirmed, and on until
the buyer's inbox page has been read again; an answer that had to wait for the one before it counts from its own moment.
"""

from __future__ import annotations

import multiprocessing
import socket
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import httpx
import uvicorn
from bench.figures import Figure, peak_memory, quantile
from bench.intake_to_issued import BATCH, ERP, ORDERS, a_database, drafts, erp_masters, prepare, run_batch

from purveyor.connectors.erp.memory import MemoryErp
from purveyor.core.access import SYSTEM, Permission, Role
from purveyor.core.ids import SupplierId
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.settings import Settings
from purveyor.store import cases, logins, orders
from purveyor.store.cases import CaseFilter
from purveyor.store.db import Database
from purveyor.web.main import create_app

SUPPLIERS_AT_ONCE: Final = 2
ANSWERS_EACH: Final = 100
WARM_UP: Final = 10
SECONDS_BETWEEN: Final = 0.4
"""Between two answers of one supplier."""
GOAL_MS: Final = 150
PASSWORD: Final = "bench password of a buyer"
GRANTS: Final = (Permission.ORDER_READ, Permission.ACKNOWLEDGMENT_WRITE)


@dataclass(frozen=True, slots=True)
class Took:
    """Milliseconds until one answer was confirmed, and until the inbox was read after it."""

    confirmed: float
    inbox_read: float


def fill(database: Database) -> list[PurchaseOrder]:
    """Bring two thousand orders to issued and return them."""
    now = datetime.now(UTC)
    erp = MemoryErp(erp_masters(now))
    prepare(database, erp, now)
    erp.ledger.load(drafts(now))
    waiting = [order for number in range(ORDERS) if (order := erp.get_order(f"d{number}")) is not None]
    for first in range(0, len(waiting), BATCH):
        run_batch(database, erp, waiting[first : first + BATCH])
    with database.read(SYSTEM) as tx:
        known = orders.ids_by_erp(tx, ERP, [order.external_id for order in waiting])
        return [order for order in orders.get_many(tx, known.values()).values() if order.status is Status.ISSUED]


def supplier_keys(database: Database, issued: Sequence[PurchaseOrder]) -> dict[SupplierId, str]:
    """Give the two suppliers with the most orders a key for the API, and the house a buyer who can sign in."""
    open_orders: dict[SupplierId, int] = {}
    for order in issued:
        if order.supplier_id is not None:
            open_orders[order.supplier_id] = open_orders.get(order.supplier_id, 0) + 1
    busiest = sorted(open_orders, key=lambda supplier: -open_orders[supplier])[:SUPPLIERS_AT_ONCE]
    with database.transaction(SYSTEM) as tx:
        buyer = logins.add_user(tx, "dana", "Dana", time_zone="America/New_York")
        logins.set_password(tx, buyer, PASSWORD)
        logins.set_roles(tx, buyer, [Role.BUYER], [issued[0].business_unit_id])
        keys = {}
        for supplier in busiest:
            client = logins.add_client(tx, f"supplier {supplier}", supplier_id=supplier)
            keys[supplier] = logins.issue_key(tx, client, GRANTS)
        return keys


def serve(url: str, folder: str, parent: Connection) -> None:
    """Serve the application on a free port until told to stop, then tell the process's peak memory in MiB."""
    database = Database(url)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        app = create_app(database, Settings(data_dir=Path(folder)))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        while not server.started:
            time.sleep(0.05)
        parent.send(listener.getsockname()[1])
        parent.recv()
        server.should_exit = True
        thread.join()
    database.close()
    parent.send(peak_memory())


class WebProcess:
    """The web process as its parent sees it; ``peak`` is known once it has stopped."""

    def __init__(self, url: str, folder: str) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, child = context.Pipe()
        self._process = context.Process(target=serve, args=(url, folder, child))
        self._process.start()
        self.address = f"http://127.0.0.1:{self._pipe.recv()}"
        self.peak = 0.0

    def stop(self) -> None:
        """End the process and keep how much memory it needed."""
        self._pipe.send("stop")
        self.peak = self._pipe.recv()
        self._process.join()


@contextmanager
def web_process(url: str) -> Iterator[WebProcess]:
    """Run the web process for a while."""
    with tempfile.TemporaryDirectory(prefix="purveyor-bench-web-") as folder:
        process = WebProcess(url, folder)
        try:
            yield process
        finally:
            process.stop()


def signed_in(address: str) -> httpx.Client:
    """The buyer's browser, signed in."""
    visitor = httpx.Client(base_url=address, headers={"accept": "text/html"}, trust_env=False, timeout=30)
    token = visitor.get("/sign-in").text.partition('name="csrf_token" value="')[2].partition('"')[0]
    form = {"login": "dana", "password": PASSWORD, "next": "/", "csrf_token": token}
    reply = visitor.post("/sign-in", data=form)
    assert reply.status_code == 303, reply.text
    return visitor


def an_answer(order: PurchaseOrder, number: int) -> dict[str, Any]:
    """Accept in full; in two of three answers the first line comes at another price or weeks too late."""
    days = [part.need_by for line in order.lines for part in line.schedules if part.need_by is not None]
    on_time, late = min(days) - timedelta(days=1), max(days) + timedelta(days=21)
    plain: dict[str, Any] = {"outcome": "accept", "promised_delivery": str(on_time)}
    other_price = {"outcome": "change", "unit_price": {"amount": "55.00", "currency": "USD"}}
    first = {**plain, **({}, other_price, {"promised_delivery": str(late)})[number % 3]}
    return {
        "external_id": f"A-{order.order_ref}",
        "version": order.version,
        "sent_at": datetime.now(UTC).isoformat(),
        "lines": [{"line_no": line.line_no, "parts": [first if line.line_no == 1 else plain]} for line in order.lines],
    }


def answer_all(address: str, key: str, mine: Sequence[PurchaseOrder]) -> list[Took]:
    """Answer some orders at their moments as their supplier, reading the buyer's inbox after each."""
    took = []
    with (
        httpx.Client(base_url=address, headers={"authorization": f"Bearer {key}"}, trust_env=False, timeout=30) as supplier,
        closing(signed_in(address)) as buyer,
    ):
        start = time.perf_counter()
        for number, order in enumerate(mine):
            began = start + number * SECONDS_BETWEEN
            time.sleep(max(0.0, began - time.perf_counter()))
            path, body = f"/v1/orders/{order.order_ref}/acknowledgments", an_answer(order, number)
            reply = supplier.post(path, json=body, headers={"idempotency-key": f"A-{order.order_ref}"})
            confirmed = time.perf_counter()
            page = buyer.get("/")
            read = time.perf_counter()
            assert (reply.status_code, page.status_code) == (201, 200), f"{reply.text[:400]} {page.status_code}"
            took.append(Took((confirmed - began) * 1000, (read - began) * 1000))
    return took[WARM_UP:]


def opened(database: Database, answered: Sequence[PurchaseOrder]) -> int:
    """Return how many of the answered orders have an open exception."""
    with database.read(SYSTEM) as tx:
        return sum(bool(cases.listed(tx, CaseFilter(order_id=order.id), limit=1)) for order in answered)


def figures() -> list[Figure]:
    """Measure and return the times and the memory of the web process."""
    with a_database() as database:
        issued = fill(database)
        keys = supplier_keys(database, issued)
        shares = [[order for order in issued if order.supplier_id == supplier][:ANSWERS_EACH] for supplier in keys]
        with web_process(database.url) as web, ThreadPoolExecutor(len(keys)) as suppliers:
            took = [one for many in suppliers.map(answer_all, [web.address] * len(keys), keys.values(), shares) for one in many]
        wanted = sum(number % 3 != 0 for share in shares for number in range(len(share)))
        found = opened(database, [order for share in shares for order in share])
        assert found == wanted, f"{found} orders have an exception, {wanted} were expected"
    confirmed, read = [one.confirmed for one in took], [one.inbox_read for one in took]
    return [
        Figure("answered and recorded, p50", quantile(confirmed, 0.5), "ms"),
        Figure("answered and recorded, p95", quantile(confirmed, 0.95), "ms", GOAL_MS, at_most=True),
        Figure("... and seen in the buyer's inbox, p50", quantile(read, 0.5), "ms"),
        Figure("... and seen in the buyer's inbox, p95", quantile(read, 0.95), "ms", GOAL_MS, at_most=True),
        Figure("peak memory of the web process", web.peak, "MiB"),
    ]


if __name__ == "__main__":
    for figure in figures():
        print(figure)
