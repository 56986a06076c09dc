"""One exception with everything its page shows: evidence in columns, who owns it, what settles it, and who else can help."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

from purveyor.app.masters import unit_in_group
from purveyor.app.own_codes import MAP, question_of
from purveyor.app.progress import items_of, units_of
from purveyor.app.settle import ELSEWHERE, REASONED, effect_of
from purveyor.core.access import Actor, Permission
from purveyor.core.advisory import Advisory
from purveyor.core.case_decisions import require_owner
from purveyor.core.cases import CaseStatus, Evidence, ExceptionCase, ExceptionType
from purveyor.core.erp_records import Entity
from purveyor.core.errors import NotAuthorised, NotFound
from purveyor.core.ids import ExceptionCaseId
from purveyor.core.invoice import Invoice
from purveyor.core.order import OrderLine, PurchaseOrder
from purveyor.store import advisories, cases, invoices, orders, receipts
from purveyor.store.db import Tx
from purveyor.store.receipts import KeptCount
from purveyor.store.views import names
from purveyor.store.views.exception_view import ListedCase, StockElsewhere, people_of_role, stock_elsewhere, with_names
from purveyor.store.views.own_records import OwnRecord, offered, offered_units

DOCUMENTS: Final = ("order", "receipt", "invoice")
"""Columns that stand first, in the order in which the documents come."""

_FIGURE: Final = re.compile(r"[0-9]+(\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class Cell:
    """One value of the evidence; ``marked``: it differs from what the others say."""

    text: str | None
    marked: bool


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One thing compared, a cell for each column."""

    name: str
    cells: tuple[Cell, ...]
    differs: bool


@dataclass(frozen=True, slots=True)
class OwnCode:
    """The question which record of ours an ERP's code stands for: the kind of record, and what can be chosen from."""

    kind: str
    records: tuple[OwnRecord, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """One exception as its page shows it."""

    listed: ListedCase
    columns: tuple[str, ...]
    rows: tuple[EvidenceRow, ...]
    order: PurchaseOrder | None
    invoice: Invoice | None
    held: KeptCount | None
    helpers: tuple[tuple[UUID, str], ...]
    elsewhere: tuple[StockElsewhere, ...]
    resolved_by: str | None
    units: tuple[str, ...] = ()
    own_code: OwnCode | None = None
    suggestion: Advisory | None = None

    @property
    def case(self) -> ExceptionCase:
        """The exception itself."""
        return self.listed.case

    @property
    def line(self) -> OrderLine | None:
        """The line it is about."""
        number = self.case.subject.line_no
        return None if self.order is None or number is None else self.order.line(number)

    @property
    def decided_on_the_order(self) -> bool:
        """Say whether it ends by itself when the order is put right."""
        return self.case.type in ELSEWHERE and self.order is not None and self.suggestion is None

    @property
    def recount(self) -> bool:
        """Say whether only another count settles it."""
        return self.case.type is ExceptionType.HELD_RECOUNT and self.held is not None

    def may_act(self, actor: Actor) -> bool:
        """Say whether this person may settle, hold or reassign it."""
        try:
            require_owner(self.case, actor)
        except NotAuthorised:
            return False
        return True

    def may_override(self, actor: Actor) -> bool:
        """Say whether this person may settle it against policy."""
        return actor.may(Permission.FINDING_OVERRIDE) and self.may_act(actor)

    @property
    def can_be_undone(self) -> bool:
        """Say whether its resolution had no effect that stands already, or one that can be taken back."""
        case = self.case
        settled = case.status is CaseStatus.RESOLVED and case.resolution is not None and case.resolution != "cleared"
        if not settled or effect_of(case, case.resolution or "") is not None:
            return False
        return self.invoice is None or (case.resolution or "").startswith("accept_")

    def needs_reason(self, resolution: str) -> bool:
        """Say whether a resolution cannot be chosen without a reason."""
        return resolution in REASONED


def read_case(tx: Tx, case_id: ExceptionCaseId) -> Reading:
    """Load one exception; raises NotFound and NotAuthorised."""
    tx.actor.require(Permission.EXCEPTION_READ)
    case = cases.load(tx, case_id)
    (listed,) = with_names(tx, [case])
    order = _order(tx, case)
    columns, rows = side_by_side(case.evidence)
    line = None if order is None or case.subject.line_no is None else order.line(case.subject.line_no)
    short = case.type is ExceptionType.STOCKOUT_RISK and line is not None and line.item_id is not None
    who = names.people(tx, [case.resolved_by]) if case.resolved_by is not None else {}
    return Reading(
        listed=listed,
        columns=columns,
        rows=rows,
        order=order,
        invoice=None if case.subject.invoice_id is None else invoices.load(tx, case.subject.invoice_id),
        held=_held_count(tx, case),
        helpers=tuple(people_of_role(tx, case.owner_role, case.business_unit_id)),
        elsewhere=tuple(stock_elsewhere(tx, line.item_id)) if short and line is not None and line.item_id is not None else (),
        resolved_by=None if case.resolved_by is None else who.get(case.resolved_by),
        units=() if order is None or line is None else counting_units(tx, order, line),
        own_code=_own_code(tx, case),
        suggestion=advisories.of_case(tx, case.id),
    )


def _own_code(tx: Tx, case: ExceptionCase) -> OwnCode | None:
    """What the field asks for that maps a code; None when the exception asks for no code, or policy does not let it be mapped."""
    asked = question_of(case)
    if asked is None or not case.is_open or MAP not in case.allowed_resolutions:
        return None
    erp, code = asked
    records = offered_units(tx, unit_in_group(erp, code)[0]) if code.entity == Entity.UOM else offered(tx, code.entity)
    return OwnCode(code.entity, records)


def counting_units(tx: Tx, order: PurchaseOrder, line: OrderLine) -> tuple[str, ...]:
    """Return the units a line can be counted in: its own first, then the item's others."""
    units = units_of(line, items_of(tx, [order]))
    own = () if line.uom is None else (line.uom,)
    return tuple(dict.fromkeys((*own, units.base_uom, *sorted(units.factors))))


def _order(tx: Tx, case: ExceptionCase) -> PurchaseOrder | None:
    if case.subject.order_id is None:
        return None
    try:
        return orders.get(tx, case.subject.order_id)
    except NotFound:
        return None


def _held_count(tx: Tx, case: ExceptionCase) -> KeptCount | None:
    """The count that must be made again."""
    if case.type is not ExceptionType.HELD_RECOUNT or case.subject.receipt_id is None:
        return None
    counts = receipts.get(tx, case.subject.receipt_id).counts
    return next((count for count in counts if count.place.line_no == case.subject.line_no and count.held), None)


def side_by_side(evidence: Sequence[Evidence]) -> tuple[tuple[str, ...], tuple[EvidenceRow, ...]]:
    """Lay evidence out in columns; in a row that differs, every value unlike the first known one is marked."""
    named = dict.fromkeys(column for item in evidence for column, _ in item.values)
    columns = tuple(sorted(named, key=lambda name: DOCUMENTS.index(name) if name in DOCUMENTS else len(DOCUMENTS)))
    rows = []
    for item in evidence:
        values = dict(item.values)
        base = next((value for value in values.values() if value is not None), None)
        cells = tuple(
            Cell(_grouped(values.get(column)), item.differs and values.get(column) not in (None, base)) for column in columns
        )
        rows.append(EvidenceRow(item.name, cells, item.differs))
    return columns, tuple(rows)


def _grouped(text: str | None) -> str | None:
    """Write a bare figure with thousands separators, every digit kept; other texts stay as they are."""
    return text if text is None or not _FIGURE.fullmatch(text) else f"{Decimal(text):,}"
