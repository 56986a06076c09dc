"""Codes nobody mapped: the records that name them wait, somebody owns the question, and a mapping takes everything up again."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from purveyor.app.cases import clear, open_case
from purveyor.core.access import Permission
from purveyor.core.cases import ExceptionCase, ExceptionType, OpenCase, compared
from purveyor.core.erp_records import Entity
from purveyor.core.events.base import Ref
from purveyor.core.events.master import CodeMapped, CodeQuarantined
from purveyor.core.ids import BusinessUnitId, ErpInstance, OrderId
from purveyor.core.order import PurchaseOrder
from purveyor.store import case_keys, events, jobs, xref
from purveyor.store.db import Tx
from purveyor.store.jobs import NewJob
from purveyor.store.xref import Code, Unmapped, Waiting

PULL_JOB: Final = "erp_pull"
"""Kind of the job that reads a feed of an ERP; payload ``erp``, ``entity``, and ``restart`` = "1" to read it from its start."""
READ_ORDER_JOB: Final = "erp_read_order"
"""Kind of the job that reads one order again; payload ``erp``, ``external_id``, and ``again`` = "1" to submit it anew."""

_ASKED: Final = "unmapped"
"""How the natural keys of the questions begin that are asked here."""


@dataclass(slots=True)
class Translation:
    """The ERP's codes of one page in our ids, and what could not be translated; filled by one query per page."""

    known: Mapping[Code, UUID]
    held: list[Unmapped] = field(default_factory=list)

    def find(self, record: Code, content: Mapping[str, object], *codes: Code) -> bool:
        """Say whether all codes a record names are known; the first that is not is noted, with the record."""
        unknown = next((code for code in codes if code not in self.known), None)
        if unknown is not None:
            self.held.append(Unmapped(record, unknown, content))
        return unknown is None


def hold_back(tx: Tx, erp: ErpInstance, held: Sequence[Unmapped]) -> dict[Code, list[UUID]]:
    """Quarantine records that name unknown codes and open one exception per code; return the quarantine ids by record.

    A record that waits already asks again when its question was closed without the code being known, so that none is forgotten.
    """
    kept = xref.quarantine(tx, erp, held)
    asked = case_keys.open_among(tx, {_question_key(erp, one.unknown) for one in held})
    found: dict[Code, list[UUID]] = {}
    for one in held:
        quarantine_id, fresh = kept[one.record, one.unknown]
        found.setdefault(one.record, []).append(quarantine_id)
        if fresh:
            events.append(tx, [_quarantined(erp, one, quarantine_id)])
        if fresh or _question_key(erp, one.unknown) not in asked:
            asked.add(open_case(tx, _question(erp, one)).natural_key)
    return found


def _quarantined(erp: ErpInstance, one: Unmapped, quarantine_id: UUID) -> CodeQuarantined:
    return CodeQuarantined(
        stream=Ref("quarantine", quarantine_id),
        erp=erp,
        entity=one.record.entity,
        external_id=one.record.external_id,
        unknown_entity=one.unknown.entity,
        unknown_code=one.unknown.external_id,
    )


def _question(erp: ErpInstance, one: Unmapped) -> OpenCase:
    entity, code = one.unknown.entity, one.unknown.external_id
    return OpenCase(
        type=ExceptionType.UNMAPPED_CODE,
        natural_key=_question_key(erp, one.unknown),
        summary=f"{entity} {code} of {erp} is not mapped; {one.record.entity} {one.record.external_id} waits for it",
        evidence=(compared(entity, erp=code, purveyor=None),),
    )


def _question_key(erp: ErpInstance, code: Code) -> str:
    return f"{_ASKED}:{erp}:{code.entity}:{code.external_id}"


def asked_about(case: ExceptionCase) -> tuple[ErpInstance, Code] | None:
    """Return the ERP and the code that an exception of the quarantine asks about; None for every other exception."""
    if case.type is not ExceptionType.UNMAPPED_CODE or not case.natural_key.startswith(f"{_ASKED}:"):
        return None
    _, erp, entity, external_id = case.natural_key.split(":", 3)
    return ErpInstance(erp), Code(entity, external_id)


def block_order(tx: Tx, quarantined: Collection[UUID], order_id: OrderId, unit: BusinessUnitId) -> None:
    """Note that an order cannot leave before these quarantined records are settled."""
    for quarantine_id in quarantined:
        xref.block(tx, quarantine_id, order_id, unit)


def let_go(tx: Tx, order: PurchaseOrder) -> None:
    """Take what waits because of an order that is cancelled out of quarantine; a code nobody else waits for asks nothing more."""
    unknown = xref.unmapped_of(tx, [order.id]).get(order.id, [])
    for erp in {erp for erp, _ in unknown}:
        record = order.erp.external_id if order.erp is not None else ""
        xref.settle_record(tx, erp, [Code(Entity.ORDER, record)])
        still_waited_for = {one.unknown for one in xref.waiting(tx, erp=erp)}
        for code in {code for _, code in unknown} - still_waited_for:
            clear(tx, _question_key(erp, code))


def map_code(tx: Tx, erp: ErpInstance, code: Code, own_id: UUID) -> int:
    """Say which of our records an ERP's code stands for; what waited for it is read again. Returns how many records waited.

    Raises NotAuthorised.
    """
    tx.actor.require(Permission.EXCEPTION_RESOLVE)
    xref.remember(tx, erp, {code: own_id})
    return len(take_up(tx, erp, [code], automatic=False))


def take_up(tx: Tx, erp: ErpInstance, mapped: Collection[Code], *, automatic: bool = True) -> list[Waiting]:
    """Release what waited for codes that are known now, and queue the reading of it."""
    settled = xref.settle(tx, erp, mapped)
    for code in {one.unknown for one in settled}:
        clear(tx, _question_key(erp, code))
    events.append(tx, [_mapped(erp, one, automatic) for one in settled])
    jobs.enqueue_many(tx, list({_reading(erp, one.record).key: _reading(erp, one.record) for one in settled}.values()))
    return settled


def _mapped(erp: ErpInstance, one: Waiting, automatic: bool) -> CodeMapped:
    return CodeMapped(
        stream=Ref("quarantine", one.id),
        erp=erp,
        entity=one.unknown.entity,
        external_id=one.unknown.external_id,
        automatic=automatic,
    )


def _reading(erp: ErpInstance, record: Code) -> NewJob:
    if record.entity == Entity.ORDER:
        return read_order_job(erp, record.external_id, again=True)
    return NewJob(PULL_JOB, f"{erp}:{record.entity}", {"erp": erp, "entity": record.entity, "restart": "1"})


def read_order_job(erp: ErpInstance, external_id: str, *, again: bool = False) -> NewJob:
    """Return the job that reads one order of an ERP again; ``again`` checks and submits it even when nothing changed."""
    payload = {"erp": erp, "external_id": external_id, **({"again": "1"} if again else {})}
    return NewJob(READ_ORDER_JOB, f"{erp}:{external_id}", payload)
