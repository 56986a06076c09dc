"""Everybody the story tells of, with what each can do: staff, suppliers by link and API, warehouse and finance by API."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from purveyor.app.quarantine import PULL_JOB
from purveyor.core.access import SYSTEM, Actor, ActorKind
from purveyor.core.canonical import Json
from purveyor.core.cases import ExceptionCase, ExceptionType
from purveyor.core.errors import PurveyorError
from purveyor.core.ids import ErpInstance, OrderId
from purveyor.core.order import PurchaseOrder
from purveyor.demo import acquired
from purveyor.demo.people import PASSWORD, person
from purveyor.demo.seed import ERP, UNIT
from purveyor.demo.story.drafts import Draft
from purveyor.demo.story.pages import Visitor
from purveyor.demo.suppliers import PROFILES
from purveyor.demo.world import World
from purveyor.store import cases, feeds, jobs, logins, messages, orders
from purveyor.store.cases import CaseFilter
from purveyor.store.db import Tx

PATIENCE: float = 90.0
LINK = re.compile(r"https?://\S+/s/\S+")


class NothingHappened(PurveyorError):
    """The story waited for something that did not come."""

    code = "nothing_happened"


@dataclass
class Cast:
    """The demo world seen through its people and partners. ``ids`` are the orders by their name in the story."""

    world: World
    ids: dict[str, OrderId] = field(default_factory=dict)

    # -- looking

    @contextmanager
    def reading(self) -> Iterator[Tx]:
        """Read as the product itself."""
        with self.world.database.read(SYSTEM) as tx:
            yield tx

    def order(self, name: str) -> PurchaseOrder:
        """Return an order by its name in the story."""
        with self.reading() as tx:
            return orders.get(tx, self.ids[name])

    def exceptions(self, *types: ExceptionType, order: str | None = None) -> list[ExceptionCase]:
        """Return open exceptions, of some types, of one order."""
        wanted = CaseFilter(types=frozenset(types), order_id=self.ids[order] if order else None)
        with self.reading() as tx:
            return cases.listed(tx, wanted, limit=200)

    def message_states(self, kind: str, name: str | None = None) -> list[str]:
        """Return the states of messages of one kind, of all orders of the story or of one."""
        wanted = [self.ids[name]] if name else list(self.ids.values())
        with self.reading() as tx:
            return [message.state for order_id in wanted for message in messages.of_order(tx, order_id) if message.kind == kind]

    def wait(self, what: str, happened: Callable[[], Any], seconds: float = PATIENCE) -> Any:
        """Wait until something is true and return it; raise NothingHappened."""
        pause = threading.Event()
        for _ in range(int(seconds / 0.2)):
            found = happened()
            if found:
                return found
            pause.wait(0.2)
        raise NothingHappened(waited_for=what)

    # -- the ERP's people

    def at_the_erp(self, actions: Sequence[Mapping[str, Json]]) -> list[dict[str, Any]]:
        """Let planners and buyers work in the ERP itself; returns what they did, with the ERP's ids."""
        script = self.world.checkout / "erp-demo" / "tryton" / "buyers.py"
        command = [sys.executable, str(script), "--run-dir", str(self.world.erp_dir)]
        done = subprocess.run(command, input=json.dumps(list(actions)), capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise NothingHappened(step="buyers at the ERP", said=done.stderr[-600:])
        answer: list[dict[str, Any]] = json.loads(done.stdout)
        return answer

    def type_drafts(self, drafts: Sequence[Draft]) -> dict[str, str]:
        """Type drafts into the ERP; returns the ERP's ids by the drafts' names."""
        done = self.at_the_erp([draft.as_action() for draft in drafts])
        return {draft.name: str(one["id"]) for draft, one in zip(drafts, done, strict=True)}

    def pull(self, erp: ErpInstance = ERP) -> None:
        """Have an ERP read now instead of within the minute."""
        with self.world.database.transaction(SYSTEM, source="demo") as tx:
            jobs.enqueue(tx, PULL_JOB, f"{erp}:pull", {"erp": erp})

    def read_again(self, erp: ErpInstance = ERP) -> None:
        """Have an ERP read and wait until every feed was: after days went by, nothing is judged by data that old."""
        with self.reading() as tx:
            asked = tx.real_now
        self.pull(erp)
        self.wait(f"a fresh reading of {erp}", lambda: self._read_since(erp, asked))

    def _read_since(self, erp: ErpInstance, moment: datetime) -> bool:
        with self.reading() as tx:
            read = [feed.read_at for feed in feeds.all_feeds(tx) if feed.erp == erp]
        return bool(read) and all(at is not None and at >= moment for at in read)

    def learn_orders(self, erp_ids: Mapping[str, str], erp: ErpInstance = ERP) -> bool:
        """Find our orders by the ERP's ids; say whether all of them have come."""
        with self.reading() as tx:
            known = orders.ids_by_erp(tx, erp, list(erp_ids.values()))
        self.ids |= {name: known[erp_id] for name, erp_id in erp_ids.items() if erp_id in known}
        return len(known) == len(erp_ids)

    # -- staff

    def actor(self, login: str) -> Actor:
        """Return a member of staff as the product sees him when he has signed in."""
        one = person(login)
        with self.reading() as tx:
            account = logins.account(tx, login)
        assert account is not None
        return Actor(ActorKind.USER, account.user_id, login, one.roles, frozenset({UNIT, acquired.UNIT}))

    @contextmanager
    def acting(self, login: str) -> Iterator[Tx]:
        """Act as a member of staff."""
        with self.world.database.transaction(self.actor(login), source="web") as tx:
            yield tx

    @contextmanager
    def at_the_desk(self, login: str) -> Iterator[Visitor]:
        """Sit at the browser of a member of staff, signed in."""
        visitor = Visitor(self.world.settings.base_url)
        try:
            visitor.sign_in(login, PASSWORD)
            visitor.taps = 0
            yield visitor
        finally:
            visitor.close()

    # -- partners

    def call_api(self, client: str, path: str, body: Mapping[str, Json], key: str) -> dict[str, Any]:
        """Post a document to our API as a partner's program; ``key`` is the idempotency key."""
        headers = {"authorization": f"Bearer {self.world.keys[client]}", "idempotency-key": key}
        reply = httpx.post(self.world.settings.base_url + path, json=body, headers=headers, timeout=30, trust_env=False)
        if reply.status_code >= 300:
            raise NothingHappened(api=path, status=reply.status_code, said=reply.text[:500])
        answer: dict[str, Any] = reply.json()
        return answer

    def answer_by_api(self, supplier: str, name: str, key: str, **said: Json) -> dict[str, Any]:
        """Let a supplier's program answer an order."""
        order = self.order(name)
        body: dict[str, Json] = {"external_id": key, "version": order.version, "sent_at": self._stamp(), **said}
        return self.call_api(supplier, f"/v1/orders/{order.order_ref}/acknowledgments", body, key)

    def receive(self, name: str, key: str, lines: Json, **more: Json) -> dict[str, Any]:
        """Let the warehouse system report a count."""
        body: dict[str, Json] = {"external_id": key, "counted_at": self._stamp(), "lines": lines, **more}
        return self.call_api("wms", f"/v1/orders/{self.order(name).order_ref}/receipts", body, key)

    def bill(self, supplier: str, number: str, lines: Json, **more: Json) -> dict[str, Any]:
        """Let invoice capture hand in a supplier's bill."""
        body: dict[str, Json] = {
            "external_id": f"scan-{number}",
            "number": number,
            "supplier": supplier,
            "currency": "USD",
            "invoice_date": self.world.now().date().isoformat(),
            "lines": lines,
            **more,
        }
        return self.call_api("finance", "/v1/invoices", body, f"scan-{number}")

    def bill_line(self, name: str, line_no: int, quantity: str, uom: str, price: str) -> Json:
        """Return one line of a bill for an order of the story."""
        return {
            "line_no": line_no,
            "order_ref": self.order(name).order_ref,
            "order_line_no": line_no,
            "quantity": quantity,
            "uom": uom,
            "unit_price": price,
        }

    def links_of(self, supplier: str, order_ref: str) -> list[str]:
        """Return the links that were mailed to a supplier for an order, oldest first."""
        address = next(profile.email for profile in PROFILES if profile.code == supplier)
        texts = [mail.text for mail in self.world.mailbox.to(address) if order_ref in mail.message["Subject"]]
        return [found.group() for text in texts if (found := LINK.search(text))]

    @contextmanager
    def by_link(self, supplier: str, name: str) -> Iterator[Visitor]:
        """Open the link of the newest mail about an order, as the supplier who got it."""
        order_ref = self.order(name).order_ref
        link = self.wait(f"mail to {supplier} about {order_ref}", lambda: self.links_of(supplier, order_ref))[-1]
        visitor = Visitor(self.world.settings.base_url)
        try:
            visitor.open(link)
            yield visitor
        finally:
            visitor.close()

    def _stamp(self) -> str:
        return self.world.now().isoformat()

    def move_to(self, moment: datetime) -> None:
        """Let business time jump to a moment."""
        self.world.move_to(moment)
