"""Record what Tryton answers while one order is read and confirmed, as the fixture of test_recorded.py.

Usage: python -m tests.connectors.erp.record RUN_DIR, with a served demo Tryton in RUN_DIR. Signing in is not recorded.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import httpx

from purveyor.connectors.erp.contract import START
from purveyor.connectors.erp.tryton import TrytonConnector
from purveyor.core.erp_records import Entity
from purveyor.core.erp_results import Applied
from tests.connectors.erp.desks import TrytonDesk

FIXTURE = Path(__file__).parent / "fixtures" / "tryton_confirm.json"
SIGN_IN = ("common.db.login", "model.res.user.get_preferences")


class Recorder(httpx.BaseTransport):
    """A network that writes down every answer."""

    def __init__(self) -> None:
        self._inner = httpx.HTTPTransport()
        self.heard: list[dict[str, Any]] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        method = json.loads(request.read())["method"]
        response = self._inner.handle_request(request)
        answer = json.loads(response.read())
        if method not in SIGN_IN:
            self.heard.append({"method": method, "answer": answer})
        return httpx.Response(response.status_code, json=answer)


class Replay(httpx.BaseTransport):
    """A network that gives the recorded answers, call by call, and insists on the recorded calls."""

    def __init__(self, heard: list[dict[str, Any]]) -> None:
        self._heard = list(heard)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        method = json.loads(request.read())["method"]
        if method == SIGN_IN[0]:
            return httpx.Response(200, json={"id": 0, "result": [2, "session", None]})
        if method == SIGN_IN[1]:
            return httpx.Response(200, json={"id": 0, "result": {"company": 1, "company.rec_name": "Demo"}})
        entry = self._heard.pop(0)
        assert entry["method"] == method
        return httpx.Response(200, json=entry["answer"])


def main() -> None:
    """Type an order, then record how it is read, confirmed and how the suppliers are pulled."""
    desk = TrytonDesk(Path(sys.argv[1]), lambda call: None)
    order = desk.draft()
    desk.close()
    recorder = Recorder()
    tryton = TrytonConnector(desk.access, transport=recorder)
    read = tryton.get_order(order.external_id)
    assert read is not None
    assert isinstance(tryton.confirm(read, f"PVREC{order.external_id:0>5}", read.version), Applied)
    tryton.pull(Entity.SUPPLIER, START, 2)
    FIXTURE.parent.mkdir(exist_ok=True)
    FIXTURE.write_text(json.dumps(recorder.heard, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
