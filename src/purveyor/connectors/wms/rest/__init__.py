"""Expected receipts over REST: one resource per order and site, written as a whole, so a repeat changes nothing."""

from __future__ import annotations

from collections.abc import Mapping

from purveyor.connectors.contract import ConnectorError, Health, RetryableError
from purveyor.connectors.transport.http import HttpTransport, expect_success
from purveyor.core.canonical import Json, to_json


class RestWms:
    """A warehouse system that takes expected receipts as ``PUT /expected-receipts/{key}``."""

    name = "wms"

    def __init__(self, transport: HttpTransport) -> None:
        self._transport = transport

    def health(self) -> Health:
        """Say whether the system answers at all and takes our token; which resources it has is not asked."""
        try:
            reply = self._transport.call("GET", "/")
        except ConnectorError as error:
            return Health(reachable=False, detail=error.message)
        if reply.status in (401, 403):
            return Health(reachable=False, detail=f"refuses our token ({reply.status})")
        return Health(reachable=reply.status < 500, detail=f"answers {reply.status}")

    def announce(self, key: str, document: Mapping[str, Json], message_id: str) -> None:
        """Create, replace or (with no lines) withdraw an expected receipt; raise PermanentError or RetryableError."""
        reply = self._transport.call(
            "PUT", f"/expected-receipts/{key}", json_body=to_json(document), headers={"idempotency-key": message_id}
        )
        expect_success(reply, "The warehouse system does not take the expected receipt.")
        if not isinstance(reply.body, dict) or reply.body.get("key") != key:
            raise RetryableError("The warehouse system answered, but not about this expected receipt.", key=key)
