"""Every address of the product, asked by every role, by nobody and by a supplier, answers as the table in the docs says (S/7).

The table is docs/reference/access.md. An address without a line, or with another answer, fails; after looking at the difference,
`PURVEYOR_WRITE_ACCESS=1 pytest tests/security/test_access_matrix.py` writes the table anew. Nothing that is asked here is kept:
every transaction is rolled back, so that all are asked about the same world.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from purveyor.app import links
from purveyor.core.access import PERMISSIONS, SYSTEM, Actor, Role, Scope
from purveyor.core.ids import BusinessUnitId, SupplierId
from purveyor.settings import Settings
from purveyor.store import logins, messages, orders
from purveyor.store.db import Database, Tx
from purveyor.store.embedded import EmbeddedServer
from purveyor.store.roles import RUNTIME
from purveyor.web.main import PARTS, create_app
from purveyor.web.portal.door import SupplierVisits
from purveyor.web.signin.passwords import Tries
from tests.app.people import user
from tests.order_builders import UNIT
from tests.web.browser import served
from tests.web.desks import COOKIE
from tests.web.story_data import LOGINS, Story, a_story

TABLE: Final = Path(__file__).resolve().parents[2] / "docs" / "reference" / "access.md"
NOBODY: Final = "nobody"
VISITORS: Final = (NOBODY, *(role.value for role in LOGINS.values()), Role.SUPPLIER.value)
MARKS: Final = {"allowed": "yes", "refused": "no", "sign-in": "sign-in", "not found": "-"}
HEAD: Final = """# Access

<!-- Written by `PURVEYOR_WRITE_ACCESS=1 pytest tests/security/test_access_matrix.py`; changes belong into the code. -->

Every address, asked by a person of each role (below `/v1`: by a program with the permissions of that role), by nobody, and by a
supplier (pages: with a link to one of his orders; `/v1`: with a key of his). `yes`: the door is open, though the request may be
wrong in other ways; `no`: refused; `sign-in`: asked to sign in, or for a key; `-`: nothing is there for this visitor.

"""


class Unwritten(Database):
    """A database that forgets what is written to it: each transaction ends with a rollback."""

    @contextmanager
    def transaction(
        self,
        actor: Actor,
        scope: Scope | None = None,
        correlation_id: UUID | None = None,
        *,
        source: str = "purveyor",
        cause_id: UUID | None = None,
    ) -> Iterator[Tx]:
        with super().transaction(actor, scope, correlation_id, source=source, cause_id=cause_id) as tx:
            yield tx
            tx.conn.rollback()


@dataclass(frozen=True)
class Visitor:
    """Somebody who asks: with a session, a key and a supplier's link, each of them or none."""

    session: str | None
    key: str | None
    link: str


@dataclass
class Walk:
    """The application and all who walk through it."""

    app: FastAPI
    client: httpx.Client
    visitors: dict[str, Visitor]
    values: dict[str, str]
    fields: dict[str, dict[str, str]]

    def ask(self, method: str, path: str, visitor: Visitor) -> str:
        """Ask for one address and say what the answer means."""
        self.app.state.tries, self.app.state.supplier_visits = Tries(), SupplierVisits()
        address = path.replace(":uuid", "").format(**{**self.values, "token": visitor.link})
        if path.startswith("/v1/"):
            answer = self._as_program(method, address, visitor)
        else:
            answer = self._as_person(method, address, visitor)
        return _meaning(answer, f"{method} {address}")

    def _as_program(self, method: str, address: str, visitor: Visitor) -> httpx.Response:
        headers = {"idempotency-key": str(uuid4()), "if-match": '"1"'}
        if visitor.key is not None:
            headers["authorization"] = f"Bearer {visitor.key}"
        return self.client.request(method, address, headers=headers, json={} if method == "POST" else None)

    def _as_person(self, method: str, address: str, visitor: Visitor) -> httpx.Response:
        token = visitor.session or "nobody"
        behind_link = address.startswith("/s/")
        form_token = self.app.state.guard.form_token(f"link {visitor.link}" if behind_link else token)
        headers = {"cookie": f"{COOKIE}={token}", "accept": "text/html"}
        special = next((given for start, given in self.fields.items() if address.startswith(start)), {})
        fields = {**FIELDS, **special, "unit": str(UNIT), "units": str(UNIT), "csrf_token": form_token}
        return self.client.request(method, address, headers=headers, data=fields if method == "POST" else None)


FIELDS: Final = {
    "version": "1",
    "seen": "1",
    "line_no": "1",
    "form_id": "1",
    "code": "X",
    "finding": "X",
    "reason": "because",
    "hold_reason": "because",
    "cancel_reason": "because",
    "undo_reason": "because",
    "reassign_reason": "because",
    "verdict": "approve",
    "role": "buyer",
    "resolution": "accept_date",
    "until": "2026-12-01",
    "quantity": "1",
    "roles": "buyer",
    "login": "somebody",
    "password": "wrong",
    "name": "Somebody",
    "mail": "somebody@example.com",
}


def _meaning(answer: httpx.Response, asked: str) -> str:
    assert answer.status_code < 500, f"{asked}: {answer.status_code} {answer.text[:500]}"
    assert answer.status_code != 429, f"{asked}: counted too many tries"
    assert "no longer valid because you signed in" not in answer.text, f"{asked}: the form's token was refused"
    to_sign_in = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in?next=")
    if answer.status_code == 401 and not asked.startswith("POST /sign-in"):
        return "sign-in"
    if to_sign_in:
        return "sign-in"
    return {403: "refused", 404: "not found", 410: "not found"}.get(answer.status_code, "allowed")


def addresses() -> list[tuple[str, str]]:
    """Every address that the parts of the application serve, in their order."""
    found = []
    for part in PARTS:
        for router in part.routers:
            for route in router.routes:
                assert isinstance(route, APIRoute), f"{part.name} serves something this walk does not know: {route}"
                found += [(method, route.path) for method in sorted(set(route.methods or ()) - {"HEAD"})]
    return found


def _visitors(tx: Tx, story: Story) -> dict[str, Visitor]:
    order = orders.by_ref(tx, story.answered)
    assert order.supplier_id is not None
    nobody = Visitor(None, None, "A" * 43)
    found = {NOBODY: nobody}
    for login, role in LOGINS.items():
        client = logins.add_client(tx, role.value, units=[BusinessUnitId(UNIT)])
        key = logins.issue_key(tx, client, PERMISSIONS[role])
        found[role.value] = Visitor(logins.start_session(tx, user(story.people[login])), key, nobody.link)
    own = logins.add_client(tx, "supplier", supplier_id=SupplierId(order.supplier_id))
    key = logins.issue_key(tx, own, PERMISSIONS[Role.SUPPLIER])
    found[Role.SUPPLIER.value] = Visitor(None, key, links.make_link(tx, order.id))
    return found


def _values(tx: Tx, story: Story) -> dict[str, str]:
    """What stands in the braces of addresses: things that exist where the story has one, else ids of nothing."""
    nothing = str(uuid4())
    waiting = orders.by_ref(tx, story.waiting)
    failed = next(message for message in messages.of_order(tx, orders.by_ref(tx, story.failed).id))
    opened = f"SELECT id FROM approval_step WHERE order_id = '{waiting.id}' AND state = 'open'"
    step = tx.conn.exec_driver_sql(opened).scalar_one()
    exception, _ = _an_exception(tx)
    receipt = tx.conn.exec_driver_sql("SELECT id FROM receipt ORDER BY id LIMIT 1").scalar_one()
    invoice = tx.conn.exec_driver_sql("SELECT id FROM invoice ORDER BY id LIMIT 1").scalar_one()
    event = tx.conn.exec_driver_sql("SELECT id FROM event ORDER BY id LIMIT 1").scalar_one()
    supplier = tx.conn.exec_driver_sql("SELECT id FROM supplier ORDER BY id LIMIT 1").scalar_one()
    return {
        "reference": story.failed,
        "order_ref": story.answered,
        "version": "1",
        "figure": "stopped",
        "layer": "orchestration",
        "name": "po-accuracy",
        "measure_id": "po-accuracy",
        "message_id": str(failed.id),
        "step_id": str(step),
        "case_id": str(exception),
        "exception_id": str(exception),
        "receipt_id": str(receipt),
        "invoice_id": str(invoice),
        "event_id": str(event),
        "supplier_id": str(supplier),
        "key": "approval_matrix",
        "user_id": str(user(story.people["martha"])),
        **dict.fromkeys(("change_id", "delegation_id", "acknowledgment_id", "notice_id", "request_id", "advisory_id"), nothing),
    }


def _an_exception(tx: Tx) -> tuple[UUID, int]:
    row = tx.conn.exec_driver_sql("SELECT id, version FROM exception_case WHERE status = 'open' ORDER BY id LIMIT 1").one()
    return row.id, row.version


def _fields(tx: Tx, story: Story) -> dict[str, dict[str, str]]:
    """What forms of some pages say besides, so that nothing is wrong with them but perhaps the person."""
    return {
        f"/orders/{story.failed}": {"version": str(orders.by_ref(tx, story.failed).row_version)},
        "/exceptions/": {"version": str(_an_exception(tx)[1])},
        "/settings/people": {"role": "line_manager"},
    }


def _lines(found: dict[tuple[str, str], Sequence[str]]) -> str:
    head = ("Address", *(name.replace("_", " ") for name in VISITORS))
    rows = [(f"`{method} {path.replace(':uuid', '')}`", *answers) for (method, path), answers in found.items()]
    table = [head, ("---",) * len(head), *rows]
    return HEAD + "\n".join("| " + " | ".join(row) + " |" for row in table) + "\n"


@pytest.mark.long
def test_every_address_answers_every_role_as_the_table_says(
    database: Database, database_name: str, postgres: EmbeddedServer, tmp_path: Path
) -> None:
    story = a_story(database)
    with database.transaction(SYSTEM) as tx:
        visitors, values, fields = _visitors(tx, story), _values(tx, story), _fields(tx, story)
    unwritten = Unwritten(postgres.url(RUNTIME, database_name))
    app = create_app(unwritten, Settings(data_dir=tmp_path))
    with served(app) as address, httpx.Client(base_url=address, trust_env=False, timeout=60) as client:
        walk = Walk(app, client, visitors, values, fields)
        found: dict[tuple[str, str], Any] = {
            (method, path): [MARKS[walk.ask(method, path, visitors[name])] for name in VISITORS] for method, path in addresses()
        }
    unwritten.close()

    if os.environ.get("PURVEYOR_WRITE_ACCESS"):
        TABLE.write_text(_lines(found), "utf-8")
    written, walked = TABLE.read_text("utf-8").splitlines(), _lines(found).splitlines()
    assert sorted(set(walked) ^ set(written)) == [], "look at the difference, then write docs/reference/access.md anew"


def test_nobody_gets_behind_any_page_that_is_not_meant_for_everybody() -> None:
    """What stands open to nobody is a short list, written down here so that it cannot grow unseen."""
    rows = [line.split(" | ") for line in TABLE.read_text("utf-8").splitlines() if line.startswith("| `")]
    open_to_nobody = {row[0].strip("| `") for row in rows if row[1] == "yes"}

    assert open_to_nobody == {
        "GET /sign-in",
        "POST /sign-in",
        "POST /sign-out",
        "POST /preferences/theme",
        "GET /forgotten",
        "POST /forgotten",
        "GET /livez",
        "GET /readyz",
        "GET /readyz/{layer}",
    }
