"""What becomes of an invoice: suspected, matched, a difference accepted, sent back, replaced; and what the ERP is told.

Pure decisions over invoice.py. Payment is released only for a matched invoice and blocked for every open difference; what
waits for its receipt is neither.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from purveyor.core.access import Actor, Permission
from purveyor.core.duplicates import DuplicateHit
from purveyor.core.errors import PurveyorError
from purveyor.core.events.base import Event, Ref
from purveyor.core.events.invoice import (
    AcceptanceUndone,
    InvoiceMatched,
    InvoicePosted,
    InvoiceReceived,
    InvoiceRejected,
    InvoiceSuperseded,
    InvoiceSuspected,
    MismatchAccepted,
    PaymentBlocked,
    PaymentReleased,
)
from purveyor.core.ids import InvoiceId
from purveyor.core.invoice import STATE_OF, Invoice, InvoiceState, Payment
from purveyor.core.match_invoice import InvoiceMatch
from purveyor.core.matching import MismatchClass
from purveyor.core.messaging import MessageKind

_NOT_FOR_ERPS: Final = tuple(f":{kind.value}" for kind in (MismatchClass.ORDER, MismatchClass.CURRENCY, MismatchClass.UNIT))
"""Differences with which no ERP can take an invoice in: no order, another currency, a unit nobody knows."""


class InvoiceEnded(PurveyorError):
    """This invoice was sent back or replaced by a later revision; nothing more can be decided about it."""

    code = "invoice_ended"


class InvoiceReleased(PurveyorError):
    """The ERP was already told to pay this invoice; ask for a credit note instead."""

    code = "invoice_released"


@dataclass(frozen=True, slots=True)
class InvoiceDecision:
    """The invoice as it stands after a decision, what happened, and what the ERP is to be told, in this order."""

    invoice: Invoice
    events: tuple[Event, ...]
    tell: tuple[MessageKind, ...] = ()


def stream_of(invoice: Invoice) -> Ref:
    """Return the name of the invoice's stream."""
    return Ref("invoice", invoice.id)


def refs_of(invoice: Invoice) -> tuple[Ref, ...]:
    """Return the orders an invoice bills, its supplier and its business unit, as event references."""
    unit = () if invoice.business_unit_id is None else (Ref("business_unit", invoice.business_unit_id),)
    return (*(Ref("order", order_id) for order_id in invoice.order_ids), Ref("supplier", invoice.supplier_id), *unit)


def received(invoice: Invoice) -> InvoiceReceived:
    """Return the event of an invoice that came in."""
    return InvoiceReceived(
        stream=stream_of(invoice),
        refs=refs_of(invoice),
        number=invoice.number,
        revision=invoice.revision,
        kind=invoice.kind.value,
        currency=invoice.currency,
        total=invoice.total,
        lines=len(invoice.lines),
        content_digest=invoice.content_digest,
    )


def suspect(invoice: Invoice, hit: DuplicateHit) -> InvoiceDecision:
    """Put a probable copy in review; nothing is matched, blocked or posted before a person looked."""
    known = None if hit.known.id is None else InvoiceId(hit.known.id)
    event = InvoiceSuspected(
        stream=stream_of(invoice),
        refs=(*refs_of(invoice), *(() if known is None else (Ref("invoice", known),))),
        layer=hit.layer.value,
        known=known,
        amount=invoice.total,
        currency=invoice.currency,
    )
    return InvoiceDecision(_saved(invoice, state=InvoiceState.IN_REVIEW, duplicate_of=known), (event,))


def cleared_of_suspicion(invoice: Invoice) -> Invoice:
    """Return the invoice as one that a person found to be no copy; it waits for its match. Raises InvoiceEnded."""
    _require_live(invoice)
    return _saved(invoice, state=InvoiceState.WAITING_RECEIPT, duplicate_of=None)


def take_match(invoice: Invoice, match: InvoiceMatch, policy: str | None = None) -> InvoiceDecision:
    """Take the result of a match; the same result again changes nothing and tells nobody."""
    keys = tuple(mismatch.key for mismatch in match.open_mismatches)
    state = STATE_OF[match.outcome]
    if (state, keys, match.wait_until) == (invoice.state, invoice.mismatches, invoice.wait_until) and invoice.version > 1:
        return InvoiceDecision(invoice, ())
    matched = _saved(invoice, state=state, mismatches=keys, wait_until=match.wait_until)
    event = InvoiceMatched(
        stream=stream_of(invoice),
        refs=refs_of(invoice),
        policy_set=policy,
        outcome=match.outcome.value,
        mismatches=keys,
        exposures=tuple(mismatch.exposure.amount for mismatch in match.open_mismatches),
        currency=invoice.currency,
        wait_until=match.wait_until,
    )
    told = _tell(matched)
    return InvoiceDecision(told.invoice, (event, *told.events), told.tell)


def _tell(invoice: Invoice) -> InvoiceDecision:
    """Say what the ERP is to be told now; of credit notes and invoices it could not hold it is told nothing."""
    if invoice.is_credit or any(name.endswith(_NOT_FOR_ERPS) for name in invoice.mismatches):
        return InvoiceDecision(invoice, ())
    if invoice.state is InvoiceState.MATCHED and invoice.payment is not Payment.RELEASED:
        blocked = invoice.payment is Payment.BLOCKED
        release = PaymentReleased(
            stream=stream_of(invoice),
            refs=refs_of(invoice),
            was_blocked=blocked,
            total=invoice.total,
            currency=invoice.currency,
        )
        kind = MessageKind.ERP_INVOICE_RELEASE if blocked else MessageKind.ERP_INVOICE_POST
        return InvoiceDecision(replace(invoice, payment=Payment.RELEASED), (release,), (kind,))
    stopped = invoice.state in (InvoiceState.IN_EXCEPTION, InvoiceState.IN_REVIEW)
    if stopped and invoice.payment is not Payment.BLOCKED:
        posted = invoice.payment is Payment.RELEASED
        block = PaymentBlocked(stream=stream_of(invoice), refs=refs_of(invoice), mismatches=invoice.mismatches)
        first = () if posted else (MessageKind.ERP_INVOICE_POST,)
        tell = (*first, MessageKind.ERP_INVOICE_HOLD)
        return InvoiceDecision(replace(invoice, payment=Payment.BLOCKED), (block,), tell)
    return InvoiceDecision(invoice, ())


def accept(invoice: Invoice, mismatch: str, resolution: str, reason: str | None) -> InvoiceDecision:
    """Take one difference as it is; the invoice is to be matched again afterwards. Raises InvoiceEnded."""
    _require_live(invoice)
    event = MismatchAccepted(
        stream=stream_of(invoice), refs=refs_of(invoice), reason=reason, mismatch=mismatch, resolution=resolution
    )
    return InvoiceDecision(_saved(invoice, accepted=invoice.accepted | {mismatch}), (event,))


def undo_acceptance(invoice: Invoice, mismatch: str, reason: str | None) -> InvoiceDecision:
    """Open an accepted difference again, as long as the ERP was not told to pay. Raises InvoiceEnded, InvoiceReleased."""
    _require_live(invoice)
    if invoice.payment is Payment.RELEASED:
        raise InvoiceReleased(number=invoice.number)
    event = AcceptanceUndone(stream=stream_of(invoice), refs=refs_of(invoice), reason=reason, mismatch=mismatch)
    return InvoiceDecision(_saved(invoice, accepted=invoice.accepted - {mismatch}), (event,))


def reject(invoice: Invoice, actor: Actor, reason: str | None) -> InvoiceDecision:
    """Send an invoice back; it counts no more. Raises NotAuthorised, InvoiceEnded, InvoiceReleased."""
    actor.require(Permission.EXCEPTION_RESOLVE)
    _require_live(invoice)
    if invoice.payment is Payment.RELEASED:
        raise InvoiceReleased(number=invoice.number)
    event = InvoiceRejected(stream=stream_of(invoice), refs=refs_of(invoice), reason=reason)
    return InvoiceDecision(_saved(invoice, state=InvoiceState.REJECTED, mismatches=(), wait_until=None), (event,))


def supersede(invoice: Invoice, by_revision: int) -> InvoiceDecision:
    """Replace an invoice by a later revision of itself; one the ERP pays already stays, the later one is reviewed as a copy."""
    event = InvoiceSuperseded(stream=stream_of(invoice), refs=refs_of(invoice), by_revision=by_revision)
    return InvoiceDecision(_saved(invoice, state=InvoiceState.SUPERSEDED, mismatches=(), wait_until=None), (event,))


def posted(invoice: Invoice, erp_external_id: str, erp_number: str | None) -> InvoiceDecision:
    """Keep the number under which the ERP has the invoice; told twice changes nothing."""
    if invoice.erp_external_id == erp_external_id:
        return InvoiceDecision(invoice, ())
    event = InvoicePosted(
        stream=stream_of(invoice), refs=refs_of(invoice), erp_external_id=erp_external_id, erp_number=erp_number
    )
    return InvoiceDecision(_saved(invoice, erp_external_id=erp_external_id, erp_number=erp_number), (event,))


def _require_live(invoice: Invoice) -> None:
    if not invoice.is_live:
        raise InvoiceEnded(state=invoice.state.value)


def _saved(invoice: Invoice, **changes: Any) -> Invoice:
    return replace(invoice, version=invoice.version + 1, **changes)
