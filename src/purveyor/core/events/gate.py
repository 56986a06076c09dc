"""What happens at the release gate: an order was checked, a finding was overridden. Both stand in the stream of the order."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from purveyor.core.events.base import Event


@dataclass(frozen=True, kw_only=True)
class OrderChecked(Event):
    """The gate checked a version; ``digest`` is over the inputs of the check, from which the report can be made again."""

    type: ClassVar[str] = "order.checked"

    check_id: UUID
    version: int
    digest: str
    policy: str
    worst: str | None
    blocked: bool
    codes: tuple[str, ...]
    at_stake: Decimal
    currency: str


@dataclass(frozen=True, kw_only=True)
class FindingOverridden(Event):
    """A person decided that a finding shall not stop the order; the reason lies beside the event."""

    type: ClassVar[str] = "order.finding_overridden"

    check_id: UUID
    version: int
    fingerprint: str
    rule: str
    code: str
    line_no: int | None
    exposure: Decimal | None
    currency: str | None
    policy: str | None
