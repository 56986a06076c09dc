"""Two ERPs with different codes in one installation: one supplier, one policy, one queue; what nobody mapped is never guessed."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from purveyor.app import gate, issue, own_codes
from purveyor.app.erp_names import order_as_record
from purveyor.app.own_codes import CodePair
from purveyor.app.resolve import Resolve
from purveyor.app.settle import settle
from purveyor.core.access import SYSTEM
from purveyor.core.cases import CaseStatus
from purveyor.core.erp_records import Entity
from purveyor.core.erp_results import Applied
from purveyor.core.errors import InvalidInput
from purveyor.core.lifecycle import Status
from purveyor.core.messaging import MessageKind
from purveyor.core.order import PurchaseOrder
from purveyor.settings import Settings
from purveyor.store import approvals, cases, feeds, masters, messages, orders, xref
from purveyor.store.approvers import waiting_for
from purveyor.store.db import Database
from purveyor.store.tables.flow import MESSAGE
from purveyor.worker.connections import Connections
from purveyor.worker.inbound import PULLED, read_noting
from purveyor.worker.loop import work_off
from purveyor.worker.tasks import build_registry
from tests.app.acquired import ACQUIRED, TwoErps, their_draft, two_erps
from tests.app.erp_world import a_draft, a_draft_line
from tests.app.people import user
from tests.order_builders import OTHER_UNIT, UNIT

pytestmark = pytest.mark.postgres


@pytest.fixture
def both(database: Database, tmp_path: Path) -> TwoErps:
    """Both companies on their first morning."""
    return two_erps(database, tmp_path / "acquired")


def told(both: TwoErps, order: PurchaseOrder) -> dict[str, Any]:
    """What was decided about an order, without its own ids."""
    with both.database.read(SYSTEM) as tx:
        chain = approvals.in_force(tx, order.id)
        report = gate.report(tx, order.id)
    findings = [
        (found.line_no, found.rule, found.code, found.result, found.severity, found.expected, found.actual, found.policy)
        for found in report.findings
    ]
    if chain is None:
        return {"status": order.status, "findings": findings}
    return {
        "status": order.status,
        "findings": findings,
        "steps": [(step.role, step.state, step.holder) for step in chain.steps],
        "result": chain.result,
        "sources": chain.sources,
        "amounts": (chain.policy_amount, chain.routing_amount, chain.band),
        "policy": chain.policy_set,
    }


def test_s80_one_supplier_one_item_and_one_queue_whatever_they_are_called_in_each_erp(both: TwoErps) -> None:
    (ours,) = both.company.takes_in(a_draft("100", a_draft_line(1, "20", "998.40")))
    (theirs,) = both.types_there(their_draft("900", "20", "998.40"))

    with both.database.read(SYSTEM) as tx:
        suppliers = [(one.code, one.name) for one in masters.suppliers(tx).values()]
        queue = {step.order_id for step in waiting_for(tx, user(both.boss))}

    assert suppliers == [("KELLER", "Keller Pumps")]
    assert ours.supplier_id == theirs.supplier_id
    assert [(line.item_id, line.item_code, line.uom) for line in theirs.lines] == [(ours.lines[0].item_id, "PUMP-1", "CT")]
    assert (ours.business_unit_id, theirs.business_unit_id) == (UNIT, OTHER_UNIT)
    assert (ours.status, theirs.status) == (Status.PENDING_APPROVAL, Status.PENDING_APPROVAL)
    assert queue == {ours.id, theirs.id}


def test_s80_a_code_nobody_mapped_holds_its_order_back_until_a_person_names_our_record(both: TwoErps, tmp_path: Path) -> None:
    (blocked,) = both.types_there(their_draft("901", item="ART-9"))
    with both.database.read(SYSTEM) as tx:
        waiting = [(one.unknown.entity, one.unknown.external_id, one.order_ids) for one in xref.waiting(tx, erp=ACQUIRED)]
        (question,) = [case for case in cases.listed(tx) if own_codes.question_of(case) is not None]

    with both.database.transaction(both.boss) as tx:
        settle(tx, question.id, Resolve("map_code", "the sheet of the merger says so", question.version, own_code="PUMP-2"))
    wired = Connections("East", {ACQUIRED: both.connection})
    work_off(both.database, Settings(data_dir=tmp_path), build_registry(Settings(data_dir=tmp_path), wired))

    assert waiting == [("item", "ART-9", (blocked.id,))]
    assert blocked.status is Status.DRAFT
    with both.database.read(SYSTEM) as tx:
        mended = orders.get(tx, blocked.id)
        assert cases.load(tx, question.id).status is CaseStatus.RESOLVED
    assert [line.item_code for line in mended.lines] == ["PUMP-2"]
    assert mended.status is Status.ISSUED
    there = both.legacy.books.ledger.order("901")
    assert there is not None
    assert there.order_ref == mended.order_ref
    assert there.lines[0].item == "ART-2", "of two codes for one item the first by name is written"


def test_s80_what_is_approved_goes_back_to_each_erp_in_its_own_codes(both: TwoErps) -> None:
    (theirs,) = both.types_there(their_draft("902"))
    with both.database.read(SYSTEM) as tx:
        record = order_as_record(tx, theirs)

    result = both.connection.connector.confirm(record, theirs.order_ref, record.version)

    assert isinstance(result, Applied)
    there = both.legacy.books.ledger.order("902")
    assert there is not None
    assert (there.supplier, there.site, there.order_ref) == ("10077", "W9", theirs.order_ref)
    assert [(line.item, line.uom) for line in there.lines] == [("ART-1", "KT")]


def test_the_erp_that_told_of_a_supplier_first_keeps_its_name_and_its_prices(both: TwoErps) -> None:
    both.legacy.books.ledger.load([])
    both.reads()

    with both.database.read(SYSTEM) as tx:
        (supplier,) = masters.suppliers(tx).values()
        items = {one.sku: one.name for one in masters.items(tx).values()}
    assert supplier.name == "Keller Pumps"
    assert items["PUMP-1"] == "Circulator pump 1"
    assert "ART-1" not in items


@pytest.mark.parametrize(
    ("pair", "why"),
    [
        (CodePair("supplier", "10078", "NOBODY"), "the code of one of our suppliers"),
        (CodePair("colour", "7", "red"), "the kind is one of"),
        (CodePair("uom", "Menge:SACK", "BAG"), "a unit that is known"),
    ],
)
def test_a_table_of_codes_is_taken_as_a_whole_or_not_at_all(both: TwoErps, pair: CodePair, why: str) -> None:
    with pytest.raises(InvalidInput, match=why), both.database.transaction(SYSTEM) as tx:
        own_codes.map_table(tx, ACQUIRED, [CodePair("item", "ART-8", "PUMP-1"), pair])

    with both.database.read(SYSTEM) as tx:
        assert xref.lookup(tx, ACQUIRED, [xref.Code("item", "ART-8")]) == {}


@pytest.mark.parametrize(
    ("quantity", "price", "status"),
    [("4", "1036.80", Status.APPROVED), ("20", "998.40", Status.PENDING_APPROVAL), ("4", "1140.48", Status.DRAFT)],
)
def test_s81_the_same_order_drafted_in_two_erps_gets_the_same_findings_chain_and_policy(
    both: TwoErps, quantity: str, price: str, status: Status
) -> None:
    (ours,) = both.company.takes_in(a_draft("110", a_draft_line(1, quantity, price)))
    (theirs,) = both.types_there(their_draft("910", quantity, price))

    assert ours.status is status
    assert told(both, ours) == told(both, theirs)


def test_s83_one_erp_that_stopped_is_named_with_what_waits_for_it_and_the_other_keeps_working(
    both: TwoErps, tmp_path: Path
) -> None:
    (theirs,) = both.types_there(their_draft("903"))
    away = tmp_path / "not mounted"
    (tmp_path / "acquired").rename(away)

    readings = [read_noting(both.database, both.connection, entity) for entity in PULLED]
    both.company.issues(both.company.takes_in(a_draft("103"))[0])
    with both.database.transaction(SYSTEM) as tx:
        issue.release(tx, theirs.id)
    wired = Connections("East", {ACQUIRED: both.connection})
    work_off(both.database, Settings(data_dir=tmp_path), build_registry(Settings(data_dir=tmp_path), wired))

    assert all(reading.error is not None for reading in readings)
    assert not both.connection.connector.health().reachable
    with both.database.read(SYSTEM) as tx:
        down = {feed.erp for feed in feeds.all_feeds(tx) if feed.problem is not None}
        waiting = messages.waiting_by_partner(tx)
    assert down == {ACQUIRED}
    assert waiting.get(ACQUIRED) == 1
    assert both.company.order("103").status is Status.ISSUED
    away.rename(tmp_path / "acquired")
    assert read_noting(both.database, both.connection, Entity.ORDER).error is None


def test_an_import_file_that_is_acknowledged_after_a_night_costs_no_attempt_and_is_written_once(
    both: TwoErps, tmp_path: Path
) -> None:
    (theirs,) = both.types_there(their_draft("904"))
    both.legacy.keep_quiet_for(10_000)
    wired = Connections("East", {ACQUIRED: both.connection})
    registry = build_registry(Settings(data_dir=tmp_path), wired)

    for _ in range(4):
        work_off(both.database, Settings(data_dir=tmp_path), registry)
        waiting = confirmation(both, theirs)
        assert (waiting.state, waiting.attempts) == ("ready", 1)
    both.legacy.keep_quiet_for(0)
    both.legacy.run()
    confirmation(both, theirs)
    work_off(both.database, Settings(data_dir=tmp_path), registry)

    with both.database.read(SYSTEM) as tx:
        assert orders.get(tx, theirs.id).status is Status.ISSUED
    assert both.legacy.books.writes == 1
    assert [path.name for path in (tmp_path / "acquired" / "sent").glob("confirm*")] == [f"confirm.{theirs.order_ref}.1.csv"]


def confirmation(both: TwoErps, order: PurchaseOrder) -> messages.Message:
    """The message that confirms an order; its wait is over."""
    with both.database.transaction(SYSTEM) as tx:
        found = next(one for one in messages.of_order(tx, order.id) if one.kind == MessageKind.ERP_CONFIRM)
        tx.conn.execute(MESSAGE.update().values(next_attempt_at=tx.real_now - timedelta(seconds=1)))
    return found
