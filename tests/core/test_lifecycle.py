"""The lifecycle table, walked exhaustively: every status with every verb to every status."""

from __future__ import annotations

from itertools import product

import pytest

from purveyor.core.errors import IllegalTransition
from purveyor.core.lifecycle import ENDED, OPEN, TRANSITIONS, Status, Verb, allowed_verbs, next_status

EVERYTHING = list(product(Status, Verb, Status))


@pytest.mark.parametrize(("status", "verb", "to"), EVERYTHING, ids=["-".join(step) for step in EVERYTHING])
def test_a_step_is_taken_when_the_table_has_it_and_refused_with_the_verbs_that_are_allowed(
    status: Status, verb: Verb, to: Status
) -> None:
    if to in TRANSITIONS.get((status, verb), ()):
        assert next_status(status, verb, to) is to
        return
    with pytest.raises(IllegalTransition) as refused:
        next_status(status, verb, to)
    assert refused.value.fields["allowed"] == ", ".join(allowed_verbs(status))


def test_an_ended_order_has_no_verb_left_and_an_open_one_can_always_be_cancelled() -> None:
    assert all(allowed_verbs(status) == () for status in ENDED)
    assert all(Verb.CANCEL in allowed_verbs(status) for status in OPEN)
    assert {*OPEN, *ENDED} == set(Status)


def test_every_status_can_be_reached_from_a_draft() -> None:
    reached = {Status.DRAFT}
    for _ in Status:
        reached |= {to for (source, _verb), targets in TRANSITIONS.items() if source in reached for to in targets}

    assert reached == set(Status)


def test_only_an_approved_order_is_released() -> None:
    assert [source for (source, verb) in TRANSITIONS if verb is Verb.RELEASE] == [Status.APPROVED]
