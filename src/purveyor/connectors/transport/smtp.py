"""Mail out through an SMTP server.

The server's own verdict decides: 4xx and lost connections may be tried again, 5xx needs a person.
"""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage

from opentelemetry.trace import SpanKind

from purveyor.connectors.contract import Health, PermanentError, RetryableError
from purveyor.spans import Facts, span


@dataclass(frozen=True, slots=True)
class SmtpTransport:
    """One SMTP server. ``start_tls`` is on unless the server is on this machine; ``timeout`` in seconds."""

    host: str
    port: int
    user: str | None = None
    password: str | None = None
    start_tls: bool = False
    timeout: float = 15.0

    def deliver(self, mail: EmailMessage) -> None:
        """Hand one mail to the server; raise PermanentError or RetryableError."""
        facts: Facts = {"server.address": self.host, "server.port": self.port}
        try:
            with span("SMTP send", SpanKind.CLIENT, facts), self._connect() as server:
                server.send_message(mail)
        except smtplib.SMTPRecipientsRefused as error:
            code, text = next(iter(error.recipients.values()))
            raise _verdict(code, text, "The mail server refuses the supplier's address.") from error
        except smtplib.SMTPResponseException as error:
            raise _verdict(error.smtp_code, error.smtp_error, "The mail server refuses the mail.") from error
        except (smtplib.SMTPException, OSError) as error:
            raise RetryableError(f"The mail server does not answer: {type(error).__name__}.", host=self.host) from error

    def health(self) -> Health:
        """Say whether the server greets us."""
        try:
            with self._connect() as server:
                server.noop()
        except (smtplib.SMTPException, OSError) as error:
            return Health(reachable=False, detail=f"{self.host}:{self.port}: {type(error).__name__}")
        return Health(reachable=True)

    def _connect(self) -> smtplib.SMTP:
        server = smtplib.SMTP(self.host, self.port, timeout=self.timeout)
        try:
            if self.start_tls:
                server.starttls(context=ssl.create_default_context())
            if self.user and self.password:
                server.login(self.user, self.password)
        except BaseException:
            server.close()
            raise
        return server


def _verdict(code: int, text: bytes | str, sentence: str) -> PermanentError | RetryableError:
    said = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    if 400 <= code < 500:
        return RetryableError(f"{sentence} It says: {code} {said}", code=code)
    return PermanentError(f"{sentence} It says: {code} {said}", code=code)
