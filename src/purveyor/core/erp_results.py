"""How an ERP answers a write: six results, so that a lost answer can never be mistaken for a refusal (erps.md 6)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Applied:
    """The ERP did it. ``version`` is that of the document named; a receipt or invoice moves its order on to ``order_version``."""

    external_id: str
    number: str | None
    version: str
    order_version: str | None = None


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The ERP had it already under our reference; nothing was written."""

    external_id: str
    number: str | None
    version: str
    order_version: str | None = None


@dataclass(frozen=True, slots=True)
class Conflict:
    """The document moved on since we read it; nothing was written. None when it is gone."""

    external_id: str
    current_version: str | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """A rule of the ERP refused the write; the message is the ERP's own."""

    code: str
    message: str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Unsupported:
    """This ERP cannot do that."""

    capability: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The answer was lost: our reference is looked up before anything is written again."""

    reference: str


WriteResult = Applied | Duplicate | Conflict | Rejected | Unsupported | Unknown
