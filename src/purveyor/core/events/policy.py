"""What happens to policies: a version comes into force, with both names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from purveyor.core.events.base import Event


@dataclass(frozen=True, kw_only=True)
class PolicyPublished(Event):
    """A version of a table was published; author and publisher are person keys of two people."""

    type: ClassVar[str] = "policy.published"

    table: str
    version: str
    replaces: str | None
    effective_from: datetime
    author: str
    publisher: str
