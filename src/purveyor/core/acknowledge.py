"""A supplier's acknowledgment, bound per line to the version of the order it answers.

All answers to a line are folded in the order in which the supplier sent them, never in the order of arrival, and the quantity
of a line always splits into accepted, proposed, backordered, rejected and unanswered.
Source: domain.md 1, "Acknowledgment ..."; worked cases AK*, AV*; checklist.md S29, S34, S46, S97.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from purveyor.core.errors import PurveyorError
from purveyor.core.ids import AcknowledgmentId
from purveyor.core.order import OrderLine
from purveyor.core.parties import AnswerMode

ZERO: Final = Decimal(0)


class DocumentChanged(PurveyorError):
    """Another document with this number was sent before; send a correction with a higher revision."""

    code = "document_changed"


class Outcome(StrEnum):
    """What the supplier says about a quantity; hold and pending count as not answered yet."""

    ACCEPT = "accept"
    CHANGE = "change"
    BACKORDER = "backorder"
    REJECT = "reject"
    SUBSTITUTE = "substitute"
    HOLD = "hold"
    PENDING = "pending"


WAITING: Final = frozenset({Outcome.HOLD, Outcome.PENDING})
PROPOSALS: Final = frozenset({Outcome.CHANGE, Outcome.SUBSTITUTE})
"""Outcomes that need a decision of ours before they bind."""


class ApplyResult(StrEnum):
    """What became of an acknowledgment on one line; everything but APPLIED leaves the line as it was."""

    APPLIED = "APPLIED"
    DUPLICATE = "DUPLICATE"
    STALE_VERSION = "STALE_VERSION"
    UNKNOWN_VERSION = "UNKNOWN_VERSION"
    ACKNOWLEDGMENT_EXCEEDS_ORDER = "ACKNOWLEDGMENT_EXCEEDS_ORDER"
    IGNORED_TECHNICAL = "IGNORED_TECHNICAL"


NOT_APPLICABLE: Final = frozenset(
    {ApplyResult.STALE_VERSION, ApplyResult.UNKNOWN_VERSION, ApplyResult.ACKNOWLEDGMENT_EXCEEDS_ORDER}
)
"""Results that open an exception and stop the reminders of the line: the supplier has answered, we could not use it."""


class LineState(StrEnum):
    """Where a line stands with the supplier."""

    UNANSWERED = "UNANSWERED"
    PARTLY_ANSWERED = "PARTLY_ANSWERED"
    ACCEPTED = "ACCEPTED"
    ANSWERED_WITH_DIFFERENCES = "ANSWERED_WITH_DIFFERENCES"
    REJECTED = "REJECTED"
    CANCELLED = "CANCELLED"


class Reminders(StrEnum):
    """Whether the supplier is still reminded of a line."""

    NONE = "none"
    RUNNING = "running"
    STOPPED = "stopped"


class Verdict(StrEnum):
    """Our decision on a supplier's proposal."""

    ACCEPTED = "accepted"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class AnswerPart:
    """One outcome for a quantity of a line, in the unit of the line unless ``uom`` says otherwise.

    No quantity means all that the other parts leave over. ``reason`` is a code. ``item_code`` names a substitute,
    ``unit_price`` the price the supplier asks for.
    """

    outcome: Outcome
    quantity: Decimal | None = None
    uom: str | None = None
    unit_price: Decimal | None = None
    promised_ship: date | None = None
    promised_delivery: date | None = None
    reason: str | None = None
    item_code: str | None = None


@dataclass(frozen=True, slots=True)
class LineAnswer:
    """What the supplier says about one line: a list of outcomes, a split is several of them."""

    line_no: int
    parts: tuple[AnswerPart, ...]


@dataclass(frozen=True, slots=True)
class DocumentKey:
    """What makes an inbound document one and the same, however often and in whatever order it arrives."""

    source: str
    external_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class Acknowledgment:
    """A supplier's answer to version ``version`` of an order.

    ``known_version`` is the order's version when the answer arrived. ``header`` answers every line that is not listed.
    ``mode`` says whether a listed line is answered anew or only its open quantity. A ``technical`` receipt answers nothing.
    """

    source: str
    channel: str
    external_id: str
    sent_at: datetime
    version: int
    known_version: int
    revision: int = 1
    mode: AnswerMode = AnswerMode.REPLACE
    header: Outcome | None = None
    lines: tuple[LineAnswer, ...] = ()
    reason: str | None = None
    technical: bool = False
    id: AcknowledgmentId | None = None

    @property
    def key(self) -> DocumentKey:
        """The identity of this document among all that the sender sends."""
        return DocumentKey(self.source, self.external_id, self.revision)

    @property
    def sender_order(self) -> tuple[int, datetime, str, str]:
        """The place of this answer among the answers to the order: revision, time of sending, external id."""
        return (self.revision, self.sent_at, self.external_id, self.source)

    def parts_for(self, line: OrderLine, added_in: int) -> tuple[AnswerPart, ...] | None:
        """Return what this answer says about a line, or None when it does not speak of it."""
        for answer in self.lines:
            if answer.line_no == line.line_no:
                return answer.parts
        if self.header is None or self.version < added_in or (line.cancelled and self.version >= line.changed_in_version):
            return None
        return (AnswerPart(self.header, reason=self.reason),)


@dataclass(frozen=True, slots=True)
class Balance:
    """How the ordered quantity of a line splits; the five parts always add up to ``ordered``.

    ``proposed_over`` is what a change asks for above the order and stands beside the sum.
    """

    ordered: Decimal
    unanswered: Decimal
    accepted: Decimal = ZERO
    proposed: Decimal = ZERO
    backordered: Decimal = ZERO
    rejected: Decimal = ZERO
    proposed_over: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Standing:
    """An answer that is in force for a line, its quantities filled in, and our verdict when it was a proposal."""

    answer: Acknowledgment
    parts: tuple[AnswerPart, ...]
    verdict: Verdict | None = None


@dataclass(frozen=True, slots=True)
class LineFold:
    """The outcome of all answers to one line.

    ``results`` stands beside the answers as they were given; None means that the answer does not speak of the line, or that it
    answered an earlier version of it and is history. ``applied`` are all applied answers, ``standing`` those in force.
    """

    line_no: int
    balance: Balance
    state: LineState
    results: tuple[ApplyResult | None, ...]
    standing: tuple[Standing, ...]
    applied: tuple[Standing, ...]

    @property
    def open_proposals(self) -> tuple[Standing, ...]:
        """Answers in force that propose something nobody has decided on yet."""
        return tuple(
            item for item in self.standing if item.verdict is None and any(part.outcome in PROPOSALS for part in item.parts)
        )


Verdicts = Mapping[tuple[DocumentKey, int], Verdict]
"""Our decisions on proposals: (document, line number) -> verdict."""


def fold_line(
    line: OrderLine,
    answers: Sequence[Acknowledgment],
    verdicts: Verdicts | None = None,
    *,
    added_in: int = 1,
    first_sent: int = 1,
) -> LineFold:
    """Fold every answer to an order into the state of one of its lines.

    ``added_in`` is the version that brought the line, ``first_sent`` the first version that any supplier saw.
    """
    results: list[ApplyResult | None] = [None] * len(answers)
    ordered = ZERO if line.cancelled else line.quantity
    balance = Balance(ordered, unanswered=ordered)
    standing: tuple[Standing, ...] = ()
    applied: list[Standing] = []
    seen: set[DocumentKey] = set()
    for place in sorted(range(len(answers)), key=lambda place: answers[place].sender_order):
        answer = answers[place]
        if answer.technical:
            results[place] = ApplyResult.IGNORED_TECHNICAL
            continue
        parts = answer.parts_for(line, added_in)
        if parts is None:
            continue
        results[place] = _unusable(answer, line, first_sent, seen)
        seen.add(answer.key)
        if results[place] is not None or answer.version < line.changed_in_version:
            continue
        kept = () if answer.mode is AnswerMode.REPLACE else _without_earlier_revision(standing, answer)
        before = _balance(ordered, kept)
        room = ordered if answer.mode is AnswerMode.REPLACE else before.unanswered
        verdict = (verdicts or {}).get((answer.key, line.line_no))
        candidate = Standing(answer, _filled(parts, line, room), verdict)
        if _repeats_another_channel(candidate, standing):
            results[place] = ApplyResult.DUPLICATE
        elif _firm(candidate) > before.unanswered:
            results[place] = ApplyResult.ACKNOWLEDGMENT_EXCEEDS_ORDER
        else:
            results[place] = ApplyResult.APPLIED
            standing = (*kept, candidate)
            balance = _balance(ordered, standing)
            applied.append(candidate)
    return LineFold(line.line_no, balance, _state(line, balance), tuple(results), standing, tuple(applied))


def _unusable(answer: Acknowledgment, line: OrderLine, first_sent: int, seen: set[DocumentKey]) -> ApplyResult | None:
    if answer.key in seen:
        return ApplyResult.DUPLICATE
    if answer.version > answer.known_version or answer.version < first_sent:
        return ApplyResult.UNKNOWN_VERSION
    if answer.version < line.changed_in_version <= answer.known_version:
        return ApplyResult.STALE_VERSION
    return None


def _without_earlier_revision(standing: tuple[Standing, ...], answer: Acknowledgment) -> tuple[Standing, ...]:
    document = (answer.source, answer.external_id)
    return tuple(item for item in standing if (item.answer.source, item.answer.external_id) != document)


def _filled(parts: Sequence[AnswerPart], line: OrderLine, room: Decimal) -> tuple[AnswerPart, ...]:
    stated = sum((part.quantity for part in parts if part.quantity is not None), ZERO)
    rest = max(ZERO, room - stated)
    filled = (replace(_as_meant(part, line), quantity=rest if part.quantity is None else part.quantity) for part in parts)
    return tuple(part for part in filled if part.quantity)


def _as_meant(part: AnswerPart, line: OrderLine) -> AnswerPart:
    """An acceptance at another price or of another item is a proposal, whatever the supplier calls it."""
    if part.outcome is not Outcome.ACCEPT:
        return part
    if part.item_code is not None and part.item_code not in (line.item_code, line.supplier_part_no):
        return replace(part, outcome=Outcome.SUBSTITUTE)
    if part.unit_price is not None and part.unit_price != line.unit_price:
        return replace(part, outcome=Outcome.CHANGE)
    return part


def _repeats_another_channel(candidate: Standing, standing: Sequence[Standing]) -> bool:
    said = _said(candidate)
    return any(
        item.answer.channel != candidate.answer.channel
        and item.answer.version == candidate.answer.version
        and _said(item) == said
        for item in standing
    )


def _said(item: Standing) -> Counter[tuple[object, ...]]:
    """The content of an answer that matters for telling whether another one repeats it; reason codes do not."""
    return Counter(
        (part.outcome, part.quantity, part.unit_price, part.promised_ship, part.promised_delivery, part.item_code)
        for part in item.parts
    )


def _sum(item: Standing, *outcomes: Outcome) -> Decimal:
    return sum((part.quantity or ZERO for part in item.parts if part.outcome in outcomes), ZERO)


def _firm(item: Standing) -> Decimal:
    """All an answer states that may not pass the order; only a change may ask for more."""
    return sum((part.quantity or ZERO for part in item.parts if part.outcome is not Outcome.CHANGE), ZERO)


def _balance(ordered: Decimal, standing: Sequence[Standing]) -> Balance:
    balance = Balance(ordered, unanswered=ordered)
    for item in standing:
        balance = _add(balance, item)
    return balance


def _add(balance: Balance, item: Standing) -> Balance:
    change = _sum(item, Outcome.CHANGE)
    fits = min(change, balance.unanswered - _firm(item))
    proposal = fits + _sum(item, Outcome.SUBSTITUTE)
    firm = {"accepted": _sum(item, Outcome.ACCEPT), "rejected": _sum(item, Outcome.REJECT), "proposed": ZERO}
    decided = "proposed" if item.verdict is None else item.verdict.value
    firm[decided] += proposal
    return replace(
        balance,
        accepted=balance.accepted + firm["accepted"],
        proposed=balance.proposed + firm["proposed"],
        backordered=balance.backordered + _sum(item, Outcome.BACKORDER),
        rejected=balance.rejected + firm["rejected"],
        unanswered=balance.unanswered - fits - _firm(item) + _sum(item, *WAITING),
        proposed_over=balance.proposed_over + (change - fits if item.verdict is None else ZERO),
    )


def _state(line: OrderLine, balance: Balance) -> LineState:
    if line.cancelled:
        return LineState.CANCELLED
    if balance.unanswered:
        return LineState.UNANSWERED if balance.unanswered == balance.ordered else LineState.PARTLY_ANSWERED
    if balance.accepted == balance.ordered:
        return LineState.ACCEPTED
    return LineState.REJECTED if balance.rejected == balance.ordered else LineState.ANSWERED_WITH_DIFFERENCES
