"""Progress of an order, computed from its movements every time it is asked for: nothing is counted up in place.

Quantities are base units of the item inside, and the unit of the line at the edge. Each line is kept apart per ship-to site; an
order is complete when every line is complete at every site.
Source: architecture.md 1.3; worked cases OR*; checklist.md S20, S24.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from purveyor.core.acknowledge import ZERO
from purveyor.core.order import OrderLine, Schedule
from purveyor.core.promise import Promise, open_promises
from purveyor.core.quantity import UnitTable
from purveyor.core.receiving import ReceivingTerms
from purveyor.core.shipping import Movement, MovementKind, Place, in_transit


class LineProgressState(StrEnum):
    """Where the goods of a line stand."""

    OPEN = "open"
    PARTLY_RECEIVED = "partly_received"
    RECEIVED = "received"
    CLOSED_SHORT = "closed_short"
    CANCELLED = "cancelled"


DONE = frozenset({LineProgressState.RECEIVED, LineProgressState.CLOSED_SHORT, LineProgressState.CANCELLED})


@dataclass(frozen=True, slots=True)
class PlaceProgress:
    """A line at one ship-to site, in base units.

    ``received`` is what physically arrived and was booked: accepted plus rejected. ``accepted`` is net of returns. ``open`` is
    what is still wanted, ``short`` what was given up.
    """

    place: Place
    ordered: Decimal
    shipped: Decimal
    in_transit: Decimal
    received: Decimal
    accepted: Decimal
    rejected: Decimal
    returned: Decimal
    credited: Decimal
    invoiced: Decimal
    open: Decimal
    short: Decimal
    state: LineProgressState


@dataclass(frozen=True, slots=True)
class Arrival:
    """A part of the open balance (unit of the line) and the day it is expected: the one promised, else the one asked for."""

    schedule_no: int
    quantity: Decimal
    day: date | None
    promised: bool


@dataclass(frozen=True, slots=True)
class LineProgress:
    """A line over all its sites, in the unit of the line (``uom``).

    ``promised`` is the open quantity that has a promised date, ``overdue`` the open quantity whose promised or, without a
    promise, requested day is over. ``due`` is the earliest such day of the open balance, ``arrivals`` is that balance by day.
    """

    line_no: int
    uom: str
    ordered: Decimal
    promised: Decimal
    shipped: Decimal
    in_transit: Decimal
    received: Decimal
    accepted: Decimal
    rejected: Decimal
    returned: Decimal
    invoiced: Decimal
    open: Decimal
    short: Decimal
    overdue: Decimal
    due: date | None
    state: LineProgressState
    places: tuple[PlaceProgress, ...]
    open_promises: tuple[Promise, ...]
    arrivals: tuple[Arrival, ...]


def ordered_at(line: OrderLine, units: UnitTable) -> dict[Place, Decimal]:
    """Return what is ordered of a line per ship-to site, in base units; a cancelled line wants nothing."""
    wanted: dict[Place, Decimal] = {}
    for schedule in line.schedules:
        place = Place(line.line_no, schedule.ship_to)
        quantity = ZERO if line.cancelled else to_base(schedule.quantity, line.uom, units)
        wanted[place] = wanted.get(place, ZERO) + quantity
    return wanted


def to_base(quantity: Decimal, uom: str | None, units: UnitTable) -> Decimal:
    """Convert to base units; a line without unit is in base units already. Raises UnknownUnit."""
    return quantity if uom is None else units.convert_decimal(quantity, uom, units.base_uom)


def place_progress(
    line: OrderLine, place: Place, ordered: Decimal, movements: Sequence[Movement], terms: ReceivingTerms, *, announced: bool
) -> PlaceProgress:
    """Add up the movements of one line at one site; ``announced`` says that a later promise still covers the open balance."""
    here = [item for item in movements if item.place == place]

    def total(kind: MovementKind) -> Decimal:
        return sum((item.quantity for item in here if item.kind is kind), ZERO)

    accepted_gross = total(MovementKind.ACCEPTED)
    returned, credited = total(MovementKind.RETURNED), total(MovementKind.CREDITED)
    accepted = accepted_gross - returned
    missing = max(ZERO, ordered - accepted - credited)
    under_way = in_transit(here).get(place, ZERO)
    waits = announced or under_way > 0
    short = _given_up(line, ordered, accepted, missing, terms, waits=waits)
    rejected = total(MovementKind.REJECTED)
    return PlaceProgress(
        place=place,
        ordered=ordered,
        shipped=total(MovementKind.SHIPPED),
        in_transit=under_way,
        received=accepted_gross + rejected,
        accepted=accepted,
        rejected=rejected,
        returned=returned,
        credited=credited,
        invoiced=total(MovementKind.INVOICED),
        open=missing - short,
        short=short,
        state=_state(line, accepted, missing, short),
    )


def _given_up(
    line: OrderLine, ordered: Decimal, accepted: Decimal, missing: Decimal, terms: ReceivingTerms, *, waits: bool
) -> Decimal:
    if line.closed_reason is not None:
        return missing
    within = accepted > 0 and missing <= ordered * terms.short_close_percent / 100
    return missing if within and not waits else ZERO


def _state(line: OrderLine, accepted: Decimal, missing: Decimal, short: Decimal) -> LineProgressState:
    if line.cancelled:
        return LineProgressState.CANCELLED
    if missing == 0:
        return LineProgressState.RECEIVED
    if short:
        return LineProgressState.CLOSED_SHORT
    return LineProgressState.PARTLY_RECEIVED if accepted > 0 else LineProgressState.OPEN


def line_progress(
    line: OrderLine,
    movements: Iterable[Movement],
    units: UnitTable,
    *,
    as_of: date,
    promises: Sequence[Promise] = (),
    terms: ReceivingTerms | None = None,
) -> LineProgress:
    """Return the progress of a line on a day, in the unit of the line.

    ``promises`` are those in force (``PromiseLedger.current``); what has arrived uses up the earliest of a site first.
    """
    own = [item for item in movements if item.place.line_no == line.line_no]
    limits = terms or ReceivingTerms()
    wanted = ordered_at(line, units)
    ratio = to_base(Decimal(1), line.uom, units)
    received = {place: _accepted(place, own) for place in wanted}
    still_promised = open_promises(promises, _by_schedule(line, received, units))
    last_movement = max((item.moved_at.date() for item in own), default=as_of)
    schedules_with_later_promise = {
        promise.schedule_no for promise in still_promised if (promise.promised_delivery or date.min) > last_movement
    }
    announced = {Place(line.line_no, part.ship_to) for part in line.schedules if part.schedule_no in schedules_with_later_promise}
    places = tuple(
        place_progress(line, place, ordered, own, limits, announced=place in announced) for place, ordered in wanted.items()
    )
    arrivals = tuple(_arrivals(_open_parts(line, places, units), still_promised))

    def total(name: str) -> Decimal:
        base = sum((getattr(place, name) for place in places), ZERO)
        return base if ratio == 1 else units.convert_decimal(base, units.base_uom, line.uom or units.base_uom)

    return LineProgress(
        line_no=line.line_no,
        uom=line.uom or units.base_uom,
        ordered=total("ordered"),
        promised=sum((promise.quantity for promise in still_promised if promise.promised_delivery is not None), ZERO),
        shipped=total("shipped"),
        in_transit=total("in_transit"),
        received=total("received"),
        accepted=total("accepted"),
        rejected=total("rejected"),
        returned=total("returned"),
        invoiced=total("invoiced"),
        open=total("open"),
        short=total("short"),
        overdue=sum((part.quantity for part in arrivals if part.day is not None and part.day < as_of), ZERO),
        due=min((part.day for part in arrivals if part.day is not None), default=None),
        state=_line_state(line, places),
        places=places,
        open_promises=still_promised,
        arrivals=arrivals,
    )


def _accepted(place: Place, movements: Iterable[Movement]) -> Decimal:
    """What a site keeps or no longer wants: what was returned for replacement is wanted again."""
    signs = {MovementKind.ACCEPTED: 1, MovementKind.RETURNED: -1, MovementKind.CREDITED: 1}
    return sum((item.quantity * signs.get(item.kind, 0) for item in movements if item.place == place), ZERO)


def _by_schedule(line: OrderLine, received: Mapping[Place, Decimal], units: UnitTable) -> dict[int, Decimal]:
    """Lay what arrived at each site on its schedules, the earliest need first (unit of the line)."""
    left = dict(received)
    found: dict[int, Decimal] = {}
    for schedule in _by_need(line):
        place = Place(line.line_no, schedule.ship_to)
        taken = min(left[place], to_base(schedule.quantity, line.uom, units))
        left[place] -= taken
        found[schedule.schedule_no] = units.convert_decimal(taken, units.base_uom, line.uom or units.base_uom)
    return found


def _open_parts(line: OrderLine, places: Iterable[PlaceProgress], units: UnitTable) -> dict[Schedule, Decimal]:
    """Lay what each site still wants on its schedules, the latest need first (unit of the line)."""
    left = {place.place: place.open for place in places}
    found: dict[Schedule, Decimal] = {}
    for schedule in reversed(_by_need(line)):
        place = Place(line.line_no, schedule.ship_to)
        taken = min(left[place], to_base(schedule.quantity, line.uom, units))
        left[place] -= taken
        if taken > 0:
            found[schedule] = units.convert_decimal(taken, units.base_uom, line.uom or units.base_uom)
    return found


def _by_need(line: OrderLine) -> list[Schedule]:
    return sorted(line.schedules, key=lambda schedule: (schedule.need_by or date.max, schedule.schedule_no))


def _arrivals(open_parts: Mapping[Schedule, Decimal], promises: Sequence[Promise]) -> Iterator[Arrival]:
    for schedule, quantity in open_parts.items():
        rest = quantity
        for promise in promises:
            covered = min(rest, promise.quantity)
            if promise.schedule_no == schedule.schedule_no and promise.promised_delivery is not None and covered > 0:
                rest -= covered
                yield Arrival(schedule.schedule_no, covered, promise.promised_delivery, promised=True)
        if rest > 0:
            yield Arrival(schedule.schedule_no, rest, schedule.need_by, promised=False)


def _line_state(line: OrderLine, places: Sequence[PlaceProgress]) -> LineProgressState:
    states = {place.state for place in places}
    if line.cancelled or states == {LineProgressState.CANCELLED}:
        return LineProgressState.CANCELLED
    if states <= DONE:
        closed = LineProgressState.CLOSED_SHORT in states
        return LineProgressState.CLOSED_SHORT if closed else LineProgressState.RECEIVED
    return LineProgressState.OPEN if states == {LineProgressState.OPEN} else LineProgressState.PARTLY_RECEIVED


def is_received(lines: Iterable[LineProgress]) -> bool:
    """Say whether every line is done at every site: received, closed short or cancelled."""
    return all(line.state in DONE for line in lines)
