"""Receiving: how much of a count is accepted, what is excess, what must be counted again, and when a line is done.

Counts of a line at a site are judged in the order in which they were made; the limit stands on their sum. The physical count
is always recorded, whatever is accepted. Quantities are base units of the item.
Source: domain.md 1, "Over-receipt", "Returns", "Short close"; worked cases OR*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import ROUND_FLOOR, Decimal
from enum import StrEnum
from typing import Final

from purveyor.core.acknowledge import DocumentKey

ZERO: Final = Decimal(0)
RECOUNT_PERCENT: Final = Decimal(120)
"""A sum of receipts above this share of the order is a suspected keying slip (rule of thumb, domain.md 1)."""


class ReturnFor(StrEnum):
    """What a return is for: goods again, or money back."""

    REPLACEMENT = "replacement"
    CREDIT = "credit"


class ReceivingStatus(StrEnum):
    """Whether more of a line is wanted."""

    OPEN = "OPEN"
    RECEIVED_FULL = "RECEIVED_FULL"
    CLOSED_SHORT = "CLOSED_SHORT"


class ReceivingCode(StrEnum):
    """What a count brings up for a person to decide."""

    OVER_RECEIPT = "OVER_RECEIPT"
    HELD_RECOUNT = "HELD_RECOUNT"
    DAMAGED = "DAMAGED"


@dataclass(frozen=True, slots=True)
class ReceivingTerms:
    """The limits for one line: percent over and under the ordered quantity; discrete items have whole units only.

    ``line_unit`` is how many base units one unit of the line holds: the limit of a discrete item is whole units of the line.
    """

    over_percent: Decimal = ZERO
    short_close_percent: Decimal = ZERO
    discrete: bool = True
    recount_percent: Decimal = RECOUNT_PERCENT
    line_unit: Decimal = Decimal(1)

    def limit(self, ordered: Decimal) -> Decimal:
        """Return the most that may be accepted of an ordered quantity, exact; rounded down to whole units when discrete."""
        limit = ordered * (1 + self.over_percent / 100)
        if not self.discrete:
            return limit
        return max(ordered, (limit / self.line_unit).to_integral_value(ROUND_FLOOR) * self.line_unit)


@dataclass(frozen=True, slots=True)
class Count:
    """What somebody counted of a line at a site, ``damaged`` included; a negative quantity is a return.

    ``recount_of`` names the count it replaces. ``allowed_over`` is excess that a person with the role accepted, ``credited``
    the damaged quantity that is to be credited instead of replaced.
    """

    key: DocumentKey
    counted_at: datetime
    quantity: Decimal
    damaged: Decimal = ZERO
    return_for: ReturnFor | None = None
    recount_of: DocumentKey | None = None
    allowed_over: Decimal = ZERO
    credited: Decimal = ZERO

    @property
    def sender_order(self) -> tuple[datetime, str, int, str]:
        """The place of this count among all counts: by the time of counting, never of arrival."""
        return (self.counted_at, self.key.external_id, self.key.revision, self.key.source)


@dataclass(frozen=True, slots=True)
class Announced:
    """What is still to come: the latest promised delivery of the open balance, and whether a ship notice is open."""

    promised_delivery: date | None = None
    ship_notice: bool = False


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one count, and where the line stands after it.

    ``excess`` waits for a decision, ``held`` for a recount, ``rejected`` is damaged. ``waits_for`` says what keeps a line
    within the short-close tolerance open.
    """

    key: DocumentKey
    accepted: Decimal
    excess: Decimal
    held: Decimal
    rejected: Decimal
    accepted_total: Decimal
    credited_total: Decimal
    open_quantity: Decimal
    short_quantity: Decimal
    status: ReceivingStatus
    codes: tuple[ReceivingCode, ...]
    waits_for: str | None = None


@dataclass(frozen=True, slots=True)
class _Tally:
    ordered: Decimal
    limit: Decimal
    accepted: Decimal = ZERO
    credited: Decimal = ZERO

    @property
    def used(self) -> Decimal:
        return self.accepted + self.credited

    @property
    def missing(self) -> Decimal:
        return max(ZERO, self.ordered - self.used)


def judge(
    ordered: Decimal, terms: ReceivingTerms, counts: Sequence[Count], announced: Announced | None = None
) -> tuple[Judged, ...]:
    """Judge every count of a line at a site, in the order of counting; a document that arrives twice counts once.

    A higher revision of a document stands for the lower one. ``announced`` is what is still to come after the last count: it
    keeps a nearly complete line open.
    """
    once = _latest_revisions(counts)
    replaced = {count.recount_of for count in once if count.recount_of is not None}
    tally = _Tally(ordered, terms.limit(ordered))
    judged: list[Judged] = []
    for place, count in enumerate(once, start=1):
        tally, result = _judge_one(tally, terms, count, replaced=count.key in replaced)
        waiting_for = _waits_for(count, announced) if place == len(once) else None
        judged.append(_with_status(result, tally, terms, waiting_for))
    return tuple(judged)


def _latest_revisions(counts: Sequence[Count]) -> list[Count]:
    newest: dict[tuple[str, str], Count] = {}
    for count in counts:
        document = (count.key.source, count.key.external_id)
        if document not in newest or newest[document].key.revision < count.key.revision:
            newest[document] = count
    return sorted(newest.values(), key=lambda count: count.sender_order)


def _judge_one(tally: _Tally, terms: ReceivingTerms, count: Count, *, replaced: bool) -> tuple[_Tally, Judged]:
    nothing = Judged(
        key=count.key,
        accepted=ZERO,
        excess=ZERO,
        held=ZERO,
        rejected=ZERO,
        accepted_total=tally.accepted,
        credited_total=tally.credited,
        open_quantity=tally.missing,
        short_quantity=ZERO,
        status=ReceivingStatus.OPEN,
        codes=(),
    )
    if count.quantity < 0:
        credit = -count.quantity if count.return_for is ReturnFor.CREDIT else ZERO
        after = replace(tally, accepted=tally.accepted + count.quantity, credited=tally.credited + credit)
        return after, replace(nothing, accepted=count.quantity)
    if replaced or (count.recount_of is None and _suspected_slip(tally, terms, count)):
        return tally, replace(nothing, held=count.quantity, codes=(ReceivingCode.HELD_RECOUNT,))
    good = count.quantity - count.damaged
    fits = min(good, max(ZERO, tally.limit - tally.used))
    accepted = fits + min(count.allowed_over, good - fits)
    excess, undecided = good - accepted, count.damaged - count.credited
    codes = tuple(
        code for code, amount in ((ReceivingCode.OVER_RECEIPT, excess), (ReceivingCode.DAMAGED, undecided)) if amount > 0
    )
    after = replace(tally, accepted=tally.accepted + accepted, credited=tally.credited + count.credited)
    return after, replace(nothing, accepted=accepted, excess=excess, rejected=count.damaged, codes=codes)


def _suspected_slip(tally: _Tally, terms: ReceivingTerms, count: Count) -> bool:
    total = tally.used + count.quantity
    return total > tally.ordered * terms.recount_percent / 100 and total > tally.limit


def _waits_for(count: Count, announced: Announced | None) -> str | None:
    if announced is None:
        return None
    if announced.ship_notice:
        return "ship_notice"
    later = announced.promised_delivery is not None and announced.promised_delivery > count.counted_at.date()
    return "promise" if later else None


def _with_status(result: Judged, tally: _Tally, terms: ReceivingTerms, waiting_for: str | None) -> Judged:
    missing = tally.missing
    status, short, waits_for = ReceivingStatus.OPEN, ZERO, None
    if missing == 0:
        status = ReceivingStatus.RECEIVED_FULL
    elif tally.accepted > 0 and missing <= tally.ordered * terms.short_close_percent / 100:
        waits_for = waiting_for
        if waits_for is None:
            status, short, missing = ReceivingStatus.CLOSED_SHORT, missing, ZERO
    return replace(
        result,
        accepted_total=tally.accepted,
        credited_total=tally.credited,
        open_quantity=missing,
        short_quantity=short,
        status=status,
        waits_for=waits_for,
    )
