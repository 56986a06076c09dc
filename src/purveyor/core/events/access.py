"""Events of who asked for what: refusals that somebody should know of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from purveyor.core.events.base import Event


@dataclass(frozen=True, kw_only=True)
class AccessRefused(Event):
    """A program asked for something that exists and is not its own; it was told that nothing is there."""

    type: ClassVar[str] = "access.refused"
    asked: str
