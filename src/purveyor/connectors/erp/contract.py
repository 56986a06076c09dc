"""The ERP port: what every adapter can be asked, and how it answers.

Reads raise PermanentError or RetryableError. Writes answer with one of six results, so that a lost answer (Unknown) can
never be mistaken for a refusal: our reference is looked up before anything is written again.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from purveyor.connectors.contract import Health
from purveyor.connectors.erp.mapping import Interface, Sources
from purveyor.core.erp_records import Entity, ErpChange, ErpInvoice, ErpOrder, ErpReceipt, ErpRecord
from purveyor.core.erp_results import Applied, WriteResult

OVERLAP: Final = timedelta(seconds=90)
"""How far behind the cursor is read again: row stamps are the start of a transaction that may commit a minute later."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the ERP can do; what it cannot, Purveyor does itself."""

    optimistic_lock: bool
    push: bool
    delete_trace: bool
    price_breaks: bool
    agreements: bool
    invoice_hold: bool
    partial_receipt: bool
    reference_length: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a feed was read: the newest stamp, and the (id, version) pairs already delivered within the overlap window."""

    stamp: datetime | None = None
    seen: frozenset[tuple[str, str]] = frozenset()

    def to_text(self) -> str:
        """Write the cursor for keeping."""
        stamp = self.stamp.isoformat() if self.stamp else None
        return json.dumps({"stamp": stamp, "seen": sorted(self.seen)}, separators=(",", ":"))

    @classmethod
    def from_text(cls, text: str) -> Cursor:
        """Read a kept cursor; an empty text is the beginning."""
        if not text:
            return cls()
        kept = json.loads(text)
        stamp = datetime.fromisoformat(kept["stamp"]) if kept["stamp"] else None
        return cls(stamp, frozenset((entry[0], entry[1]) for entry in kept["seen"]))


START: Final = Cursor()


@dataclass(frozen=True, slots=True)
class Stamped:
    """A record's id, version and moment of last change: all a feed needs to decide what is new."""

    external_id: str
    version: str
    stamp: datetime


def read_from(cursor: Cursor) -> datetime | None:
    """Return the moment from which to look: the overlap window before the cursor."""
    return cursor.stamp - OVERLAP if cursor.stamp else None


def unseen(cursor: Cursor, found: Sequence[Stamped], limit: int) -> tuple[tuple[Stamped, ...], Cursor, bool]:
    """Pick what was not delivered yet, oldest first, at most ``limit``; return it, the next cursor, and whether that was all."""
    since = read_from(cursor)
    current = [entry for entry in found if since is None or entry.stamp >= since]
    fresh = sorted(
        (entry for entry in current if (entry.external_id, entry.version) not in cursor.seen),
        key=lambda entry: (entry.stamp, entry.external_id),
    )
    picked = tuple(fresh[:limit])
    if not picked:
        return (), cursor, True
    newest = max(picked[-1].stamp, cursor.stamp or picked[-1].stamp)
    stamps = {(entry.external_id, entry.version): entry.stamp for entry in current}
    delivered = cursor.seen | {(entry.external_id, entry.version) for entry in picked}
    kept = frozenset(pair for pair in delivered if pair in stamps and stamps[pair] >= newest - OVERLAP)
    return picked, Cursor(newest, kept), len(picked) == len(fresh)


@dataclass(frozen=True, slots=True)
class Page:
    """Some records, where to go on, and whether the feed is exhausted for now.

    ``as_of`` is the moment of which the records tell, when that is not now: files are as old as their export.
    """

    records: tuple[ErpRecord, ...]
    cursor: Cursor
    complete: bool
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Some changes, where to go on, and whether the feed is exhausted for now."""

    changes: tuple[ErpChange, ...]
    cursor: Cursor
    complete: bool


class ErpConnector(Protocol):
    """One ERP. Reads raise ConnectorError. Writes return a WriteResult; they raise RetryableError when nothing was sent and
    PermanentError when the account is refused or the answers are not what was agreed."""

    @property
    def capabilities(self) -> Capabilities:
        """What this ERP can do."""

    @property
    def sources(self) -> Sources:
        """Where each field of the canonical model comes from in this ERP; what is left out, it does not give."""

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """The standard interfaces of the ERP that are used."""

    def health(self) -> Health:
        """Say whether the ERP answers and our account works there."""

    def pull(self, entity: Entity, cursor: Cursor, limit: int = 500) -> Page:
        """Read records created or changed since the cursor, at least once each version."""

    def get_order(self, external_id: str) -> ErpOrder | None:
        """Read one purchase order again; None when it is gone."""

    def find_by_ref(self, entity: Entity, reference: str) -> Applied | None:
        """Look up a document that was written completely, by our reference; invoices by ``supplier id/supplier's number``."""

    def confirm(self, order: ErpOrder, order_ref: str, expected_version: str) -> WriteResult:
        """Confirm the order with this content; Unknown when the answer was lost."""

    def post_receipt(self, receipt: ErpReceipt, expected_version: str) -> WriteResult:
        """Post a receipt against the order of that version; what is short stays open."""

    def post_invoice(self, invoice: ErpInvoice, expected_version: str) -> WriteResult:
        """Post an invoice against the order of that version; the result names the invoice."""

    def hold_invoice(self, external_id: str, expected_version: str) -> WriteResult:
        """Block a posted invoice for payment."""

    def release_invoice(self, external_id: str, expected_version: str) -> WriteResult:
        """Lift the payment block."""

    def changes(self, cursor: Cursor, limit: int = 500) -> ChangePage:
        """Tell which orders and invoices changed since the cursor."""

    def reconcile(self, entity: Entity) -> frozenset[str]:
        """Return the ids of all records there are now: what we know beyond them was deleted."""
