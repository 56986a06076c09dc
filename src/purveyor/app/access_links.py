"""Invite people and let them set their own password through a link by mail; count wrong tries.

Opening a link shows a page and never acts (mail scanners open links); using it ends it. Needs system scope throughout.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from purveyor.app import dispatch, people
from purveyor.core.errors import InvalidInput, PurveyorError
from purveyor.core.events.account import UserInvited, UserLocked, user_stream
from purveyor.core.ids import UserId
from purveyor.core.messaging import MAIL_CHANNEL, MessageKind, Outbound
from purveyor.store import account_links, events, logins, sign_in_tries
from purveyor.store import people as accounts
from purveyor.store.account_links import INVITATION, RESET
from purveyor.store.db import Tx
from purveyor.store.message_batches import NewMessage
from purveyor.store.messages import About, Message
from purveyor.store.people import Person


class LinkOver(PurveyorError):
    """This link was used, replaced by a newer one, or is older than 72 hours; ask for a new one."""

    code = "link_over"


@dataclass(frozen=True, slots=True)
class LinkMail:
    """What a mail with a link says: to whom, as an invitation or a reset, and the token of the link."""

    name: str
    login: str
    mail: str
    purpose: str
    token: str


def invite(tx: Tx, user_id: UserId) -> None:
    """Send a person a link to set a password: an invitation, or a reset for who has one. Older links end.

    Raises NotAuthorised, NotFound, OwnRights, InvalidInput (no mail address, access ended).
    """
    person = people.to_manage(tx, user_id)
    if not person.active:
        raise InvalidInput(field="user", reason="access has ended; restore it first")
    if person.mail is None:
        raise InvalidInput(field="mail", reason="has no mail address")
    _queue(tx, person, RESET if person.has_password else INVITATION)


def make_link(tx: Tx, user_id: UserId) -> str:
    """Make a link without a mail and return its token, for the command line; raises what ``invite`` raises, without mail."""
    person = people.to_manage(tx, user_id)
    purpose = RESET if person.has_password else INVITATION
    link_id, until = account_links.add(tx, user_id, purpose)
    events.append(tx, [UserInvited(stream=user_stream(user_id), purpose=purpose, until=until)])
    token = account_links.give_token(tx, link_id)
    assert token is not None, "a link that was just made is open"
    return token


def forgotten(tx: Tx, login: str) -> None:
    """Send a link to whoever has this login name and a mail address; say nothing about whether there is such a person."""
    user_id = logins.user_id_of(tx, login)
    person = None if user_id is None else accounts.one(tx, user_id)
    if person is None or not person.active or person.mail is None:
        return
    # Who comes from the company's own sign-in gets no second way in by himself.
    if person.has_password or not person.has_identity:
        _queue(tx, person, RESET if person.has_password else INVITATION)


def _queue(tx: Tx, person: Person, purpose: str) -> None:
    link_id, until = account_links.add(tx, person.id, purpose)
    kind = MessageKind.ACCOUNT_LINK
    outbound = Outbound(kind, "user", person.id, 1, str(person.id), MAIL_CHANNEL, f"{kind.value}:{link_id}")
    about = About(business_unit_id=min(person.business_units, default=None))
    dispatch.queue(tx, [NewMessage(outbound, {"schema": 1, "link_id": str(link_id)}, about)])
    events.append(tx, [UserInvited(stream=user_stream(person.id), purpose=purpose, until=until)])


def for_mail(tx: Tx, message: Message) -> LinkMail | None:
    """Make the token of a link and return what its mail says; None when the link is over meanwhile."""
    link = account_links.owner(tx, UUID(str(message.payload["link_id"])))
    person = None if link is None else accounts.one(tx, link.user_id)
    if link is None or person is None or person.mail is None:
        return None
    token = account_links.give_token(tx, link.id)
    return None if token is None else LinkMail(person.name, person.login, person.mail, link.purpose, token)


def open_link(tx: Tx, token: str) -> Person:
    """Return whose password a link sets, without using it; raise LinkOver."""
    link = account_links.look(tx, token)
    if link is None:
        raise LinkOver
    return accounts.one(tx, link.user_id)


def set_password(tx: Tx, token: str, password: str) -> UserId:
    """Set a password through a link, which ends; a locked account opens. Raises LinkOver, InvalidInput."""
    link = account_links.look(tx, token)
    if link is None:
        raise LinkOver
    people.set_password(tx, link.user_id, password, way="link")
    if not account_links.use(tx, link.id):
        raise LinkOver
    sign_in_tries.forget(tx, link.user_id)
    return link.user_id


def note_wrong_try(tx: Tx, user_id: UserId) -> None:
    """Count a wrong password or code of a known account; too many in a row are told in the log."""
    until = sign_in_tries.count_wrong(tx, user_id)
    if until is not None:
        events.append(tx, [UserLocked(stream=user_stream(user_id), until=until)])
