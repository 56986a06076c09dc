"""Post a supplier's invoice on the draft Tryton made from the receipt, and block or release it for payment.

Tryton writes its own ledger entries when the invoice is posted; this adapter never touches accounts or entries itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from purveyor.connectors.erp.tryton.codes import unit_code
from purveyor.connectors.erp.tryton.feed import Feed, stamp_fields, version_of
from purveyor.connectors.erp.tryton.guard import stamps
from purveyor.connectors.erp.tryton.orders import FEED as ORDER_FEED
from purveyor.connectors.erp.tryton.orders import read_rows
from purveyor.connectors.erp.tryton.rpc import (
    Row,
    RuleRefusal,
    TrytonRpc,
    quantity_from_wire,
    quantity_to_wire,
    to_many,
    to_one,
)
from purveyor.core.erp_records import ErpInvoice, ErpInvoiceLine
from purveyor.core.erp_results import Applied, Conflict, Duplicate, WriteResult

FEED: Final = Feed("account.invoice", children=("lines_to_pay",), domain=(["type", "=", "in"],), searched=("move.lines",))
FIELDS: Final = (*stamp_fields(FEED), "number", "state", "reference", "lines_to_pay.payment_blocked")
LINE: Final = ("quantity", "unit.symbol", "origin", "invoice", "_timestamp")
FINISHED: Final = ("posted", "paid")


def post_invoice(rpc: TrytonRpc, invoice: ErpInvoice, expected_version: str) -> WriteResult:
    """Post the invoice once under the supplier's number, with the supplier's quantities and prices."""
    order = read_rows(rpc, [invoice.order]).get(invoice.order)
    if order is None:
        return Conflict(invoice.order, None)
    row = find_invoice(rpc, str(order["party"]), invoice.supplier_number)
    if row is not None and row["state"] in FINISHED:
        return _done(rpc, row, invoice.order, Duplicate)
    if row is None:
        if version_of(ORDER_FEED, order) != expected_version:
            return Conflict(invoice.order, version_of(ORDER_FEED, order))
        row = _fill_draft(rpc, invoice)
    for state, button in (("draft", "validate_invoice"), ("validated", "post")):
        if row["state"] == state:
            rpc.model(FEED.model, button, [row["id"]], guard=stamps(FEED.model, [row]))
            row = read_invoice(rpc, row["id"])
    return _done(rpc, row, invoice.order, Applied)


def set_payment_block(rpc: TrytonRpc, external_id: str, expected_version: str, *, blocked: bool) -> WriteResult:
    """Block or release the payable lines of a posted invoice."""
    rows = rpc.search_read(FEED.model, [["id", "=", int(external_id)], *FEED.domain], FIELDS)
    if not rows:
        return Conflict(external_id, None)
    row = rows[0]
    wrong = [line for line in to_many(row, "lines_to_pay") if bool(line["payment_blocked"]) is not blocked]
    if not wrong and to_many(row, "lines_to_pay"):
        return Duplicate(external_id, row["number"], version_of(FEED, row))
    if version_of(FEED, row) != expected_version:
        return Conflict(external_id, version_of(FEED, row))
    if not wrong:
        raise RuleRefusal("not_posted", "The invoice is not posted, so there is nothing to pay yet.")
    button = "payment_block" if blocked else "payment_unblock"
    rpc.model("account.move.line", button, [line["id"] for line in wrong], guard=stamps("account.move.line", wrong))
    row = read_invoice(rpc, row["id"])
    return Applied(external_id, row["number"], version_of(FEED, row))


def find_invoice(rpc: TrytonRpc, supplier: str, number: str) -> Row | None:
    """Return the supplier's invoice under the supplier's number, finished or not."""
    domain = [["party", "=", int(supplier)], ["reference", "=", number], ["state", "!=", "cancelled"], *FEED.domain]
    return next(iter(rpc.search_read(FEED.model, domain, FIELDS)), None)


def read_invoice(rpc: TrytonRpc, identifier: int) -> Row:
    """Read one invoice again."""
    return rpc.search_read(FEED.model, [["id", "=", identifier]], FIELDS)[0]


def _done(rpc: TrytonRpc, row: Row, order: str, result: type[Applied] | type[Duplicate]) -> WriteResult:
    order_row = read_rows(rpc, [order]).get(order)
    moved_to = version_of(ORDER_FEED, order_row) if order_row else None
    return result(str(row["id"]), row["number"], version_of(FEED, row), moved_to)


def _fill_draft(rpc: TrytonRpc, invoice: ErpInvoice) -> Row:
    """Write number, date, quantities and prices of the supplier into the draft; what is not billed yet leaves the draft."""
    origins = [f"purchase.line,{line.order_line}" for line in invoice.lines]
    open_lines = rpc.search_read("account.invoice.line", [["origin", "in", origins], ["invoice.state", "=", "draft"]], LINE)
    chosen = [pair for line in invoice.lines for pair in _fill(line, open_lines)]
    target = chosen[0][0]["invoice"]
    draft = rpc.search_read(FEED.model, [["id", "=", target]], (*FIELDS, "lines"))[0]
    wanted = [line["id"] for line, _ in chosen]
    added = [line["id"] for line, _ in chosen if line["invoice"] != target]
    removed = [identifier for identifier in draft["lines"] if identifier not in wanted]
    actions: list[list[Any]] = [["write", [line["id"]], values] for line, values in chosen]
    if added:
        actions.insert(0, ["add", added])
    if removed:
        actions.append(["delete", removed])
    values = {"reference": invoice.supplier_number, "invoice_date": invoice.invoice_date, "lines": actions}
    guard = {
        **stamps(FEED.model, [draft]),
        **stamps("account.invoice.line", [line for line, _ in chosen]),
    }
    rpc.model(FEED.model, "write", [target], values, guard=guard)
    return read_invoice(rpc, target)


def _fill(line: ErpInvoiceLine, open_lines: Sequence[Row]) -> Iterator[tuple[Row, Mapping[str, Any]]]:
    """Spread a billed quantity over the draft lines of its order line, oldest first; the last takes what is left over."""
    mine = sorted(
        (entry for entry in open_lines if entry["origin"] == f"purchase.line,{line.order_line}"),
        key=lambda entry: entry["id"],
    )
    if not mine:
        raise RuleRefusal("nothing_to_bill", f"Tryton has nothing left to bill on order line {line.order_line}.")
    unit = unit_code(to_one(mine[0], "unit")["symbol"])
    if line.uom != unit:
        raise RuleRefusal("uom_mismatch", f"Order line {line.order_line} is billed in {unit}, not {line.uom}.")
    rest = line.quantity
    for position, entry in enumerate(mine):
        there = quantity_from_wire(entry["quantity"])
        taken: Decimal = rest if position == len(mine) - 1 else min(rest, there)
        if taken:
            yield entry, {"quantity": quantity_to_wire(taken), "unit_price": line.unit_price}
        rest -= taken
