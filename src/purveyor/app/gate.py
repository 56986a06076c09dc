"""Check orders at the release gate and keep what was seen; let a person override a finding with a reason.

Facts are loaded, rules are run and inputs, findings and events are saved in one step for many orders, so that a later check on
other facts never rewrites what an approver saw.
"""

from __future__ import annotations

from collections.abc import Collection

from purveyor.app import advise
from purveyor.app import policy as policies
from purveyor.core import gate
from purveyor.core.events.gate import FindingOverridden, OrderChecked
from purveyor.core.events.order import order_stream
from purveyor.core.facts import GatePolicy
from purveyor.core.gate import GateReport, fingerprint
from purveyor.core.ids import OrderId
from purveyor.core.order import PurchaseOrder
from purveyor.core.policy.policy_set import PolicySet
from purveyor.core.policy.terms import gate_policy
from purveyor.store import events, findings, orders
from purveyor.store.db import Tx
from purveyor.store.facts import load_facts
from purveyor.store.findings import SavedCheck


def check_orders(
    tx: Tx, checked: Collection[PurchaseOrder], limits: GatePolicy | None = None, *, in_force: PolicySet | None = None
) -> dict[OrderId, GateReport]:
    """Check orders with the facts of now; keeps inputs and findings and appends ``order.checked`` for each.

    Without ``limits`` those of the policy in force apply. Raises PolicyMissing.
    """
    if not checked:
        return {}
    current = in_force or policies.current(tx)
    chosen = limits or gate_policy(current)
    facts = load_facts(tx, checked)
    overrides = findings.overrides_of(tx, [order.id for order in checked])
    reports = {order.id: gate.check(order, facts[order.id], chosen, tx.now, overrides.get(order.id, ())) for order in checked}
    saved = findings.save_checks(tx, list(reports.values()))
    events.append(tx, [_checked(report, saved[order_id], current) for order_id, report in reports.items()])
    return reports


def _checked(report: GateReport, saved: SavedCheck, current: PolicySet) -> OrderChecked:
    return OrderChecked(
        stream=order_stream(report.order.id),
        policy_set=current.hash,
        check_id=saved.id,
        version=report.order.version,
        digest=saved.digest,
        policy=report.policy.policy,
        worst=report.worst.value if report.worst else None,
        blocked=report.blocked,
        codes=tuple(sorted({finding.code for finding in report.standing})),
        at_stake=report.at_stake,
        currency=report.order.currency,
    )


def override(tx: Tx, order_id: OrderId, key: str, reason: str) -> GateReport:
    """Override one finding of the newest check, named by its fingerprint, and return the report as it stands then.

    Raises: NotFound (order, check or finding), NotOverridable, NotAuthorised, ReasonRequired.
    """
    orders.lock(tx, order_id)
    check_id, report = findings.newest(tx, order_id)
    decided = gate.override(report, key, tx.actor, reason, tx.now)
    finding = next(finding for finding in report.findings if fingerprint(finding) == key)
    findings.save_override(tx, report, decided, finding.code)
    overridden = FindingOverridden(
        stream=order_stream(order_id),
        reason=reason,
        check_id=check_id,
        version=report.order.version,
        fingerprint=key,
        rule=finding.rule,
        code=finding.code,
        line_no=finding.line_no,
        exposure=finding.exposure,
        currency=finding.currency,
        policy=finding.policy,
    )
    events.append(tx, [overridden])
    advise.overridden(tx, order_id, finding.code, finding.line_no, reason)
    return findings.newest(tx, order_id)[1]


def report(tx: Tx, order_id: OrderId) -> GateReport:
    """Return the report of an order's newest check, made again from its inputs; raise NotFound before the first check."""
    return findings.newest(tx, order_id)[1]
