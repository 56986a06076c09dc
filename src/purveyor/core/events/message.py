"""The life of an outbound message: queued, delivered, moved to another channel, given up, replayed or skipped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from purveyor.core.events.base import Event, Ref
from purveyor.core.ids import MessageId


def message_stream(message_id: MessageId) -> Ref:
    """Return the name of the message's stream."""
    return Ref("message", message_id)


@dataclass(frozen=True, kw_only=True)
class MessageQueued(Event):
    """A message waits for a worker; its identity stays the same over all attempts and channels."""

    type: ClassVar[str] = "message.queued"

    kind: str
    channel: str
    revision: int
    idempotency_key: str


@dataclass(frozen=True, kw_only=True)
class MessageDelivered(Event):
    """The other side took the message; ``outcome`` is its answer in one word, such as ``applied`` or ``duplicate``."""

    type: ClassVar[str] = "message.delivered"

    kind: str
    channel: str
    outcome: str


@dataclass(frozen=True, kw_only=True)
class MessageFailed(Event):
    """An attempt failed; ``code`` is the stable reason and ``next_step`` what follows from it."""

    type: ClassVar[str] = "message.failed"

    kind: str
    channel: str
    code: str
    attempts: int
    next_step: str
    next_channel: str


@dataclass(frozen=True, kw_only=True)
class MessageReplayed(Event):
    """A person sent a failed message again, with the same identity."""

    type: ClassVar[str] = "message.replayed"

    kind: str
    channel: str


@dataclass(frozen=True, kw_only=True)
class MessageSkipped(Event):
    """A person decided that the message is not needed any more; the reason is kept beside the event."""

    type: ClassVar[str] = "message.skipped"

    kind: str
    channel: str
