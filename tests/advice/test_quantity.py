"""The quantity model agrees with the one rule about unusual orders, and its score can be made again from what was stored."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from purveyor.advice.quantity import MODEL, THRESHOLD, VERSION, advise, score
from purveyor.core.advisory import inputs_from
from purveyor.core.canonical import digest
from purveyor.core.facts import GatePolicy
from purveyor.core.rules.usual import larger_than_usual
from tests.advice.builders import a_question, some_inputs
from tests.worked import needs_worked_cases, worked_cases, worked_set

HISTORIES = worked_set("larger_than_usual").get("histories", {})
quantities = st.decimals("0.01", "100000", places=2)


@needs_worked_cases
@pytest.mark.parametrize("case", worked_cases("larger_than_usual"))
def test_s57_the_score_is_over_the_threshold_exactly_where_the_rule_sends_a_line_to_review(case: dict[str, Any]) -> None:
    history = tuple(str(past) for past in HISTORIES[case["input"]["history"]])
    inputs = some_inputs(str(case["input"]["qty"]), history)

    if not history:
        with pytest.raises(ValueError, match="nothing was ordered"):
            score(inputs)
    else:
        assert (score(inputs) > THRESHOLD) == (case["expect"]["result"] == "REVIEW")


@given(st.lists(quantities, min_size=1, max_size=20), quantities)
def test_s57_rounding_never_moves_a_quantity_over_the_limit_or_below_it(history: list[Decimal], ordered: Decimal) -> None:
    inputs = some_inputs(str(ordered), tuple(map(str, history)))

    assert (score(inputs) > THRESHOLD) == bool(larger_than_usual(history, ordered, GatePolicy()).reasons)


def test_s57_eight_times_the_usual_order_is_a_suggestion_with_the_usual_quantity_and_the_reason_in_words() -> None:
    said = advise(a_question())

    assert said.over
    assert said.proposal == 100
    assert said.score == Decimal("4.5943")
    assert said.reason == (
        "800 EA for DAY; 12 orders in 12 months, median 100 EA, largest 120; "
        "median plus 5 robust deviations is 174.13; 3 times the largest is 360."
    )


def test_s62_a_suggestion_names_its_model_and_the_digest_of_its_inputs() -> None:
    said = advise(a_question())

    assert (said.model, said.model_version) == (MODEL, VERSION)
    assert said.inputs_hash == digest(said.question.inputs)
    assert digest(some_inputs("801")) != said.inputs_hash


@given(st.lists(quantities, min_size=1, max_size=20), quantities)
def test_s62_stored_inputs_give_the_same_score_and_the_same_digest_again(history: list[Decimal], ordered: Decimal) -> None:
    inputs = some_inputs(str(ordered), tuple(map(str, history)))

    again = inputs_from(json.loads(inputs.as_text()))

    assert score(again) == score(inputs)
    assert digest(again) == digest(inputs)
