"""Gate checks in and out of the database: the inputs of each check, the findings of the newest one, and overrides.

Many checks cost the same number of statements as one.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import RowMapping, bindparam, delete, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from purveyor.core.canonical import to_json
from purveyor.core.errors import NotFound
from purveyor.core.finding import FactUsed, Finding, Result, Section, Severity
from purveyor.core.gate import GateReport, Override, fingerprint
from purveyor.core.ids import OrderId, UserId
from purveyor.core.snapshot import Written, from_snapshot, snapshot
from purveyor.store.db import Tx
from purveyor.store.tables.findings import FINDING, FINDING_OVERRIDE, GATE_CHECK
from purveyor.store.tables.orders import PURCHASE_ORDER

_COLUMNS: Final = (
    *("line_no", "rule", "code", "message", "expected", "actual", "exposure", "currency", "policy"),
    *("arithmetic", "suggestion", "related_order"),
)


@dataclass(frozen=True, slots=True)
class SavedCheck:
    """What a saved check is known by: its id and the SHA-256 of its inputs."""

    id: UUID
    digest: str


def save_checks(tx: Tx, reports: Sequence[GateReport]) -> dict[OrderId, SavedCheck]:
    """Keep the inputs of these checks and replace the findings of their orders by what they found."""
    if not reports:
        return {}
    saved: dict[OrderId, SavedCheck] = {}
    rows, written = [], Written()
    for report in reports:
        row = _check_row(tx.new_id(), report, written)
        saved[report.order.id] = SavedCheck(row["id"], row["digest"])
        rows.append(row)
    tx.conn.execute(insert(GATE_CHECK), rows)
    gone = FINDING.c.order_id == func.any(bindparam("order_ids"))
    tx.conn.execute(delete(FINDING).where(gone), {"order_ids": [report.order.id for report in reports]})
    found = [row for report in reports for row in _finding_rows(report, saved[report.order.id].id)]
    if found:
        tx.conn.execute(insert(FINDING), found)
    return saved


def _check_row(check_id: UUID, report: GateReport, known: Written) -> dict[str, Any]:
    # Keys are ASCII and values hold no numbers with a fraction, so sorted compact JSON is the canonical form.
    written = json.dumps(snapshot(report, known), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return {
        "id": check_id,
        "order_id": report.order.id,
        "order_version": report.order.version,
        "business_unit_id": report.order.business_unit_id,
        "checked_at": report.checked_at,
        "policy": report.policy.policy,
        "digest": hashlib.sha256(written.encode("utf-8")).hexdigest(),
        "snapshot": written,
        "worst": report.worst.value if report.worst else None,
        "at_stake": report.at_stake,
        "currency": report.order.currency,
    }


def _finding_rows(report: GateReport, check_id: UUID) -> list[dict[str, Any]]:
    overridden = {override.fingerprint for override in report.overrides}
    rows = []
    for place, finding in enumerate(report.findings):
        key = fingerprint(finding)
        rows.append(
            {
                **{name: getattr(finding, name) for name in _COLUMNS},
                "order_id": report.order.id,
                "place": place,
                "check_id": check_id,
                "business_unit_id": report.order.business_unit_id,
                "result": finding.result.value,
                "severity": finding.severity.value,
                "section": finding.section.value,
                "facts": [to_json(fact) for fact in finding.facts],
                "fingerprint": key,
                "overridden": key in overridden,
            }
        )
    return rows


@dataclass(frozen=True, slots=True)
class SavedFinding:
    """A finding of the newest check of an order; ``fingerprint`` is what an override names."""

    order_id: OrderId
    finding: Finding
    fingerprint: str
    overridden: bool


def of_orders(tx: Tx, order_ids: Collection[OrderId]) -> dict[OrderId, list[SavedFinding]]:
    """Return the findings of the newest checks of orders, most money at stake first."""
    query = select(FINDING, PURCHASE_ORDER.c.order_ref).join_from(FINDING, PURCHASE_ORDER)
    query = query.where(FINDING.c.order_id == func.any(bindparam("ids"))).order_by(FINDING.c.order_id, FINDING.c.place)
    found: dict[OrderId, list[SavedFinding]] = defaultdict(list)
    for row in tx.conn.execute(query, {"ids": list(order_ids)}).mappings():
        order_id = OrderId(row["order_id"])
        found[order_id].append(SavedFinding(order_id, _finding(row), row["fingerprint"], row["overridden"]))
    return dict(found)


def _finding(row: RowMapping) -> Finding:
    return Finding(
        order_number=row["order_ref"],
        result=Result(row["result"]),
        severity=Severity(row["severity"]),
        section=Section(row["section"]),
        facts=tuple(_fact(fact) for fact in row["facts"]),
        **{name: row[name] for name in _COLUMNS},
    )


def _fact(written: Mapping[str, Any]) -> FactUsed:
    as_of = written["as_of"]
    return FactUsed(written["name"], written["value"], datetime.fromisoformat(as_of) if as_of else None, written["source"])


def newest(tx: Tx, order_id: OrderId, version: int | None = None) -> tuple[UUID, GateReport]:
    """Return id and report of the newest check of an order, or of one of its versions; raise NotFound.

    The report is made again from its inputs, with today's overrides.
    """
    query = select(GATE_CHECK.c.id, GATE_CHECK.c.snapshot).where(GATE_CHECK.c.order_id == order_id)
    query = query if version is None else query.where(GATE_CHECK.c.order_version == version)
    row = tx.conn.execute(query.order_by(GATE_CHECK.c.id.desc()).limit(1)).first()
    if row is None:
        raise NotFound(gate_check=order_id)
    return row.id, _report(tx, order_id, row.snapshot)


def of_check(tx: Tx, check_id: UUID) -> GateReport:
    """Return the report of one check of any time, without overrides; raise NotFound."""
    written = tx.conn.scalar(select(GATE_CHECK.c.snapshot).where(GATE_CHECK.c.id == check_id))
    if written is None:
        raise NotFound(gate_check=check_id)
    return from_snapshot(json.loads(written)).report()


def _report(tx: Tx, order_id: OrderId, written: str) -> GateReport:
    return from_snapshot(json.loads(written)).report(overrides_of(tx, [order_id]).get(order_id, ()))


def overrides_of(tx: Tx, order_ids: Collection[OrderId]) -> dict[OrderId, tuple[Override, ...]]:
    """Return what people overrode on orders, by time."""
    columns = FINDING_OVERRIDE.c
    query = select(columns.order_id, columns.fingerprint, columns.overridden_by, columns.overridden_at)
    query = query.where(columns.order_id == func.any(bindparam("ids"))).order_by(columns.overridden_at, columns.fingerprint)
    found: dict[OrderId, tuple[Override, ...]] = {}
    for order_id, key, by, at in tx.conn.execute(query, {"ids": list(order_ids)}):
        found[order_id] = (*found.get(order_id, ()), Override(key, UserId(by) if by else None, at))
    return found


def save_override(tx: Tx, report: GateReport, override: Override, code: str) -> None:
    """Keep an override and mark its finding; the same finding overridden twice is overridden once."""
    row = {
        "order_id": report.order.id,
        "fingerprint": override.fingerprint,
        "business_unit_id": report.order.business_unit_id,
        "code": code,
        "overridden_by": override.by,
        "overridden_at": override.at,
    }
    tx.conn.execute(upsert(FINDING_OVERRIDE).values(row).on_conflict_do_nothing())
    same = (FINDING.c.order_id == report.order.id) & (FINDING.c.fingerprint == override.fingerprint)
    tx.conn.execute(FINDING.update().where(same).values(overridden=True))
