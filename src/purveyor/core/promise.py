"""The promise ledger: what was asked for, what the supplier promised first, and every promise since.

Nothing the supplier stated is overwritten by something computed; ``basis`` says where a delivery date comes from. Promises are
kept per schedule, so the open balance keeps its own date when part of a line arrives.
Source: domain.md 1, "Promise dates"; worked cases PD*; checklist.md S20, S29.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final

from purveyor.core.acknowledge import ZERO, Acknowledgment, AnswerPart, DocumentKey, Outcome, Standing, Verdict
from purveyor.core.calendar import BusinessCalendar, add_business_days
from purveyor.core.order import OrderLine, Schedule
from purveyor.core.parties import AnswerMode


class Basis(StrEnum):
    """Where a promised delivery date comes from."""

    STATED = "stated"
    DERIVED = "derived"
    IMPLIED = "implied"


class DayKind(StrEnum):
    """How transit days are counted."""

    BUSINESS = "business"
    CALENDAR = "calendar"


@dataclass(frozen=True, slots=True)
class Transit:
    """How long goods travel from the supplier to a site."""

    days: int
    kind: DayKind = DayKind.BUSINESS


@dataclass(frozen=True, slots=True)
class Promise:
    """A date the supplier gave for a quantity of one schedule (unit of the line), who said it, when and by which channel.

    No delivery date means that none can be known: a ship date on a lane without transit time, or a backorder without date.
    """

    line_no: int
    schedule_no: int
    quantity: Decimal
    promised_ship: date | None
    promised_delivery: date | None
    basis: Basis | None
    said_at: datetime
    channel: str
    key: DocumentKey

    @property
    def transit_unknown(self) -> bool:
        """Say whether only the transit time of the lane keeps this from being a delivery promise (TRANSIT_UNKNOWN)."""
        return self.promised_ship is not None and self.promised_delivery is None


@dataclass(frozen=True, slots=True)
class PromiseLedger:
    """All promises of a line. ``original`` are the first ones with a delivery date and are never replaced, ``current`` those of
    the answers in force, ``history`` every one ever given, in the sender's order."""

    line_no: int
    requested: date | None
    original: tuple[Promise, ...]
    current: tuple[Promise, ...]
    history: tuple[Promise, ...]

    @property
    def original_delivery(self) -> date | None:
        """The day the whole line was to be there by the first promises."""
        return _last_delivery(self.original)

    @property
    def current_delivery(self) -> date | None:
        """The day the whole line is to be there as promised now; None while a part has no date."""
        return None if any(item.promised_delivery is None for item in self.current) else _last_delivery(self.current)


def _last_delivery(promises: Iterable[Promise]) -> date | None:
    return max((item.promised_delivery for item in promises if item.promised_delivery), default=None)


def delivery_after(ship: date, transit: Transit, site: BusinessCalendar) -> date:
    """Return the day goods shipped on ``ship`` arrive; calendar days end on a day the site is open (worked cases PD03-PD05)."""
    if transit.kind is DayKind.BUSINESS:
        return add_business_days(site, ship, transit.days)
    return add_business_days(site, ship + timedelta(days=transit.days - 1), 1)


_PROMISING: Final = frozenset({Outcome.ACCEPT, Outcome.CHANGE, Outcome.BACKORDER})
"""Outcomes that promise the ordered item; a substitute promises another item."""


def build_ledger(
    line: OrderLine, applied: Sequence[Standing], standing: Sequence[Standing], transit: Transit | None, site: BusinessCalendar
) -> PromiseLedger:
    """Write the ledger of a line from its applied answers and those in force (both from ``acknowledge.fold_line``)."""
    history: list[Promise] = []
    original: dict[int, tuple[Promise, ...]] = {}
    sizes = {part.schedule_no: part.quantity for part in line.schedules}
    for item in applied:
        said = promises_of(line, item, transit, site)
        history.extend(said)
        for number, promises in _by_schedule(said).items():
            original[number] = _first_promises(original.get(number, ()), promises, item.answer, sizes[number])
    return PromiseLedger(
        line_no=line.line_no,
        requested=line.need_by,
        original=tuple(promise for number in sorted(original) for promise in original[number]),
        current=_current(line, standing, transit, site),
        history=tuple(history),
    )


def promises_of(line: OrderLine, item: Standing, transit: Transit | None, site: BusinessCalendar) -> tuple[Promise, ...]:
    """Return the promises of one answer; parts are laid on the schedules by date, the earliest first."""
    return _laid_out(line, [(part, item.answer) for part in item.parts if _promises(part, item)], transit, site)


def _current(
    line: OrderLine, standing: Sequence[Standing], transit: Transit | None, site: BusinessCalendar
) -> tuple[Promise, ...]:
    parts = [(part, item.answer) for item in standing for part in item.parts if _promises(part, item)]
    return _laid_out(line, parts, transit, site)


def _promises(part: AnswerPart, item: Standing) -> bool:
    if part.outcome is Outcome.CHANGE and item.verdict is Verdict.REJECTED:
        return False
    dated = part.promised_ship is not None or part.promised_delivery is not None
    return part.outcome in _PROMISING and (dated or part.outcome is not Outcome.BACKORDER)


def _laid_out(
    line: OrderLine, parts: Sequence[tuple[AnswerPart, Acknowledgment]], transit: Transit | None, site: BusinessCalendar
) -> tuple[Promise, ...]:
    room = [
        (schedule, schedule.quantity) for schedule in sorted(line.schedules, key=lambda s: (s.need_by or date.max, s.schedule_no))
    ]
    found: list[Promise] = []
    for part, answer in sorted(parts, key=lambda pair: _when(pair[0], line, transit, site)):
        left = part.quantity or ZERO
        while left > 0 and room:
            schedule, free = room[0]
            taken = min(left, free)
            promise = _promise(line, schedule, taken, part, answer, transit, site)
            if promise.promised_ship is not None or promise.promised_delivery is not None:
                found.append(promise)
            left -= taken
            room = room[1:] if taken == free else [(schedule, free - taken), *room[1:]]
    return tuple(found)


def _when(part: AnswerPart, line: OrderLine, transit: Transit | None, site: BusinessCalendar) -> date:
    delivery, _ = _delivery(part, line.need_by, transit, site)
    return delivery or part.promised_ship or date.max


def _delivery(
    part: AnswerPart, need_by: date | None, transit: Transit | None, site: BusinessCalendar
) -> tuple[date | None, Basis | None]:
    if part.promised_delivery is not None:
        return part.promised_delivery, Basis.STATED
    if part.promised_ship is not None:
        return (None, None) if transit is None else (delivery_after(part.promised_ship, transit, site), Basis.DERIVED)
    return need_by, None if need_by is None else Basis.IMPLIED


def _promise(
    line: OrderLine,
    schedule: Schedule,
    quantity: Decimal,
    part: AnswerPart,
    answer: Acknowledgment,
    transit: Transit | None,
    site: BusinessCalendar,
) -> Promise:
    delivery, basis = _delivery(part, schedule.need_by, transit, site)
    return Promise(
        line_no=line.line_no,
        schedule_no=schedule.schedule_no,
        quantity=quantity,
        promised_ship=part.promised_ship,
        promised_delivery=delivery,
        basis=basis,
        said_at=answer.sent_at,
        channel=answer.channel,
        key=answer.key,
    )


def _by_schedule(promises: Iterable[Promise]) -> Mapping[int, list[Promise]]:
    found: dict[int, list[Promise]] = {}
    for promise in promises:
        found.setdefault(promise.schedule_no, []).append(promise)
    return found


def _first_promises(
    known: tuple[Promise, ...], said: Sequence[Promise], answer: Acknowledgment, size: Decimal
) -> tuple[Promise, ...]:
    """Add to the first promises of a schedule what it had no dated promise for yet.

    A replacing answer restates the quantity from its start, so as much as is known already is passed over.
    """
    covered = sum((promise.quantity for promise in known), ZERO)
    passed_over = ZERO if answer.mode is AnswerMode.ADD else covered
    return (*known, *_between(said, passed_over, passed_over + size - covered))


def _between(promises: Sequence[Promise], start: Decimal, end: Decimal) -> tuple[Promise, ...]:
    """Return the dated promises for the units from ``start`` to ``end``, counted along the promises."""
    found: list[Promise] = []
    position = ZERO
    for promise in promises:
        low, high = max(position, start), min(position + promise.quantity, end)
        position += promise.quantity
        if high > low and promise.promised_delivery is not None:
            found.append(replace(promise, quantity=high - low))
    return tuple(found)


def open_promises(current: Sequence[Promise], received: Mapping[int, Decimal]) -> tuple[Promise, ...]:
    """Return what is still promised after receipts (by schedule, unit of the line): the earliest promise is used up first."""
    found: list[Promise] = []
    for number, promises in sorted(_by_schedule(current).items()):
        used = received.get(number, ZERO)
        for promise in promises:
            rest = promise.quantity - min(used, promise.quantity)
            used -= promise.quantity - rest
            if rest:
                found.append(replace(promise, quantity=rest))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class Slip:
    """A quantity of a schedule whose promised delivery moved to a later day."""

    line_no: int
    schedule_no: int
    quantity: Decimal
    before: date
    after: date


def slips(before: Sequence[Promise], after: Sequence[Promise]) -> tuple[Slip, ...]:
    """Return the quantities that are now promised later than before, unit for unit along each schedule."""
    new = _by_schedule(after)
    return tuple(slip for number, old in sorted(_by_schedule(before).items()) for slip in _moved(old, new.get(number, [])))


def _moved(old: Sequence[Promise], new: Sequence[Promise]) -> Iterable[Slip]:
    position = ZERO
    for promise in old:
        end = position + promise.quantity
        if promise.promised_delivery is not None:
            for later in _between(new, position, end):
                if later.promised_delivery is not None and later.promised_delivery > promise.promised_delivery:
                    yield Slip(
                        promise.line_no, promise.schedule_no, later.quantity, promise.promised_delivery, later.promised_delivery
                    )
        position = end
