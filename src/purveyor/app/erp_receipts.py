"""What an order's ERP is told of goods that came, went back or were counted wrong, line by line of one posting.

More of a line is posted there as a receipt. Less cannot be: no ERP we write to takes a receipt back, so a person is told what to
key there, and the receipt of the other lines goes out all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Final
from uuid import UUID

from purveyor.app import dispatch
from purveyor.app.cases import open_case
from purveyor.app.progress import items_of, units_of
from purveyor.core.canonical import Json, plain_decimal
from purveyor.core.cases import ExceptionType, OpenCase, compared
from purveyor.core.erp_records import ErpReceipt, ErpReceiptLine
from purveyor.core.ids import OrderId
from purveyor.core.messaging import ERP_CHANNEL, MessageKind, Outbound
from purveyor.core.order import OrderLine, PurchaseOrder
from purveyor.core.quantity import UnitTable
from purveyor.core.shipping import Movement, MovementKind
from purveyor.store import messages, movements, orders
from purveyor.store.db import Tx
from purveyor.store.message_batches import NewMessage
from purveyor.store.messages import About, Message

ZERO: Final = Decimal(0)
Taken = Mapping[MovementKind, Decimal]


def tell_erp(tx: Tx, order: PurchaseOrder, fresh: Sequence[Movement], cause_id: UUID) -> None:
    """Have what one posting changed told to the order's ERP: a receipt for what is more, an exception for what is less."""
    if order.erp is None:
        return
    changed = {number: into_stock(taken) for number, taken in _by_line(fresh).items()}
    sent = [message for message in messages.of_order(tx, order.id) if message.kind == MessageKind.ERP_RECEIPT]
    if any(quantity > 0 for quantity in changed.values()):
        _queue(tx, order, cause_id, len(sent) + 1)
    less = [line for line in order.lines if changed.get(line.line_no, ZERO) < 0]
    if less and not any((message.result or {}).get("outcome") == "unsupported" for message in sent):
        _ask_to_key(tx, order, less, changed, cause_id)


def into_stock(taken: Taken) -> Decimal:
    """Return by how much movements of a line change what its ERP holds in stock of it: accepted less what went back."""
    return taken.get(MovementKind.ACCEPTED, ZERO) - taken.get(MovementKind.RETURNED, ZERO)


def _by_line(moved: Iterable[Movement]) -> dict[int, dict[MovementKind, Decimal]]:
    taken: dict[int, dict[MovementKind, Decimal]] = {}
    for item in moved:
        kinds = taken.setdefault(item.place.line_no, {})
        kinds[item.kind] = kinds.get(item.kind, ZERO) + item.quantity
    return taken


def _queue(tx: Tx, order: PurchaseOrder, cause_id: UUID, number: int) -> None:
    """Queue the receipt for the ERP; the message names the posting, whose movements are read when it is sent."""
    assert order.erp is not None
    kind = MessageKind.ERP_RECEIPT
    outbound = Outbound(kind, "receipt", cause_id, number, order.erp.instance, ERP_CHANNEL, f"{kind.value}:{order.id}:{cause_id}")
    payload: dict[str, Json] = {
        "schema": 1,
        "order_id": str(order.id),
        "order_ref": order.order_ref,
        "erp": order.erp.instance,
        "external_id": order.erp.external_id,
        "posting": str(cause_id),
        "number": number,
    }
    about = About(order.id, order.version, order.business_unit_id, order.supplier_id)
    dispatch.queue(tx, [NewMessage(outbound, payload, about)])


def _ask_to_key(tx: Tx, order: PurchaseOrder, less: Sequence[OrderLine], changed: Mapping[int, Decimal], cause_id: UUID) -> None:
    """Open the exception that says what to take back in the ERP by hand, and where each line must stand there afterwards."""
    assert order.erp is not None
    items = items_of(tx, [order])
    standing = _by_line(movements.of_order(tx, order.id))
    wanted = {
        line.line_no: _back_and_left(line, units_of(line, items), -changed[line.line_no], into_stock(standing[line.line_no]))
        for line in less
    }
    said = "; ".join(f"line {number}: take {each.back} back, then {each.left} are received" for number, each in wanted.items())
    open_case(
        tx,
        OpenCase(
            type=ExceptionType.ERP_WRITE_FAILED,
            natural_key=f"erp_receipt_less:{order.id}:{cause_id}",
            summary=f"To be keyed in {order.erp.instance}, order {order.erp.number or order.erp.external_id}: {said}.",
            order_id=order.id,
            line_no=less[0].line_no if len(less) == 1 else None,
            business_unit_id=order.business_unit_id,
            supplier_id=order.supplier_id,
            evidence=tuple(compared(f"line {number}", purveyor=each.left, erp=each.told) for number, each in wanted.items()),
            proposed_resolution="done_by_hand",
        ),
    )


@dataclass(frozen=True, slots=True)
class _Back:
    """Quantities of a line with their unit: to be taken back, left afterwards, and told to the ERP before."""

    back: str
    left: str
    told: str


def _back_and_left(line: OrderLine, units: UnitTable, back: Decimal, left: Decimal) -> _Back:
    unit = _even_unit(line, units, (back, left))

    def written(quantity: Decimal) -> str:
        return f"{plain_decimal(units.convert_decimal(quantity, units.base_uom, unit))} {unit}"

    return _Back(written(back), written(left), written(back + left))


def erp_receipt(tx: Tx, message: Message) -> ErpReceipt:
    """Return the receipt an ERP message is about: what one posting brought into stock or rejected, per line. Raises NotFound."""
    order = orders.get(tx, OrderId(UUID(str(message.payload["order_id"]))))
    moved = movements.caused_by(tx, UUID(str(message.payload["posting"])))
    items = items_of(tx, [order])
    taken = _by_line(moved)
    lines = [line for line in order.lines if into_stock(taken.get(line.line_no, {})) > 0]
    return ErpReceipt(
        reference=f"{order.order_ref}-R{message.payload['number']}",
        order=str(message.payload["external_id"]),
        delivery_note=next((item.notice for item in moved if item.notice is not None), None),
        posting_date=max(item.moved_at.date() for item in moved),
        lines=tuple(_erp_line(line, units_of(line, items), taken[line.line_no]) for line in lines),
    )


def _erp_line(line: OrderLine, units: UnitTable, taken: Taken) -> ErpReceiptLine:
    """The quantities of a line in its own unit when they come out even there, else in base units."""
    accepted, rejected = into_stock(taken), max(ZERO, taken.get(MovementKind.REJECTED, ZERO))
    unit = _even_unit(line, units, (accepted, rejected))
    return ErpReceiptLine(
        order_line=line.external_id or str(line.line_no),
        quantity=units.convert_decimal(accepted + rejected, units.base_uom, unit),
        uom=unit,
        rejected=units.convert_decimal(rejected, units.base_uom, unit),
    )


def _even_unit(line: OrderLine, units: UnitTable, quantities: Iterable[Decimal]) -> str:
    uom = line.uom or units.base_uom
    ratio = units.ratio(uom, units.base_uom)
    return uom if all((Fraction(quantity) / ratio).denominator == 1 for quantity in quantities) else units.base_uom
