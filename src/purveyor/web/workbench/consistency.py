"""The same order in every system: which version each was told, when, and how it stands there (checklist.md S107).

A cell differs when a system holds another version than ours, when what it should know failed to arrive, or when the ERP's own
record was changed. What nobody was told yet differs from nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from purveyor.core.cases import ExceptionCase, ExceptionType
from purveyor.core.messaging import MessageKind
from purveyor.core.order import PurchaseOrder
from purveyor.store.messages import Message
from purveyor.web.i18n import marked
from purveyor.web.words import ORDER_STATUS, Word
from purveyor.web.workbench.terms import MESSAGE_STATE

NOT_TOLD: Final = Word(marked("Not told yet"), "neutral", "circle-dashed")
NOT_CONNECTED: Final = Word(marked("Not connected"), "neutral", "plug-off")
CHANGED_THERE: Final = Word(marked("Changed there"), "warn", "alert-triangle")
_CALLED_OFF: Final = "superseded"
_SYSTEMS: Final[tuple[tuple[str, frozenset[MessageKind]], ...]] = (
    (marked("ERP"), frozenset({MessageKind.ERP_CONFIRM})),
    (
        marked("Supplier's channel"),
        frozenset({MessageKind.SUPPLIER_ORDER, MessageKind.SUPPLIER_CHANGE, MessageKind.SUPPLIER_CANCEL}),
    ),
    (marked("Warehouse system"), frozenset({MessageKind.WMS_EXPECTED_RECEIPT})),
    (
        marked("Finance"),
        frozenset({MessageKind.ERP_INVOICE_POST, MessageKind.ERP_INVOICE_HOLD, MessageKind.ERP_INVOICE_RELEASE}),
    ),
)
"""Who is told about an order, and by which messages."""


@dataclass(frozen=True, slots=True)
class SystemView:
    """One system: the version it holds, since when (real time for systems that were told), its state, and what differs."""

    name: str
    version: int | None
    at: datetime | None
    state: Word
    version_differs: bool = False
    state_differs: bool = False

    @property
    def differs(self) -> bool:
        """Whether anything of it differs from ours."""
        return self.version_differs or self.state_differs


def systems_of(
    order: PurchaseOrder, sent: Sequence[Message], exceptions: Sequence[ExceptionCase], translate: Callable[[str], str]
) -> tuple[SystemView, ...]:
    """Return ourselves first, then every system in the order in which it is told."""
    drifted = any(case.is_open and case.type is ExceptionType.ERP_DRIFT for case in exceptions)
    ours = SystemView("Purveyor", order.version, order.issued_at or order.created_at, ORDER_STATUS[order.status])
    others = [
        _system(translate(name), order, [message for message in sent if message.kind in kinds], drifted and place == 0)
        for place, (name, kinds) in enumerate(_SYSTEMS)
    ]
    return (ours, *others, SystemView(translate(marked("Analytics")), None, None, NOT_CONNECTED))


def _system(name: str, order: PurchaseOrder, sent: Sequence[Message], drifted: bool) -> SystemView:
    """Return one system; of several partners (warehouses) the one that is furthest behind."""
    partners = {message.partner_key for message in sent if message.state != _CALLED_OFF}
    views = [_partner(name, order, [each for each in sent if each.partner_key == partner], drifted) for partner in partners]
    if not views:
        return SystemView(name, None, None, CHANGED_THERE if drifted else NOT_TOLD, state_differs=drifted)
    return min(views, key=lambda view: (not view.differs, view.version or 0))


def _partner(name: str, order: PurchaseOrder, sent: Sequence[Message], drifted: bool) -> SystemView:
    told = [message for message in sent if message.state != _CALLED_OFF]
    newest = max(told, key=lambda message: (message.about.order_version or 0, message.id))
    taken = [message for message in told if message.state == "done"]
    last = max(taken, key=lambda message: (message.about.order_version or 0, message.id), default=None)
    held = None if last is None else last.about.order_version
    return SystemView(
        name,
        held,
        None if last is None else last.finished_at,
        CHANGED_THERE if drifted else MESSAGE_STATE[newest.state],
        version_differs=held is not None and held != order.version,
        state_differs=drifted or newest.state == "dead",
    )
