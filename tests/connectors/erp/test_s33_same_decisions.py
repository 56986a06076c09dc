"""S33: the same order gets the same findings, the same approvals and the same match from whichever ERP it comes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from purveyor.app import approve, gate, intake, masters, match, receive
from purveyor.connectors.erp.contract import START, ErpConnector
from purveyor.core.access import SYSTEM
from purveyor.core.approval_chain import ApprovalChain, Verdict
from purveyor.core.approval_decisions import DecideStep
from purveyor.core.erp_records import MASTERS, Entity, ErpOrder, ErpSite
from purveyor.core.finding import Finding
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.core.parties import BusinessUnit
from purveyor.settings import Settings
from purveyor.store import approvals, cases, invoices, messages, orders
from purveyor.store import masters as master_rows
from purveyor.store.db import Database
from purveyor.store.embedded import SUPERUSER, EmbeddedServer
from purveyor.store.roles import RUNTIME
from purveyor.worker.loop import work_off
from purveyor.worker.tasks import build_registry
from tests.app.people import People, an_organisation
from tests.chaos.flow import Partners, a_receipt, an_invoice, connections
from tests.connectors.erp.desks import Desk, MemoryDesk, TrytonDesk
from tests.order_builders import ERP, UNIT

pytestmark = [pytest.mark.postgres, pytest.mark.tryton]

NewDatabase = Callable[[], Database]


@pytest.fixture
def new_database(postgres: EmbeddedServer, template: str) -> Iterator[NewDatabase]:
    """Makes one more empty database, because two ERPs that are compared must not know of each other."""
    made: list[tuple[str, Database]] = []

    def make() -> Database:
        name = f"test_{uuid4().hex}"
        _administer(postgres, sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
        made.append((name, Database(postgres.url(RUNTIME, name))))
        return made[-1][1]

    yield make
    for name, database in made:
        database.close()
        _administer(postgres, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _administer(postgres: EmbeddedServer, statement: sql.Composed) -> None:
    with psycopg.connect(postgres.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        connection.execute(statement)


@contextmanager
def partners() -> Iterator[Partners]:
    """Supplier, warehouse and mailbox of one installation."""
    running = Partners()
    try:
        yield running
    finally:
        running.stop()


def settled(database: Database, desk: Desk, data: Path) -> dict[str, Any]:
    """Let one draft pass from an ERP to its bill and a slip of the pen be stopped; returns every decision about both."""
    connector, draft, slip = desk.connector, desk.draft("20"), desk.draft("240")
    people = an_organisation(database)
    with partners() as others:
        wired = connections(connector, 5.0, others.warehouse.server.url, others.mailbox.port)
        registry = build_registry(Settings(data_dir=data), wired)
        _read_masters(database, connector)
        with database.transaction(SYSTEM) as tx:
            intake.receive(tx, ERP, [draft, slip])
        _approved(database, people, order_of(database, draft))
        work_off(database, Settings(data_dir=data), registry)
        order, stopped = order_of(database, draft), order_of(database, slip)
        assert stopped.status is Status.DRAFT
        assert order.status is Status.ISSUED, what_became_of(database, order)
        with database.transaction(SYSTEM) as tx:
            receive.record(tx, a_receipt(order, "count"))
            line = replace(an_invoice(order, "bill").lines[0], unit_price=Decimal("1036.80"))
            bill = match.record(tx, an_invoice(order, "KP-10442", lines=(line,))).invoice
        with database.read(SYSTEM) as tx:
            chain = approvals.in_force(tx, order.id)
            assert chain is not None
            return {
                "findings": told(gate.report(tx, order.id).findings),
                "findings of the slip": told(gate.report(tx, stopped.id).findings),
                "chain": _told(chain),
                "match": _without_ids(invoices.figures_of(tx, bill.id)) | {"state": bill.state, "payment": bill.payment},
                "exceptions": sorted(str((case.type, case.owner_role, case.summary)) for case in cases.listed(tx)),
            }


def _read_masters(database: Database, connector: ErpConnector) -> None:
    for entity in (*MASTERS, Entity.STOCK, Entity.DEMAND):
        page = connector.pull(entity, START)
        assert page.complete
        with database.transaction(SYSTEM) as tx:
            if entity is Entity.SITE:
                company = next(record.legal_entity for record in page.records if isinstance(record, ErpSite))
                masters.save_unit(tx, BusinessUnit(UNIT, "MAIN", "Main unit", "USD", "US"), ERP, company)
            masters.receive(tx, ERP, entity, page.records, masters.Defaults("US", "America/New_York"))
    with database.transaction(SYSTEM) as tx:
        keystone = next(one for one in master_rows.suppliers(tx).values() if one.code == "KEYSTONE")
        keystone = replace(keystone, channels=("email",), email="orders@keystone.example")
        masters.configure_supplier(tx, replace(keystone, freight_term="prepaid", fob_point="destination"))


def _without_ids(figures: dict[str, Any]) -> dict[str, Any]:
    return {**figures, "lines": [{**line, "order_id": None} for line in figures["lines"]]}


def _approved(database: Database, people: People, order: PurchaseOrder) -> None:
    with database.read(SYSTEM) as tx:
        chain = approvals.in_force(tx, order.id)
    assert chain is not None
    assert chain.open_step is not None
    with database.transaction(people.martha) as tx:
        approve.decide(tx, chain.open_step.id, DecideStep(Verdict.APPROVE, order.version))


def order_of(database: Database, draft: ErpOrder) -> PurchaseOrder:
    """Our order for a draft."""
    with database.read(SYSTEM) as tx:
        return orders.by_erp_id(tx, ERP, draft.external_id)


def _told(chain: ApprovalChain) -> dict[str, Any]:
    steps = [(step.role, step.state) for step in chain.steps]
    return {
        "result": chain.result,
        "steps": steps,
        "sources": chain.sources,
        "amount": chain.policy_amount,
        "routing": chain.routing_amount,
        "band": chain.band,
        "policy": chain.policy_set,
    }


def what_became_of(database: Database, order: PurchaseOrder) -> list[str]:
    """The messages about an order and what was said about each."""
    with database.read(SYSTEM) as tx:
        return [f"{each.kind} {each.state} {each.last_error}" for each in messages.of_order(tx, order.id)]


def told(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Findings as they are kept, but for the second at which each fact was read."""
    found = [asdict(finding) for finding in findings]
    for finding in found:
        finding["facts"] = [{**fact, "as_of": None} for fact in finding["facts"]]
    return found


def in_bytes(decided: dict[str, Any]) -> bytes:
    """The decisions as bytes."""
    return json.dumps(decided, default=str, sort_keys=True, indent=1).encode()


def test_s33_one_order_through_two_erps_is_decided_alike_byte_for_byte(
    new_database: NewDatabase, untouched_tryton: TrytonDesk, tmp_path: Path
) -> None:
    decided = {}
    for desk in (MemoryDesk(), untouched_tryton):
        decided[type(desk).__name__] = in_bytes(settled(new_database(), desk, tmp_path))

    assert decided["MemoryDesk"] == decided["TrytonDesk"]
    assert b"PACK_SLIP" in decided["TrytonDesk"]
    assert b"PRICE" in decided["TrytonDesk"]
