"""Whatever suppliers and docks send, in whatever order and however often: quantities add up and the end is the same."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from purveyor.core.acknowledge import Acknowledgment, AnswerPart, Balance, DocumentKey, Outcome, fold_line
from purveyor.core.answers import fold_order, is_answered
from purveyor.core.change import BelowReceived, ChangeOrder, ChangeStatus, Initiator, SetQuantity, apply
from purveyor.core.ids import ChangeOrderId
from purveyor.core.lifecycle import Status, Verb
from purveyor.core.order import advance
from purveyor.core.progress import is_received, line_progress
from purveyor.core.promise import build_ledger, open_promises
from purveyor.core.quantity import UnitTable
from purveyor.core.receiving import Count, ReceivingTerms, ReturnFor, judge
from purveyor.core.shipping import Movement, MovementKind, in_transit
from tests.core.supplier_side import MONDAY, a_line, a_movement, an_answer, an_order, open_days

Item = TypeVar("Item")

NUMBERS = st.decimals(min_value="0.1", max_value="150", places=1)
DAYS = st.one_of(st.none(), st.dates(date(2026, 3, 1), date(2026, 5, 1)))
PARTS = st.builds(
    AnswerPart,
    outcome=st.sampled_from(Outcome),
    quantity=st.one_of(st.none(), NUMBERS),
    promised_ship=DAYS,
    promised_delivery=DAYS,
)


@st.composite
def acknowledgments(draw: st.DrawFn) -> Acknowledgment:
    """An answer to one line of some version, by some channel, under one of a few numbers."""
    return an_answer(
        *draw(st.lists(PARTS, min_size=1, max_size=3)),
        name=draw(st.sampled_from(["a1", "a2", "a3"])),
        minutes=draw(st.integers(0, 3)),
        version=draw(st.integers(1, 3)),
        known_version=2,
        mode=draw(st.sampled_from(["replace", "add"])),
        channel=draw(st.sampled_from(["api", "email"])),
        revision=draw(st.integers(1, 2)),
        technical=draw(st.booleans()),
    )


def distinct(answers: list[Acknowledgment]) -> list[Acknowledgment]:
    """One content per document, as the inbox guarantees."""
    return list({answer.key: answer for answer in answers}.values())


def adds_up(balance: Balance) -> bool:
    parts = (balance.accepted, balance.proposed, balance.backordered, balance.rejected, balance.unanswered)
    return sum(parts) == balance.ordered and all(part >= 0 for part in (*parts, balance.proposed_over))


@given(st.lists(acknowledgments(), max_size=6))
def test_the_parts_of_a_line_always_add_up_to_what_is_ordered(answers: list[Acknowledgment]) -> None:
    assert adds_up(fold_line(a_line("100", changed_in=2), answers).balance)


@given(st.lists(acknowledgments(), max_size=6), st.randoms(use_true_random=False))
def test_answers_lead_to_the_same_state_and_promises_in_whatever_order_they_arrive(
    answers: list[Acknowledgment], chance: random.Random
) -> None:
    line = a_line("100")
    sent = distinct(answers)
    arrived = [*sent, *chance.choices(sent, k=2)] if sent else []
    chance.shuffle(arrived)

    in_order, shuffled = fold_line(line, sent), fold_line(line, arrived)

    assert (shuffled.balance, shuffled.state, shuffled.standing) == (in_order.balance, in_order.state, in_order.standing)
    assert build_ledger(line, shuffled.applied, shuffled.standing, None, open_days()) == build_ledger(
        line, in_order.applied, in_order.standing, None, open_days()
    )


@given(st.lists(acknowledgments(), max_size=6), st.decimals(min_value=0, max_value=100, places=1))
def test_no_more_is_promised_first_or_now_than_was_ordered(answers: list[Acknowledgment], received: Decimal) -> None:
    line = a_line("100")
    fold = fold_line(line, answers)

    ledger = build_ledger(line, fold.applied, fold.standing, None, open_days())

    assert sum(promise.quantity for promise in ledger.original) <= 100
    assert sum(promise.quantity for promise in ledger.current) <= 100
    left = sum(promise.quantity for promise in open_promises(ledger.current, {1: received}))
    assert left == max(Decimal(0), sum((promise.quantity for promise in ledger.current), Decimal(0)) - received)


def test_a_thousand_arrivals_with_duplicates_end_in_one_state() -> None:
    chance = random.Random(34)
    line = a_line("100", price="10.00")
    said = [
        an_answer(AnswerPart(Outcome.ACCEPT, Decimal(60), promised_delivery=date(2026, 3, 20)), name="a1"),
        an_answer(AnswerPart(Outcome.BACKORDER, Decimal(40)), name="a2", minutes=1, mode="add", channel="email"),
        an_answer(AnswerPart(Outcome.CHANGE, Decimal(100), unit_price=Decimal(11)), name="a3", minutes=2),
        an_answer(AnswerPart(Outcome.ACCEPT, Decimal(100), promised_delivery=date(2026, 3, 24)), name="a4", minutes=3),
        an_answer(header="accept", name="a5", minutes=4, version=2, known_version=1),
        an_answer(header="accept", name="t1", minutes=5, technical=True),
    ]
    moved = [
        a_movement(MovementKind.SHIPPED, "60", notice="S1"),
        a_movement(MovementKind.SHIPPED, "40", notice="S2", hours=5),
        a_movement(MovementKind.ACCEPTED, "55", notice="S1", hours=9),
        a_movement(MovementKind.REJECTED, "5", notice="S1", hours=9),
        a_movement(MovementKind.ACCEPTED, "10", hours=10),
    ]
    counts = [
        Count(DocumentKey("wms", f"r{number}", 1), MONDAY + timedelta(hours=number), Decimal(quantity))
        for number, quantity in enumerate(("40", "45", "90", "20"))
    ]
    ends = set()
    for _ in range(1000):
        answers, movements, counted = (shuffled_with_duplicates(chance, items) for items in (said, moved, counts))
        fold = fold_line(line, answers)
        ledger = build_ledger(line, fold.applied, fold.standing, None, open_days())
        once = list({item.id: item for item in movements}.values())
        judged = judge(Decimal(100), ReceivingTerms(Decimal(5)), counted)
        ends.add((fold.balance, fold.state, ledger, tuple(in_transit(once).items()), judged))

    assert len(ends) == 1


def shuffled_with_duplicates(chance: random.Random, items: list[Item]) -> list[Item]:
    arrived = [*items, *chance.choices(items, k=3)]
    chance.shuffle(arrived)
    return arrived


COUNTS = st.builds(
    Count,
    key=st.builds(DocumentKey, st.just("wms"), st.sampled_from(["r1", "r2", "r3", "r4"]), st.just(1)),
    counted_at=st.integers(0, 5).map(lambda hours: MONDAY + timedelta(hours=hours)),
    quantity=st.integers(0, 130).map(Decimal),
)


@given(st.lists(COUNTS, max_size=5), st.integers(0, 30))
def test_accepted_goods_never_pass_the_limit_and_every_count_is_accounted_for(counts: list[Count], over: int) -> None:
    terms = ReceivingTerms(Decimal(over))
    once = list({count.key: count for count in counts}.values())

    judged = judge(Decimal(100), terms, once)

    assert all(result.accepted_total <= terms.limit(Decimal(100)) for result in judged)
    for result in judged:
        count = next(count for count in once if count.key == result.key)
        assert result.accepted + result.excess + result.held == count.quantity
        assert result.open_quantity == max(Decimal(0), 100 - result.accepted_total)


class OrderLife(RuleBasedStateMachine):
    """Answers, changes, shipments, receipts and returns in any sequence on one issued order of one line."""

    def __init__(self) -> None:
        super().__init__()
        self.order = an_order(a_line("100", price="10.00"))
        self.answers: list[Acknowledgment] = []
        self.movements: list[Movement] = []

    @property
    def folds_answered(self) -> bool:
        return is_answered(fold_order(self.order, self.answers))

    @rule(answer=acknowledgments(), version=st.integers(1, 4))
    def answer(self, answer: Acknowledgment, version: int) -> None:
        if self.order.status in (Status.ISSUED, Status.ACKNOWLEDGED):
            number = f"a{len(self.answers)}"
            self.answers.append(replace(answer, external_id=number, version=version, known_version=self.order.version))
            to = Status.ACKNOWLEDGED if self.folds_answered else Status.ISSUED
            self.order = advance(self.order, Verb.ANSWER, to)

    @rule(quantity=st.integers(1, 150))
    def change(self, quantity: int) -> None:
        if self.order.status in (Status.ISSUED, Status.ACKNOWLEDGED):
            change = ChangeOrder(
                ChangeOrderId(self.order.id),
                self.order.id,
                self.order.version,
                (SetQuantity(1, Decimal(quantity)),),
                Initiator.US,
                ChangeStatus.APPROVED,
            )
            accepted = line_progress(self.order.lines[0], self.movements, UnitTable("EA"), as_of=date(2026, 3, 9)).accepted
            try:
                self.order, _ = apply(self.order, change, {1: accepted})
            except BelowReceived:
                assert accepted > quantity

    @rule(kind=st.sampled_from([MovementKind.SHIPPED, MovementKind.ACCEPTED, MovementKind.REJECTED]), quantity=st.integers(1, 60))
    def move(self, kind: MovementKind, quantity: int) -> None:
        self.movements.append(a_movement(kind, str(quantity), hours=len(self.movements)))

    @rule(return_for=st.sampled_from(ReturnFor), quantity=st.integers(1, 60))
    def send_back(self, return_for: ReturnFor, quantity: int) -> None:
        accepted = line_progress(self.order.lines[0], self.movements, UnitTable("EA"), as_of=date(2026, 3, 9)).accepted
        if quantity <= accepted:
            self.movements.append(a_movement(MovementKind.RETURNED, str(quantity)))
            if return_for is ReturnFor.CREDIT:
                self.movements.append(a_movement(MovementKind.CREDITED, str(quantity)))

    @rule()
    def close(self) -> None:
        line = line_progress(self.order.lines[0], self.movements, UnitTable("EA"), as_of=date(2026, 3, 9))
        if self.order.status in (Status.ISSUED, Status.ACKNOWLEDGED) and is_received([line]):
            self.order = advance(self.order, Verb.CLOSE, Status.CLOSED)

    @invariant()
    def quantities_add_up(self) -> None:
        line = self.order.lines[0]
        fold = fold_line(line, self.answers)
        ledger = build_ledger(line, fold.applied, fold.standing, None, open_days())
        seen = line_progress(line, self.movements, UnitTable("EA"), as_of=date(2026, 3, 9), promises=ledger.current)
        assert adds_up(fold.balance)
        assert seen.open == max(Decimal(0), seen.ordered - seen.accepted - seen.places[0].credited)
        assert seen.received - seen.rejected - seen.returned == seen.accepted
        assert seen.promised <= seen.ordered
        assert sum(part.quantity for part in line.schedules) == line.quantity
        assert all(open_line.changed_in_version <= self.order.version for open_line in self.order.lines)


TestOrderLife = OrderLife.TestCase
TestOrderLife.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
