"""The parts every measure is made of: periods, shares, percentiles, figures, and the rows behind a figure.

A figure without anything to divide by has no value: "no data" is neither 0 nor 100 %.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Final
from uuid import UUID

from purveyor.core.events.base import Ref

HUNDREDTH: Final = Decimal("0.01")
MEDIAN: Final = Fraction(1, 2)
NINETIETH: Final = Fraction(9, 10)
FEW: Final = 30
"""Below so many units a figure says little; it is shown with that remark."""


class Unit(StrEnum):
    """What a figure is counted in."""

    PERCENT = "percent"
    BUSINESS_HOURS = "business_hours"
    CALENDAR_HOURS = "calendar_hours"
    BUSINESS_DAYS = "business_days"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Period:
    """From ``start`` up to, not including, ``end`` (UTC)."""

    start: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        """Say whether a moment belongs to the period."""
        return self.start <= moment < self.end


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a measure. ``group`` is the role, interface, class or band it is about, empty for the whole.

    ``value`` None means that there is no data. ``at_least``: the true value is higher, the end has not happened yet.
    """

    key: str
    unit: Unit
    value: Decimal | None
    sample: int
    group: str = ""
    at_least: bool = False

    @property
    def is_small(self) -> bool:
        """Say whether the sample is too small to conclude from; what is merely counted is no sample."""
        return self.unit not in (Unit.COUNT, Unit.BUSINESS_DAYS) and 0 < self.sample < FEW


@dataclass(frozen=True, slots=True)
class Counted:
    """One unit of count behind a figure: which order, line or document, and why it counts or does not.

    ``in_numerator`` is what the share counts. ``value`` is its own number (hours or days), ``beside`` the calendar hours.
    ``first`` rows stand at the head of the list: they are what a reader of the figure asks for.
    """

    why: str
    in_numerator: bool
    at: datetime
    order_id: UUID | None = None
    order_ref: str | None = None
    line_no: int | None = None
    document: Ref | None = None
    name: str = ""
    party: str = ""
    group: str = ""
    value: Decimal | None = None
    beside: Decimal | None = None
    still_open: bool = False
    first: bool = False

    @property
    def place(self) -> tuple[str, ...]:
        """Its place in the list: what readers ask for first, of what still waits the oldest, otherwise the newest.

        The same row always has the same place.
        """
        waits = self.first and self.still_open and self.value is not None
        second = int(self.at.timestamp())
        seconds = f"{second if waits else 10**12 - second:013d}"
        document = "" if self.document is None else f"{self.document.type}:{self.document.id}"
        line = "" if self.line_no is None else f"{self.line_no:06d}"
        return ("0" if self.first else "1", seconds, self.order_ref or "", line, document, self.group, self.why)


@dataclass(frozen=True, slots=True)
class Result:
    """A measure over a period: what is counted, of how many, the figures, and every row behind them.

    ``beside`` counts what is shown next to the figure without being in it, by code.
    """

    numerator: int
    denominator: int
    figures: tuple[Figure, ...]
    rows: tuple[Counted, ...]
    beside: tuple[tuple[str, int], ...] = ()
    provisional: bool = False

    @property
    def sample(self) -> int:
        """How many units the measure rests on."""
        return self.denominator

    @property
    def main(self) -> Figure:
        """The figure that stands for the measure."""
        return self.figures[0]


def share(numerator: int, denominator: int) -> Decimal | None:
    """Return a share in percent with two decimals, half up; None without a denominator."""
    if denominator == 0:
        return None
    return (Decimal(numerator) * 100 / Decimal(denominator)).quantize(HUNDREDTH, ROUND_HALF_UP)


def share_figure(key: str, numerator: int, denominator: int, group: str = "") -> Figure:
    """Return a share as a figure."""
    return Figure(key, Unit.PERCENT, share(numerator, denominator), denominator, group)


def hours(minutes: int) -> Decimal:
    """Return minutes as hours with two decimals, half up."""
    return (Decimal(minutes) / 60).quantize(HUNDREDTH, ROUND_HALF_UP)


def hours_between(begin: datetime, end: datetime) -> Decimal:
    """Return real hours between two moments with two decimals; 0 when ``end`` is not after ``begin``."""
    seconds = max(0, int((end - begin).total_seconds()))
    return (Decimal(seconds) / 3600).quantize(HUNDREDTH, ROUND_HALF_UP)


@dataclass(frozen=True, slots=True)
class Percentile:
    """A percentile; ``beyond`` says that it is higher than ``value``, the largest time or age seen."""

    value: Decimal
    beyond: bool = False


def percentile(answered: Iterable[Decimal], waiting: Iterable[Decimal], wanted: Fraction) -> Percentile | None:
    """Return the first time by which a share of all has ended; those that wait count with their age as a lower bound.

    Product-limit estimate: at each time t the share still open is multiplied by (at risk - ended at t) / at risk, where at risk
    are all whose time or age is at least t. Without any that wait this is the plain percentile. None without anything.
    Source: worked cases acknowledgment_latency.
    """
    ended, ages = sorted(answered), sorted(waiting)
    if not ended and not ages:
        return None
    still_open = Fraction(1)
    for moment, at_once in sorted(Counter(ended).items()):
        at_risk = len(ended) - bisect_left(ended, moment) + len(ages) - bisect_left(ages, moment)
        still_open *= Fraction(at_risk - at_once, at_risk)
        if 1 - still_open >= wanted:
            return Percentile(moment)
    return Percentile(max([*ended[-1:], *ages[-1:]]), beyond=True)


@dataclass(frozen=True, slots=True)
class Times:
    """Times that ended and ages of what still waits, all of one group."""

    ended: Sequence[Decimal]
    waiting: Sequence[Decimal] = field(default=())

    def figures(self, unit: Unit, group: str = "") -> tuple[Figure, Figure]:
        """Return median and 90th percentile, including what still waits."""
        return self._figure("median", MEDIAN, unit, group), self._figure("p90", NINETIETH, unit, group)

    def _figure(self, key: str, wanted: Fraction, unit: Unit, group: str) -> Figure:
        found = percentile(self.ended, self.waiting, wanted)
        sample = len(self.ended) + len(self.waiting)
        if found is None:
            return Figure(key, unit, None, 0, group)
        return Figure(key, unit, found.value, sample, group, found.beyond)


def counts(codes: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """Return how often each code occurs, by code."""
    return tuple(sorted(Counter(codes).items()))


def in_order(rows: Iterable[Counted]) -> tuple[Counted, ...]:
    """Return rows by their place, so that the same rows always make the same list."""
    return tuple(sorted(rows, key=lambda row: row.place))
