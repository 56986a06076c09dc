"""The gate report as a page shows it: five sections, what was found with what may be done about it, and what passed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from purveyor.core.access import Actor, Permission
from purveyor.core.canonical import Json
from purveyor.core.editing import LineEdit, suggested_edit
from purveyor.core.errors import InvalidInput
from purveyor.core.finding import Finding, Section, Severity
from purveyor.core.gate import GateReport, fingerprint
from purveyor.core.gate_report import PASSED, report_as_json
from purveyor.core.quantity import UnknownUnit
from purveyor.core.rules.codes import MISSING_DATA
from purveyor.web.workbench import terms


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """A finding with what this person may do: take over the suggestion (``change``), or override it."""

    finding: Finding
    key: str
    overridden: bool
    change: LineEdit | None
    may_override: bool


@dataclass(frozen=True, slots=True)
class ShownFact:
    """One fact of a check: name, value, source and the moment it was true."""

    name: str
    value: str
    source: str
    as_of: datetime | None


@dataclass(frozen=True, slots=True)
class ShownCheck:
    """One check that was made: its rule, the line, the result, and the facts it used."""

    rule: str
    title: str
    line_no: int | None
    result: str
    passed: bool
    policy: str
    facts: tuple[ShownFact, ...]


@dataclass(frozen=True, slots=True)
class ShownSection:
    """One of the five sections of the report."""

    section: Section
    title: str
    findings: tuple[ShownFinding, ...]
    checks: tuple[ShownCheck, ...]

    @property
    def passed(self) -> int:
        """How many checks of the section passed."""
        return sum(check.passed for check in self.checks)


def sections_of(report: GateReport, actor: Actor, *, editable: bool, _: Callable[[str], str]) -> list[ShownSection]:
    """Return the five sections; suggestions can be taken over while the order may be edited by this person."""
    overridden = {override.fingerprint for override in report.overrides}
    written = report_as_json(report)["sections"]
    assert isinstance(written, list)
    checks = {str(part["section"]): part["checks"] for part in written if isinstance(part, dict)}
    shown = []
    for section in Section:
        findings = tuple(
            _finding(report, finding, actor, overridden, editable=editable)
            for finding in sorted(report.findings, key=_strictness)
            if finding.section is section
        )
        listed = checks.get(section.value, [])
        assert isinstance(listed, list)
        made = tuple(_check(check) for check in listed if isinstance(check, dict))
        shown.append(ShownSection(section, _(terms.SECTION[section]), findings, made))
    return shown


def _strictness(finding: Finding) -> int:
    """What stops the order stands first; within one severity the report's own order by money holds."""
    return list(Severity).index(finding.severity)


def _finding(report: GateReport, finding: Finding, actor: Actor, overridden: set[str], *, editable: bool) -> ShownFinding:
    key = fingerprint(finding)
    needed = Permission.ORDER_SUBMIT if finding.code == "PROBABLE_DUPLICATE" else Permission.FINDING_OVERRIDE
    done = key in overridden
    return ShownFinding(
        finding=finding,
        key=key,
        overridden=done,
        change=_change(report, finding) if editable and not done else None,
        may_override=actor.may(needed) and not done and finding.code not in MISSING_DATA,
    )


def _change(report: GateReport, finding: Finding) -> LineEdit | None:
    """Return the edit that follows the suggestion, None when it suggests nothing that can be taken over."""
    line = report.order.line(finding.line_no) if finding.line_no is not None else None
    if line is None or finding.suggestion is None:
        return None
    facts = report.facts.lines.get(line.line_no)
    item = facts.item.value if facts is not None and facts.item is not None else None
    try:
        return suggested_edit(line, finding, item.units if item else None)
    except (InvalidInput, UnknownUnit):
        return None


def _check(written: Mapping[str, Json]) -> ShownCheck:
    line_no, facts = written["line_no"], written["facts"]
    assert isinstance(facts, list)
    return ShownCheck(
        rule=str(written["rule"]),
        title=str(written["title"]),
        line_no=line_no if isinstance(line_no, int) else None,
        result=str(written["result"]),
        passed=written["result"] == PASSED,
        policy=str(written["policy"]),
        facts=tuple(_fact(fact) for fact in facts if isinstance(fact, dict)),
    )


def _fact(written: Mapping[str, Json]) -> ShownFact:
    as_of = written["as_of"]
    return ShownFact(
        name=str(written["name"]),
        value=str(written["value"]),
        source=str(written["source"]),
        as_of=datetime.fromisoformat(str(as_of)) if as_of else None,
    )
