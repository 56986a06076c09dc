"""Orders by mail, against a real SMTP server on this machine."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from purveyor.connectors.contract import PermanentError, RetryableError
from purveyor.connectors.suppliers.contract import SupplierDocument
from purveyor.connectors.suppliers.email import EmailChannel
from purveyor.connectors.transport.smtp import SmtpTransport
from purveyor.demo.partners.mailbox import Mailbox


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    mailbox = Mailbox()
    yield mailbox
    mailbox.stop()


@pytest.fixture
def smtp(mailbox: Mailbox) -> SmtpTransport:
    return SmtpTransport("127.0.0.1", mailbox.port, timeout=5)


def a_document(email: str | None = "orders@keystone.example", kind: str = "order") -> SupplierDocument:
    return SupplierDocument(
        message_id="0192f0c1-0000-7000-8000-000000000001",
        kind=kind,
        order_ref="PV000001",
        version=1,
        supplier_name="Keystone Pumps",
        content={"lines": [{"line_no": 1, "quantity": "20", "uom": "CT", "supplier_part_no": "KP-100", "description": "Pump"}]},
        link="http://127.0.0.1:8080/s/abc",
        sent_at=datetime(2026, 3, 9, 14, tzinfo=UTC),
        email=email,
    )


def a_channel(smtp: SmtpTransport) -> EmailChannel:
    return EmailChannel(smtp, "Purchasing <purchasing@mvps.example>", "Miami Valley Pump & Supply")


def test_the_supplier_gets_the_lines_and_a_link_that_needs_no_account(smtp: SmtpTransport, mailbox: Mailbox) -> None:
    delivered = a_channel(smtp).send(a_document())

    mail = mailbox.to("orders@keystone.example")[0]
    assert mail.message["Subject"] == "Purchase order PV000001 from Miami Valley Pump & Supply"
    assert "1. 20 CT  KP-100  Pump" in mail.text
    assert "http://127.0.0.1:8080/s/abc" in mail.text
    assert delivered.remote_id == mail.message["Message-ID"]


def test_a_repeat_carries_the_same_identity(smtp: SmtpTransport) -> None:
    first = a_channel(smtp).send(a_document())
    second = a_channel(smtp).send(a_document())

    assert first == second


@pytest.mark.parametrize("kind", ["order", "change", "reminder", "cancel", "answer"])
def test_every_kind_of_document_has_its_own_subject(smtp: SmtpTransport, kind: str) -> None:
    assert "PV000001" in a_channel(smtp).compose(a_document(kind=kind))["Subject"]


def test_a_cancellation_asks_for_no_answer(smtp: SmtpTransport) -> None:
    text = a_channel(smtp).compose(replace(a_document(kind="cancel"), link=None)).get_content()

    assert "do not ship anything" in text
    assert "Answer here" not in text


def test_a_refused_address_needs_a_person(smtp: SmtpTransport, mailbox: Mailbox) -> None:
    mailbox.verdicts["orders@keystone.example"] = "550 no such user"

    with pytest.raises(PermanentError, match="550 no such user"):
        a_channel(smtp).send(a_document())


def test_a_busy_mailbox_is_tried_again(smtp: SmtpTransport, mailbox: Mailbox) -> None:
    mailbox.verdicts["orders@keystone.example"] = "451 try later"

    with pytest.raises(RetryableError, match="451 try later"):
        a_channel(smtp).send(a_document())


def test_a_supplier_without_address_needs_a_person(smtp: SmtpTransport) -> None:
    with pytest.raises(PermanentError, match="no mail address"):
        a_channel(smtp).send(a_document(email=None))


def test_a_line_break_in_an_address_never_reaches_the_server(smtp: SmtpTransport, mailbox: Mailbox) -> None:
    with pytest.raises(PermanentError, match="cannot be used"):
        a_channel(smtp).send(a_document(email="a@b.example\nBcc: everybody@b.example"))

    assert mailbox.mails == []


def test_a_server_that_is_away_is_tried_again(smtp: SmtpTransport) -> None:
    away = replace(smtp, port=9)

    with pytest.raises(RetryableError, match="does not answer"):
        a_channel(away).send(a_document())
    assert not away.health().reachable
    assert smtp.health().reachable
