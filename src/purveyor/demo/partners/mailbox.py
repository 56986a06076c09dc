"""The suppliers' mailboxes: an SMTP server that keeps what arrives and refuses or delays on request."""

from __future__ import annotations

import socket
import threading
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session


def free_port() -> int:
    """Return a loopback port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass(frozen=True)
class Mail:
    """One delivered mail."""

    to: tuple[str, ...]
    message: EmailMessage

    @property
    def text(self) -> str:
        """The plain text of the mail."""
        body = self.message.get_body(("plain",))
        return body.get_content() if body is not None else ""


class Mailbox:
    """An SMTP server on loopback. ``verdicts`` maps an address to the reply it gets instead of delivery ("451 later")."""

    def __init__(self, port: int | None = None) -> None:
        self.port = port or free_port()
        self.mails: list[Mail] = []
        self.verdicts: dict[str, str] = {}
        self._lock = threading.Lock()
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self._controller.start()

    def stop(self) -> None:
        """Stop taking mail."""
        self._controller.stop()

    def to(self, address: str) -> list[Mail]:
        """Return the mails of one address, oldest first."""
        with self._lock:
            return [mail for mail in self.mails if address in mail.to]

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]) -> str:
        """Accept a recipient, or give the verdict that was set for it."""
        if address in self.verdicts:
            return self.verdicts[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """Keep the mail."""
        content = envelope.content if isinstance(envelope.content, bytes) else (envelope.content or "").encode("utf-8")
        parsed = message_from_bytes(content, _class=EmailMessage, policy=policy.default)
        with self._lock:
            self.mails.append(Mail(tuple(envelope.rcpt_tos), parsed))
        return "250 taken"
