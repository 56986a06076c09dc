"""Post a receipt: one supplier shipment under our reference, with the accepted quantities of the moves still expected.

What was short or rejected stays open: Tryton makes a new expected move for the remainder by itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from purveyor.connectors.erp.tryton.codes import unit_code
from purveyor.connectors.erp.tryton.feed import Feed, stamp_fields, version_of
from purveyor.connectors.erp.tryton.guard import stamps
from purveyor.connectors.erp.tryton.masters import unit_factor
from purveyor.connectors.erp.tryton.orders import FEED as ORDER_FEED
from purveyor.connectors.erp.tryton.orders import read_rows
from purveyor.connectors.erp.tryton.rpc import Row, RuleRefusal, TrytonRpc, quantity_from_wire, quantity_to_wire, to_one
from purveyor.core.erp_records import ErpReceipt, ErpReceiptLine
from purveyor.core.erp_results import Applied, Conflict, Duplicate, Rejected, WriteResult
from purveyor.core.quantity import as_decimal

FEED: Final = Feed("stock.shipment.in", domain=(["state", "!=", "cancelled"],))
MOVE: Final = ("quantity", "unit.symbol", "unit.factor", "unit.rate", "origin", "state", "_timestamp")
WAVED: Final = ("check_move_quantity", "effective_date_future")
"""Warnings decided before we post: more arrived than was ordered, or a warehouse's calendar is a day ahead of Tryton's."""


def post_receipt(rpc: TrytonRpc, receipt: ErpReceipt, expected_version: str) -> WriteResult:
    """Post the accepted quantities once under our reference; the rejected ones are not taken into stock."""
    shipment = find_shipment(rpc, receipt.reference)
    if shipment is not None and shipment["state"] == "done":
        return _done(rpc, shipment, receipt.order, Duplicate)
    if shipment is None:
        order = read_rows(rpc, [receipt.order]).get(receipt.order)
        if order is None or version_of(ORDER_FEED, order) != expected_version:
            return Conflict(receipt.order, version_of(ORDER_FEED, order) if order else None)
        if not any(line.accepted for line in receipt.lines):
            return Rejected("nothing_accepted", "The receipt accepts nothing, so there is nothing to take into stock.")
        shipment = _create(rpc, receipt, order)
    for state, button in (("draft", "receive"), ("received", "do")):
        if shipment["state"] == state:
            _press(rpc, shipment, button)
            shipment = _read(rpc, [["id", "=", shipment["id"]]])[0]
    return _done(rpc, shipment, receipt.order, Applied)


def find_shipment(rpc: TrytonRpc, reference: str) -> Row | None:
    """Return the supplier shipment under our reference, finished or not."""
    return next(iter(_read(rpc, [["reference", "=", reference], *FEED.domain])), None)


def _read(rpc: TrytonRpc, domain: Sequence[object]) -> list[Row]:
    return rpc.search_read(FEED.model, domain, (*stamp_fields(FEED), "number", "state"))


def _done(rpc: TrytonRpc, shipment: Row, order: str, result: type[Applied] | type[Duplicate]) -> WriteResult:
    row = read_rows(rpc, [order]).get(order)
    moved_to = version_of(ORDER_FEED, row) if row else None
    return result(str(shipment["id"]), shipment["number"], version_of(FEED, shipment), moved_to)


def _press(rpc: TrytonRpc, shipment: Row, button: str) -> None:
    """Press a button of the shipment; each warning that is ours to wave through is waved through once."""
    guard = stamps(FEED.model, [shipment])
    waved: set[str] = set()
    while True:
        try:
            rpc.model(FEED.model, button, [shipment["id"]], guard=guard)
        except RuleRefusal as refusal:
            if refusal.warning in waved or not refusal.warning.endswith(WAVED):
                raise
            waved.add(refusal.warning)
            rpc.model("res.user.warning", "skip", refusal.warning)
        else:
            return


def _create(rpc: TrytonRpc, receipt: ErpReceipt, order: Row) -> Row:
    """Create the shipment with its moves in one write; Tryton compares the moves' stamps."""
    origins = [f"purchase.line,{line.order_line}" for line in receipt.lines]
    domain = [["origin", "in", origins], ["state", "=", "draft"], ["shipment", "=", None]]
    moves = rpc.search_read("stock.move", domain, MOVE)
    warehouse = rpc.search_read("stock.location", [["id", "=", order["warehouse"]]], ("input_location", "storage_location"))[0]
    chosen = [pair for line in receipt.lines if line.accepted for pair in _fill(line, moves)]
    ids = [move["id"] for move, _ in chosen]
    writes = [["write", [move["id"]], {"quantity": quantity_to_wire(quantity)}] for move, quantity in chosen]
    values: dict[str, Any] = {
        "supplier": order["party"],
        "warehouse": order["warehouse"],
        "warehouse_input": warehouse["input_location"],
        "warehouse_storage": warehouse["storage_location"],
        "reference": receipt.reference,
        "planned_date": receipt.posting_date,
        "effective_date": receipt.posting_date,
        "incoming_moves": [["add", ids], *writes],
    }
    guard = stamps("stock.move", [move for move, _ in chosen])
    created = rpc.model(FEED.model, "create", [values], guard=guard)
    return _read(rpc, [["id", "=", created[0]]])[0]


def _fill(line: ErpReceiptLine, moves: Sequence[Row]) -> Iterator[tuple[Row, Decimal]]:
    """Spread a counted quantity over the expected moves of its line, oldest first; the last takes what is left over."""
    open_moves = sorted(
        (move for move in moves if move["origin"] == f"purchase.line,{line.order_line}"), key=lambda move: move["id"]
    )
    if not open_moves:
        raise RuleRefusal("nothing_expected", f"Tryton expects nothing more on order line {line.order_line}.")
    rest = _in_move_unit(line, open_moves[0])
    for position, move in enumerate(open_moves):
        expected = quantity_from_wire(move["quantity"])
        taken = rest if position == len(open_moves) - 1 else min(rest, expected)
        if taken:
            yield move, taken
        rest -= taken


def _in_move_unit(line: ErpReceiptLine, move: Row) -> Decimal:
    unit = to_one(move, "unit")
    if line.uom == unit_code(unit["symbol"]):
        return line.accepted
    if line.uom != "EA":
        raise RuleRefusal("uom_mismatch", f"Order line {line.order_line} is counted in {unit_code(unit['symbol'])}.")
    return as_decimal(Fraction(line.accepted) / unit_factor(unit))
