# SPDX-License-Identifier: GPL-3.0-or-later
"""Shelves, order points, what was sold and what customers wait for.

Movements of the past are written as drafts through Tryton's own model and then dated in one statement: thousands of
moves through the workflow would take minutes and prove nothing.
"""

import datetime as dt
from decimal import Decimal

import catalog
from seed_masters import Facts


def seed(database: str, facts: Facts) -> None:
    """Create order points, opening stock, weekly sales and open customer demand."""
    from trytond.pool import Pool
    from trytond.transaction import Transaction

    with Transaction().start(database, 1, context={"company": facts.company}):
        pool = Pool()
        _order_points(pool, facts)
        _movements(pool, facts)
        Transaction().commit()
    with Transaction().start(database, 1, context={"company": facts.company}, _lock_tables=["stock_move"]):
        _open_demand(pool, facts)
        Transaction().commit()


def _order_points(pool, facts: Facts) -> None:
    rows = []
    for item in catalog.ITEMS:
        days = next(entry.lead_days for entry in catalog.SUPPLIERS if entry.code == item.supplier)
        for (code, *_), per_day in zip(catalog.WAREHOUSES, item.per_day, strict=True):
            if item.status == "active" and int(per_day):
                rows.append(
                    {
                        "type": "purchase",
                        "product": facts.items[item.code],
                        "location": facts.warehouses[code],
                        "company": facts.company,
                        "min_quantity": float(int(per_day) * days),
                        "target_quantity": float(int(per_day) * (catalog.COVER_DAYS.get(item.code, days + 35))),
                    }
                )
    pool.get("stock.order_point").create(rows)


def _movements(pool, facts: Facts) -> None:
    from trytond.transaction import Transaction

    (location,) = pool.get("stock.location").search([("type", "=", "customer")], limit=1)
    (loss,) = pool.get("stock.location").search([("type", "=", "lost_found")], limit=1)
    day = dt.date.fromisoformat(catalog.BUSINESS_DAY)
    past = []
    for item in catalog.ITEMS:
        for (code, *_), per_day, on_hand in zip(catalog.WAREHOUSES, item.per_day, item.on_hand, strict=True):
            weekly = 7 * int(per_day)
            pump = (item.code, code) == ("PMP-100", "DAY")
            weeks = (catalog.PUMP_HISTORY_WEEKS if pump else catalog.HISTORY_WEEKS) if weekly else 0
            for week in range(weeks):
                sold_on = day - dt.timedelta(days=3 + 7 * week)
                past.append(_move(facts, item, facts.storages[code], location.id, weekly, sold_on))
            if on_hand + weekly * weeks:
                opened = day - dt.timedelta(days=7 * catalog.PUMP_HISTORY_WEEKS + 7)
                past.append(_move(facts, item, loss.id, facts.storages[code], on_hand + weekly * weeks, opened))
    move_model = pool.get("stock.move")
    done = move_model.create(past)
    table = move_model.__table__()
    cursor = Transaction().connection.cursor()
    cursor.execute(
        *table.update(
            [table.state, table.effective_date], ["done", table.planned_date], where=table.id.in_([move.id for move in done])
        )
    )
    for item in catalog.ITEMS:
        cursor.execute(
            *table.update(
                [table.cost_price],
                [item.cost(facts.factors[item.code])],
                where=(table.product == facts.items[item.code]) & (table.state == "done"),
            )
        )


def _open_demand(pool, facts: Facts) -> None:
    """Customer shipments that wait; the allocated ones have their goods set aside in the storage zone."""
    shipment_model = pool.get("stock.shipment.out")
    (customer,) = pool.get("party.party").search([("code", "=", "CUSTOMERS")])
    (target,) = pool.get("stock.location").search([("type", "=", "customer")], limit=1)
    items = {item.code: item for item in catalog.ITEMS}
    for code, warehouse, quantity, planned, reference, allocated in catalog.OPEN_DEMAND:
        day = dt.date.fromisoformat(planned)
        output = pool.get("stock.location")(facts.warehouses[warehouse]).output_location
        move = _move(facts, items[code], output.id, target.id, int(quantity), day)
        (shipment,) = shipment_model.create(
            [
                {
                    "company": facts.company,
                    "customer": customer.id,
                    "delivery_address": customer.addresses[0].id,
                    "warehouse": facts.warehouses[warehouse],
                    "warehouse_storage": facts.storages[warehouse],
                    "warehouse_output": output.id,
                    "reference": reference,
                    "planned_date": day,
                    "outgoing_moves": [("create", [move])],
                }
            ]
        )
        shipment_model.wait([shipment])
        if allocated:
            shipment_model.assign_try([shipment])
        if allocated and shipment.state != "assigned":
            raise RuntimeError(f"{reference} could not be allocated from the seeded stock")


def _move(facts: Facts, item, source: int, target: int, quantity: int, day: dt.date) -> dict:
    sale = target not in facts.storages.values()
    return {
        "product": facts.items[item.code],
        "unit": facts.units[item.base],
        "quantity": float(quantity),
        "from_location": source,
        "to_location": target,
        "company": facts.company,
        "planned_date": day,
        "unit_price": Decimal(item.sales_price) if sale else None,
        "currency": facts.currency if sale else None,
    }
