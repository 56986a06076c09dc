"""Purchasing desks: how the suite types, edits and deletes orders in each ERP, and how it makes the line fail.

A further adapter joins by a desk of its own and one line in conftest.py.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Protocol

import httpx

from purveyor.connectors.erp.contract import ErpConnector
from purveyor.connectors.erp.files import FilesAccess, FilesConnector
from purveyor.connectors.erp.memory import Fault, MemoryErp
from purveyor.connectors.erp.tryton import TrytonAccess, TrytonConnector
from purveyor.connectors.erp.tryton.rpc import RpcCall
from purveyor.core.erp_records import Entity, ErpOrder, ErpOrderLine, ErpOrderStatus
from purveyor.core.order import Origin
from purveyor.demo.partners.legacy_erp import LegacyErp
from tests.connectors.erp.sample import small_distributor

ROOT = Path(__file__).resolve().parents[3]
LAST_STEP = {
    "confirm": "purchase.purchase.confirm",
    "receipt": "stock.shipment.in.do",
    "invoice": "account.invoice.post",
}


class Desk(Protocol):
    """A buyer's place at one ERP, and the cable between it and Purveyor."""

    @property
    def connector(self) -> ErpConnector:
        """The adapter, as whoever turns to it next finds it."""

    def draft(self, quantity: str = "20", unit_price: str | None = "998.40") -> ErpOrder:
        """Type an order of PMP-100 in cartons from KEYSTONE for Dayton."""

    def edit(self, order: ErpOrder, quantity: str) -> None:
        """Change the quantity of the first line."""

    def delete(self, order: ErpOrder) -> None:
        """Delete a draft."""

    def backdate(self, order: ErpOrder, by: timedelta) -> None:
        """Let the last write look as if its transaction had begun earlier."""

    def lose_answer(self, of: str) -> None:
        """Let the ERP carry out the next confirm, receipt or invoice, and lose its answer."""

    def unplug(self, unplugged: bool) -> None:
        """Pull the plug, or put it back."""


class MemoryDesk:
    """A desk at the in-memory ERP."""

    def __init__(self) -> None:
        self.erp = MemoryErp(small_distributor())

    @property
    def connector(self) -> ErpConnector:
        """The books themselves."""
        return self.erp

    def draft(self, quantity: str = "20", unit_price: str | None = "998.40") -> ErpOrder:
        external_id = self.erp.ledger.new_id(Entity.ORDER)
        line = ErpOrderLine(
            external_id=f"{external_id}.1",
            line_no=1,
            item="1",
            description="Circulator pump",
            quantity=Decimal(quantity),
            uom="CTN12",
            unit_price=Decimal(unit_price) if unit_price else None,
            need_by=date(2026, 3, 23),
        )
        order = ErpOrder(
            external_id=external_id,
            version="",
            number=None,
            order_ref=None,
            revision=0,
            supplier="3",
            site="5",
            currency="USD",
            order_date=date(2026, 3, 9),
            payment_terms="Net 30",
            status=ErpOrderStatus.DRAFT,
            origin=Origin.TYPED,
            typist="D. Whitfield",
            lines=(line,),
        )
        return self.erp.ledger.save(Entity.ORDER, order)

    def edit(self, order: ErpOrder, quantity: str) -> None:
        there = self.erp.ledger.order(order.external_id)
        assert there is not None
        line = replace(there.lines[0], quantity=Decimal(quantity))
        self.erp.ledger.save(Entity.ORDER, replace(there, lines=(line,)))

    def delete(self, order: ErpOrder) -> None:
        self.erp.ledger.delete(Entity.ORDER, order.external_id)

    def backdate(self, order: ErpOrder, by: timedelta) -> None:
        there = self.erp.ledger.order(order.external_id)
        assert there is not None
        assert there.updated_at is not None
        self.erp.ledger.save(Entity.ORDER, there, there.updated_at - by)

    def lose_answer(self, of: str) -> None:
        self.erp.fail_next_write(Fault.ANSWER_LOST)

    def unplug(self, unplugged: bool) -> None:
        self.erp.unplugged = unplugged


class FilesDesk(MemoryDesk):
    """A desk at a legacy ERP that exchanges files: its job runs whenever time goes by."""

    def __init__(self, root: Path) -> None:
        super().__init__()
        self._root = root
        self.legacy = LegacyErp(root, self.erp, lambda: datetime.now(UTC))
        self.legacy.set_up()
        access = FilesAccess(root, patience=timedelta(seconds=2), guards_versions=True)
        self.files = FilesConnector(access, clock=an_hour_ahead, pause=lambda wait: self.legacy.run())

    @property
    def connector(self) -> ErpConnector:
        """Between two calls of the adapter the ERP's job has run."""
        if self._root.exists():
            self.legacy.run()
        return self.files

    def draft(self, quantity: str = "20", unit_price: str | None = "998.40") -> ErpOrder:
        typed = super().draft(quantity, unit_price)
        order = self.connector.get_order(typed.external_id)
        assert order is not None
        return order

    def lose_answer(self, of: str) -> None:
        self.legacy.keep_quiet_for(2)

    def unplug(self, unplugged: bool) -> None:
        away = self._root.with_name("away")
        self._root.rename(away) if unplugged else away.rename(self._root)


def an_hour_ahead() -> datetime:
    """A clock by which every file has rested long enough."""
    return datetime.now(UTC) + timedelta(hours=1)


class Cable(httpx.BaseTransport):
    """A network between Purveyor and an ERP that loses chosen answers after they were given."""

    def __init__(self) -> None:
        self._inner = httpx.HTTPTransport()
        self.unplugged = False
        self.lose: str | None = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.unplugged:
            raise httpx.ConnectError("unplugged", request=request)
        method = json.loads(request.read())["method"]
        response = self._inner.handle_request(request)
        if self.lose and method.endswith(self.lose):
            self.lose = None
            response.read()
            response.close()
            raise httpx.ReadTimeout("lost", request=request)
        return response

    def close(self) -> None:
        self._inner.close()


class TrytonDesk:
    """A desk at a running Tryton, where orders are typed by the demo's own script."""

    def __init__(self, run_dir: Path, record: Callable[[RpcCall], None]) -> None:
        self._run_dir = run_dir
        self.cable = Cable()
        known = json.loads((run_dir / "credentials.json").read_text(encoding="utf-8"))
        self.access = TrytonAccess(known["url"], known["database"], "purveyor", known["passwords"]["purveyor"])
        self.tryton = TrytonConnector(self.access, record=record, transport=self.cable)
        self.connector: ErpConnector = self.tryton

    def close(self) -> None:
        self.tryton.close()

    def act(self, *actions: dict[str, object]) -> list[str]:
        """Let the purchasing desk do something; return the ids of the orders it touched."""
        script = ROOT / "erp-demo" / "tryton" / "buyers.py"
        command = [sys.executable, str(script), "--run-dir", str(self._run_dir)]
        done = subprocess.run(command, input=json.dumps(actions), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return [str(entry["id"]) for entry in json.loads(done.stdout)]

    def draft(self, quantity: str = "20", unit_price: str | None = "998.40") -> ErpOrder:
        line = {"item": "PMP-100", "quantity": quantity, "unit": "Carton of 12", "need_by": "2026-03-23"}
        action: dict[str, object] = {"do": "draft", "supplier": "KEYSTONE", "warehouse": "DAY", "origin": "typed"}
        action |= {"typist": "D. Whitfield", "order_date": "2026-03-09", "lines": [{**line, "unit_price": unit_price}]}
        order = self.connector.get_order(self.act(action)[0])
        assert order is not None
        return order

    def edit(self, order: ErpOrder, quantity: str) -> None:
        self.act({"do": "edit", "id": int(order.external_id), "line": 1, "set": {"quantity": quantity}})

    def delete(self, order: ErpOrder) -> None:
        self.act({"do": "delete", "id": int(order.external_id)})

    def backdate(self, order: ErpOrder, by: timedelta) -> None:
        assert order.updated_at is not None
        stamp = (order.updated_at - by).strftime("%Y-%m-%d %H:%M:%S.%f")
        with sqlite3.connect(self._run_dir / "purveyor.sqlite", timeout=10) as connection:
            for table, column in (("purchase_purchase", "id"), ("purchase_line", "purchase")):
                statement = f"UPDATE {table} SET write_date = ? WHERE {column} = ?"
                connection.execute(statement, (stamp, int(order.external_id)))
        connection.close()

    def lose_answer(self, of: str) -> None:
        self.cable.lose = LAST_STEP[of]

    def unplug(self, unplugged: bool) -> None:
        self.cable.unplugged = unplugged
