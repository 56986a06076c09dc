"""What happens to an advisory: a model put it on record, a person did something with it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from purveyor.core.events.base import Event


@dataclass(frozen=True, kw_only=True)
class AdvisoryRecorded(Event):
    """A model said something about a line; ``asks`` when its score is over the threshold and a person has to decide."""

    type: ClassVar[str] = "advisory.recorded"

    model: str
    model_version: str
    inputs_hash: str
    order_version: int
    line_no: int
    score: Decimal
    threshold: Decimal
    asks: bool


@dataclass(frozen=True, kw_only=True)
class AdvisoryDecided(Event):
    """What became of a suggestion: kept (not followed), taken, or moot because the order moved on."""

    type: ClassVar[str] = "advisory.decided"

    line_no: int
    inputs_hash: str
    action: str
