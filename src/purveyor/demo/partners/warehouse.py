"""A warehouse system that is told what to await: one resource per expected receipt, replaced as a whole."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from purveyor.demo.partners.server import Answer, Partner, Received, as_json


@dataclass
class Warehouse:
    """``PUT /expected-receipts/KEY`` writes one; ``writes`` counts the calls, ``expected`` holds the present state."""

    token: str
    expected: dict[str, dict[str, object]] = field(default_factory=dict)
    writes: int = 0
    down: bool = False

    def __post_init__(self) -> None:
        self.server = Partner(self._answer)

    def _answer(self, received: Received) -> Answer:
        if self.down:
            return as_json({"error": "maintenance"}, 503)
        if received.headers.get("authorization") != f"Bearer {self.token}":
            return as_json({"error": "token"}, 401)
        key = received.path.rpartition("/")[2]
        if received.method != "PUT" or not received.path.startswith("/expected-receipts/"):
            return as_json({"error": "not found"}, 404)
        try:
            self.expected[key] = received.json()
        except (ValueError, json.JSONDecodeError):
            return as_json({"error": "body"}, 400)
        self.writes += 1
        return as_json({"key": key})
