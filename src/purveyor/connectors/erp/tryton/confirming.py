"""Confirm a purchase: our reference and the approved content first, in one write, then quote, then confirm.

Whoever finds our reference on a purchase can finish what was begun: every step is repeated safely. Tryton computes neither
price nor tax nor payment term for us over its interface, so they are resolved here before the order is quoted.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from purveyor.connectors.erp.tryton.codes import unit_code
from purveyor.connectors.erp.tryton.feed import version_of
from purveyor.connectors.erp.tryton.guard import order_guard
from purveyor.connectors.erp.tryton.orders import FEED, order_lines, read_rows, to_order
from purveyor.connectors.erp.tryton.rpc import Row, RuleRefusal, TrytonRpc, quantity_to_wire, to_many, to_one
from purveyor.core.erp_records import ErpOrder, ErpOrderLine
from purveyor.core.erp_results import Applied, Conflict, Duplicate, Rejected, WriteResult

OPEN: Final = ("draft", "quotation")
CONFIRMED: Final = ("confirmed", "processing", "done")


def confirm(rpc: TrytonRpc, order: ErpOrder, order_ref: str, expected_version: str) -> WriteResult:
    """Confirm the purchase with exactly this content under our reference, once."""
    row = read_rows(rpc, [order.external_id]).get(order.external_id)
    if row is None:
        return Conflict(order.external_id, None)
    ours, current = row["reference"] == order_ref, version_of(FEED, row)
    if ours and row["state"] in CONFIRMED:
        return _done(row, Duplicate)
    if row["state"] not in OPEN or not (ours or current == expected_version):
        return Conflict(order.external_id, current)
    if current == expected_version:
        taken = rpc.model(FEED.model, "search", [["reference", "=", order_ref], ["id", "!=", row["id"]]], 0, 1, None)
        if taken:
            return Rejected("reference_in_use", f"Purchase {taken[0]} carries our reference {order_ref} already.")
        row = _write_content(rpc, row, order, order_ref)
    return _finish(rpc, row, order)


def _finish(rpc: TrytonRpc, row: Row, order: ErpOrder) -> WriteResult:
    """Quote and confirm, looking before each step that the content is still what was approved."""
    for state, button in (("draft", "quote"), ("quotation", "confirm")):
        if not _same_content(row, order):
            return Conflict(order.external_id, version_of(FEED, row))
        if row["state"] == state:
            rpc.model(FEED.model, button, [row["id"]], guard=order_guard(row))
            row = read_rows(rpc, [order.external_id])[order.external_id]
    return _done(row, Applied)


def _done(row: Row, result: type[Applied] | type[Duplicate]) -> WriteResult:
    version = version_of(FEED, row)
    return result(str(row["id"]), row["number"], version, version)


def _same_content(row: Row, order: ErpOrder) -> bool:
    """Say whether the purchase orders what was approved; what nobody had priced is not compared."""
    there = to_order(row)
    if (there.supplier, there.site, there.currency) != (order.supplier, order.site, order.currency):
        return False
    if len(there.lines) != len(order.lines):
        return False
    return all(
        (ours.item, ours.quantity, ours.uom, ours.need_by) == (theirs.item, theirs.quantity, theirs.uom, theirs.need_by)
        and ours.unit_price in (None, theirs.unit_price)
        for ours, theirs in zip(sorted(order.lines, key=lambda line: line.line_no), there.lines, strict=True)
    )


def _write_content(rpc: TrytonRpc, row: Row, order: ErpOrder, order_ref: str) -> Row:
    """Write our reference, the approved lines and what Tryton's own form would have filled in; read the purchase again."""
    if row["state"] == "quotation":
        rpc.model(FEED.model, "draft", [row["id"]], guard=order_guard(row))
        row = read_rows(rpc, [order.external_id])[order.external_id]
    there = {str(line["id"]): line for line in order_lines(row)}
    actions: list[list[Any]] = []
    for line in order.lines:
        values = _line_values(rpc, row, line, there.get(line.external_id))
        if line.external_id in there:
            actions.append(["write", [int(line.external_id)], values])
        else:
            actions.append(["create", [{**values, "type": "line"}]])
    gone = [int(identifier) for identifier in there if identifier not in {line.external_id for line in order.lines}]
    if gone:
        actions.append(["delete", gone])
    values = {"reference": order_ref, "lines": actions, **_header_values(rpc, row, order)}
    rpc.model(FEED.model, "write", [row["id"]], values, guard=order_guard(row))
    return read_rows(rpc, [order.external_id])[order.external_id]


def _header_values(rpc: TrytonRpc, row: Row, order: ErpOrder) -> dict[str, Any]:
    values: dict[str, Any] = {}
    if order.order_date:
        values["purchase_date"] = order.order_date
    party = rpc.search_read("party.party", [["id", "=", row["party"]]], ("supplier_payment_term", "addresses"))[0]
    if not to_one(row, "payment_term"):
        values["payment_term"] = party["supplier_payment_term"]
    if not row["invoice_address"] and party["addresses"]:
        values["invoice_address"] = party["addresses"][0]
    return values


def _line_values(rpc: TrytonRpc, header: Row, line: ErpOrderLine, there: Row | None) -> dict[str, Any]:
    values: dict[str, Any] = {"sequence": line.line_no}
    if there is None or line.quantity != Decimal(str(there["quantity"])):
        values["quantity"] = quantity_to_wire(line.quantity)
    if line.need_by:
        values["delivery_date_edit"], values["delivery_date_store"] = True, line.need_by
    if there is None:
        values["product"] = int(line.item or 0)
    if there is None or unit_code(to_one(there, "unit").get("symbol", "")) != line.uom:
        values["unit"] = _unit_id(rpc, line.uom)
    price = line.unit_price if line.unit_price is not None else _price(rpc, header, line)
    if price is None:
        raise RuleRefusal("price_missing", f"Line {line.line_no} has no price and Tryton knows none.")
    if there is None or price != there["unit_price"]:
        values["unit_price"] = price
    if line.item and (there is None or not to_many(there, "taxes")):
        taxes = _taxes(rpc, line.item)
        if taxes:
            values["taxes"] = [["add", taxes]]
    return values


def _unit_id(rpc: TrytonRpc, code: str | None) -> int:
    """Return the id of a unit by our code; raise RuleRefusal when Tryton has none."""
    for row in rpc.search_read("product.uom", [], ("symbol",)):
        if unit_code(row["symbol"]) == code:
            identifier: int = row["id"]
            return identifier
    raise RuleRefusal("uom_unknown", f"Tryton has no unit {code}.")


def _price(rpc: TrytonRpc, header: Row, line: ErpOrderLine) -> Decimal | None:
    """Look up the supplier's price for the quantity, in the unit of the line; None when Tryton knows none."""
    unit = _line_unit(header, line)
    context: Mapping[str, Any] = {
        "supplier": header["party"],
        "currency": to_one(header, "currency")["id"],
        "quantity": quantity_to_wire(line.quantity),
        **({"uom": unit} if unit else {}),
    }
    found = rpc.model("product.product", "read", [int(line.item or 0)], ["purchase_price_uom"], context=context)
    price: Decimal | None = found[0]["purchase_price_uom"]
    return price


def _line_unit(header: Row, line: ErpOrderLine) -> int | None:
    for there in order_lines(header):
        if str(there["id"]) == line.external_id:
            identifier: int | None = to_one(there, "unit").get("id")
            return identifier
    return None


def _taxes(rpc: TrytonRpc, item: str) -> list[int]:
    rows = rpc.search_read("product.product", [["id", "=", int(item)]], ("account_category.supplier_taxes",))
    return list(to_one(rows[0], "account_category").get("supplier_taxes", ())) if rows else []
