"""Suppliers with an order API: they verify the signature, take each message once, and can be down."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field

from standardwebhooks import Webhook, WebhookVerificationError

from purveyor.demo.partners.server import Answer, Partner, Received, as_json


def shared_secret(supplier_code: str) -> str:
    """Return the webhook secret of a demo supplier; the same at every start, worthless outside the demo."""
    return "whsec_" + base64.b64encode(hashlib.sha256(f"demo:{supplier_code}".encode()).digest()).decode()


@dataclass
class SupplierApi:
    """One server for all suppliers with an API: ``POST /CODE/orders``. Orders are kept by message id, so a repeat counts once."""

    down: set[str] = field(default_factory=set)
    orders: dict[str, dict[str, dict[str, object]]] = field(default_factory=dict)
    refused: int = 0

    def __post_init__(self) -> None:
        self.server = Partner(self._answer)

    def address(self, supplier_code: str) -> str:
        """Return where a supplier takes orders."""
        return f"{self.server.url}/{supplier_code}/orders"

    def taken(self, supplier_code: str) -> list[dict[str, object]]:
        """Return the orders a supplier has taken, oldest first."""
        return list(self.orders.get(supplier_code, {}).values())

    def _answer(self, received: Received) -> Answer:
        code = received.path.strip("/").partition("/")[0]
        if code in self.down:
            return as_json({"error": "maintenance"}, 503)
        try:
            Webhook(shared_secret(code)).verify(received.body, dict(received.headers))
        except WebhookVerificationError:
            self.refused += 1
            return as_json({"error": "signature"}, 401)
        document = received.json()
        message_id = str(document["message_id"])
        self.orders.setdefault(code, {}).setdefault(message_id, document)
        return as_json({"message_id": message_id, "id": f"{code}-{len(self.orders[code])}"}, 202)
