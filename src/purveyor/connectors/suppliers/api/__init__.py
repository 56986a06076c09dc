"""Orders by signed REST webhook (Standard Webhooks): the supplier's own server takes the order as JSON."""

from __future__ import annotations

from standardwebhooks import Webhook

from purveyor.connectors.contract import PermanentError, RetryableError
from purveyor.connectors.suppliers.contract import Delivered, SupplierDocument
from purveyor.connectors.transport.http import HttpTransport, expect_success
from purveyor.core.canonical import canonical_json


class ApiChannel:
    """Posts documents to the supplier's webhook address, signed with the secret we share with that supplier.

    Every call carries our message id, so a receiver that has seen it answers the same and does nothing twice.
    """

    name = "api"

    def __init__(self, transport: HttpTransport) -> None:
        self._transport = transport

    def send(self, document: SupplierDocument) -> Delivered:
        """Post the document; a 2xx that does not name our message id is a failure, whatever its status says."""
        if not document.api_url or not document.api_secret:
            raise PermanentError("The supplier has no API address or no shared secret; complete the supplier, then send again.")
        body = canonical_json(
            {
                "type": f"{document.kind}.sent",
                "message_id": document.message_id,
                "answer_at": document.link,
                "data": document.content,
            }
        )
        signature = Webhook(document.api_secret).sign(document.message_id, document.sent_at, body.decode("utf-8"))
        headers = {
            "content-type": "application/json",
            "webhook-id": document.message_id,
            "webhook-timestamp": str(int(document.sent_at.timestamp())),
            "webhook-signature": signature,
            "idempotency-key": document.message_id,
        }
        reply = expect_success(
            self._transport.call("POST", document.api_url, content=body, headers=headers),
            f"{document.supplier_name} does not take the order.",
        )
        if not isinstance(reply.body, dict) or reply.body.get("message_id") != document.message_id:
            raise RetryableError(f"{document.supplier_name} answered {reply.status}, but did not name our message.")
        remote = reply.body.get("id")
        return Delivered(self.name, str(remote) if remote is not None else None)
