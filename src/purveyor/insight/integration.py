"""Integration failure rate: how many messages were given up after all retries, and how many failed at the first attempt.

A valid refusal by the other side's business rules is no failure; an answer that nobody can read is one.
Source: domain.md 2, KPI 8; checklist.md S118.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from purveyor.core.measured import EventRow, MeasuredDocument
from purveyor.core.messaging import Step
from purveyor.insight.figures import Counted, Figure, Period, Result, counts, in_order, share_figure
from purveyor.insight.log import by_stream, text

GIVEN_UP: Final = "given_up"
ON_RETRY: Final = "delivered_on_retry"
RETRYING: Final = "failed_once_not_given_up"
REFUSED: Final = "refused_by_business_rule"
DELIVERED: Final = "delivered"
REPLAYED: Final = "sent_again_by_a_person"

REFUSALS: Final = frozenset({"erp_rejected", "erp_conflict"})
"""Codes by which the other side refuses for a valid reason of its own."""

_ATTEMPTS: Final = ("message.delivered", "message.failed")


@dataclass(frozen=True, slots=True)
class _Sending:
    """What became of one message: its interface, its first attempt, and how it ended."""

    message: MeasuredDocument
    interface: str
    first_at: datetime
    why: str
    replayed: bool

    @property
    def failed_first(self) -> bool:
        """Say whether the first attempt failed."""
        return self.why in (GIVEN_UP, ON_RETRY, RETRYING)


def integration_failures(messages: Iterable[MeasuredDocument], rows: Iterable[EventRow], period: Period) -> Result:
    """Return the share of messages first attempted in the period that were given up, and of those that failed at first."""
    streams = by_stream(rows)
    found = [sent for message in messages if (sent := _sending(message, streams.get(message.ref.id, ()))) is not None]
    tried = [sent for sent in found if period.holds(sent.first_at)]
    given_up = sum(sent.why == GIVEN_UP for sent in tried)
    beside = [sent.why for sent in tried if sent.why in (ON_RETRY, RETRYING, REFUSED)]
    return Result(
        numerator=given_up,
        denominator=len(tried),
        figures=tuple(_figures(tried)),
        rows=in_order(_row(sent) for sent in tried),
        beside=counts([*beside, *(REPLAYED for sent in tried if sent.replayed)]),
        provisional=any(sent.why == RETRYING for sent in tried),
    )


def _figures(tried: Sequence[_Sending]) -> Iterator[Figure]:
    yield from _rates(tried, "")
    for interface in sorted({sent.interface for sent in tried}):
        yield from _rates([sent for sent in tried if sent.interface == interface], interface)


def _rates(tried: Sequence[_Sending], interface: str) -> Iterator[Figure]:
    yield share_figure("after_retry", sum(sent.why == GIVEN_UP for sent in tried), len(tried), interface)
    yield share_figure("first_attempt", sum(sent.failed_first for sent in tried), len(tried), interface)


def _sending(message: MeasuredDocument, events: Sequence[EventRow]) -> _Sending | None:
    attempts = [row for row in events if row.type in _ATTEMPTS]
    if not attempts:
        return None
    first = attempts[0]
    return _Sending(
        message=message,
        interface=f"{text(first, 'kind')}:{text(first, 'channel')}",
        first_at=first.at,
        why=_outcome(attempts),
        replayed=any(row.type == "message.replayed" for row in events),
    )


def _outcome(attempts: Sequence[EventRow]) -> str:
    failures = [row for row in attempts if row.type == "message.failed" and text(row, "code") not in REFUSALS]
    if any(text(row, "next_step") == Step.DEAD.value for row in failures):
        return GIVEN_UP
    delivered = any(row.type == "message.delivered" for row in attempts)
    if attempts[0] in failures:
        return ON_RETRY if delivered else RETRYING
    return DELIVERED if delivered else REFUSED


def _row(sent: _Sending) -> Counted:
    message = sent.message
    return Counted(
        why=sent.why,
        in_numerator=sent.why == GIVEN_UP,
        at=sent.first_at,
        order_id=message.order_id,
        order_ref=message.order_ref,
        document=message.ref,
        name=message.name,
        party=message.partner,
        group=sent.interface,
        first=sent.failed_first,
    )
