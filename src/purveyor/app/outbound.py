"""What follows when a message to the outside was taken, refused or not answered, and what people may do with one given up.

A message that nobody took moves to the supplier's next channel under the same identity; after the last one it belongs to a
person (checklist.md S97, S101). Replay keeps the identity, so the other side can never act on it twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from uuid import UUID

from purveyor.app.cases import clear, open_case
from purveyor.core.access import Permission
from purveyor.core.canonical import Json
from purveyor.core.cases import ExceptionType, OpenCase
from purveyor.core.errors import ReasonRequired
from purveyor.core.events.base import Event, Ref
from purveyor.core.events.message import (
    MessageDelivered,
    MessageFailed,
    MessageReplayed,
    MessageSkipped,
    message_stream,
)
from purveyor.core.events.order import OrderSent, order_stream
from purveyor.core.ids import BusinessUnitId, MessageId, OrderId, SupplierId
from purveyor.core.messaging import SUPPLIER_KINDS, AfterFailure, MessageKind, Step, after_failure
from purveyor.core.writing import written
from purveyor.store import case_keys, events, masters, message_batches, messages, orders
from purveyor.store.db import Tx
from purveyor.store.messages import About, Claim, Message

_SPREAD_PARTS = 1000
_FAILED: Mapping[MessageKind, ExceptionType] = {
    MessageKind.ERP_CONFIRM: ExceptionType.ERP_WRITE_FAILED,
    MessageKind.ERP_RECEIPT: ExceptionType.ERP_WRITE_FAILED,
    MessageKind.ERP_INVOICE_POST: ExceptionType.ERP_WRITE_FAILED,
    MessageKind.ERP_INVOICE_HOLD: ExceptionType.ERP_WRITE_FAILED,
    MessageKind.ERP_INVOICE_RELEASE: ExceptionType.ERP_WRITE_FAILED,
}


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an attempt failed: a stable ``code``, a sentence for a person, and what the other side asked for.

    ``permanent``: trying again on this channel will not help. ``unknown``: the answer was lost; look it up first.
    """

    code: str
    message: str
    permanent: bool = False
    unknown: bool = False
    asked_wait: timedelta | None = None


def message_refs(message: Message) -> tuple[Ref, ...]:
    """Name what a message belongs to, so that it stands on the timeline of its order."""
    return about_refs(message.subject_type, message.subject_id, message.about)


def about_refs(subject_type: str, subject_id: UUID, about: About) -> tuple[Ref, ...]:
    """Name a document, its order and its business unit."""
    named = [Ref(subject_type, subject_id)]
    if about.order_id is not None and subject_type != "order":
        named.append(Ref("order", about.order_id))
    if about.business_unit_id is not None:
        named.append(Ref(events.UNIT_REF, about.business_unit_id))
    return tuple(named)


def mark_sent(tx: Tx, held: Claim, result: Mapping[str, Json] | None = None) -> None:
    """Record that the other side has a message; raises LeaseLost when another worker took it over."""
    messages.finish(tx, held, result)
    events.append(tx, sent_events(held.message, str((result or {}).get("outcome", "accepted"))))


def sent_events(message: Message, outcome: str) -> list[Event]:
    """Return the events of a delivered message: its own, and the order's when the supplier has the order now."""
    delivered = MessageDelivered(
        stream=message_stream(message.id),
        refs=message_refs(message),
        kind=message.kind,
        channel=message.channel,
        outcome=outcome,
    )
    if message.kind not in (MessageKind.SUPPLIER_ORDER, MessageKind.SUPPLIER_CHANGE) or message.about.order_id is None:
        return [delivered]
    sent = OrderSent(
        stream=order_stream(OrderId(message.about.order_id)),
        refs=(Ref("message", message.id),),
        version=message.about.order_version or 1,
        channel=message.channel,
        message_id=message.id,
    )
    return [delivered, sent]


def mark_failed(tx: Tx, held: Claim, failure: Failure) -> AfterFailure:
    """Record a failed attempt and decide what follows: wait, the supplier's next channel, or a person; raises LeaseLost."""
    message = held.message
    decision = after_failure(
        MessageKind(message.kind),
        message.channel,
        _channels(tx, message),
        message.attempts + 1,
        permanent=failure.permanent,
        spread=_spread(held),
        asked_wait=failure.asked_wait,
    )
    messages.fail(tx, held, decision, failure.message, unknown=failure.unknown)
    events.append(tx, [_failed(message, failure, decision)])
    if decision.step is Step.DEAD:
        _hand_over(tx, message, failure)
    return decision


def give_up(tx: Tx, message_id: MessageId, problem: str) -> None:
    """Give a message up that took its worker down again and again; a person owns it from now on."""
    message = messages.load(tx, message_id)
    messages.kill(tx, message_id, problem)
    failure = Failure("worker_lost", problem, permanent=True)
    events.append(tx, [_failed(message, failure, AfterFailure(Step.DEAD, message.channel))])
    _hand_over(tx, message, failure)


def refused(tx: Tx, held: Claim, failure: Failure) -> None:
    """End a message that the other side refused for good, without an exception of its own: the caller opens a better one."""
    decision = AfterFailure(Step.DEAD, held.message.channel)
    messages.fail(tx, held, decision, failure.message)
    events.append(tx, [_failed(held.message, failure, decision)])


def withdraw(tx: Tx, held: Claim) -> None:
    """End a claimed message that is not wanted any more and was not sent; raises LeaseLost."""
    message = held.message
    messages.withdraw(tx, held)
    skipped = MessageSkipped(
        stream=message_stream(message.id), refs=message_refs(message), kind=message.kind, channel=message.channel
    )
    events.append(tx, [skipped])


def replay(tx: Tx, message_id: MessageId) -> Message:
    """Send a message again that was given up, under the same identity.

    Raises NotAuthorised, NotFound, NotReplayable.
    """
    tx.actor.require(Permission.MESSAGE_REPLAY)
    _lock_order(tx, message_id)
    message = messages.replay(tx, message_id)
    clear(tx, failed_key(message_id))
    replayed = MessageReplayed(
        stream=message_stream(message_id), refs=message_refs(message), kind=message.kind, channel=message.channel
    )
    events.append(tx, [replayed])
    return message


def skip(tx: Tx, message_id: MessageId, reason: str) -> Message:
    """Decide that a message is not needed any more; the reason is kept.

    Raises NotAuthorised, ReasonRequired, NotFound, NotReplayable.
    """
    tx.actor.require(Permission.MESSAGE_REPLAY)
    if not written(reason):
        raise ReasonRequired(action="skip")
    _lock_order(tx, message_id)
    message = message_batches.skip(tx, message_id)
    clear(tx, failed_key(message_id))
    skipped = MessageSkipped(
        stream=message_stream(message_id),
        refs=message_refs(message),
        reason=reason,
        kind=message.kind,
        channel=message.channel,
    )
    events.append(tx, [skipped])
    return message


def supersede(tx: Tx, order_id: OrderId, kinds: Sequence[MessageKind], before_version: int) -> None:
    """Take back messages about older versions of an order that are not on their way; questions about those taken back end."""
    taken_back = messages.supersede(tx, order_id, kinds, before_version)
    for key in case_keys.open_about_messages(tx, taken_back):
        clear(tx, key)


def _lock_order(tx: Tx, message_id: MessageId) -> None:
    """Lock the order of a message before the message, as everybody does who settles a question or cancels an order."""
    order_id = messages.load(tx, message_id).about.order_id
    orders.lock_many(tx, [] if order_id is None else [OrderId(order_id)])


def failed_key(message_id: MessageId) -> str:
    """Return the natural key of the exception about a message that was given up."""
    return f"message_failed:{message_id}"


def _channels(tx: Tx, message: Message) -> tuple[str, ...]:
    supplier_id = message.about.supplier_id
    if message.kind not in SUPPLIER_KINDS or supplier_id is None:
        return (message.channel,)
    return masters.supplier(tx, SupplierId(supplier_id)).channels


def _spread(held: Claim) -> Decimal:
    """Return a share from 0 to 1 that differs from message to message and from attempt to attempt."""
    return Decimal(held.token.int % (_SPREAD_PARTS + 1)) / _SPREAD_PARTS


def _failed(message: Message, failure: Failure, decision: AfterFailure) -> MessageFailed:
    return MessageFailed(
        stream=message_stream(message.id),
        refs=message_refs(message),
        kind=message.kind,
        channel=message.channel,
        code=failure.code,
        attempts=message.attempts + 1,
        next_step=decision.step.value,
        next_channel=decision.channel,
    )


def _hand_over(tx: Tx, message: Message, failure: Failure) -> None:
    about = message.about
    open_case(
        tx,
        OpenCase(
            type=_FAILED.get(MessageKind(message.kind), ExceptionType.MESSAGE_FAILED),
            natural_key=failed_key(message.id),
            summary=f"{message.kind} could not be delivered by {message.channel}: {failure.code}",
            order_id=OrderId(about.order_id) if about.order_id else None,
            message_id=message.id,
            business_unit_id=BusinessUnitId(about.business_unit_id) if about.business_unit_id else None,
            supplier_id=SupplierId(about.supplier_id) if about.supplier_id else None,
            proposed_resolution="replay",
        ),
    )
