"""Add people, give them roles in business units, change what is known of them; every change is in the log.

All of it needs system scope (accounts are seen by the product alone) and an actor who manages people; nobody changes his own
rights, and the last person who manages people stays one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from purveyor.app import approve
from purveyor.core.access import Permission, Role
from purveyor.core.accounts import Rights, check_may_manage, check_one_is_left, check_password, check_roles
from purveyor.core.errors import InvalidInput
from purveyor.core.events.account import (
    AccessEnded,
    AccessRestored,
    PasswordSet,
    RolesSet,
    UserAdded,
    UserChanged,
    UserUnlocked,
    user_stream,
)
from purveyor.core.events.base import Ref
from purveyor.core.ids import BusinessUnitId, UserId
from purveyor.store import account_links, events, logins, people, sign_in_tries
from purveyor.store.db import Tx
from purveyor.store.people import Person

COMMAND_LINE: Final = "command_line"


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Command: a person to be added; no language and no time zone means the usual ones."""

    login: str
    name: str
    mail: str | None = None
    time_zone: str = "UTC"
    language: str = "en"


def add(tx: Tx, new: NewPerson, roles: Collection[Role], units: Collection[BusinessUnitId]) -> UserId:
    """Add a person with roles in business units; nobody can sign in before he set a password or came from the provider.

    Raises NotAuthorised, InvalidInput (a login that is taken, roles without a unit).
    """
    tx.actor.require(Permission.USER_MANAGE)
    if logins.user_id_of(tx, new.login) is not None:
        raise InvalidInput(field="login", reason=f"{new.login} is taken")
    user_id = logins.add_user(tx, new.login, new.name, mail=new.mail, time_zone=new.time_zone)
    people.change(tx, user_id, {"locale": new.language})
    events.append(tx, [UserAdded(stream=user_stream(user_id))])
    set_roles(tx, user_id, roles, units)
    return user_id


def set_roles(tx: Tx, user_id: UserId, roles: Collection[Role], units: Collection[BusinessUnitId]) -> None:
    """Give a person exactly these roles in exactly these business units; open sessions end.

    Raises NotAuthorised, NotFound, InvalidInput, OwnRights, LastAdministrator.
    """
    check_roles(roles, units)
    person = to_manage(tx, user_id)
    after = replace(person.rights, roles=frozenset(roles), business_units=frozenset[UUID](units))
    check_may_manage(tx.actor, after)
    require_one_left(tx, person, after)
    logins.set_roles(tx, user_id, roles, units)
    approve.pass_on_steps_of(tx, user_id)
    told = RolesSet(
        stream=user_stream(user_id),
        refs=tuple(Ref(events.UNIT_REF, unit) for unit in sorted(units)),
        roles=tuple(sorted(role.value for role in roles)),
        business_units=tuple(sorted(units)),
    )
    events.append(tx, [told])


def change(tx: Tx, user_id: UserId, values: Mapping[str, str | None]) -> None:
    """Change name, mail address, language or time zone (columns of an account); what stays the same is not told.

    Raises NotAuthorised, NotFound, OwnRights.
    """
    to_manage(tx, user_id)
    people.change(tx, user_id, values)
    events.append(tx, [UserChanged(stream=user_stream(user_id), changed=tuple(sorted(values)))])


def set_password(tx: Tx, user_id: UserId, password: str, way: str = COMMAND_LINE) -> None:
    """Give a person a password; open sessions end. The caller made sure who asks: the command line, a link, the person himself.

    Raises InvalidInput for a password that is too short.
    """
    check_password(password)
    logins.set_password(tx, user_id, password)
    events.append(tx, [PasswordSet(stream=user_stream(user_id), way=way)])


def end_access(tx: Tx, user_id: UserId) -> None:
    """Let a person in no longer, from this moment: sessions and links end, his open approvals go to the next of their role.

    Raises NotAuthorised, NotFound, OwnRights, LastAdministrator.
    """
    person = to_manage(tx, user_id)
    require_one_left(tx, person, replace(person.rights, active=False))
    people.change(tx, user_id, {"active": False})
    logins.end_sessions_of(tx, user_id)
    account_links.close_all(tx, user_id)
    passed_on = approve.pass_on_steps_of(tx, user_id)
    events.append(tx, [AccessEnded(stream=user_stream(user_id), approvals_passed_on=passed_on)])


def restore_access(tx: Tx, user_id: UserId) -> None:
    """Let a person in again whose access had ended. Raises NotAuthorised, NotFound, OwnRights."""
    to_manage(tx, user_id)
    people.change(tx, user_id, {"active": True})
    events.append(tx, [AccessRestored(stream=user_stream(user_id))])


def unlock(tx: Tx, user_id: UserId) -> None:
    """Let an account in again that rests after wrong tries. Raises NotAuthorised, NotFound, OwnRights."""
    to_manage(tx, user_id)
    if sign_in_tries.forget(tx, user_id):
        events.append(tx, [UserUnlocked(stream=user_stream(user_id))])


def to_manage(tx: Tx, user_id: UserId) -> Person:
    """Return a person the actor may manage, with all rights locked; raise NotAuthorised, NotFound, OwnRights."""
    tx.actor.require(Permission.USER_MANAGE)
    people.lock_all(tx)
    person = people.one(tx, user_id)
    check_may_manage(tx.actor, person.rights)
    return person


def require_one_left(tx: Tx, person: Person, after: Rights) -> None:
    """Raise LastAdministrator when a change would take the last one who manages people."""
    others = [each.rights for each in people.everybody(tx) if each.id != person.id]
    check_one_is_left(person.rights, after, others)
