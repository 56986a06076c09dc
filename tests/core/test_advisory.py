"""Suggestions on record: what is asked, who may decide, and which lines keep an order from leaving."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import pytest

from purveyor.core import advisory, gate
from purveyor.core.access import ADVISORY, SYSTEM, Actor, ActorKind, Role, ScopeKind, scope_of
from purveyor.core.advisory import (
    Advisory,
    AdvisoryState,
    AdvisoryVerdict,
    QuantityQuestion,
    Suggestion,
    inputs_from,
    is_new,
    questions,
    suspicious_lines,
    undecided,
)
from purveyor.core.errors import IllegalTransition, NotAuthorised, ReasonRequired
from purveyor.core.events.advisory import AdvisoryDecided
from purveyor.core.facts import GatePolicy
from purveyor.core.gate import GateReport, fingerprint
from purveyor.core.ids import AdvisoryId
from purveyor.core.order import PurchaseOrder
from tests.core.builders import DAYTON, NOW, a_fact, a_line, an_order, dec, facts_for

BUYER = Actor(ActorKind.USER, UUID(int=5), "bo", frozenset({Role.BUYER}))
LEAD = replace(BUYER, roles=frozenset({Role.CATEGORY_MANAGER}))


def a_report(pieces: int = 576, *more: int, version: int = 1) -> GateReport:
    """The gate's report about an order whose first line is eight times what the site usually orders."""
    lines = [a_line(number, quantity=size) for number, size in enumerate((pieces, *more), 1)]
    order: PurchaseOrder = replace(an_order(lines), version=version)
    return gate.check(order, facts_for(order), GatePolicy(), NOW)


def suggested(question: QuantityQuestion, score: str = "3") -> Suggestion:
    return Suggestion(question, "model", "1", "00", Decimal(score), Decimal(1), Decimal(66), "Much more than usual.")


def about(report: GateReport, score: str = "3", number: int = 9) -> Advisory:
    """The suggestion about the first line, put on record."""
    return advisory.record(suggested(questions(report)[0], score), AdvisoryId(UUID(int=number)), NOW).advisory


def kept(report: GateReport) -> Advisory:
    return advisory.decide(about(report), AdvisoryVerdict.KEPT, BUYER, "A new branch.", NOW).advisory


def lines_waiting(report: GateReport, *known: Advisory) -> Collection[int]:
    return undecided(report, known)


def test_a_question_holds_the_quantity_the_history_and_the_limits_of_the_policy() -> None:
    [question] = questions(a_report())

    inputs = question.inputs
    assert (inputs.site_id, inputs.ordered, inputs.uom, len(inputs.history)) == (DAYTON, dec(576), "EA", 6)
    assert (inputs.deviations, inputs.times_largest, inputs.least_orders) == (dec(5), dec(3), 6)
    assert question.exposure is not None
    assert question.exposure.amount == dec("5100.00")
    assert inputs_from(json.loads(inputs.as_text())) == inputs


def test_nothing_is_asked_where_nothing_was_ordered_before_and_about_cancelled_lines() -> None:
    order = an_order(2)
    order = replace(order, lines=(replace(order.lines[0], cancelled=True), order.lines[1]))

    nothing_before = gate.check(order, facts_for(order, history={DAYTON: a_fact(())}), GatePolicy(), NOW)
    something_before = gate.check(order, facts_for(order), GatePolicy(), NOW)

    assert questions(nothing_before) == ()
    assert [question.line_no for question in questions(something_before)] == [2]


def test_a_line_without_price_has_no_money_at_stake() -> None:
    order = an_order([replace(a_line(), unit_price=None)])

    [question] = questions(gate.check(order, facts_for(order), GatePolicy(), NOW))

    assert question.exposure is None


def test_a_score_over_the_threshold_asks_and_one_at_it_is_only_noted() -> None:
    assert about(a_report(), "1.0001").state is AdvisoryState.OPEN
    assert about(a_report(), "1").state is AdvisoryState.NOTED


def test_s57_an_unusual_line_waits_before_and_after_the_model_was_asked_until_its_quantity_is_kept() -> None:
    report = a_report()

    assert lines_waiting(report) == (1,)
    assert lines_waiting(report, about(report)) == (1,)
    assert lines_waiting(report, kept(report)) == ()


def test_s57_a_usual_line_waits_only_while_a_suggestion_about_this_version_is_open() -> None:
    usual, later = a_report(60), a_report(60, version=2)

    assert lines_waiting(usual) == ()
    assert lines_waiting(usual, about(usual)) == (1,)
    assert lines_waiting(later, about(usual)) == ()
    assert lines_waiting(usual, about(usual), kept(usual)) == ()


def test_s57_a_kept_quantity_stays_kept_in_later_versions_and_another_quantity_does_not() -> None:
    assert lines_waiting(a_report(version=2), kept(a_report())) == ()
    assert lines_waiting(a_report(600, version=2), kept(a_report())) == (1,)
    assert lines_waiting(a_report(576, 700), kept(a_report())) == (2,)


def test_s57_an_overridden_finding_is_a_decision() -> None:
    report = a_report()
    [finding] = [found for found in report.findings if found.code == "QUANTITY_ANOMALY"]
    override = gate.override(report, fingerprint(finding), LEAD, "A new branch.", NOW)

    assert suspicious_lines(report) == {1}
    assert lines_waiting(replace(report, overrides=(override,)), about(report)) == ()


def test_a_suggestion_is_new_once_for_a_version_and_never_about_a_quantity_that_was_kept() -> None:
    report, later = a_report(), a_report(version=2)
    again, of_later = suggested(questions(report)[0]), suggested(questions(later)[0])

    assert is_new(again, ())
    assert not is_new(again, [about(report)])
    assert is_new(of_later, [about(report)])
    assert not is_new(of_later, [kept(report)])


def test_s62_a_decision_keeps_who_when_and_why() -> None:
    decided = kept(a_report())

    assert (decided.state, decided.decided_by, decided.decided_at) == (AdvisoryState.KEPT, BUYER.id, NOW)
    assert decided.decision_reason == "A new branch."


def test_s62_keeping_needs_a_reason_taking_needs_none_and_nothing_is_decided_twice() -> None:
    one = about(a_report())

    with pytest.raises(ReasonRequired):
        advisory.decide(one, AdvisoryVerdict.KEPT, BUYER, "  ", NOW)
    taken = advisory.decide(one, AdvisoryVerdict.TAKEN, BUYER, None, NOW)
    assert isinstance(taken.event, AdvisoryDecided)
    assert (taken.event.action, taken.event.reason) == ("taken", None)
    with pytest.raises(IllegalTransition):
        advisory.decide(taken.advisory, AdvisoryVerdict.KEPT, BUYER, "Changed my mind.", NOW)


def test_s57_an_advisory_decides_nothing_and_has_a_scope_of_its_own() -> None:
    with pytest.raises(NotAuthorised):
        advisory.decide(about(a_report()), AdvisoryVerdict.KEPT, ADVISORY, "Because I say so.", NOW)

    assert scope_of(ADVISORY).kind is ScopeKind.ADVISORY


def test_s62_an_override_is_kept_as_the_decision_of_who_overrode() -> None:
    decided = advisory.keep_by_override(about(a_report()), LEAD, "First stock.", NOW).advisory

    assert (decided.state, decided.decided_by, decided.decision_reason) == (AdvisoryState.KEPT, LEAD.id, "First stock.")


@pytest.mark.parametrize(
    ("actor", "ordered", "state"),
    [
        (BUYER, 60, AdvisoryState.TAKEN),
        (BUYER, None, AdvisoryState.TAKEN),
        (BUYER, 600, AdvisoryState.MOOT),
        (SYSTEM, 60, AdvisoryState.MOOT),
    ],
)
def test_s62_a_person_who_orders_less_took_the_suggestion(actor: Actor, ordered: int | None, state: AdvisoryState) -> None:
    now_ordered = None if ordered is None else Decimal(ordered)

    assert advisory.follow(about(a_report()), now_ordered, actor, NOW).advisory.state is state
