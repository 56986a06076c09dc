"""The ERP in memory behind a socket, so that several worker processes share one, and the connector that reaches it.

The connector sorts failures like a real one: not reached is retryable, a write whose answer was lost is Unknown.
"""

from __future__ import annotations

import pickle
import threading
from dataclasses import dataclass
from typing import Any

import httpx

from purveyor.connectors.contract import Health, PermanentError, RetryableError
from purveyor.connectors.erp.contract import Capabilities, ChangePage, Cursor, Page
from purveyor.connectors.erp.mapping import Interface, Sources
from purveyor.connectors.erp.memory import MemoryErp
from purveyor.core.erp_records import Entity, ErpInvoice, ErpOrder, ErpReceipt
from purveyor.core.erp_results import Applied, Unknown, WriteResult
from purveyor.demo.partners.server import Answer, Partner, Received

KIND = "application/x-erp"


class ErpServer:
    """Serves one ERP in memory; one call at a time, as if each were a transaction."""

    def __init__(self, erp: MemoryErp) -> None:
        self.erp = erp
        self._lock = threading.Lock()
        self.server = Partner(self._answer)

    def _answer(self, received: Received) -> Answer:
        arguments = pickle.loads(received.body)
        with self._lock:
            try:
                said = getattr(self.erp, received.path.strip("/"))(*arguments)
            except RetryableError:
                return Answer(503, b"unplugged")
        return Answer(200, pickle.dumps(said), {"content-type": KIND})


@dataclass
class RemoteErp:
    """The connector to that server."""

    url: str
    timeout: float = 3.0

    def __post_init__(self) -> None:
        self._client = httpx.Client(base_url=self.url, timeout=self.timeout, trust_env=False)

    @property
    def capabilities(self) -> Capabilities:
        """What this ERP can do."""
        return MemoryErp().capabilities

    @property
    def sources(self) -> Sources:
        """Where its fields come from."""
        return MemoryErp().sources

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """What it is spoken to by."""
        return MemoryErp().interfaces

    def health(self) -> Health:
        """Say whether it answers."""
        found: Health = self._ask("health")
        return found

    def pull(self, entity: Entity, cursor: Cursor, limit: int = 500) -> Page:
        """Read records created or changed since the cursor."""
        found: Page = self._ask("pull", entity, cursor, limit)
        return found

    def get_order(self, external_id: str) -> ErpOrder | None:
        """Read one order again."""
        found: ErpOrder | None = self._ask("get_order", external_id)
        return found

    def find_by_ref(self, entity: Entity, reference: str) -> Applied | None:
        """Look up a document by our reference."""
        found: Applied | None = self._ask("find_by_ref", entity, reference)
        return found

    def changes(self, cursor: Cursor, limit: int = 500) -> ChangePage:
        """Tell what changed."""
        found: ChangePage = self._ask("changes", cursor, limit)
        return found

    def reconcile(self, entity: Entity) -> frozenset[str]:
        """Return the ids of all records."""
        found: frozenset[str] = self._ask("reconcile", entity)
        return found

    def confirm(self, order: ErpOrder, order_ref: str, expected_version: str) -> WriteResult:
        """Confirm an order."""
        return self._write(order_ref, "confirm", order, order_ref, expected_version)

    def post_receipt(self, receipt: ErpReceipt, expected_version: str) -> WriteResult:
        """Post a receipt."""
        return self._write(receipt.reference, "post_receipt", receipt, expected_version)

    def post_invoice(self, invoice: ErpInvoice, expected_version: str) -> WriteResult:
        """Post an invoice."""
        return self._write(invoice.supplier_number, "post_invoice", invoice, expected_version)

    def hold_invoice(self, external_id: str, expected_version: str) -> WriteResult:
        """Block an invoice."""
        return self._write(external_id, "hold_invoice", external_id, expected_version)

    def release_invoice(self, external_id: str, expected_version: str) -> WriteResult:
        """Lift the block."""
        return self._write(external_id, "release_invoice", external_id, expected_version)

    def _write(self, reference: str, verb: str, *arguments: object) -> WriteResult:
        try:
            said: WriteResult = self._ask(verb, *arguments)
        except _AnswerLost:
            return Unknown(reference)
        return said

    def _ask(self, verb: str, *arguments: object) -> Any:
        try:
            reply = self._client.post(f"/{verb}", content=pickle.dumps(arguments))
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise RetryableError("The ERP cannot be reached.") from error
        except httpx.TransportError as error:
            raise _AnswerLost("The ERP did not answer.") from error
        if reply.status_code in (500, 503):
            raise RetryableError(f"The ERP answers {reply.status_code}.")
        if reply.status_code != 200:
            raise PermanentError(f"The ERP answers {reply.status_code}.")
        if reply.headers.get("content-type") != KIND:
            raise _AnswerLost("The ERP answered something else.")
        return pickle.loads(reply.content)


class _AnswerLost(RetryableError):
    """The call left and nothing usable came back."""
