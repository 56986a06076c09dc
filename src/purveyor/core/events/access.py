"""Events of who asked for what: refusals that somebody should know of, and who looked into the log or checked it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from purveyor.core.events.base import Event


@dataclass(frozen=True, kw_only=True)
class AccessRefused(Event):
    """A program asked for something that exists and is not its own; it was told that nothing is there."""

    type: ClassVar[str] = "access.refused"
    asked: str


@dataclass(frozen=True, kw_only=True)
class AuditSearched(Event):
    """Somebody searched the event log; ``criteria`` are references, codes, ids and days, ``file`` the kind of a download."""

    type: ClassVar[str] = "audit.searched"
    criteria: Mapping[str, str]
    rows: int
    file: str | None


@dataclass(frozen=True, kw_only=True)
class AuditChecked(Event):
    """Somebody had event chains checked; ``checked`` is ``everything`` or one stream, ``broken`` where it does not fit."""

    type: ClassVar[str] = "audit.checked"
    checked: str
    events: int
    broken: str | None
