"""Links to set a password go out by mail; each attempt carries a token of its own, and only the last one opens."""

from __future__ import annotations

from pathlib import Path

import pytest

from purveyor.app import access_links, people
from purveyor.connectors.contract import PermanentError
from purveyor.connectors.identity.mail import AccountMail, PeopleMail
from purveyor.connectors.transport.smtp import SmtpTransport
from purveyor.core.access import SYSTEM, Role
from purveyor.core.ids import UserId
from purveyor.demo.partners.mailbox import Mailbox
from purveyor.settings import Settings
from purveyor.store import account_links, messages
from purveyor.store.db import Database
from purveyor.worker.connections import load_connections
from purveyor.worker.loop import work_off
from purveyor.worker.tasks import build_registry
from tests.web.people import a_business_unit


def invited(database: Database) -> UserId:
    """Invite Dana."""
    with database.transaction(SYSTEM) as tx:
        user = people.add(tx, people.NewPerson("dana", "Dana", "dana@example.com"), [Role.BUYER], [a_business_unit(tx)])
        access_links.invite(tx, user)
    return user


def states(database: Database) -> list[str]:
    with database.read(SYSTEM) as tx:
        return [message.state for message in messages.listed(tx, (), limit=5)]


def test_the_mail_brings_a_link_that_opens_once(database: Database, tmp_path: Path) -> None:
    user = invited(database)
    mailbox = Mailbox()
    settings = Settings(data_dir=tmp_path, smtp_port=mailbox.port, base_url="https://purveyor.example")
    try:
        work_off(database, settings, build_registry(settings, load_connections(settings)))
    finally:
        mailbox.stop()

    (mail,) = mailbox.to("dana@example.com")
    token = mail.text.partition("https://purveyor.example/welcome/")[2].split()[0]
    with database.transaction(SYSTEM) as tx:
        assert access_links.open_link(tx, token).id == user
        assert access_links.set_password(tx, token, "four words that rhyme") == user
        with pytest.raises(access_links.LinkOver):
            access_links.set_password(tx, token, "four words that rhyme")
    assert states(database) == ["done"]


def test_a_link_that_is_over_when_its_turn_comes_is_not_sent(database: Database, tmp_path: Path) -> None:
    user = invited(database)
    with database.transaction(SYSTEM) as tx:
        account_links.close_all(tx, user)
    settings = Settings(data_dir=tmp_path, smtp_host="")

    work_off(database, settings, build_registry(settings, load_connections(settings)))

    assert "ready" not in states(database)


def test_without_a_mail_server_the_message_waits_for_a_person(database: Database, tmp_path: Path) -> None:
    invited(database)
    settings = Settings(data_dir=tmp_path, smtp_host="")

    work_off(database, settings, build_registry(settings, load_connections(settings)))

    assert states(database) == ["dead"]


def test_an_address_that_would_break_the_mail_is_refused(database: Database) -> None:
    with database.read(SYSTEM) as tx:
        now = tx.real_now
    mail = AccountMail("1", "reset", "Dana", "dana", "dana@example.com\r\nBcc: all@example.com", "https://x", now)

    with pytest.raises(PermanentError):
        PeopleMail(SmtpTransport("127.0.0.1", 1), "Purveyor <p@example.com>", "Us").compose(mail)
