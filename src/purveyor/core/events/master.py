"""Changes of master data that a gate decision may rest on, and codes that could not be mapped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from purveyor.core.events.base import Event


@dataclass(frozen=True, kw_only=True)
class MastersSynchronised(Event):
    """A page of master records was taken over from an ERP; counts by what happened to them."""

    type: ClassVar[str] = "masters.synchronised"

    erp: str
    entity: str
    taken: int
    quarantined: int


@dataclass(frozen=True, kw_only=True)
class CodeQuarantined(Event):
    """A record of an ERP names a code that we do not know; it waits until somebody maps the code."""

    type: ClassVar[str] = "code.quarantined"

    erp: str
    entity: str
    external_id: str
    unknown_entity: str
    unknown_code: str


@dataclass(frozen=True, kw_only=True)
class CodeMapped(Event):
    """A code that was unknown now points to one of our records; what waited for it is taken up again."""

    type: ClassVar[str] = "code.mapped"

    erp: str
    entity: str
    external_id: str
    automatic: bool
