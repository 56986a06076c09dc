"""A distributor whose orders live through approvals, answers, changes, failures and invoices, for tests of measures.

Everything goes through the product's own verbs; the clock stands on Monday 9 March 2026, nine o'clock New York time at Dayton.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from purveyor.app import answering, change, dispatch, outbound, proposals
from purveyor.app.proposals import DecideProposal
from purveyor.core.access import SYSTEM
from purveyor.core.acknowledge import Verdict
from purveyor.core.change import Initiator, SetQuantity
from purveyor.core.ids import OrderId
from purveyor.core.messaging import MessageKind
from purveyor.core.order import PurchaseOrder
from purveyor.insight.definitions import MeasureId
from purveyor.insight.figures import Result
from purveyor.store import messages, orders
from purveyor.store.db import Database
from purveyor.store.messages import Claim, Message
from purveyor.store.views.measured import Wanted
from purveyor.web.measures.reading import measure
from tests.app.people import MONDAY_NINE
from tests.app.supplier_world import an_issued_order
from tests.order_builders import a_line

MARCH = Wanted(datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC))
PUMPS = "pumps/circulators"


def measured(database: Database, which: MeasureId, wanted: Wanted = MARCH, actor: Any = SYSTEM) -> Result:
    """Work a measure out over March."""
    with database.read(actor) as tx:
        result = measure(tx, which, wanted)
    assert result is not None
    return result


def a_sent_order(database: Database, lines: int = 1, **given: Any) -> PurchaseOrder:
    """An order of some lines of 20 cartons that is with its supplier, and whose sending he confirmed."""
    wanted = tuple(a_line(number, 20, "998.40", category=PUMPS) for number in range(1, lines + 1))
    order = an_issued_order(database, **{"lines": wanted, "issued_at": MONDAY_NINE, "erp": None, **given})
    with database.transaction(SYSTEM) as tx:
        dispatch.send_to_suppliers(tx, [order])
    delivered(database, the_message(database, order))
    return order


def the_message(database: Database, order: PurchaseOrder, kind: MessageKind = MessageKind.SUPPLIER_ORDER) -> Message:
    """The newest message of a kind about an order."""
    with database.read(SYSTEM) as tx:
        return [message for message in messages.of_order(tx, order.id) if message.kind == kind][-1]


def taken_up(database: Database, message: Message) -> Claim:
    """A worker takes a message up."""
    with database.transaction(SYSTEM) as tx:
        claim = messages.claim(tx, message.id)
    assert claim is not None
    return claim


def delivered(database: Database, message: Message) -> None:
    """The other side takes a message."""
    held = taken_up(database, message)
    with database.transaction(SYSTEM) as tx:
        outbound.mark_sent(tx, held)


def failed(database: Database, message: Message, code: str = "partner_away", *, permanent: bool = False) -> None:
    """An attempt at a message fails; it may be tried again at once."""
    held = taken_up(database, message)
    with database.transaction(SYSTEM) as tx:
        failure = outbound.Failure(code, "the other side says no", permanent, asked_wait=timedelta(0))
        outbound.mark_failed(tx, held, failure)


def corrected_by_us(database: Database, order: PurchaseOrder, line_no: int, quantity: str = "19") -> None:
    """We order less of a line after it was sent."""
    with database.transaction(SYSTEM) as tx:
        locked = orders.lock(tx, OrderId(order.id))
        kept = change.propose(tx, locked, [SetQuantity(line_no, Decimal(quantity))], Initiator.US)
        ground = answering.ground_of(tx, locked)
        change.apply(tx, ground, answering.load(tx, ground, locked), kept)


def agreed(database: Database, order: PurchaseOrder, by: Any, line_no: int = 1) -> None:
    """A buyer accepts what the supplier proposed for a line."""
    with database.transaction(by) as tx:
        proposals.decide(tx, order.id, DecideProposal(line_no, Verdict.ACCEPTED, order.version))
