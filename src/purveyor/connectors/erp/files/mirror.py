"""What the ERP's files add up to: its records as it last told them, and its answers to what we asked.

Files are folded by the time of their export, not of their arrival: a late file never overwrites what a later one said, and
the same file twice changes nothing. An acknowledged write counts until the next export shows it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from purveyor.connectors.erp.contract import Stamped
from purveyor.connectors.erp.files.records import Found, PostedDocument, content_version
from purveyor.connectors.erp.files.requests import CONFIRM, HOLD, INVOICE, RECEIPT, Request, Requests, lines_asked
from purveyor.core.erp_records import Entity, ErpOrder, ErpOrderStatus, ErpRecord
from purveyor.core.erp_results import Applied, Conflict, Duplicate, Rejected, WriteResult


@dataclass(frozen=True, slots=True)
class Kept:
    """A record as last told: when it was exported, and when this version of it reached us."""

    record: ErpRecord
    stamp: datetime
    arrived: datetime


@dataclass(frozen=True, slots=True)
class Answer:
    """What the ERP said to a request."""

    request: Request
    said: Mapping[str, Any]
    stamp: datetime

    @property
    def positive(self) -> bool:
        """Whether the ERP holds what was asked."""
        return self.said["result"] in ("applied", "duplicate")


@dataclass(slots=True)
class Told:
    """All records of one entity; ``as_of`` is the newest export, ``whole_at`` the newest that told everything."""

    kept: dict[str, Kept] = field(default_factory=dict)
    by_reference: dict[str, str] = field(default_factory=dict)
    as_of: datetime | None = None
    whole_at: datetime | None = None


class Mirror:
    """Records and answers, folded file by file; ``requests`` tells what an answer is about."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._told: dict[Entity, Told] = defaultdict(Told)
        self._answers: dict[str, Answer] = {}
        self._conflicts: dict[str, Answer] = {}

    def told(self, entity: Entity) -> Told:
        """Return what is known of an entity."""
        return self._told[entity]

    def record(self, entity: Entity, external_id: str) -> ErpRecord | None:
        """Return a record; None when there is none, or none any more."""
        kept = self._told[entity].kept.get(external_id)
        return kept.record if kept else None

    def order(self, external_id: str) -> ErpOrder | None:
        """Return an order; None when there is none, or none any more."""
        found = self.record(Entity.ORDER, external_id)
        return found if isinstance(found, ErpOrder) else None

    def order_under(self, reference: str) -> ErpOrder | None:
        """Return the order that carries our reference."""
        order = self.order(self._told[Entity.ORDER].by_reference.get(reference, ""))
        return order if order is not None and order.order_ref == reference else None

    def document(self, entity: Entity, reference: str) -> PostedDocument | None:
        """Return the receipt or invoice under a reference."""
        found = self.record(entity, self._told[entity].by_reference.get(reference, ""))
        return found if isinstance(found, PostedDocument) and found.reference == reference else None

    def answer(self, request: Request) -> Answer | None:
        """Return what the ERP said to a request, if it did."""
        return self._answers.get(request.name)

    def moved_on(self, external_id: str) -> bool:
        """Say whether the ERP told us of a version of an order that it has not exported yet."""
        kept, answer = self._told[Entity.ORDER].kept.get(external_id), self._conflicts.get(external_id)
        if kept is None or answer is None:
            return False
        version = answer.said["version"]
        return bool(version) and kept.stamp < answer.stamp and kept.record.version != version

    def stamped(self, entity: Entity) -> list[Stamped]:
        """Return id, version and arrival of every record: what came late is as new to us as what came in time."""
        return [Stamped(key, kept.record.version, kept.arrived) for key, kept in self.now(entity)]

    def now(self, entity: Entity) -> list[tuple[str, Kept]]:
        """Return all records at this moment, whatever another thread of this worker takes in meanwhile."""
        return list(self._told[entity].kept.items())

    def take(self, entity: Entity, found: Found, stamp: datetime, arrived: datetime, *, whole: bool) -> None:
        """Fold an export in."""
        told = self._told[entity]
        if whole and not found.gaps and (told.whole_at is None or stamp >= told.whole_at):
            gone = [key for key, kept in told.kept.items() if key not in found.ids and kept.stamp < stamp]
            for key in gone:
                del told.kept[key]
            told.whole_at = stamp
        told.as_of = max(told.as_of or stamp, stamp)
        for key, record in found.records.items():
            self._keep(told, key, record, stamp, arrived)

    def _keep(self, told: Told, key: str, record: ErpRecord, stamp: datetime, arrived: datetime) -> None:
        before = told.kept.get(key)
        if before is None:
            if told.whole_at is None or stamp >= told.whole_at:
                self._put(told, key, Kept(record, stamp, arrived))
        elif stamp >= before.stamp:
            same = record.version == before.record.version
            self._put(told, key, Kept(record, stamp, before.arrived if same else arrived))

    def _put(self, told: Told, key: str, kept: Kept) -> None:
        told.kept[key] = kept
        record = kept.record
        reference = record.order_ref if isinstance(record, ErpOrder) else _reference(record)
        if reference:
            told.by_reference[reference] = key

    def take_answer(self, said: Mapping[str, Any], request: Request, stamp: datetime, arrived: datetime) -> None:
        """Fold an answer in; one that says again what was said before changes nothing."""
        before = self._answers.get(request.name)
        if before is not None and (before.positive or before.stamp > stamp):
            return
        answer = self._answers[request.name] = Answer(request, said, stamp)
        if said["result"] == "conflict":
            asked = self._requests.asked(request)
            self._conflicts[asked[0].get("order_id", "") if asked else ""] = answer
        if answer.positive:
            self._document_of(answer, stamp, arrived)
            self._order_of(answer, stamp, arrived)

    def _document_of(self, answer: Answer, stamp: datetime, arrived: datetime) -> None:
        request, said = answer.request, answer.said
        if request.kind == CONFIRM:
            return
        if request.kind in (RECEIPT, INVOICE):
            entity = Entity(request.kind)
            identifier = said["id"] or request.reference
            document = PostedDocument(external_id=identifier, version="", reference=request.reference, number=said["number"])
        else:
            entity, identifier = Entity.INVOICE, request.reference
            known = self.record(entity, identifier)
            if not isinstance(known, PostedDocument):
                return
            document = replace(known, blocked=request.kind == HOLD, number=said["number"] or known.number)
        document = replace(document, version=said["version"] or content_version(document), updated_at=stamp)
        told = self._told[entity]
        before = told.kept.get(identifier)
        if before is None or before.stamp <= stamp:
            self._put(told, identifier, Kept(document, stamp, arrived))

    def _order_of(self, answer: Answer, stamp: datetime, arrived: datetime) -> None:
        """Show an order as it must be now that a write was acknowledged, unless a later export showed it already."""
        asked = self._requests.asked(answer.request)
        kept = self._told[Entity.ORDER].kept.get(asked[0].get("order_id", "")) if asked else None
        if kept is None or kept.stamp > stamp or not isinstance(kept.record, ErpOrder):
            return
        said = answer.said
        if answer.request.kind == CONFIRM:
            order = replace(
                kept.record,
                order_ref=answer.request.reference,
                number=said["number"] or kept.record.number,
                status=ErpOrderStatus.CONFIRMED,
                lines=lines_asked(asked, kept.record),
            )
            version = said["version"]
        elif said["result"] == "applied":
            order, version = _moved(kept.record, asked), said["order_version"]
        else:
            return
        order = replace(order, version=version or content_version(order), updated_at=stamp)
        self._put(self._told[Entity.ORDER], order.external_id, Kept(order, stamp, arrived))

    def result(self, answer: Answer, subject: str) -> WriteResult:
        """Return an answer in the words of the port; ``subject`` is what the write was about."""
        said = answer.said
        if said["result"] == "rejected":
            return Rejected(said["code"] or "rejected", said["message"] or "The ERP refused it.", said["field"])
        if said["result"] == "conflict":
            return Conflict(subject, said["version"])
        kind = Applied if said["result"] == "applied" else Duplicate
        asked = self._requests.asked(answer.request)
        order = self.order(asked[0].get("order_id", "")) if asked else None
        if answer.request.kind == CONFIRM:
            version = order.version if order else said["version"] or ""
            return kind(subject, order.number if order else said["number"], version, version)
        entity = Entity.RECEIPT if answer.request.kind == RECEIPT else Entity.INVOICE
        known = self.record(entity, said["id"] or answer.request.reference)
        identifier = known.external_id if known else said["id"] or subject
        return kind(
            identifier, said["number"], known.version if known else said["version"] or "", order.version if order else None
        )


def _moved(order: ErpOrder, rows: list[dict[str, str]]) -> ErpOrder:
    """Return the order after a receipt or an invoice."""
    received = {row["line_id"]: Decimal(row["accepted"]) for row in rows if "accepted" in row}
    billed = {row["line_id"]: Decimal(row["quantity"]) for row in rows if "quantity" in row}
    lines = tuple(
        replace(
            line,
            quantity_received=line.quantity_received + received.get(line.external_id, Decimal(0)),
            quantity_invoiced=line.quantity_invoiced + billed.get(line.external_id, Decimal(0)),
        )
        for line in order.lines
    )
    if not received:
        return replace(order, lines=lines)
    complete = all(line.quantity_received >= line.quantity for line in lines)
    return replace(order, lines=lines, status=ErpOrderStatus.RECEIVED if complete else ErpOrderStatus.PARTIALLY_RECEIVED)


def _reference(record: ErpRecord) -> str | None:
    return record.reference if isinstance(record, PostedDocument) else None
