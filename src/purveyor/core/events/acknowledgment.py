"""What suppliers answer, what became of it, how we decided on proposals, and how they were reminded. Stream: the order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar

from purveyor.core.events.base import Event


@dataclass(frozen=True, kw_only=True)
class AcknowledgmentReceived(Event):
    """An acknowledgment arrived and was kept; ``results`` says per line number what became of it."""

    type: ClassVar[str] = "acknowledgment.received"

    channel: str
    version: int
    known_version: int
    result: str
    results: Mapping[str, str]
    asks_about: tuple[int, ...]
    content_digest: str


@dataclass(frozen=True, kw_only=True)
class LineAnswered(Event):
    """The state of a line changed by an answer or a decision; the five quantities add up to what is ordered."""

    type: ClassVar[str] = "line.answered"

    line_no: int
    version: int
    state: str
    ordered: Decimal
    accepted: Decimal
    proposed: Decimal
    proposed_over: Decimal
    backordered: Decimal
    rejected: Decimal
    unanswered: Decimal


@dataclass(frozen=True, kw_only=True)
class OrderAcknowledged(Event):
    """Nothing on the order is unanswered any more."""

    type: ClassVar[str] = "order.acknowledged"

    version: int


@dataclass(frozen=True, kw_only=True)
class ProposalDecided(Event):
    """A proposal of the supplier was accepted or rejected, by a person or within the auto-accept limits of the policy."""

    type: ClassVar[str] = "proposal.decided"

    line_no: int
    version: int
    verdict: str
    automatic: bool


@dataclass(frozen=True, kw_only=True)
class SupplierReminded(Event):
    """The answer is overdue: level 1 and 2 remind the supplier, level 3 goes to the owner of the category."""

    type: ClassVar[str] = "supplier.reminded"

    version: int
    level: int
    lines: tuple[int, ...]
    due_on: date
