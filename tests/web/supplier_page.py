"""A supplier in front of the page behind his link, for tests: open it, read what its forms carry, answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

import httpx
from fastapi import FastAPI

from purveyor.app import links
from purveyor.core.access import SYSTEM
from purveyor.core.order import OrderLine, PurchaseOrder, Schedule
from purveyor.settings import Settings
from purveyor.store import acknowledgments
from purveyor.store.acknowledgments import AnsweredLine
from purveyor.store.db import Database
from purveyor.web.main import create_app
from tests.app.supplier_world import a_world, an_issued_order
from tests.order_builders import DAYTON, a_line
from tests.web.browser import visited


def ten_lines() -> tuple[OrderLine, ...]:
    """Ten lines of pumps and fittings as a distributor orders them, one for two dates."""
    names = (
        *("Circulator pump 1 in", "Circulator pump 1 1/4 in", "Booster pump, stainless", "Check valve, brass 1 in"),
        *("Ball valve, lead free 3/4 in", "Expansion tank 5 gal", "Pressure gauge 0-100 psi", "Flange kit, cast iron"),
        *("Union, dielectric 1 in", "Gasket set for pumps"),
    )
    lines = [
        a_line(
            number,
            10 + number,
            f"{40 + number}.50",
            description=name,
            item_code=f"KP-{100 + number}",
            supplier_part_no=f"77-{number}0",
        )
        for number, name in enumerate(names, 1)
    ]
    two = (Schedule(1, DAYTON, Decimal(6), date(2026, 3, 23)), Schedule(2, DAYTON, Decimal(5), date(2026, 3, 31)))
    lines[0] = a_line(1, 11, "998.40", schedules=two, description=names[0], item_code="KP-101", supplier_part_no="77-10")
    return tuple(lines)


@dataclass
class SupplierPage:
    """The page behind one link."""

    database: Database
    order: PurchaseOrder
    token: str
    visitor: httpx.Client
    seen: Mapping[str, str] = field(default_factory=dict)

    @property
    def path(self) -> str:
        """Where the page is."""
        return f"/s/{self.token}"

    def open(self, path: str = "") -> str:
        """Open the page and remember what its last form carries."""
        answer = self.visitor.get(self.path + path)
        self.seen = carried(answer.text)
        return answer.text

    def accept_all(self, **changed: str) -> httpx.Response:
        """Tap on "Accept everything"."""
        return self.visitor.post(f"{self.path}/accept", data={**self.seen, "accept_all": "yes", **changed})

    def answer(self, **fields: str) -> httpx.Response:
        """Send the lines; ``line_1_new_price`` stands for the field line-1-new-price, other names stay."""
        named = {(name.replace("_", "-") if name.startswith("line") else name): value for name, value in fields.items()}
        return self.visitor.post(f"{self.path}/answer", data={**self.seen, **named})

    def lines(self) -> list[AnsweredLine]:
        """Where the lines stand now."""
        with self.database.read(SYSTEM) as tx:
            return acknowledgments.lines_of(tx, [self.order.id]).get(self.order.id, [])

    def answers(self) -> int:
        """How many answers are on the record."""
        with self.database.read(SYSTEM) as tx:
            return len(acknowledgments.of_order(tx, self.order.id))


def carried(page: str) -> dict[str, str]:
    """Return the hidden fields of the last form of a page."""
    form = page.rpartition("<form")[2]
    return dict(re.findall(r'<input type="hidden" name="([a-z_]+)" value="([^"]*)"', form))


def linked(database: Database, order: PurchaseOrder) -> str:
    """Make a link to an order and return its token."""
    with database.transaction(SYSTEM) as tx:
        return links.make_link(tx, order.id)


@contextmanager
def supplier_page(database: Database, settings: Settings, *lines: OrderLine) -> Iterator[SupplierPage]:
    """Serve the page of an order that was just sent."""
    a_world(database)
    order = an_issued_order(database, **({"lines": lines} if lines else {}))
    token = linked(database, order)
    app: FastAPI = create_app(database, settings)
    with visited(app) as visitor:
        yield SupplierPage(database, order, token, visitor)
