"""The gate as a whole: clean orders pass, reports are ordered, complete and the same whenever they are made again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from purveyor.core.access import SYSTEM, Actor, ActorKind, Role
from purveyor.core.errors import NotAuthorised, NotFound, ReasonRequired
from purveyor.core.events.base import Ref
from purveyor.core.events.gate import FindingOverridden, OrderChecked
from purveyor.core.facts import FactKind, Freshness, GatePolicy
from purveyor.core.finding import Severity
from purveyor.core.gate import GateReport, NotOverridable, check, fingerprint, override
from purveyor.core.gate_report import report_as_json
from purveyor.core.order import PurchaseOrder
from purveyor.core.rules import RULES
from purveyor.core.rules.codes import MISSING_DATA, SEVERITIES
from purveyor.core.rules.wording import amount, number, percent, price
from purveyor.core.snapshot import GateInputs
from tests.core.builders import (
    DAYTON,
    NOW,
    a_fact,
    a_known_line,
    a_line,
    a_stock,
    a_supplier,
    an_order,
    dec,
    facts_for,
    line_facts,
)

BUYER = Actor(ActorKind.USER, UUID(int=101), roles=frozenset({Role.BUYER}))
MANAGER = Actor(ActorKind.USER, UUID(int=102), roles=frozenset({Role.CATEGORY_MANAGER}))


def report_of(order: PurchaseOrder, policy: GatePolicy | None = None, **facts: Any) -> GateReport:
    """Check an order whose facts are clean but for the changes."""
    return check(order, facts_for(order, **facts), policy or GatePolicy(), NOW)


def test_a_clean_order_has_no_findings() -> None:
    report = report_of(an_order(lines=3))

    assert report.findings == ()
    assert report.worst is None
    assert report.clean
    assert not report.blocked
    assert not report.needs_approval
    assert report.at_stake == 0


def test_findings_stand_by_money_at_stake_then_by_line() -> None:
    lines = [a_line(1, price="10.01"), a_line(2, price="10.70"), a_line(3, uom="pallet"), a_line(4, need_by=None)]

    report = report_of(an_order(lines))

    assert [finding.line_no for finding in report.findings] == [2, 1, 3, 4]


def test_money_at_stake_counts_each_line_once() -> None:
    stock = a_stock(maximum=dec(120))

    report = report_of(an_order([a_line(price="10.50")]), stock=stock)

    assert sorted(str(finding.exposure) for finding in report.findings) == ["30.00", "420.00"]
    assert report.at_stake == dec("420.00")


def test_a_cancelled_line_is_not_checked() -> None:
    report = report_of(an_order([a_line(1), a_line(2, price=None, cancelled=True)]))

    assert report.findings == ()


def test_a_policy_may_make_a_code_stricter_or_milder() -> None:
    policy = GatePolicy(policy="gate-7", severities={"PRICE_MISMATCH": Severity.WARN})

    report = report_of(an_order([a_line(price="10.50")]), policy)

    [finding] = report.findings
    assert (finding.severity, finding.policy) == (Severity.WARN, "gate-7")
    assert report.clean


def test_a_finding_for_an_approver_does_not_block() -> None:
    report = report_of(an_order(), stock=a_stock(maximum=dec(120)))

    assert report.needs_approval
    assert not report.blocked
    assert not report.clean


# --- overrides -----------------------------------------------------------------------------------------------------------------


def _duplicate() -> tuple[PurchaseOrder, GateReport]:
    order = an_order()
    return order, report_of(order, known_lines=a_fact((a_known_line(order),)))


def test_a_buyer_may_release_a_probable_duplicate_with_a_reason() -> None:
    order, report = _duplicate()
    [finding] = report.findings

    released = override(report, fingerprint(finding), BUYER, "second truck, agreed by phone", NOW)
    again = check(order, report.facts, report.policy, NOW, [released])

    assert report.blocked
    assert not again.blocked
    assert again.standing == ()
    assert again.findings == report.findings
    assert released.by == BUYER.id


def test_an_override_lapses_when_the_finding_changes() -> None:
    order = an_order([a_line(price="10.50")])
    report = report_of(order)
    accepted = override(report, fingerprint(report.findings[0]), MANAGER, "agreed for this month", NOW)

    dearer = an_order([a_line(price="10.60")])
    after = check(dearer, report.facts, report.policy, NOW, [accepted])

    assert after.blocked


def test_an_override_holds_while_only_the_age_of_the_facts_grows() -> None:
    order = an_order()
    facts = facts_for(order, stock={DAYTON: a_fact(a_stock(), hours_old=2)})
    report = check(order, facts, GatePolicy(), NOW)
    accepted = override(report, fingerprint(report.findings[0]), MANAGER, "counted by hand", NOW)

    later = check(order, facts, GatePolicy(), NOW + timedelta(hours=3), [accepted])

    assert later.standing == ()


def test_a_buyer_may_not_override_a_price() -> None:
    report = report_of(an_order([a_line(price="10.50")]))

    with pytest.raises(NotAuthorised):
        override(report, fingerprint(report.findings[0]), BUYER, "because", NOW)


def test_missing_data_cannot_be_decided_away() -> None:
    report = report_of(an_order([a_line(need_by=None)]))

    with pytest.raises(NotOverridable):
        override(report, fingerprint(report.findings[0]), MANAGER, "because", NOW)


def test_an_override_needs_a_reason_and_a_finding_that_exists() -> None:
    _, report = _duplicate()

    with pytest.raises(ReasonRequired):
        override(report, fingerprint(report.findings[0]), BUYER, "  ", NOW)
    with pytest.raises(NotFound):
        override(report, "no such finding", BUYER, "because", NOW)


def test_the_system_overrides_without_an_id() -> None:
    _, report = _duplicate()

    assert override(report, fingerprint(report.findings[0]), SYSTEM, "migration", NOW).by is None


# --- the report ----------------------------------------------------------------------------------------------------------------


def checks_of(report: GateReport) -> dict[tuple[str, int | None], dict[str, Any]]:
    written: Any = report_as_json(report)
    return {(check["rule"], check["line_no"]): check for section in written["sections"] for check in section["checks"]}


def test_the_report_names_every_check_in_five_sections_with_rule_policy_facts_and_age() -> None:
    order = an_order(lines=2)
    written: Any = report_as_json(report_of(order, stock={DAYTON: a_fact(a_stock(), hours_old="0.5")}))

    assert [section["section"] for section in written["sections"]] == ["quantity", "price", "terms", "policy", "inventory"]
    checks = [check for section in written["sections"] for check in section["checks"]]
    assert {check["rule"] for check in checks} == {registered.rule.id for registered in RULES}
    assert {check["result"] for check in checks} == {"PASS"}
    [stock] = [check for check in checks if check["rule"] == "inventory.maximum" and check["line_no"] == 2]
    assert stock["policy"] == "gate-defaults"
    assert stock["facts"][0]["age_minutes"] == 30
    assert stock["facts"][0]["age_hours"] == 0
    assert stock["facts"][0]["source"] == "tryton"


def test_a_check_on_old_facts_is_stale_and_never_a_pass() -> None:
    report = report_of(an_order(), stock={DAYTON: a_fact(a_stock(), hours_old=2)}, supplier=a_fact(a_supplier(), hours_old=30))

    checks = checks_of(report)

    assert checks["inventory.maximum", 1]["result"] == "STALE"
    assert checks["policy.facts_fresh", 1]["result"] == "STALE"
    assert checks["policy.supplier", None]["result"] == "STALE"
    assert checks["price.agreed", 1]["result"] == "PASS"


def test_a_check_without_its_facts_is_no_pass() -> None:
    checks = checks_of(report_of(an_order(), known_lines=None))

    assert checks["policy.duplicate", 1]["result"] == "NO_DATA"


def test_a_failed_check_outranks_its_old_facts() -> None:
    report = report_of(an_order(), stock={DAYTON: a_fact(a_stock(maximum=dec(120)), hours_old=2)})

    check_made = checks_of(report)["inventory.maximum", 1]

    assert (check_made["result"], check_made["severity"], check_made["codes"]) == ("FAIL", "approve", ["OVER_MAX"])


def test_a_line_nobody_loaded_facts_for_is_reported_without_any() -> None:
    order = an_order()
    report = check(order, replace(facts_for(order), lines={}), GatePolicy(), NOW)

    assert checks_of(report)["price.agreed", 1]["result"] == "NO_DATA"


def test_an_overridden_finding_stays_in_the_report_and_is_marked() -> None:
    order, report = _duplicate()
    released = override(report, fingerprint(report.findings[0]), BUYER, "second truck", NOW)

    written: Any = report_as_json(check(order, report.facts, report.policy, NOW, [released]))

    assert [finding["overridden"] for finding in written["findings"]] == [True]
    assert written["blocked"] is False


def test_a_limit_for_a_kind_that_lines_do_not_carry_changes_nothing() -> None:
    policy = GatePolicy(freshness={FactKind.HISTORY: Freshness(1), FactKind.LEAD_TIME: Freshness(1)})

    assert {made["result"] for made in checks_of(report_of(an_order(), policy)).values()} == {"PASS"}


def test_inputs_can_be_checked_again_with_overrides() -> None:
    order, report = _duplicate()
    released = override(report, fingerprint(report.findings[0]), BUYER, "second truck", NOW)

    again = GateInputs(order, report.facts, report.policy, NOW).report((released,))

    assert not again.blocked


def test_every_code_that_says_missing_data_is_a_code_of_the_gate() -> None:
    assert set(SEVERITIES) >= MISSING_DATA


def test_rules_have_ids_of_their_own() -> None:
    ids = [registered.rule.id for registered in RULES]

    assert len(ids) == len(set(ids))


def test_figures_are_written_the_same_whatever_zeros_they_carry() -> None:
    assert (number(dec("2880")), number(dec("7.500")), number(dec("2E+3"))) == ("2,880", "7.5", "2,000")
    assert (price(dec("10"), "USD"), price(dec("0.0835"), "USD"), price(dec("1200.0"), "JPY")) == ("10.00", "0.0835", "1,200")
    assert amount(dec("248832"), "USD") == "248,832.00 USD"
    assert (percent(dec("5")), percent(dec("-5.005"))) == ("+5.00 %", "-5.01 %")


def test_facts_without_history_are_shown_as_none() -> None:
    order = an_order()
    report = check(order, replace(facts_for(order), lines={1: line_facts(history=())}), GatePolicy(), NOW)

    facts = checks_of(report)["quantity.usual", 1]["facts"]

    assert "none in 12 months" in {fact["value"] for fact in facts}


def test_the_events_of_the_gate_carry_figures_and_codes_but_no_words_of_people() -> None:
    overridden = FindingOverridden(
        stream=Ref("order", UUID(int=1)),
        reason="my cousin sells these",
        check_id=UUID(int=2),
        version=1,
        fingerprint="f00d",
        rule="price.agreed",
        code="PRICE_MISMATCH",
        line_no=1,
        exposure=dec("100.00"),
        currency="USD",
        policy="gate-7",
    )

    assert OrderChecked.type == "order.checked"
    assert "cousin" not in str(overridden.payload())
    assert overridden.payload()["exposure"] == "100"
