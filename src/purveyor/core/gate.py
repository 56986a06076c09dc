"""The release gate: every rule over one order, one report that is the same to the byte whenever it is made from the same inputs.

Only findings are kept; the report with its passed checks is made again from the inputs (architecture.md 4). A person may override
a finding with a reason; the override names the finding's fingerprint and lapses when the finding changes.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from purveyor.core.access import Actor, Permission
from purveyor.core.canonical import digest
from purveyor.core.errors import NotFound, PurveyorError, ReasonRequired
from purveyor.core.facts import GatePolicy, OrderFacts
from purveyor.core.finding import Finding, Severity
from purveyor.core.ids import UserId
from purveyor.core.order import PurchaseOrder
from purveyor.core.rules import LINE_RULES, ORDER_RULES
from purveyor.core.rules.base import line_check, order_check
from purveyor.core.rules.codes import MISSING_DATA
from purveyor.core.writing import written

_STRICTNESS: Final = {severity: place for place, severity in enumerate(Severity)}


class NotOverridable(PurveyorError):
    """This finding says that data is missing; fill the data in, nobody can decide it away."""

    code = "not_overridable"


@dataclass(frozen=True, slots=True)
class Override:
    """A person's decision that one finding shall not stop the order; the reason is kept erasable beside it, not here."""

    fingerprint: str
    by: UserId | None
    at: datetime


@dataclass(frozen=True, slots=True)
class GateReport:
    """What the gate has to say about one order version, from exactly these inputs.

    ``findings`` stand by money at stake, most first, then by line and rule.
    """

    order: PurchaseOrder
    facts: OrderFacts
    policy: GatePolicy
    checked_at: datetime
    findings: tuple[Finding, ...]
    overrides: tuple[Override, ...] = ()

    @property
    def standing(self) -> tuple[Finding, ...]:
        """The findings nobody has overridden."""
        if not self.overrides:
            return self.findings
        overridden = {override.fingerprint for override in self.overrides}
        return tuple(finding for finding in self.findings if fingerprint(finding) not in overridden)

    @property
    def worst(self) -> Severity | None:
        """The strictest severity among the standing findings; None when there are none."""
        return min((finding.severity for finding in self.standing), key=_STRICTNESS.__getitem__, default=None)

    @property
    def blocked(self) -> bool:
        """Say whether the order may not leave."""
        return self.worst is Severity.BLOCK

    @property
    def needs_approval(self) -> bool:
        """Say whether a standing finding asks for an approver, beside whatever the amounts ask for."""
        return any(finding.severity is Severity.APPROVE for finding in self.standing)

    @property
    def clean(self) -> bool:
        """Say whether nothing stands that blocks or asks for an approver; warnings and information may."""
        return self.worst not in (Severity.BLOCK, Severity.APPROVE)

    @property
    def missing(self) -> tuple[Finding, ...]:
        """Everything that must be filled in before the order can be issued, all at once."""
        return tuple(finding for finding in self.findings if finding.code in MISSING_DATA)

    @property
    def at_stake(self) -> Decimal:
        """Money at stake in the order currency: the largest exposure of each line, so that no money counts twice."""
        lines: dict[int | None, Decimal] = {}
        for finding in self.standing:
            if finding.exposure is not None:
                lines[finding.line_no] = max(lines.get(finding.line_no, Decimal(0)), finding.exposure)
        return sum(lines.values(), Decimal(0))


def check(
    order: PurchaseOrder, facts: OrderFacts, policy: GatePolicy, now: datetime, overrides: Iterable[Override] = ()
) -> GateReport:
    """Run every rule over an order; ``now`` is the moment ages count from (an export's own date in an offline check)."""
    whole = order_check(order, facts, policy, now)
    found: list[Finding] = []
    for order_rule in _ORDER_CHECKS:
        found.extend(order_rule(whole))
    for line in order.lines:
        if not line.cancelled:
            at = line_check(whole, line)
            for line_rule in _LINE_CHECKS:
                found.extend(line_rule(at))
    if len(found) > 1:
        found.sort(key=_rank)
    return GateReport(order, facts, policy, now, tuple(found), tuple(overrides))


_ORDER_CHECKS: Final = tuple(registered.check for registered in ORDER_RULES)
_LINE_CHECKS: Final = tuple(registered.check for registered in LINE_RULES)


def _rank(finding: Finding) -> tuple[Decimal, int, str, str, str]:
    return (-(finding.exposure or Decimal(0)), finding.line_no or 0, finding.rule, finding.code, finding.message)


def fingerprint(finding: Finding) -> str:
    """Return what an override is keyed by: it changes with any figure of the finding, not with the mere age of its facts."""
    return digest(
        {
            "order": finding.order_number,
            "line": finding.line_no,
            "rule": finding.rule,
            "code": finding.code,
            "result": finding.result,
            "severity": finding.severity,
            "expected": finding.expected,
            "actual": finding.actual,
            "exposure": finding.exposure,
            "currency": finding.currency,
            "related_order": finding.related_order,
        }
    )[:32]


def override(report: GateReport, key: str, actor: Actor, reason: str, now: datetime) -> Override:
    """Return a person's override of one finding of a report; the caller keeps the reason erasable.

    A buyer may release a probable duplicate; everything else needs the permission to override. Raises NotFound, NotOverridable,
    NotAuthorised, ReasonRequired.
    """
    finding = next((finding for finding in report.findings if fingerprint(finding) == key), None)
    if finding is None:
        raise NotFound(finding=key, order=report.order.order_ref)
    if finding.code in MISSING_DATA:
        raise NotOverridable(code=finding.code, order=report.order.order_ref)
    actor.require(_OVERRIDE_NEEDS.get(finding.code, Permission.FINDING_OVERRIDE))
    if not written(reason):
        raise ReasonRequired(code=finding.code)
    return Override(key, UserId(actor.id) if actor.id else None, now)


_OVERRIDE_NEEDS: Final = {"PROBABLE_DUPLICATE": Permission.ORDER_SUBMIT}
