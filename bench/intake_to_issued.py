"""How many three-line orders a second go from draft to issued: taken in, checked, approved by policy, confirmed, told on.

Every step is the product's own, in batches of at most 200 orders a transaction, by two workers, against a durable Postgres on
this machine and an ERP in memory. ``--profile`` prints where the time goes.
"""

from __future__ import annotations

import cProfile
import multiprocessing
import pstats
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

import psycopg
from bench import tryton
from bench.figures import Figure, peak_memory
from psycopg import sql

from purveyor.app import intake, issue, masters, policy
from purveyor.app.erp_names import orders_as_records
from purveyor.app.policy import LoadPolicies
from purveyor.connectors.erp.memory import MemoryErp
from purveyor.core.access import SYSTEM
from purveyor.core.erp_records import (
    MASTERS,
    Entity,
    ErpItem,
    ErpOrder,
    ErpOrderLine,
    ErpOrderStatus,
    ErpPriceBreak,
    ErpRecord,
    ErpSite,
    ErpStock,
    ErpSupplier,
    ErpSupplierItem,
    ErpUom,
)
from purveyor.core.ids import BusinessUnitId, ErpInstance, ItemId, OrderId
from purveyor.core.items import ItemStatus
from purveyor.core.lifecycle import Status
from purveyor.core.order import Origin
from purveyor.core.parties import BusinessUnit, SupplierStatus
from purveyor.store import masters as master_rows
from purveyor.store import message_batches, migrations, orders, stock
from purveyor.store.binaries import find_binaries
from purveyor.store.db import Database
from purveyor.store.embedded import SUPERUSER, EmbeddedServer
from purveyor.store.roles import OWNER, RUNTIME
from purveyor.store.stock import PastOrder

ORDERS: Final = 2000
BATCH: Final = 200
LINES: Final = 3
ITEMS: Final = 300
SUPPLIERS: Final = 20
WORKERS: Final = 2
TARGET: Final = 100
ERP: Final = ErpInstance("memory")
POLICIES: Final = Path(__file__).resolve().parents[1] / "policies"


@contextmanager
def a_database() -> Iterator[Database]:
    """A fresh durable Postgres with the product's schema, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="purveyor-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        server = EmbeddedServer(Path(folder) / "postgres", find_binaries(None))
        server.start()
        try:
            with psycopg.connect(server.url(SUPERUSER, "postgres"), autocommit=True) as connection:
                connection.execute(sql.SQL("CREATE DATABASE bench OWNER {}").format(sql.Identifier(OWNER)))
            migrations.upgrade(server.url(OWNER, "bench"))
            database = Database(server.url(RUNTIME, "bench"))
            yield database
            database.close()
        finally:
            server.stop()


def erp_masters(now: datetime) -> list[ErpRecord]:
    """One warehouse, twenty suppliers, three hundred items of which each is sold by one of them."""
    fresh: dict[str, Any] = {"version": "1", "updated_at": now}
    records: list[ErpRecord] = [
        ErpSite(external_id="w1", code="DAY", name="Dayton", legal_entity="1", country="US", **fresh),
        ErpUom(external_id="u1", code="EA", name="Each", category="unit", factor=Fraction(1), discrete=True, **fresh),
        ErpUom(external_id="u2", code="CT", name="Carton", category="unit", factor=Fraction(12), discrete=True, **fresh),
    ]
    for number in range(SUPPLIERS):
        records.append(
            ErpSupplier(
                external_id=f"s{number}",
                code=f"SUPPLIER-{number}",
                name=f"Supplier {number}",
                currency="USD",
                status=SupplierStatus.ACTIVE,
                payment_terms="N30",
                country="US",
                email=f"orders@supplier-{number}.example",
                **fresh,
            )
        )
    for number in range(ITEMS):
        records += _item(number, fresh)
    return records


def _item(number: int, fresh: dict[str, Any]) -> list[ErpRecord]:
    price = ErpPriceBreak(min_qty=Decimal(1), unit_price=Decimal("48.00"), currency="USD")
    return [
        ErpItem(
            external_id=f"i{number}",
            sku=f"ITEM-{number}",
            name=f"Item {number}",
            base_uom="EA",
            purchase_uom="CT",
            uom_category="unit",
            category="pumps",
            status=ItemStatus.ACTIVE,
            purchasable=True,
            discrete=True,
            **fresh,
        ),
        ErpSupplierItem(
            external_id=f"t{number}",
            supplier=f"s{number % SUPPLIERS}",
            item=f"i{number}",
            supplier_part_no=f"X-{number}",
            order_uom="CT",
            lead_time_days=10,
            minimum=Decimal(1),
            multiple=Decimal(1),
            price_breaks=(price,),
            **fresh,
        ),
        ErpStock(
            external_id=f"i{number}@w1",
            item=f"i{number}",
            site="w1",
            on_hand=Decimal(100),
            allocated=Decimal(0),
            on_order=Decimal(0),
            daily_demand=Decimal(60),
            reorder_point=Decimal(60),
            maximum=Decimal(10**6),
            **fresh,
        ),
    ]


def prepare(database: Database, erp: MemoryErp, now: datetime) -> None:
    """Load masters, policies and a history of usual orders through the product's own verbs."""
    with database.transaction(SYSTEM) as tx:
        files = {file.name: file.read_text("utf-8") for file in POLICIES.glob("*.toml")}
        policy.load(tx, LoadPolicies(files, author="ann", publisher="bob"))
        unit = BusinessUnitId(tx.new_id())
        masters.save_unit(tx, BusinessUnit(unit, "MAIN", "Main unit", "USD", "US"), ERP, "1")
        for entity in (*MASTERS, Entity.STOCK):
            masters.receive(tx, ERP, entity, erp.ledger.records(entity))
        for supplier in master_rows.suppliers(tx).values():
            masters.configure_supplier(tx, replace(supplier, freight_term="prepaid", fob_point="destination"))
        site = next(iter(master_rows.sites(tx)))
        past = [
            PastOrder(item, f"{item}:{month}", unit, Decimal(120 + month), now.date() - timedelta(days=30 * month), site)
            for item in (ItemId(item) for item in master_rows.items(tx))
            for month in range(1, 11)
        ]
        stock.save_history(tx, past, ERP)


def drafts(now: datetime) -> list[ErpOrder]:
    """Planned drafts of three lines each, no two alike, all below the limit of automatic approval."""
    return [_draft(number, now.date() + timedelta(days=30)) for number in range(ORDERS)]


def _draft(number: int, need_by: date) -> ErpOrder:
    supplier = number % SUPPLIERS
    first = number // SUPPLIERS % (ITEMS // SUPPLIERS)
    lines = tuple(
        ErpOrderLine(
            external_id=f"{number}.{line_no}",
            line_no=line_no,
            item=f"i{supplier + (first + line_no) % (ITEMS // SUPPLIERS) * SUPPLIERS}",
            description="",
            quantity=Decimal(1 + number % 7),
            uom="CT",
            unit_price=Decimal("48.00"),
            need_by=need_by + timedelta(days=number // (SUPPLIERS * ITEMS // SUPPLIERS) + number % 60),
        )
        for line_no in range(1, LINES + 1)
    )
    return ErpOrder(
        external_id=f"d{number}",
        version="1",
        number=None,
        order_ref=None,
        revision=0,
        supplier=f"s{supplier}",
        site="w1",
        currency="USD",
        order_date=None,
        payment_terms=None,
        status=ErpOrderStatus.DRAFT,
        origin=Origin.PLANNED,
        typist=None,
        lines=lines,
    )


def run_batch(database: Database, erp: MemoryErp, records: Sequence[ErpOrder]) -> int:
    """Take one batch from draft to issued, in the steps a worker takes; return how many orders were issued."""
    with database.transaction(SYSTEM, source=ERP) as tx:
        new = intake.receive(tx, ERP, records).new
    with database.transaction(SYSTEM) as tx:
        released = issue.release_many(tx, new)
    with database.transaction(SYSTEM) as tx:
        claims = message_batches.claim_many(tx, list(released.queued.values()))
        known = orders.get_many(tx, list(released.queued))
        written = orders_as_records(tx, list(known.values()))
    answers = []
    for held in claims:
        record = written[OrderId(held.message.subject_id)]
        answers.append((held, erp.confirm(record, record.order_ref or "", record.version)))
    with database.transaction(SYSTEM) as tx:
        issue.confirmed_many(tx, answers)
        return sum(order.status is Status.ISSUED for order in orders.get_many(tx, new).values())


@dataclass(frozen=True, slots=True)
class Share:
    """What one worker did: orders issued, and its peak memory in MiB."""

    issued: int
    memory: float


def issue_share(url: str, share: int, now: datetime) -> Share:
    """Take every other batch from draft to issued, as one worker of two."""
    database, erp = Database(url), MemoryErp(erp_masters(now))
    erp.ledger.load(drafts(now))
    waiting = [order for number in range(ORDERS) if (order := erp.get_order(f"d{number}")) is not None]
    batches = [waiting[first : first + BATCH] for first in range(0, len(waiting), BATCH)]
    issued = sum(run_batch(database, erp, batch) for batch in batches[share::WORKERS])
    database.close()
    return Share(issued, peak_memory())


def measure(database: Database) -> tuple[list[Share], float]:
    """Let two workers issue everything; return what each did and how many seconds that took."""
    now = datetime.now(UTC)
    prepare(database, MemoryErp(erp_masters(now)), now)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(WORKERS, mp_context=context) as workers:
        list(workers.map(_ready, range(WORKERS)))
        started = time.perf_counter()
        shares = list(workers.map(issue_share, [database.url] * WORKERS, range(WORKERS), [now] * WORKERS))
        return shares, time.perf_counter() - started


def _ready(number: int) -> int:
    """Let a worker process start before the clock does."""
    time.sleep(1)
    return number


def profile() -> None:
    """Print where the time of one worker goes."""
    with a_database() as database:
        now = datetime.now(UTC)
        prepare(database, MemoryErp(erp_masters(now)), now)
        watched = cProfile.Profile()
        watched.runcall(issue_share, database.url, 0, now)
        pstats.Stats(watched).sort_stats("cumulative").print_stats(60)


def figures() -> list[Figure]:
    """Measure and return our rate beside Tryton's own; every order has to be issued."""
    with a_database() as database:
        shares, seconds = measure(database)
    issued = sum(share.issued for share in shares)
    assert issued == ORDERS, f"{issued} of {ORDERS} orders were issued"
    ours, theirs = ORDERS / seconds, tryton.orders_a_second()
    beside = []
    if theirs is not None:
        beside = [
            Figure("Tryton's own create and confirm", theirs, "orders/s"),
            Figure("ours to Tryton's", ours / theirs, "times"),
        ]
    return [
        Figure("orders of three lines, two workers", ours, "orders/s", TARGET),
        *beside,
        Figure("peak memory of a worker", max(share.memory for share in shares), "MiB"),
    ]


if __name__ == "__main__":
    if "--profile" in sys.argv:
        profile()
    else:
        print(*figures(), sep="\n")
