"""The full gate report as data: five sections, every check with its result, rule, policy version, facts and their age.

Passed checks are not kept anywhere; they are named here again from the inputs of the report, so that the same inputs always give
the same bytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final

from purveyor.core.canonical import Json, canonical_json, to_json
from purveyor.core.facts import NO_LINE_FACTS, FactKind, LineFacts, whole_hours
from purveyor.core.finding import FactUsed, Finding, Result, Section, Severity
from purveyor.core.gate import GateReport, fingerprint
from purveyor.core.money import round_amount
from purveyor.core.rules import RULES
from purveyor.core.rules.base import LineRule, Rule, order_check
from purveyor.core.rules.freshness import oldest_fact
from purveyor.core.rules.shown import facts_shown

PASSED: Final = "PASS"
_RESULTS: Final = (Result.FAIL, Result.NO_DATA, Result.STALE)
_SEVERITIES: Final = tuple(Severity)


def report_as_json(report: GateReport) -> dict[str, Json]:
    """Return the report as JSON types; decimals are strings, ages whole hours and minutes at the moment of the check."""
    order = report.order
    overridden = {override.fingerprint for override in report.overrides}
    checks = _checks(report)
    return {
        "schema": "purveyor.gate_report.v1",
        "order_number": order.order_ref,
        "order_version": order.version,
        "checked_at": _utc(report.checked_at),
        "policy": report.policy.policy,
        "worst": report.worst.value if report.worst else None,
        "blocked": report.blocked,
        "needs_approval": report.needs_approval,
        "at_stake": to_json(round_amount(report.at_stake, order.currency)),
        "currency": order.currency,
        "sections": [
            {"section": section.value, "checks": [check for place, check in checks if place is section]} for section in Section
        ],
        "findings": [_finding(finding, overridden, report.checked_at) for finding in report.findings],
    }


def report_bytes(report: GateReport) -> bytes:
    """Return the report in canonical form: equal inputs give equal bytes."""
    return canonical_json(report_as_json(report))


def _checks(report: GateReport) -> list[tuple[Section, Json]]:
    """Name every check that was made, in the order of the rules and lines, passed ones included."""
    oldest = order_check(report.order, report.facts, report.policy, report.checked_at).oldest
    lines = [line.line_no for line in report.order.lines if not line.cancelled]
    found: dict[tuple[str, int | None], list[Finding]] = {}
    for finding in report.findings:
        found.setdefault((finding.rule, finding.line_no), []).append(finding)
    checks: list[tuple[Section, Json]] = []
    for registered in RULES:
        rule = registered.rule
        for line_no in lines if isinstance(registered, LineRule) else [None]:
            facts = NO_LINE_FACTS if line_no is None else report.facts.lines.get(line_no, NO_LINE_FACTS)
            used = facts_shown(rule.uses, facts, report.facts)
            findings = found.get((rule.id, line_no), [])
            result = _result(findings, rule, used, stale=_is_stale(rule, facts, report, oldest))
            checks.append((rule.section, _check(rule, line_no, result, findings, used, report)))
    return checks


def _check(
    rule: Rule, line_no: int | None, result: str, findings: list[Finding], used: Sequence[FactUsed], report: GateReport
) -> dict[str, Json]:
    severities = [finding.severity for finding in findings]
    return {
        "rule": rule.id,
        "title": rule.title,
        "line_no": line_no,
        "result": result,
        "severity": min(severities, key=_SEVERITIES.index).value if severities else None,
        "policy": report.policy.policy,
        "codes": [finding.code for finding in findings],
        "facts": [_fact(fact, report.checked_at) for fact in used],
    }


def _result(findings: Sequence[Finding], rule: Rule, used: Sequence[FactUsed], *, stale: bool) -> str:
    """Return the worst result of the findings; without any a check on old facts is STALE, one without its facts NO_DATA."""
    if findings:
        return min((finding.result for finding in findings), key=_RESULTS.index).value
    if stale:
        return Result.STALE.value
    return Result.NO_DATA.value if rule.uses and not used else PASSED


def _is_stale(rule: Rule, facts: LineFacts, report: GateReport, oldest: Mapping[FactKind, datetime]) -> bool:
    for kind in rule.uses:
        if kind not in oldest:
            continue
        fact = report.facts.supplier if kind is FactKind.SUPPLIER else oldest_fact(kind, facts)
        if fact is not None and fact.as_of < oldest[kind]:
            return True
    return False


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _fact(fact: FactUsed, now: datetime) -> dict[str, Json]:
    age = max(now - fact.as_of, now - now) if fact.as_of else None
    return {
        "name": fact.name,
        "value": fact.value,
        "as_of": _utc(fact.as_of) if fact.as_of else None,
        "source": fact.source,
        "age_hours": whole_hours(age) if age is not None else None,
        "age_minutes": int(age.total_seconds() // 60) if age is not None else None,
    }


def _finding(finding: Finding, overridden: set[str], now: datetime) -> dict[str, Json]:
    key = fingerprint(finding)
    written = to_json(finding)
    assert isinstance(written, dict)
    return {**written, "facts": [_fact(fact, now) for fact in finding.facts], "fingerprint": key, "overridden": key in overridden}
