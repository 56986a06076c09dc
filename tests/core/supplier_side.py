"""Builders for the supplier's side: order lines, answers and counts that read like what a buyer would say."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from purveyor.core.acknowledge import Acknowledgment, AnswerPart, LineAnswer, Outcome
from purveyor.core.calendar import BusinessCalendar
from purveyor.core.ids import BusinessUnitId, MovementId, OrderId, SiteId, SupplierId
from purveyor.core.lifecycle import Status
from purveyor.core.order import OrderLine, PurchaseOrder, Schedule
from purveyor.core.parties import AnswerMode
from purveyor.core.shipping import Movement, MovementKind, Place

DAYTON = SiteId(UUID(int=1))
TULSA = SiteId(UUID(int=2))
RENO = SiteId(UUID(int=3))
MONDAY = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)


def a_line(
    quantity: str | Decimal = "100",
    *,
    line_no: int = 1,
    need_by: str | None = "2026-03-27",
    uom: str | None = "EA",
    price: str | None = None,
    schedules: tuple[Schedule, ...] | None = None,
    changed_in: int = 1,
    cancelled: bool = False,
) -> OrderLine:
    """An order line with one schedule for Dayton unless schedules are given."""
    amount = Decimal(quantity)
    day = None if need_by is None else date.fromisoformat(need_by)
    return OrderLine(
        line_no=line_no,
        item_id=None,
        item_code="A-100",
        description="circulator pump",
        quantity=amount,
        uom=uom,
        unit_price=None if price is None else Decimal(price),
        schedules=schedules or (Schedule(1, DAYTON, amount, day),),
        supplier_part_no="KP-7",
        changed_in_version=changed_in,
        cancelled=cancelled,
    )


def a_schedule(no: int, quantity: str, need_by: str | None = "2026-03-27", ship_to: SiteId = DAYTON) -> Schedule:
    """A quantity of a line for a site and day."""
    return Schedule(no, ship_to, Decimal(quantity), None if need_by is None else date.fromisoformat(need_by))


def an_order(*lines: OrderLine, version: int = 1, status: Status = Status.ISSUED, terms: str = "NET30") -> PurchaseOrder:
    """An order that the supplier has seen since version 1."""
    return PurchaseOrder(
        id=OrderId(UUID(int=100)),
        order_ref="PV000001",
        business_unit_id=BusinessUnitId(UUID(int=50)),
        supplier_id=SupplierId(UUID(int=60)),
        supplier_code="KP",
        currency="USD",
        order_date=date(2026, 3, 9),
        lines=lines or (a_line(),),
        status=status,
        version=version,
        payment_terms=terms,
        first_issued_version=1,
    )


def a_part(
    outcome: str = "accept",
    quantity: str | None = None,
    *,
    price: str | None = None,
    promised_ship: str | None = None,
    promised_delivery: str | None = None,
    reason: str | None = None,
    item_code: str | None = None,
    uom: str | None = None,
) -> AnswerPart:
    """One outcome for a quantity; everything as text."""
    return AnswerPart(
        Outcome(outcome),
        None if quantity is None else Decimal(quantity),
        uom=uom,
        unit_price=None if price is None else Decimal(price),
        promised_ship=None if promised_ship is None else date.fromisoformat(promised_ship),
        promised_delivery=None if promised_delivery is None else date.fromisoformat(promised_delivery),
        reason=reason,
        item_code=item_code,
    )


def an_answer(
    *parts: AnswerPart,
    name: str = "a1",
    minutes: int = 0,
    line_no: int = 1,
    header: str | None = None,
    version: int = 1,
    known_version: int | None = None,
    mode: str = "replace",
    channel: str = "api",
    revision: int = 1,
    technical: bool = False,
    lines: tuple[LineAnswer, ...] | None = None,
) -> Acknowledgment:
    """An acknowledgment sent some minutes after Monday nine o'clock."""
    given = lines if lines is not None else ((LineAnswer(line_no, parts),) if parts else ())
    return Acknowledgment(
        source=f"{channel}:kp",
        channel=channel,
        external_id=name,
        sent_at=MONDAY + timedelta(minutes=minutes),
        version=version,
        known_version=version if known_version is None else known_version,
        revision=revision,
        mode=AnswerMode(mode),
        header=None if header is None else Outcome(header),
        lines=given,
        technical=technical,
    )


def open_days(*holidays: str) -> BusinessCalendar:
    """Monday to Friday without the holidays."""
    return BusinessCalendar(holidays=frozenset(date.fromisoformat(day) for day in holidays))


def quantities(*numbers: int | str) -> tuple[Decimal, ...]:
    """Several quantities, to compare with."""
    return tuple(Decimal(number) for number in numbers)


def a_movement(
    kind: MovementKind, quantity: str, *, line_no: int = 1, site: SiteId = DAYTON, notice: str | None = None, hours: int = 1
) -> Movement:
    """A quantity that moved at a site some hours after Monday nine o'clock."""
    document = uuid4()
    return Movement(
        id=MovementId(uuid4()),
        order_id=OrderId(UUID(int=100)),
        place=Place(line_no, site),
        kind=kind,
        quantity=Decimal(quantity),
        moved_at=MONDAY + timedelta(hours=hours),
        document_id=document,
        cause_id=document,
        notice=notice,
    )
