"""Take a count at the dock in: keep what was counted, accept what fits, and ask about the rest before anything is posted.

A receipt is known by source, external id and revision; the same one again changes nothing. Source: worked cases OR*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from purveyor.app import stockout
from purveyor.app.posting import PostedCount, judged_now, rejudge
from purveyor.app.progress import items_of, units_of
from purveyor.app.receipt_cases import questions, review
from purveyor.app.supplier_door import require_with_supplier
from purveyor.core.access import Permission
from purveyor.core.acknowledge import DocumentChanged
from purveyor.core.canonical import digest
from purveyor.core.errors import InvalidInput, NotFound
from purveyor.core.events.base import Event, Ref
from purveyor.core.events.order import order_stream
from purveyor.core.events.receiving import GoodsCounted, GoodsReceived
from purveyor.core.ids import ItemId, OrderId, ReceiptId, SiteId
from purveyor.core.items import Item
from purveyor.core.order import PurchaseOrder
from purveyor.core.progress import to_base
from purveyor.core.promise import slips
from purveyor.core.receiving import Judged, ReturnFor
from purveyor.core.shipping import MovementKind, Place, resolve_ship_to
from purveyor.store import events, inbox, movements, orders, promises, receipts
from purveyor.store.db import Tx
from purveyor.store.receipts import KeptCount, Receipt


@dataclass(frozen=True, slots=True)
class CountedLine:
    """What was keyed for a line: the physical count (damaged goods included) in ``uom``, the unit of the line when absent.

    A negative quantity is a return and says what it is for.
    """

    line_no: int
    quantity: Decimal
    uom: str | None = None
    ship_to: SiteId | None = None
    damaged: Decimal = Decimal(0)
    return_for: ReturnFor | None = None


@dataclass(frozen=True, slots=True)
class ReceiptCommand:
    """Command: somebody counted goods. ``notice`` is the supplier's shipment number; ``ends_shipment``: no more of it comes."""

    order_id: OrderId
    source: str
    external_id: str
    counted_at: datetime
    lines: tuple[CountedLine, ...]
    revision: int = 1
    notice: str | None = None
    ends_shipment: bool = False
    inbox_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ReceivedLine:
    """How one line of a receipt was judged (base units), and the question for the dock when it is held."""

    place: Place
    judged: Judged
    question: str | None


@dataclass(frozen=True, slots=True)
class ReceiptResult:
    """The receipt on the record. ``repeated``: it was here before and changed nothing."""

    id: ReceiptId
    lines: tuple[ReceivedLine, ...]
    repeated: bool = False

    @property
    def held(self) -> bool:
        """Say whether something must be counted again."""
        return any(line.judged.held for line in self.lines)


def record(tx: Tx, command: ReceiptCommand) -> ReceiptResult:
    """Keep a receipt, post what is accepted and open exceptions for the rest; a repetition returns the first result.

    Raises NotAuthorised, NotFound, InvalidInput, UnknownReference, UnknownUnit, DocumentChanged, IllegalTransition.
    """
    return _record(tx, command, None)


def recount(tx: Tx, held: ReceiptId, command: ReceiptCommand) -> ReceiptResult:
    """Record a second count that takes the place of a held one and is judged as a normal receipt.

    Raises what ``record`` raises.
    """
    if receipts.get(tx, held).order_id != command.order_id:
        raise NotFound(receipt=held)
    return _record(tx, command, held)


def of_order(tx: Tx, order_id: OrderId) -> list[Receipt]:
    """Return the receipts of an order as they came in."""
    return receipts.of_order(tx, order_id)


def _record(tx: Tx, command: ReceiptCommand, recount_of: ReceiptId | None) -> ReceiptResult:
    tx.actor.require(Permission.RECEIPT_WRITE)
    order = orders.lock(tx, command.order_id)
    if order.first_issued_version is None:
        raise NotFound(order=command.order_id)
    receipt = _receipt(tx, order, command, recount_of)
    known = next((each for each in receipts.of_order(tx, order.id) if each.key == receipt.key), None)
    if known is not None:
        return _repeated(tx, order, known, receipt, command)
    require_with_supplier(order, "receive")
    _require_returnable(tx, order, receipt)
    receipts.add(tx, order, receipt)
    events.append(tx, _counted(order, receipt))
    posted = rejudge(tx, order, [count.place for count in receipt.counts], receipt.id)
    events.append(tx, [received_event(order, each) for each in posted if each.receipt.id == receipt.id])
    review(tx, order, posted)
    _look_at_risks_again(tx, order, receipt)
    if command.inbox_id is not None:
        inbox.mark_applied(tx, command.inbox_id, "applied")
    own = [each for each in posted if each.receipt.id == receipt.id]
    asked = questions(tx, order, own)
    return ReceiptResult(receipt.id, tuple(_line(each, asked.get((each.receipt.id, each.count.number))) for each in own))


def _look_at_risks_again(tx: Tx, order: PurchaseOrder, receipt: Receipt) -> None:
    """Goods that came in may end the risk that their site runs short, and a corrected count may bring it back."""
    ledgers = promises.ledgers(tx, order)
    known = stockout.known_risks(tx, order.id)
    for number in sorted({count.place.line_no for count in receipt.counts}):
        line = order.line(number)
        assert line is not None
        ledger = ledgers.get(number)
        slipped = ledger is not None and bool(slips(ledger.original, ledger.current))
        stockout.check(tx, order, line, known, moved=slipped)


def _line(posted: PostedCount, question: str | None) -> ReceivedLine:
    return ReceivedLine(posted.count.place, posted.judged, question)


def _receipt(tx: Tx, order: PurchaseOrder, command: ReceiptCommand, recount_of: ReceiptId | None) -> Receipt:
    if not command.lines:
        raise InvalidInput(field="lines", problem="nothing was counted")
    items = items_of(tx, [order])
    counts = [_count(order, line, items, number, recount_of) for number, line in enumerate(command.lines, start=1)]
    if len({count.place for count in counts}) < len(counts):
        raise InvalidInput(field="lines", problem="a line is counted twice for one site")
    return Receipt(
        id=ReceiptId(tx.new_id()),
        order_id=order.id,
        source=command.source,
        external_id=command.external_id,
        revision=command.revision,
        counted_at=command.counted_at,
        received_at=tx.now,
        counts=tuple(counts),
        notice=command.notice,
        ends_shipment=command.ends_shipment,
    )


def _count(
    order: PurchaseOrder, keyed: CountedLine, items: Mapping[ItemId, Item], number: int, recount_of: ReceiptId | None
) -> KeptCount:
    place = resolve_ship_to(order, keyed.line_no, keyed.ship_to)
    line = order.line(keyed.line_no)
    assert line is not None
    if not (keyed.quantity.is_finite() and keyed.damaged.is_finite()) or not 0 <= keyed.damaged <= max(
        keyed.quantity, Decimal(0)
    ):
        raise InvalidInput(field="damaged", problem="damaged goods are part of what was counted", line_no=keyed.line_no)
    if (keyed.quantity < 0) != (keyed.return_for is not None):
        raise InvalidInput(field="return_for", problem="a return is negative and says what it is for", line_no=keyed.line_no)
    units = units_of(line, items)
    uom = keyed.uom or line.uom
    return KeptCount(
        place=place,
        number=number,
        keyed=keyed.quantity,
        keyed_uom=uom,
        quantity=to_base(keyed.quantity, uom, units),
        damaged=to_base(keyed.damaged, uom, units),
        return_for=keyed.return_for,
        recount_of=recount_of,
    )


def _require_returnable(tx: Tx, order: PurchaseOrder, receipt: Receipt) -> None:
    """No more can go back than was accepted at the place."""
    moved = movements.of_order(tx, order.id)
    for count in receipt.counts:
        if count.quantity < 0:
            signs = {MovementKind.ACCEPTED: 1, MovementKind.RETURNED: -1}
            kept = sum((item.quantity * signs.get(item.kind, 0) for item in moved if item.place == count.place), Decimal(0))
            if -count.quantity > kept:
                raise InvalidInput(field="quantity", problem="more goes back than was accepted", line_no=count.place.line_no)


def _content(receipt: Receipt) -> str:
    counts = [
        (count.place, count.keyed, count.keyed_uom, count.damaged, count.return_for, count.recount_of) for count in receipt.counts
    ]
    return digest((counts, receipt.notice, receipt.ends_shipment))


def _repeated(tx: Tx, order: PurchaseOrder, known: Receipt, receipt: Receipt, command: ReceiptCommand) -> ReceiptResult:
    if _content(known) != _content(receipt):
        raise DocumentChanged(external_id=receipt.external_id, revision=receipt.revision)
    if command.inbox_id is not None:
        inbox.mark_applied(tx, command.inbox_id, "DUPLICATE")
    judged = judged_now(tx, order, {count.place for count in known.counts})
    own = [each for each in judged if each.receipt.id == known.id]
    asked = questions(tx, order, own)
    lines = tuple(_line(each, asked.get((known.id, each.count.number))) for each in own)
    return ReceiptResult(known.id, lines, repeated=True)


def _counted(order: PurchaseOrder, receipt: Receipt) -> list[Event]:
    return [
        GoodsCounted(
            stream=order_stream(order.id),
            refs=(Ref("receipt", receipt.id),),
            line_no=count.place.line_no,
            site_id=count.place.ship_to,
            counted=count.quantity,
            damaged=count.damaged,
            keyed=count.keyed,
            keyed_uom=count.keyed_uom,
            recount=count.recount_of is not None,
        )
        for count in receipt.counts
    ]


def received_event(order: PurchaseOrder, posted: PostedCount) -> GoodsReceived:
    """Return the event that says how a count was judged."""
    judged = posted.judged
    return GoodsReceived(
        stream=order_stream(order.id),
        refs=(Ref("receipt", posted.receipt.id),),
        line_no=posted.count.place.line_no,
        site_id=posted.count.place.ship_to,
        accepted=judged.accepted,
        excess=judged.excess,
        held=judged.held,
        rejected=judged.rejected,
        open=judged.open_quantity,
        status=judged.status.value,
        codes=tuple(code.value for code in judged.codes),
    )
