"""Orders by signed webhook, against a real HTTP server of the supplier."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from standardwebhooks import Webhook

from purveyor.connectors.contract import PermanentError, RetryableError
from purveyor.connectors.suppliers.api import ApiChannel
from purveyor.connectors.suppliers.contract import SupplierDocument
from purveyor.connectors.transport.http import HttpTransport
from purveyor.demo.partners.server import Answer, Partner, Received, as_json

SECRET = "whsec_" + base64.b64encode(b"a shared secret of 24 by").decode()


def a_document(url: str) -> SupplierDocument:
    return SupplierDocument(
        message_id="0192f0c1-0000-7000-8000-000000000001",
        kind="order",
        order_ref="PV000001",
        version=1,
        supplier_name="Keystone Pumps",
        content={"order_ref": "PV000001", "total": "19968.00"},
        link="http://127.0.0.1:8080/s/abc",
        sent_at=datetime.now(UTC),
        api_url=url,
        api_secret=SECRET,
    )


def takes_it(received: Received) -> Answer:
    return as_json({"message_id": received.json()["message_id"], "id": "KEY-77"}, 202)


def test_the_supplier_can_verify_who_sent_the_order() -> None:
    with Partner(takes_it) as supplier:
        delivered = ApiChannel(HttpTransport()).send(a_document(supplier.url + "/orders"))

        received = supplier.received[0]
        verified = Webhook(SECRET).verify(received.body, dict(received.headers))
    assert verified["data"]["total"] == "19968.00"
    assert delivered.remote_id == "KEY-77"


def test_a_success_that_does_not_name_our_message_is_a_failure() -> None:
    with (
        Partner(lambda _: Answer(200, b"<h1>Welcome</h1>", {"content-type": "text/html"})) as supplier,
        pytest.raises(RetryableError),
    ):
        ApiChannel(HttpTransport()).send(a_document(supplier.url))


def test_an_outage_is_tried_again_or_goes_to_the_next_channel() -> None:
    with Partner(lambda _: as_json({}, 503)) as supplier, pytest.raises(RetryableError, match="Keystone Pumps does not take"):
        ApiChannel(HttpTransport()).send(a_document(supplier.url))


def test_a_supplier_without_secret_is_never_called() -> None:
    with Partner(takes_it) as supplier:
        with pytest.raises(PermanentError, match="shared secret"):
            ApiChannel(HttpTransport()).send(replace(a_document(supplier.url), api_secret=None))
        assert supplier.received == []
