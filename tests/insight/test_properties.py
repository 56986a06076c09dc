"""Whatever the order of the rows, the figures are the same; figures of groups add up to the figure of all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from purveyor.core.measured import EventRow, MeasuredOrder
from purveyor.insight.accuracy import accuracy
from purveyor.insight.approvals import approval_time
from purveyor.insight.figures import Result, percentile, share
from purveyor.insight.latency import acknowledgment_latency
from tests.insight.builders import CALENDARS, MARCH, Log, an_order, clocks, hours

STEPS = st.sampled_from(("sent", "answer", "silent", "us", "supplier", "submit", "decide", "return", "approve", "cancel"))
HISTORY = st.lists(st.tuples(STEPS, st.integers(1, 2), st.integers(0, 6)), max_size=10)
HISTORIES = st.lists(HISTORY, min_size=1, max_size=4)


def told(histories: Sequence[Sequence[tuple[str, int, int]]]) -> tuple[Log, list[MeasuredOrder]]:
    """A log in which each order lives through its history, hour by hour."""
    log = Log()
    for number, history in enumerate(histories):
        name, at, version = f"O{number}", 0, 1
        for step, line, wait in history:
            at += wait
            if step in ("us", "supplier"):
                version += 1
                log.changed(name, at, step, line, version=version)
            elif step == "sent":
                log.order(name, "order.sent", at, version=version)
            elif step in ("answer", "silent"):
                state = "ACCEPTED" if step == "answer" else "UNANSWERED"
                log.order(name, "line.answered", at, line_no=line, version=version, state=state)
            elif step == "submit":
                log.order(name, "order.submitted", at, chain_id=f"{name}{at}")
                log.order(name, "approval.step_opened", at, step_id=f"{name}{at}", role=f"role {line}")
            elif step in ("decide", "return"):
                verdict = "approve" if step == "decide" else "return"
                log.order(name, "approval.step_decided", at, step_id=f"{name}{at - wait}", verdict=verdict)
            elif step == "approve":
                log.order(name, "order.approved", at, by_policy=None)
            else:
                log.order(name, "order.cancelled", at)
    return log, [an_order(f"O{number}", lines=2) for number in range(len(histories))]


def measures(log: Log) -> list[Callable[[Sequence[MeasuredOrder], Sequence[EventRow]], Result]]:
    return [
        lambda orders, rows: accuracy(orders, rows, MARCH),
        lambda orders, rows: approval_time(orders, rows, MARCH, CALENDARS),
        lambda orders, rows: acknowledgment_latency(orders, rows, MARCH, clocks(log, list(orders)), hours(100)),
    ]


@settings(max_examples=40, deadline=None)
@given(histories=HISTORIES, data=st.data())
def test_rows_in_any_order_and_given_twice_make_the_same_figures(
    histories: list[list[tuple[str, int, int]]], data: st.DataObject
) -> None:
    log, orders = told(histories)
    shuffled = data.draw(st.permutations(log.rows + log.rows[:3]))
    turned = data.draw(st.permutations(orders))

    for measure in measures(log):
        assert measure(turned, shuffled) == measure(orders, log.rows)


@settings(max_examples=40, deadline=None)
@given(histories=HISTORIES, cut=st.integers(0, 4))
def test_figures_of_two_groups_add_up_to_the_figure_of_all(histories: list[list[tuple[str, int, int]]], cut: int) -> None:
    log, orders = told(histories)

    for measure in measures(log):
        whole, one, other = (measure(part, log.rows) for part in (orders, orders[:cut], orders[cut:]))
        assert whole.numerator == one.numerator + other.numerator
        assert whole.denominator == one.denominator + other.denominator
        assert sorted(row.place for row in whole.rows) == sorted(row.place for row in (*one.rows, *other.rows))
        beside = dict(one.beside)
        for code, number in other.beside:
            beside[code] = beside.get(code, 0) + number
        assert dict(whole.beside) == beside
        assert (whole.main.value is None) == (whole.denominator == 0)


@given(st.lists(st.integers(0, 100), max_size=20), st.lists(st.integers(0, 100), max_size=20))
def test_ages_of_what_waits_never_lower_a_percentile(ended: list[int], waiting: list[int]) -> None:
    times, ages = [Decimal(value) for value in ended], [Decimal(value) for value in waiting]
    plain, censored = percentile(times, (), Fraction(1, 2)), percentile(times, ages, Fraction(1, 2))

    assert (censored is None) == (not ended and not waiting)
    if plain is not None:
        assert censored is not None
        assert (censored.beyond, censored.value) >= (plain.beyond, plain.value) or not ages


@given(st.integers(0, 500), st.integers(0, 500))
def test_a_share_is_within_0_and_100_or_there_is_no_data(part: int, rest: int) -> None:
    found = share(part, part + rest)

    assert (found is None) == (part + rest == 0)
    assert found is None or Decimal(0) <= found <= Decimal(100)
