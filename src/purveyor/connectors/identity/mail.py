"""Mails to our own people with a link to set a password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Final

from purveyor.connectors.contract import PermanentError
from purveyor.connectors.transport.smtp import SmtpTransport

SUBJECTS: Final = {"invitation": "Your access to Purveyor at {company}", "reset": "A new password for Purveyor at {company}"}
OPENINGS: Final = {
    "invitation": "you have access to Purveyor now. Your name there is {login}. Choose your password here:",
    "reset": "somebody asked for a new password for your account {login}. Choose it here:",
}
ENDINGS: Final = {
    "invitation": "The link works once and for 72 hours. If you did not expect it, do nothing and tell your IT.",
    "reset": "The link works once and for 72 hours. If it was not you, do nothing: your password stays as it is.",
}


@dataclass(frozen=True, slots=True)
class AccountMail:
    """One mail to one person; ``kind`` is invitation or reset."""

    message_id: str
    kind: str
    name: str
    login: str
    to: str
    link: str
    sent_at: datetime


class PeopleMail:
    """Writes to our own people through an SMTP server."""

    def __init__(self, transport: SmtpTransport, sender: str, company: str) -> None:
        self._transport = transport
        self._sender = sender
        self._company = company

    def send(self, mail: AccountMail) -> None:
        """Hand the mail to the server; raise PermanentError or RetryableError."""
        self._transport.deliver(self.compose(mail))

    def compose(self, mail: AccountMail) -> EmailMessage:
        """Build the mail; raise PermanentError for an address that cannot stand in one."""
        composed = EmailMessage()
        try:
            composed["From"] = self._sender
            composed["To"] = mail.to
            composed["Subject"] = SUBJECTS[mail.kind].format(company=self._company)
        except ValueError as error:  # a line break in an address or name
            raise PermanentError("The person's mail address cannot be used; correct it, then send again.") from error
        composed["Date"] = format_datetime(mail.sent_at)
        domain = parseaddr(self._sender)[1].rpartition("@")[2] or "localhost"
        composed["Message-ID"] = f"<{mail.message_id}@{domain}>"
        composed["Auto-Submitted"] = "auto-generated"
        opening = OPENINGS[mail.kind].format(login=mail.login)
        composed.set_content(f"Dear {mail.name},\n\n{opening}\n\n{mail.link}\n\n{ENDINGS[mail.kind]}\n\n{self._company}\n")
        return composed
