"""The one agreed price of a line: validity, currency, ship-to site, quantity break, and a tie that is never broken by chance.

Conversions are exact ratios; the extended amount is rounded once, half up, from the unit of the price entry.
Source: domain.md 1, prices and breaks; cases PB* and PI* of the worked set price_breaks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Final

from purveyor.core.ids import SiteId
from purveyor.core.items import Agreement, PriceEntry, PricingDate, TieRule
from purveyor.core.money import minor_digits, round_amount
from purveyor.core.quantity import UnitTable, as_decimal

PRICE_MISSING: Final = "PRICE_MISSING"
PRICE_AMBIGUOUS: Final = "PRICE_AMBIGUOUS"
UOM_UNKNOWN: Final = "UOM_UNKNOWN"

_REASONS: Final = ("no_entry", "site", "no_valid_date", "currency", "below_smallest_break")
"""Why no entry is usable, in the order the conditions are asked; an answer names the last one that failed every entry."""


@dataclass(frozen=True, slots=True)
class PriceQuery:
    """What is bought: a quantity in a unit, in a currency, for a site, with the dates that may select the price."""

    quantity: Decimal
    uom: str
    currency: str
    order_date: date
    need_by: date | None = None
    site: SiteId | None = None


@dataclass(frozen=True, slots=True)
class Resolved:
    """The one entry that applies. ``unit_price`` is per line unit and only for show, ``extended`` the amount of the line."""

    entry: PriceEntry
    unit_price: Decimal
    extended: Decimal
    settled_by: TieRule | None = None
    agreement: Agreement | None = None


@dataclass(frozen=True, slots=True)
class Unresolved:
    """Why there is not exactly one price: PRICE_MISSING with a reason, PRICE_AMBIGUOUS with its entries, or UOM_UNKNOWN."""

    code: str
    reason: str
    entries: tuple[str, ...] = ()
    agreement: Agreement | None = None


PriceAnswer = Resolved | Unresolved


def in_base_units(units: UnitTable, quantity: Decimal, uom: str) -> Decimal | None:
    """Return a quantity in base units of the item (28 digits at most); None when the unit has no conversion."""
    if uom == units.base_uom:
        return quantity
    factor = units.factors.get(uom)
    if factor is None:
        return None
    if factor.denominator == 1:
        return quantity * factor.numerator
    return as_decimal(Fraction(quantity) * factor)


def round_exact(amount: Fraction, currency: str) -> Decimal:
    """Round an exact amount once, half up (away from zero), to the minor unit of its currency."""
    digits = minor_digits(currency)
    units = int(abs(amount) * 10**digits + Fraction(1, 2))
    return Decimal(units if amount >= 0 else -units).scaleb(-digits)


def extend(entry: PriceEntry, quantity: Decimal, uom: str, units: UnitTable) -> Decimal:
    """Return quantity in the unit of the entry times its price, rounded once; raise UnknownUnit."""
    if entry.uom == uom:
        return round_amount(quantity * entry.price, entry.currency)
    whole = _whole_ratio(units, uom, entry.uom)
    if whole is not None:
        return round_amount(quantity * whole * entry.price, entry.currency)
    return round_exact(units.convert(quantity, uom, entry.uom) * Fraction(entry.price), entry.currency)


def price_per_unit(entry: PriceEntry, uom: str, units: UnitTable) -> Decimal:
    """Return the price of an entry per another unit, 28 digits at most; raise UnknownUnit."""
    if entry.uom == uom:
        return entry.price
    whole = _whole_ratio(units, uom, entry.uom)
    if whole is not None:
        return entry.price * whole
    return as_decimal(Fraction(entry.price) * units.ratio(uom, entry.uom))


def _whole_ratio(units: UnitTable, from_uom: str, to_uom: str) -> int | None:
    """Return how many whole ``to_uom`` are in one ``from_uom``; None when that is no whole number of base units both."""
    many = 1 if from_uom == units.base_uom else units.factors.get(from_uom, 0)
    one = 1 if to_uom == units.base_uom else units.factors.get(to_uom, 0)
    if not many or not one or many.denominator != 1 or one.denominator != 1:
        return None
    whole, rest = divmod(many.numerator, one.numerator)
    return None if rest else whole


def resolve(
    entries: Sequence[PriceEntry],
    query: PriceQuery,
    on: date,
    units: UnitTable,
    tie_rule: TieRule = TieRule.AMBIGUOUS,
    agreement: Agreement | None = None,
) -> PriceAnswer:
    """Return the one entry usable on a date: the site's own beat general ones, then the highest break reached wins.

    The order of the entries does not matter. An entry in a unit the item does not know cannot be judged: UOM_UNKNOWN.
    """
    ordered = in_base_units(units, query.quantity, query.uom)
    if ordered is None:
        return Unresolved(UOM_UNKNOWN, query.uom, (), agreement)
    reached = 0
    best: tuple[bool, Decimal] | None = None
    tied: list[PriceEntry] = []
    for entry in entries:
        stage = _stage(entry, query, on)
        if stage < _BREAK_STAGE:
            reached = max(reached, stage)
            continue
        least = in_base_units(units, entry.min_qty, entry.uom)
        if least is None:
            return Unresolved(UOM_UNKNOWN, entry.uom, (entry.id,), agreement)
        if ordered < least:
            reached = _BREAK_STAGE
            continue
        rank = (entry.site_id is not None, least)
        if best is None or rank > best:
            best, tied = rank, [entry]
        elif rank == best:
            tied.append(entry)
    if best is None:
        return Unresolved(PRICE_MISSING, _REASONS[reached], (), agreement)
    return _settle(tied, query, units, tie_rule, agreement)


_BREAK_STAGE: Final = _REASONS.index("below_smallest_break")


def _stage(entry: PriceEntry, query: PriceQuery, on: date) -> int:
    """Return the place in ``_REASONS`` of the first condition an entry misses; the last place when only the break is left."""
    if entry.site_id is not None and entry.site_id != query.site:
        return 1
    if (entry.valid_from is not None and on < entry.valid_from) or (entry.valid_to is not None and on > entry.valid_to):
        return 2
    if entry.currency != query.currency:
        return 3
    return _BREAK_STAGE


def _settle(
    tied: list[PriceEntry], query: PriceQuery, units: UnitTable, tie_rule: TieRule, agreement: Agreement | None
) -> PriceAnswer:
    chosen = tied
    settled_by: TieRule | None = None
    if len(tied) > 1 and tie_rule is TieRule.LATEST_START:
        latest = max(_start(entry) for entry in tied)
        chosen = [entry for entry in tied if _start(entry) == latest]
        settled_by = tie_rule
    if len(chosen) > 1:
        return Unresolved(PRICE_AMBIGUOUS, "equal_rank", tuple(sorted(entry.id for entry in chosen)), agreement)
    entry = chosen[0]
    amount = extend(entry, query.quantity, query.uom, units)
    return Resolved(entry, price_per_unit(entry, query.uom, units), amount, settled_by, agreement)


def _start(entry: PriceEntry) -> date:
    return entry.valid_from or date.min


def agreed_price(
    agreements: Sequence[Agreement], price_list: Sequence[PriceEntry], query: PriceQuery, units: UnitTable
) -> PriceAnswer | None:
    """Return the agreed price of a line, or why there is not exactly one; None when nothing was ever agreed.

    Agreements rule; only without any does the supplier's price list speak. Two agreements that both give a price are ambiguous.
    """
    if not agreements:
        return resolve(price_list, query, query.order_date, units) if price_list else None
    answers = [_under(agreement, query, units) for agreement in agreements]
    if len(answers) == 1:
        return answers[0]
    found = [answer for answer in answers if isinstance(answer, Resolved)]
    refused = [answer for answer in answers if isinstance(answer, Unresolved)]
    if len(found) > 1:
        return Unresolved(PRICE_AMBIGUOUS, "several_agreements", tuple(sorted(_named(answer) for answer in found)))
    unclear = [answer for answer in refused if answer.code != PRICE_MISSING]
    if unclear:
        return unclear[0]
    return found[0] if found else max(refused, key=lambda answer: _REASONS.index(answer.reason))


def _under(agreement: Agreement, query: PriceQuery, units: UnitTable) -> PriceAnswer:
    by_need = agreement.pricing_date is PricingDate.NEED_BY
    on = (query.need_by or query.order_date) if by_need else query.order_date
    if (agreement.valid_from and on < agreement.valid_from) or (agreement.valid_to and on > agreement.valid_to):
        return Unresolved(PRICE_MISSING, "no_valid_date", agreement=agreement)
    return resolve(agreement.entries, query, on, units, agreement.tie_rule, agreement)


def _named(answer: Resolved) -> str:
    number = answer.agreement.number if answer.agreement else ""
    return f"{number}/{answer.entry.id}"


# --- what an import says about the entries it brings ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EndDateProposal:
    """A proposal for overlapping entries: end ``entry`` on ``valid_to``, or continue it from ``continue_from`` until then."""

    entry: str
    valid_to: date | None
    continue_from: date | None = None


@dataclass(frozen=True, slots=True)
class Overlap:
    """What an import found: end dates to propose, and entries no date can separate because they start together."""

    proposals: tuple[EndDateProposal, ...] = ()
    ambiguous: tuple[str, ...] = ()


def rising_breaks(entries: Iterable[PriceEntry], units: UnitTable) -> tuple[str, str] | None:
    """Return the first two entries of one validity, currency and site where more costs more per base unit; None when none do.

    Quantities are compared in base units too: 12 pieces and a carton of 12 are one break. An agreement with such a pair is
    refused at load with BREAK_NOT_DESCENDING. Raises UnknownUnit.
    """
    groups: dict[object, list[PriceEntry]] = defaultdict(list)
    for entry in entries:
        groups[entry.currency, entry.site_id, entry.valid_from, entry.valid_to].append(entry)
    for group in groups.values():
        breaks: dict[Fraction, list[PriceEntry]] = defaultdict(list)
        for entry in sorted(group, key=lambda entry: entry.id):
            breaks[units.convert(entry.min_qty, entry.uom, units.base_uom)].append(entry)
        for fewer, more in pairwise(sorted(breaks)):
            lower = min(breaks[fewer], key=lambda entry: _per_base(entry, units))
            higher = max(breaks[more], key=lambda entry: _per_base(entry, units))
            if _per_base(higher, units) > _per_base(lower, units):
                return lower.id, higher.id
    return None


def _per_base(entry: PriceEntry, units: UnitTable) -> Fraction:
    return Fraction(entry.price) * units.ratio(units.base_uom, entry.uom)


def overlaps(entries: Iterable[PriceEntry], units: UnitTable) -> Overlap:
    """Find entries of equal rank with overlapping validity and propose end dates; nothing changes until a person accepts.

    Raises UnknownUnit.
    """
    groups: dict[object, list[PriceEntry]] = defaultdict(list)
    for entry in entries:
        groups[entry.currency, entry.site_id, units.convert(entry.min_qty, entry.uom, units.base_uom)].append(entry)
    proposals: list[EndDateProposal] = []
    ambiguous: list[str] = []
    for group in groups.values():
        rising = sorted(group, key=lambda entry: (_start(entry), entry.id))
        for earlier, later in pairwise(rising):
            if _end(earlier) < _start(later):
                continue
            if _start(earlier) == _start(later):
                ambiguous += [name for name in (earlier.id, later.id) if name not in ambiguous]
            else:
                proposals += _separate(earlier, later)
    return Overlap(tuple(proposals), tuple(ambiguous))


def _end(entry: PriceEntry) -> date:
    return entry.valid_to or date.max


def _separate(earlier: PriceEntry, later: PriceEntry) -> list[EndDateProposal]:
    found = [EndDateProposal(earlier.id, _start(later) - timedelta(days=1))]
    if _end(later) < _end(earlier):
        found.append(EndDateProposal(earlier.id, earlier.valid_to, continue_from=_end(later) + timedelta(days=1)))
    return found
