"""How many order lines a second the gate checks on one core, with facts loaded.

The orders are a distributor's day: three lines each, every tenth line with something to find. ``--profile`` prints
where the time goes.
"""

from __future__ import annotations

import cProfile
import pstats
import sys
import time
from dataclasses import replace
from decimal import Decimal
from typing import Final

from bench.figures import Figure, peak_memory
from tests.core.builders import NOW, a_line, a_price, a_stock, an_agreement, an_order, dec, facts_for

from purveyor.core.facts import GatePolicy, OrderFacts
from purveyor.core.gate import check
from purveyor.core.order import PurchaseOrder

ORDERS: Final = 2000
LINES: Final = 3
RUNS: Final = 5
TARGET: Final = 20_000

Work = list[tuple[PurchaseOrder, OrderFacts]]


def day_of_orders(orders: int = ORDERS) -> Work:
    """Build orders with their facts; breaks, cartons, maxima and demand as a distributor has them."""
    breaks = [a_price(f"P{least}", price, least=least) for least, price in ((1, "10.00"), (100, "9.60"), (500, "9.10"))]
    history = tuple(dec(quantity) for quantity in (48, 60, 60, 72, 84, 96, 60, 48, 72, 60, 84, 60))
    work = []
    for number in range(1, orders + 1):
        lines = [
            a_line(1, quantity=60),
            a_line(2, quantity=5, uom="carton", price="120.00"),
            a_line(3, quantity=60, price="10.50" if number % 10 < 3 else "10.00"),
        ]
        order = an_order(lines, number=number)
        facts = facts_for(order, stock=a_stock(maximum=Decimal(400)), history=history)
        agreement = replace(facts.lines[1].agreements[0], value=an_agreement(*breaks))
        known = {line_no: replace(line, agreements=(agreement,)) for line_no, line in facts.lines.items()}
        work.append((order, replace(facts, lines=known)))
    return work


def run(work: Work, policy: GatePolicy) -> int:
    """Check every order once and return the number of findings."""
    return sum(len(check(order, facts, policy, NOW).findings) for order, facts in work)


def figures() -> list[Figure]:
    """Measure and return lines a second of processor time, the best of several runs."""
    work, policy = day_of_orders(), GatePolicy()
    best = float("inf")
    for _ in range(RUNS):
        begin = time.process_time()
        run(work, policy)
        best = min(best, time.process_time() - begin)
    return [
        Figure("lines checked on one core", ORDERS * LINES / best, "lines/s", TARGET),
        Figure("peak memory", peak_memory(), "MiB"),
    ]


def profile() -> None:
    """Print where the time goes."""
    watched = cProfile.Profile()
    watched.runcall(run, day_of_orders(), GatePolicy())
    pstats.Stats(watched).sort_stats("tottime").print_stats(25)


if __name__ == "__main__":
    if "--profile" in sys.argv:
        profile()
    else:
        print(*figures(), sep="\n")
