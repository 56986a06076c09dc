"""Telling the warehouse system what to await."""

from __future__ import annotations

import pytest

from purveyor.connectors.contract import PermanentError, RetryableError
from purveyor.connectors.transport.http import HttpTransport
from purveyor.connectors.wms.rest import RestWms
from purveyor.demo.partners.server import Partner, as_json


def test_an_expected_receipt_is_written_as_a_whole() -> None:
    with Partner(lambda received: as_json({"key": received.path.rpartition("/")[2]})) as warehouse:
        RestWms(HttpTransport(warehouse.url)).announce("PV000001-DAY", {"lines": [{"quantity": "20"}]}, "m1")

        assert warehouse.received[0].method == "PUT"
        assert warehouse.received[0].json() == {"lines": [{"quantity": "20"}]}


def test_an_answer_about_something_else_is_a_failure() -> None:
    with Partner(lambda _: as_json({"key": "another"})) as warehouse, pytest.raises(RetryableError):
        RestWms(HttpTransport(warehouse.url)).announce("PV000001-DAY", {}, "m1")


def test_a_refusal_needs_a_person() -> None:
    with Partner(lambda _: as_json({}, 400)) as warehouse, pytest.raises(PermanentError):
        RestWms(HttpTransport(warehouse.url)).announce("PV000001-DAY", {}, "m1")
