# SPDX-License-Identifier: GPL-3.0-or-later
"""How many three-line orders a second Tryton itself creates and confirms, in process and without any network.

Usage: .venv-tryton/bin/python erp-demo/tryton/bench_confirm.py --seed FILE [--orders 20]
Prints {"orders": n, "seconds": s}.
"""

import argparse
import datetime as dt
import json
import shutil
import tempfile
import time
from decimal import Decimal
from pathlib import Path

import catalog
import runtime

DATABASE = "purveyor"
ITEMS = ("PMP-100", "PMP-120", "PMP-200")


def main() -> None:
    """Measure create, quote, confirm and process, each order in a transaction of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seed", type=Path, required=True)
    parser.add_argument("--orders", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        shutil.copyfile(options.seed, folder / f"{DATABASE}.sqlite")
        runtime.configure(folder)
        day = dt.date.fromisoformat(catalog.BUSINESS_DAY)
        runtime.use_business_day(lambda: day)
        pool = runtime.open_pool(DATABASE)
        create_and_confirm(pool)
        started = time.perf_counter()
        for _ in range(options.orders):
            create_and_confirm(pool)
        print(json.dumps({"orders": options.orders, "seconds": round(time.perf_counter() - started, 3)}))


def create_and_confirm(pool) -> None:
    """Create one order and bring it to processing."""
    from trytond.transaction import Transaction

    with Transaction().start(DATABASE, 1, context={"company": 1}, _lock_tables=["purchase_purchase"]) as transaction:
        purchases = pool.get("purchase.purchase")
        (party,) = pool.get("party.party").search([("code", "=", "KEYSTONE")])
        (warehouse,) = pool.get("stock.location").search([("code", "=", "DAY"), ("type", "=", "warehouse")])
        products = pool.get("product.product").search([("code", "in", ITEMS)])
        lines = [
            {"product": product.id, "quantity": 1.0, "unit": product.purchase_uom.id, "unit_price": Decimal("100")}
            for product in products
        ]
        (order,) = purchases.create(
            [
                {
                    "party": party.id,
                    "invoice_address": party.addresses[0].id,
                    "warehouse": warehouse.id,
                    "lines": [("create", lines)],
                }
            ]
        )
        purchases.quote([order])
        purchases.confirm([order])
        purchases.process([order])
        transaction.tasks.clear()


if __name__ == "__main__":
    main()
