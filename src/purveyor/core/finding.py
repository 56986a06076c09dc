"""Findings: what a check has to say when it did not pass. Data, never an error (architecture.md 4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum


class Result(StrEnum):
    """Outcome of a check; passed checks are not stored. STALE is never a pass."""

    FAIL = "FAIL"
    STALE = "STALE"
    NO_DATA = "NO_DATA"


class Severity(StrEnum):
    """What a finding does: stop the order, ask an approver, warn, or only inform. Ordered from the strictest."""

    BLOCK = "block"
    APPROVE = "approve"
    WARN = "warn"
    INFO = "info"


class Section(StrEnum):
    """The five sections of the gate report."""

    QUANTITY = "quantity"
    PRICE = "price"
    TERMS = "terms"
    POLICY = "policy"
    INVENTORY = "inventory"


@dataclass(frozen=True, slots=True)
class FactUsed:
    """One figure a finding rests on, with the moment it was true and the system it came from."""

    name: str
    value: str
    as_of: datetime | None
    source: str


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem found on an order or one of its lines.

    ``rule`` is the id of the check, ``code`` the stable kind of problem. ``expected`` and ``actual`` are written for people with
    unit or currency; ``exposure`` is the money at stake in ``currency``. ``arithmetic`` spells the calculation out.
    ``policy`` is the version of the policy row that set the limit.
    """

    order_number: str
    line_no: int | None
    rule: str
    code: str
    result: Result
    severity: Severity
    section: Section
    message: str
    expected: str | None = None
    actual: str | None = None
    exposure: Decimal | None = None
    currency: str | None = None
    policy: str | None = None
    facts: tuple[FactUsed, ...] = ()
    arithmetic: str | None = None
    suggestion: str | None = None
    related_order: str | None = None
