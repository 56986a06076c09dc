"""Orders by mail: a short text with a signed link that needs no account; the reply happens on the page behind the link."""

from __future__ import annotations

from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Final

from purveyor.connectors.contract import Health, PermanentError
from purveyor.connectors.suppliers.contract import Delivered, SupplierDocument
from purveyor.connectors.transport.smtp import SmtpTransport
from purveyor.core.canonical import Json

SUBJECTS: Final = {
    "order": "Purchase order {ref} from {company}",
    "change": "Change to purchase order {ref}, now version {version}",
    "reminder": "Reminder: please answer purchase order {ref}",
    "cancel": "Purchase order {ref} is cancelled",
    "answer": "Our answer about purchase order {ref}",
}
OPENINGS: Final = {
    "order": "please confirm the purchase order below. One click opens it; you need no account.",
    "change": "we changed a purchase order. Lines that did not change keep your answer; please answer the changed ones.",
    "reminder": "we have not had your answer about the purchase order below. Could you give it today?",
    "cancel": "we cancelled the purchase order below. Please do not ship anything of it; nothing needs to be answered.",
    "answer": "we decided about what you proposed for the purchase order below.",
}


class EmailChannel:
    """Sends documents through an SMTP server."""

    name = "email"

    def __init__(self, transport: SmtpTransport, sender: str, company: str) -> None:
        self._transport = transport
        self._sender = sender
        self._company = company

    def send(self, document: SupplierDocument) -> Delivered:
        """Mail the order link to the supplier's known address; raise PermanentError when there is none."""
        if not document.email:
            raise PermanentError("The supplier has no mail address; add one to the supplier, then send again.")
        mail = self.compose(document)
        self._transport.deliver(mail)
        return Delivered(self.name, mail["Message-ID"])

    def health(self) -> Health:
        """Say whether the mail server greets us."""
        return self._transport.health()

    def compose(self, document: SupplierDocument) -> EmailMessage:
        """Build the mail; its Message-ID is made of our message id, so that a repeat is recognised as one."""
        mail = EmailMessage()
        try:
            mail["From"] = self._sender
            mail["To"] = document.email
            mail["Subject"] = SUBJECTS[document.kind].format(
                ref=document.order_ref, company=self._company, version=document.version
            )
        except ValueError as error:  # a line break in an address or name
            raise PermanentError("The supplier's mail address cannot be used; correct it, then send again.") from error
        mail["Date"] = format_datetime(document.sent_at)
        mail["Message-ID"] = f"<{document.message_id}@{self._domain()}>"
        mail["X-Purveyor-Message"] = document.message_id
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(self._text(document))
        return mail

    def _domain(self) -> str:
        return parseaddr(self._sender)[1].rpartition("@")[2]

    def _text(self, document: SupplierDocument) -> str:
        lines = document.content.get("lines")
        table = "\n".join(_line(line) for line in lines if isinstance(line, dict)) if isinstance(lines, list) else ""
        return (
            f"Dear {document.supplier_name},\n\n{OPENINGS[document.kind]}\n\n"
            f"Purchase order {document.order_ref}, version {document.version}\n{table}\n\n"
            f"{_answering(document.link)}{self._company}\n"
        )


def _answering(link: str | None) -> str:
    if link is None:
        return ""
    return (
        f"Answer here (accept all, or answer line by line):\n{link}\n\n"
        "The link belongs to this order alone; please do not forward it.\n\n"
    )


def _line(line: dict[str, Json]) -> str:
    part = line.get("supplier_part_no") or line.get("item")
    return f"  {line.get('line_no')}. {line.get('quantity')} {line.get('uom')}  {part}  {line.get('description') or ''}".rstrip()
