"""What every supplier channel offers: one way to send one document, with the identity that makes a repeat harmless."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from purveyor.core.canonical import Json


@dataclass(frozen=True, slots=True)
class SupplierDocument:
    """One document for one supplier.

    ``message_id`` stays the same on every channel and every attempt, so the receiver can recognise a repeat. ``kind`` is
    ``order``, ``change``, ``reminder``, ``cancel`` or ``answer``; ``content`` is the published JSON form of the order; ``link``
    opens the accountless page of exactly this order, None when nothing is to be answered. ``sent_at`` is real time, UTC.
    ``email`` and ``api_url`` are the supplier's addresses.
    """

    message_id: str
    kind: str
    order_ref: str
    version: int
    supplier_name: str
    content: Mapping[str, Json]
    link: str | None
    sent_at: datetime
    email: str | None = None
    api_url: str | None = None
    api_secret: str | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """The channel took the document; ``remote_id`` is the receiver's own id for it, when it gave one."""

    channel: str
    remote_id: str | None = None


class SupplierChannel(Protocol):
    """A way to reach suppliers."""

    name: str

    def send(self, document: SupplierDocument) -> Delivered:
        """Deliver the document; raise PermanentError or RetryableError and nothing else."""
        ...
