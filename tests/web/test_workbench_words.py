"""Every code that a buyer's page can show has words, and every sentence of the timeline fits the event it tells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields

import pytest

from purveyor.core.acknowledge import ApplyResult, LineState
from purveyor.core.cases import ExceptionType
from purveyor.core.events import (
    acknowledgment,
    advisory,
    approval,
    case,
    change,
    closing,
    gate,
    invoice,
    message,
    order,
    promise,
    receiving,
    shipping,
)
from purveyor.core.events.base import Event
from purveyor.core.lifecycle import Status
from purveyor.core.matching import MismatchClass, Outcome
from purveyor.core.messaging import MessageKind
from purveyor.core.proposal import AGREED_CHANNEL
from purveyor.core.rules.codes import SEVERITIES
from purveyor.core.shipping import MovementKind
from purveyor.store.tables.flow import MESSAGE_STATES
from purveyor.web.words import order_word
from purveyor.web.workbench import codes, terms
from purveyor.web.workbench.sentences import SENTENCES
from tests.order_builders import a_line, an_order

MODULES = (acknowledgment, advisory, approval, case, change, closing, gate, invoice, message, order, promise, receiving, shipping)
PLACE = re.compile(r"%\((\w+)\)s")
NOT_ON_ORDERS = {"approval.delegated", "approval.delegation_ended"}


def event_types() -> Iterator[type[Event]]:
    """Every type of event that can stand on the timeline of an order."""
    for module in MODULES:
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Event) and value.__module__ == module.__name__:
                yield value


@pytest.mark.parametrize("kind", tuple(event_types()), ids=lambda kind: kind.type)
def test_every_event_of_an_order_reads_as_a_sentence_about_its_own_values(kind: type[Event]) -> None:
    if kind.type in NOT_ON_ORDERS:
        return
    sentence = SENTENCES[kind.type]
    known = {field.name for field in fields(kind)}
    texts = [sentence.text, *([sentence.without[1]] if sentence.without else [])]

    assert {place for text in texts for place in PLACE.findall(text)} <= known
    assert sentence.without is None or sentence.without[0] in known


def test_every_code_has_words() -> None:
    assert set(SEVERITIES) <= codes.FINDING.keys()
    assert {*an_order(a_line()).terms(), *a_line().content(), "currency"} - {"line_no"} == codes.FIELD.keys()
    assert {result.value for result in ApplyResult} == codes.ANSWER_RESULT.keys()
    assert {outcome.value for outcome in Outcome} == codes.MATCH_OUTCOME.keys()
    assert {kind.value for kind in MismatchClass} <= codes.MISMATCH.keys()
    assert {kind.value for kind in MovementKind} == codes.MOVED.keys() == {str(kind) for kind in terms.MOVEMENT}
    assert set(ExceptionType) == terms.EXCEPTION.keys()
    assert set(LineState) == terms.CONFIRMATION.keys()
    assert {str(kind) for kind in MessageKind} == terms.MESSAGE.keys()
    assert terms.CHANNEL[AGREED_CHANNEL] == "change order"
    assert set(MESSAGE_STATES) == terms.MESSAGE_STATE.keys()


A, R, D = LineState.ACCEPTED, LineState.REJECTED, LineState.ANSWERED_WITH_DIFFERENCES
PARTLY = LineState.PARTLY_ANSWERED
GONE = LineState.CANCELLED


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        *(((A, A), "Confirmed by supplier"), ((A, GONE), "Confirmed by supplier"), ((R,), "Rejected by supplier")),
        *(((R, GONE), "Rejected by supplier"), ((A, R), "Partly rejected by supplier"), ((A, D), "Answered with differences")),
        *(
            ((A, PARTLY), "Answered by supplier"),
            ((GONE,), "Answered by supplier"),
            ((), "Answered by supplier"),
        ),
    ],
)
def test_an_answered_order_says_what_the_answer_was(lines: tuple[LineState, ...], words: str) -> None:
    assert order_word(Status.ACKNOWLEDGED, lines).text == words
    assert order_word(Status.ISSUED, lines).text == "Sent"
