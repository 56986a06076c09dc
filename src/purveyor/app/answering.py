"""The supplier's answers to an order: loaded, folded, and written back as line states, promises, status and events.

Whenever an answer, a verdict or a new version comes, all answers are folded again, so the order of arrival cannot matter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from purveyor.app import calendars, policy
from purveyor.app.progress import items_of
from purveyor.core.acknowledge import Acknowledgment, LineFold, Verdicts
from purveyor.core.answers import asks_about, fold_order, is_answered, overall, reminders, results_of
from purveyor.core.calendar import BusinessCalendar
from purveyor.core.events.acknowledgment import LineAnswered, OrderAcknowledged
from purveyor.core.events.base import Event
from purveyor.core.events.order import order_stream
from purveyor.core.events.promise import PromiseMade
from purveyor.core.ids import ItemId
from purveyor.core.items import Item
from purveyor.core.lifecycle import Status, Verb
from purveyor.core.order import OrderLine, PurchaseOrder, advance
from purveyor.core.parties import Supplier
from purveyor.core.policy.policy_set import PolicySet
from purveyor.core.promise import PromiseLedger, Transit, build_ledger
from purveyor.store import acknowledgments, events, masters, orders, promises
from purveyor.store.acknowledgments import AnsweredLine, Kept
from purveyor.store.db import Tx


@dataclass(frozen=True, slots=True)
class Ground:
    """What answers are read against: the supplier, the items, the calendar of each line's first site, the policies."""

    supplier: Supplier
    items: Mapping[ItemId, Item]
    calendars: Mapping[int, BusinessCalendar]
    policies: PolicySet

    def calendar(self, line: OrderLine) -> BusinessCalendar:
        """Return the calendar of the first site a line goes to."""
        return self.calendars.get(line.line_no, BusinessCalendar())

    @property
    def transit(self) -> Transit | None:
        """How long the supplier's goods travel; None when nobody knows."""
        return None if self.supplier.transit_days is None else Transit(self.supplier.transit_days)


def ground_of(tx: Tx, order: PurchaseOrder) -> Ground:
    """Load what the answers to an issued order are read against."""
    assert order.supplier_id is not None
    sites = {line.line_no: part.ship_to for line in order.lines for part in line.schedules[:1] if part.ship_to is not None}
    known = {site: calendars.of_site(tx, site) for site in set(sites.values())}
    return Ground(
        supplier=masters.supplier(tx, order.supplier_id),
        items=items_of(tx, [order]),
        calendars={number: known[site] for number, site in sites.items()},
        policies=policy.current(tx),
    )


@dataclass(frozen=True, slots=True)
class Answered:
    """An order with all its answers folded."""

    order: PurchaseOrder
    kept: tuple[Kept, ...]
    verdicts: Verdicts
    added_in: Mapping[int, int]
    folds: Mapping[int, LineFold]
    ledgers: Mapping[int, PromiseLedger]

    def asks_about(self, answer: Acknowledgment) -> tuple[int, ...]:
        """Return the lines the supplier must be asked about after this answer."""
        return asks_about(self.order, answer, self.folds, self.added_in)


def load(tx: Tx, ground: Ground, order: PurchaseOrder) -> Answered:
    """Load and fold every answer to an order in its present version."""
    kept = acknowledgments.of_order(tx, order.id)
    return fold(ground, order, kept, acknowledgments.verdicts(tx, order.id), acknowledgments.added_in(tx, order.id))


def fold(ground: Ground, order: PurchaseOrder, kept: Sequence[Kept], verdicts: Verdicts, added_in: Mapping[int, int]) -> Answered:
    """Fold answers and bring the outcome of each up to date; what became of an answer to an earlier version stays."""
    answers = [each.acknowledgment for each in kept]
    folds = fold_order(order, answers, verdicts, added_in)
    judged = []
    for place, each in enumerate(kept):
        results = {**each.results, **results_of(folds, place)}
        judged.append(replace(each, results=results, result=overall(results)))
    ledgers = {
        line.line_no: build_ledger(
            line, folds[line.line_no].applied, folds[line.line_no].standing, ground.transit, ground.calendar(line)
        )
        for line in order.lines
    }
    return Answered(order, tuple(judged), verdicts, added_in, folds, ledgers)


def with_answer(tx: Tx, ground: Ground, before: Answered, answer: Acknowledgment) -> Answered:
    """Fold one more answer in and keep it, with the outcomes of others that it changed by coming late."""
    new = Kept(answer, tx.now, overall({}), {}, ())
    after = fold(ground, before.order, [*before.kept, new], before.verdicts, before.added_in)
    own = replace(after.kept[-1], asks_about=after.asks_about(answer))
    acknowledgments.add(tx, before.order, own)
    changed = [now for was, now in zip(before.kept, after.kept, strict=False) if was != now]
    acknowledgments.save_outcomes(tx, changed)
    return replace(after, kept=(*after.kept[:-1], own))


def settle(tx: Tx, before: Answered, after: Answered, blocked: frozenset[int]) -> PurchaseOrder:
    """Write what the answers come to now; returns the order in its status. ``blocked`` lines wait for us, not for the supplier.

    Raises IllegalTransition when the order is not with its supplier any more.
    """
    answered = is_answered(after.folds)
    status = Status.ACKNOWLEDGED if answered else Status.ISSUED
    order = advance(after.order, Verb.ANSWER, status)
    told = [*_line_events(before, after), *_promise_events(before, after)]
    if order.status is not after.order.status:
        order = orders.save(tx, order)
        if answered:
            told.append(OrderAcknowledged(stream=order_stream(order.id), version=order.version))
    acknowledgments.save_lines(tx, order, [_answered_line(after, line, line.line_no in blocked) for line in order.lines])
    promises.save(tx, order, after.ledgers.values())
    events.append(tx, told)
    return order


def _answered_line(after: Answered, line: OrderLine, blocked: bool) -> AnsweredLine:
    fold, ledger = after.folds[line.line_no], after.ledgers[line.line_no]
    last = max(ledger.current, key=lambda promise: (promise.promised_delivery is None, promise.promised_delivery), default=None)
    ships = [promise.promised_ship for promise in ledger.current if promise.promised_ship is not None]
    return AnsweredLine(
        line_no=line.line_no,
        state=fold.state,
        reminders=reminders(fold, exception_open=blocked),
        balance=fold.balance,
        promised_ship=max(ships, default=None),
        promised_delivery=ledger.current_delivery,
        basis=None if last is None else last.basis,
        original_delivery=ledger.original_delivery,
    )


def _line_events(before: Answered, after: Answered) -> list[Event]:
    changed = [
        line
        for line in after.order.lines
        if line.line_no not in before.folds
        or (before.folds[line.line_no].balance, before.folds[line.line_no].state)
        != (after.folds[line.line_no].balance, after.folds[line.line_no].state)
    ]
    return [_line_answered(after, line) for line in changed]


def _line_answered(after: Answered, line: OrderLine) -> LineAnswered:
    fold = after.folds[line.line_no]
    return LineAnswered(
        stream=order_stream(after.order.id),
        line_no=line.line_no,
        version=after.order.version,
        state=fold.state.value,
        ordered=fold.balance.ordered,
        accepted=fold.balance.accepted,
        proposed=fold.balance.proposed,
        proposed_over=fold.balance.proposed_over,
        backordered=fold.balance.backordered,
        rejected=fold.balance.rejected,
        unanswered=fold.balance.unanswered,
    )


def _promise_events(before: Answered, after: Answered) -> list[Event]:
    told: list[Event] = []
    for number, ledger in after.ledgers.items():
        known = before.ledgers[number].current if number in before.ledgers else ()
        told += [
            PromiseMade(
                stream=order_stream(after.order.id),
                line_no=number,
                schedule_no=promise.schedule_no,
                quantity=promise.quantity,
                promised_ship=promise.promised_ship,
                promised_delivery=promise.promised_delivery,
                basis=None if promise.basis is None else promise.basis.value,
                channel=promise.channel,
                original=promise in ledger.original,
            )
            for promise in ledger.current
            if promise not in known
        ]
    return told
