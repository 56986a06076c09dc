"""The event envelope and the registry of event types.

An event is a fact about one stream (an order or another document). Payloads hold ids, codes, numbers and digests only,
never names, mail addresses or free text, so that erasing a person never breaks a hash chain.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import ClassVar, Final
from uuid import UUID

from purveyor.core.canonical import Json, to_json


@dataclass(frozen=True, slots=True)
class Ref:
    """A pointer to one thing: its type word and id. ``Ref("order", id)`` also names a stream."""

    type: str
    id: UUID


EVENT_TYPES: Final[dict[str, str]] = {}
"""Event type -> name of its class; the catalogue in the docs is generated from it."""


@dataclass(frozen=True, kw_only=True)
class Event:
    """Base of all events; the fields here are the envelope, fields of a subclass are the payload.

    ``refs`` name every other thing the event touches (many-to-many). ``reason`` is a person's words: the store keeps
    them erasable beside the event and puts only their digest into the chain.
    """

    type: ClassVar[str]
    schema: ClassVar[int] = 1

    stream: Ref
    refs: tuple[Ref, ...] = ()
    reason: str | None = None
    policy_set: str | None = None
    on_behalf_of: UUID | None = None
    occurred_at: datetime | None = None

    def __init_subclass__(cls, **kwargs: object) -> None:
        super().__init_subclass__(**kwargs)
        if "type" in cls.__dict__:
            known = EVENT_TYPES.setdefault(cls.type, cls.__qualname__)
            if known != cls.__qualname__:
                raise TypeError(f"two event classes are called {cls.type}")

    def payload(self) -> dict[str, Json]:
        """Return the payload as JSON types: the subclass's own fields, decimals as strings."""
        envelope = {field.name for field in fields(Event)}
        return {field.name: to_json(getattr(self, field.name)) for field in fields(self) if field.name not in envelope}
