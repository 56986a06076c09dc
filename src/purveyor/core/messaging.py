"""Outbound messages: what we tell ERPs, suppliers and warehouses, and what happens when telling fails.

A message keeps one identity (idempotency key) over every attempt and every channel, so the other side can never act on it
twice. The functions here decide; the store keeps the rows and the workers do the talking.
Source: checklist.md S97, S98, S101; runtime.md 3.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID


class MessageKind(StrEnum):
    """What a message asks the other side to do."""

    ERP_CONFIRM = "erp_confirm"
    ERP_RECEIPT = "erp_receipt"
    ERP_INVOICE_POST = "erp_invoice_post"
    ERP_INVOICE_HOLD = "erp_invoice_hold"
    ERP_INVOICE_RELEASE = "erp_invoice_release"
    SUPPLIER_ORDER = "supplier_order"
    SUPPLIER_CHANGE = "supplier_change"
    SUPPLIER_REMINDER = "supplier_reminder"
    SUPPLIER_CANCEL = "supplier_cancel"
    WMS_EXPECTED_RECEIPT = "wms_expected_receipt"
    ACCOUNT_LINK = "account_link"


SUPPLIER_KINDS: Final = frozenset(
    {
        MessageKind.SUPPLIER_ORDER,
        MessageKind.SUPPLIER_CHANGE,
        MessageKind.SUPPLIER_REMINDER,
        MessageKind.SUPPLIER_CANCEL,
    }
)
"""Messages that may move from one channel of the supplier to the next."""

ERP_CHANNEL: Final = "erp"
WMS_CHANNEL: Final = "wms"
MAIL_CHANNEL: Final = "email"
"""The only way to our own people."""


@dataclass(frozen=True, slots=True)
class Outbound:
    """A message to be queued. ``idempotency_key`` is the same for every attempt, channel and replay.

    ``target`` names the other side (an ERP instance, a supplier id or a site id); ``subject_type`` and ``subject_id`` the
    document it is about; ``revision`` the version of that document. ``payload`` holds ids and small codes, never the document.
    """

    kind: MessageKind
    subject_type: str
    subject_id: UUID
    revision: int
    target: str
    channel: str
    idempotency_key: str

    @property
    def ordering_key(self) -> str:
        """Messages about one document to one side leave in the order in which they were queued."""
        return f"{self.target}:{self.subject_type}:{self.subject_id}"


def message_key(kind: MessageKind, subject_id: UUID, revision: int) -> str:
    """Return the identity of a message: the same subject, version and kind is always the same message."""
    return f"{kind.value}:{subject_id}:{revision}"


@dataclass(frozen=True, slots=True)
class RetryRule:
    """How long to go on: attempts on one channel, the first wait, and the longest wait between two attempts."""

    attempts: int
    first_wait: timedelta
    longest_wait: timedelta


SUPPLIER_RETRY: Final = RetryRule(attempts=2, first_wait=timedelta(seconds=5), longest_wait=timedelta(minutes=15))
"""A supplier has other channels: two tries on one, then the next."""

SYSTEM_RETRY: Final = RetryRule(attempts=12, first_wait=timedelta(seconds=5), longest_wait=timedelta(minutes=15))
"""An ERP or a warehouse has no second channel: about an hour and a half of growing waits, then a person."""


def retry_rule(kind: MessageKind) -> RetryRule:
    """Return how patient we are with this kind of message."""
    return SUPPLIER_RETRY if kind in SUPPLIER_KINDS else SYSTEM_RETRY


class Step(StrEnum):
    """What happens to a message after a failed attempt."""

    RETRY = "retry"
    NEXT_CHANNEL = "next_channel"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class AfterFailure:
    """The decision after a failed attempt: wait and retry, go to ``channel``, or give up and hand it to a person."""

    step: Step
    channel: str
    wait: timedelta = timedelta(0)


def next_channel(channels: Sequence[str], current: str) -> str | None:
    """Return the channel that follows ``current`` in the supplier's order, or None when it was the last.

    A channel that the supplier no longer has counts as used up before the first: everything listed is still to be tried.
    """
    following = channels[channels.index(current) + 1 :] if current in channels else channels
    return following[0] if following else None


def wait_before_retry(attempts: int, rule: RetryRule, spread: Decimal) -> timedelta:
    """Return the wait after ``attempts`` failures: doubling, at most ``longest_wait``, spread over its upper half.

    ``spread`` is a random share from 0 to 1, so that many messages do not come back in the same second.
    """
    doubled = rule.first_wait * (1 << min(attempts - 1, 30))
    full = min(doubled, rule.longest_wait)
    half = full / 2
    return half + timedelta(microseconds=int(half // timedelta(microseconds=1) * spread))


def after_failure(
    kind: MessageKind,
    channel: str,
    channels: Sequence[str],
    attempts: int,
    *,
    permanent: bool,
    spread: Decimal,
    asked_wait: timedelta | None = None,
) -> AfterFailure:
    """Decide what follows a failed attempt; ``attempts`` counts the failures on this channel, this one included.

    ``asked_wait`` is what the other side asked for (Retry-After); a longer wait than ours is respected up to the longest.
    """
    rule = retry_rule(kind)
    if not permanent and attempts < rule.attempts:
        wait = wait_before_retry(attempts, rule, spread)
        return AfterFailure(Step.RETRY, channel, min(max(wait, asked_wait or wait), rule.longest_wait))
    following = next_channel(channels, channel) if kind in SUPPLIER_KINDS else None
    if following is not None:
        return AfterFailure(Step.NEXT_CHANNEL, following)
    return AfterFailure(Step.DEAD, channel)
