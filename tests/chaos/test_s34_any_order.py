"""S34: documents that come twice, late and in any order end in one state: 1,000 arrivals in core, 25 through the database."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from purveyor.app.progress import progress_of
from purveyor.core.access import SYSTEM
from purveyor.core.acknowledge import Acknowledgment, AnswerPart, DocumentKey, Outcome
from purveyor.core.answers import fold_order
from purveyor.core.canonical import digest
from purveyor.core.cases import ExceptionType
from purveyor.core.lifecycle import Status
from purveyor.core.order import PurchaseOrder
from purveyor.core.promise import build_ledger
from purveyor.core.receiving import Count, ReceivingTerms, judge
from purveyor.core.shipping import ShipNotice, ShippedLine, latest_revisions
from purveyor.store import acknowledgments, movements, orders, promises, receipts
from purveyor.store.db import Database
from tests.app.people import MONDAY_NINE
from tests.app.supplier_world import a_world, an_issued_order, answered, counted, open_cases, shipped
from tests.core.supplier_side import a_line, a_part, an_answer, an_order, open_days

ARRIVALS, ARRIVALS_STORED = 1000, 25


def notice(number: str, quantity: str, revision: int = 1) -> ShipNotice:
    """A shipment of the first line."""
    sent = MONDAY_NINE + timedelta(minutes=revision)
    return ShipNotice("api:kp", number, number, sent, (ShippedLine(1, Decimal(quantity)),), revision=revision)


def count(name: str, quantity: str, hours: int, revision: int = 1) -> Count:
    """A count of the first line."""
    return Count(DocumentKey("wms", name, revision), MONDAY_NINE + timedelta(hours=hours), Decimal(quantity))


def test_s34_a_thousand_arrivals_of_answers_notices_and_counts_end_in_one_state() -> None:
    chance, line = random.Random(34), a_line("100")
    order = an_order(line)
    documents: list[object] = [
        an_answer(AnswerPart(Outcome.ACCEPT, Decimal(60), promised_delivery=date(2026, 3, 20)), name="a1"),
        an_answer(AnswerPart(Outcome.BACKORDER, Decimal(40)), name="a2", minutes=1, mode="add", channel="email"),
        an_answer(AnswerPart(Outcome.ACCEPT, Decimal(100), promised_delivery=date(2026, 3, 24)), name="a3", minutes=3),
        *(notice("S1", "60"), notice("S1", "50", revision=2), notice("S2", "40")),
        *(count("r1", "50", 1), count("r1", "48", 1, revision=2), count("r2", "55", 2)),
    ]

    def state_after(arrived: list[object]) -> str:
        answers = {each.key: each for each in arrived if isinstance(each, Acknowledgment)}
        fold = fold_order(order, list(answers.values()))[1]
        notices = latest_revisions(
            {(each.external_id, each.revision): each for each in arrived if isinstance(each, ShipNotice)}.values()
        )
        judged = judge(line.quantity, ReceivingTerms(), [each for each in arrived if isinstance(each, Count)])
        ledger = build_ledger(line, fold.applied, fold.standing, None, open_days())
        shipments = sorted((each.external_id, each.revision, each.lines) for each in notices)
        return digest((fold.balance, fold.state, ledger, shipments, judged))

    states = set()
    for _ in range(ARRIVALS):
        arrived = [*documents, *chance.choices(documents, k=chance.randrange(6))]
        chance.shuffle(arrived)
        states.add(state_after(arrived))
    assert len(states) == 1


def test_s34_arrivals_through_the_database_end_in_one_state(database: Database) -> None:
    chance = random.Random(34)
    a_world(database)
    states = set()
    for number in range(ARRIVALS_STORED):
        order = an_issued_order(database)
        sends = documents_of(database, order)
        arrived = [*sends, *chance.choices(sends, k=3)] if number else sends
        if number:
            chance.shuffle(arrived)
        for send in arrived:
            send()
        states.add(state_of(database, order.order_ref))
        with database.transaction(SYSTEM) as tx:  # its goods count for nobody else
            orders.save(tx, replace(orders.get(tx, order.id), status=Status.CANCELLED))
    assert len(states) == 1


def documents_of(database: Database, order: PurchaseOrder) -> list[Callable[[], object]]:
    """Two answers, two shipments with a correction, two counts with a correction; each can be sent any number of times."""
    first, second = f"S1-{order.order_ref}", f"S2-{order.order_ref}"

    def promise(day: str) -> AnswerPart:
        return a_part("accept", "20", promised_delivery=day)

    return [
        lambda: answered(database, order, promise("2026-03-23"), name=f"a1-{order.order_ref}"),
        lambda: answered(database, order, promise("2026-03-25"), name=f"a2-{order.order_ref}", minutes=5, channel="email"),
        lambda: shipped(database, order, "12", first),
        lambda: shipped(database, order, "10", first, revision=2),
        lambda: shipped(database, order, "10", second),
        lambda: counted(database, order, "10", f"r1-{order.order_ref}", 1, notice=first),
        lambda: counted(database, order, "9", f"r1-{order.order_ref}", 1, notice=first, revision=2),
        lambda: counted(database, order, "10", f"r2-{order.order_ref}", 2, notice=second),
    ]


def state_of(database: Database, order_ref: str) -> str:
    """Everything that stands about an order, without ids and times of arrival."""
    with database.read(SYSTEM) as tx:
        order = orders.by_ref(tx, order_ref)
        totals: dict[str, Decimal] = {}
        for item in movements.of_order(tx, order.id):
            totals[item.kind] = totals.get(item.kind, Decimal(0)) + item.quantity
        [line] = progress_of(tx, [order.id])[order.id]
        [stands] = acknowledgments.lines_of(tx, [order.id])[order.id]
        current = promises.current(tx, [order.id]).get(order.id, {})
        promised = [(one.quantity, one.promised_delivery, one.channel) for line_no in current for one in current[line_no]]
        counted_there = sorted((receipt.external_id[:2], receipt.revision) for receipt in receipts.of_order(tx, order.id))
    # What is to be taken back in the ERP depends on what it had heard before; everything else stands alike.
    about = [each for each in open_cases(database) if each.subject.order_id == order.id]
    cases = sorted((each.type, each.subject.line_no) for each in about if each.type is not ExceptionType.ERP_WRITE_FAILED)
    said = (
        order.status,
        order.version,
        sorted(totals.items()),
        line.state,
        line.open,
        line.in_transit,
        stands,
        promised,
        counted_there,
        cases,
    )
    return digest(tuple(str(each) for each in said))
