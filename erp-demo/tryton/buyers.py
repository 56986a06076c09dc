# SPDX-License-Identifier: GPL-3.0-or-later
"""Type, edit and delete purchase orders in Tryton the way planners and buyers do: through the server, as one of them.

Usage: buyers.py --run-dir DIR < actions.json, a list of
  {"do": "draft", "supplier": "KEYSTONE", "warehouse": "DAY", "origin": "typed"|"planned", "typist": "D. Whitfield",
   "order_date": "2026-03-09", "lines": [{"item", "quantity", "unit", "unit_price", "need_by"}]}
  {"do": "edit", "id": 7, "line": 1, "set": {"quantity", "unit_price", "need_by"}}     draft or not yet confirmed
  {"do": "amend", "id": 7, "line": 1, "set": {"quantity", "unit_price"}}                 after confirmation
  {"do": "confirm", "id": 7}    {"do": "cancel", "id": 7}    {"do": "delete", "id": 7}
Units are Tryton's names ("Unit", "Carton of 12"); quantities and prices are strings. A price left out is looked up,
null leaves it empty. Prints a list with the id of each order.
"""

import argparse
import base64
import datetime as dt
import json
import sys
import urllib.request
from decimal import Decimal
from pathlib import Path


class Desk:
    """A session of the purchasing desk on the Tryton server."""

    def __init__(self, run_dir: Path) -> None:
        known = json.loads((run_dir / "credentials.json").read_text(encoding="utf-8"))
        self.url = f"{known['url']}/{known['database']}/rpc/"
        self.header = {"Content-Type": "application/json"}
        user, session, _ = self.call("common.db.login", "buyers", {"password": known["passwords"]["buyers"]}, "en")
        token = base64.b64encode(f"buyers:{user}:{session}".encode()).decode()
        self.header["Authorization"] = f"Session {token}"
        self.context = self.call("model.res.user.get_preferences", True, {})

    def call(self, method: str, *params):
        """Call one method and return its result."""
        body = json.dumps({"id": 0, "method": method, "params": params}, default=typed).encode()
        with urllib.request.urlopen(urllib.request.Request(self.url, body, self.header), timeout=60) as answer:
            reply = json.loads(answer.read(), object_hook=untyped)
        if "error" in reply:
            raise SystemExit(f"{method}: {reply['error']}")
        return reply["result"]

    def model(self, name: str, method: str, *params):
        """Call a method of a model in the desk's own context."""
        return self.call(f"model.{name}.{method}", *params, self.context)

    def one(self, model: str, domain: list, fields: list[str]) -> dict:
        """Return the only record matching, or stop with what was looked for."""
        found = self.model(model, "search_read", domain, 0, 2, None, fields)
        if len(found) != 1:
            raise SystemExit(f"{len(found)} records of {model} match {domain}")
        return found[0]


def typed(value):
    """Write a value the JSON of the standard library does not know in Tryton's typed form."""
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, dt.date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(type(value))


def untyped(value: dict):
    """Read Tryton's typed form back."""
    if value.get("__class__") == "Decimal":
        return Decimal(value["decimal"])
    return value


def draft(desk: Desk, action: dict) -> int:
    """Create one draft with everything Tryton's own form would have filled in."""
    party = desk.one(
        "party.party", [["code", "=", action["supplier"]]], ["supplier_payment_term", "addresses", "supplier_currency"]
    )
    warehouse = desk.one("stock.location", [["code", "=", action["warehouse"]], ["type", "=", "warehouse"]], [])
    lines = [_line(desk, party, position, line) for position, line in enumerate(action["lines"], start=1)]
    values = {
        "party": party["id"],
        "invoice_address": party["addresses"][0],
        "payment_term": party["supplier_payment_term"],
        "currency": party["supplier_currency"],
        "warehouse": warehouse["id"],
        "purchase_date": dt.date.fromisoformat(action["order_date"]) if action.get("order_date") else None,
        "description": f"{action.get('origin', 'typed')}: {action.get('typist', '')}".strip(),
        "invoice_method": "fulfillment",
        "lines": [["create", lines]],
    }
    (identifier,) = desk.model("purchase.purchase", "create", [values])
    return identifier


def _line(desk: Desk, party: dict, position: int, line: dict) -> dict:
    product = desk.one(
        "product.product", [["code", "=", line["item"]], ["active", "in", [True, False]]], ["account_category.supplier_taxes"]
    )
    unit = desk.one("product.uom", [["name", "=", line["unit"]]], [])
    terms = desk.model(
        "purchase.product_supplier", "search", [["party", "=", party["id"]], ["product", "=", product["id"]]], 0, 1, None
    )
    values = {
        "type": "line",
        "sequence": position,
        "product": product["id"],
        "product_supplier": terms[0] if terms else None,
        "quantity": float(Decimal(line["quantity"])),
        "unit": unit["id"],
        "unit_price": Decimal(line["unit_price"]) if line.get("unit_price") else None,
        "taxes": [["add", product["account_category."]["supplier_taxes"]]],
    }
    if "unit_price" not in line:
        context = {
            **desk.context,
            "supplier": party["id"],
            "uom": unit["id"],
            "currency": party["supplier_currency"],
            "quantity": values["quantity"],
        }
        (price,) = desk.call("model.product.product.read", [product["id"]], ["purchase_price_uom"], context)
        values["unit_price"] = price["purchase_price_uom"]
    if line.get("need_by"):
        values["delivery_date_edit"], values["delivery_date_store"] = True, dt.date.fromisoformat(line["need_by"])
    return values


def _changed(line: dict) -> dict:
    values = {}
    if "quantity" in line:
        values["quantity"] = float(Decimal(line["quantity"]))
    if "unit_price" in line:
        values["unit_price"] = Decimal(line["unit_price"])
    if "need_by" in line:
        values["delivery_date_edit"], values["delivery_date_store"] = True, dt.date.fromisoformat(line["need_by"])
    return values


def _line_id(desk: Desk, action: dict) -> int:
    lines = desk.model("purchase.line", "search_read", [["purchase", "=", action["id"]]], 0, None, None, ["sequence"])
    return sorted(lines, key=lambda line: (line["sequence"] or 0, line["id"]))[action["line"] - 1]["id"]


def edit(desk: Desk, action: dict) -> int:
    """Change one line of a draft in place."""
    write = [["write", [_line_id(desk, action)], _changed(action["set"])]]
    desk.model("purchase.purchase", "write", [action["id"]], {"lines": write})
    return action["id"]


def amend(desk: Desk, action: dict) -> int:
    """Change one line of a confirmed order by an amendment."""
    line = desk.one("purchase.line", [["id", "=", _line_id(desk, action)]], ["product", "quantity", "unit", "unit_price"])
    change = {name: line[name] for name in ("product", "quantity", "unit", "unit_price")}
    (amendment,) = desk.model(
        "purchase.amendment",
        "create",
        [
            {
                "purchase": action["id"],
                "lines": [["create", [{"action": "line", "line": line["id"], **change, **_changed(action["set"])}]]],
            }
        ],
    )
    desk.model("purchase.amendment", "validate_amendment", [amendment])
    return action["id"]


def confirm(desk: Desk, action: dict) -> int:
    """Confirm an order past Purveyor, as a hurried buyer would."""
    desk.model("purchase.purchase", "quote", [action["id"]])
    desk.model("purchase.purchase", "confirm", [action["id"]])
    return action["id"]


def cancel(desk: Desk, action: dict) -> int:
    """Cancel a draft or quotation."""
    desk.model("purchase.purchase", "cancel", [action["id"]])
    return action["id"]


def delete(desk: Desk, action: dict) -> int:
    """Delete a draft; Tryton keeps no trace of it in the purchase list."""
    desk.model("purchase.purchase", "delete", [action["id"]])
    return action["id"]


ACTIONS = {"draft": draft, "edit": edit, "amend": amend, "confirm": confirm, "cancel": cancel, "delete": delete}


def main() -> None:
    """Carry out the actions of standard input in their order."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run-dir", type=Path, required=True)
    options = parser.parse_args()
    actions = json.load(sys.stdin)
    desk = Desk(options.run_dir)
    print(json.dumps([{"do": action["do"], "id": ACTIONS[action["do"]](desk, action)} for action in actions]))


if __name__ == "__main__":
    main()
