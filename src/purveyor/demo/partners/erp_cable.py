"""The cable to the ERP: a relay that can be unplugged, and that can lose the answer to one call after the ERP has acted."""

from __future__ import annotations

import httpx

from purveyor.demo.partners.server import Answer, Partner, Received, as_json

HOP_BY_HOP = frozenset({"connection", "content-length", "host", "transfer-encoding", "content-encoding", "keep-alive"})


class ErpCable:
    """Relays HTTP to the ERP at ``target``. ``lose_answer_to`` is a text: the next call whose body holds it gets no answer."""

    def __init__(self, target: str, port: int = 0) -> None:
        self.plugged = True
        self.lose_answer_to: str | None = None
        self.lost: list[Received] = []
        self._client = httpx.Client(base_url=target, timeout=120, trust_env=False)
        self.server = Partner(self._relay, port)

    @property
    def url(self) -> str:
        """Where Purveyor finds the ERP."""
        return self.server.url

    def stop(self) -> None:
        """Take the cable away."""
        self.server.stop()
        self._client.close()

    def _relay(self, received: Received) -> Answer | None:
        if not self.plugged:
            return as_json({"error": "unplugged"}, 503)
        headers = {name: value for name, value in received.headers.items() if name not in HOP_BY_HOP}
        try:
            reply = self._client.request(received.method, received.path, content=received.body, headers=headers)
        except httpx.TransportError:
            return as_json({"error": "the ERP does not answer"}, 502)
        if self.lose_answer_to is not None and self.lose_answer_to.encode() in received.body:
            self.lose_answer_to = None
            self.lost.append(received)
            return None
        kept = {name: value for name, value in reply.headers.items() if name.lower() not in HOP_BY_HOP}
        return Answer(reply.status_code, reply.content, kept)
