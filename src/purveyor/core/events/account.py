"""What happens to the accounts of people: added, given roles, invited, let in, locked, ended.

The stream is the person's; the actor is who did it. Names, mail addresses and secrets never stand here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from purveyor.core.events.base import Event, Ref
from purveyor.core.ids import UserId


def user_stream(user_id: UUID) -> Ref:
    """Return the stream of a person's account."""
    return Ref("user", UserId(user_id))


@dataclass(frozen=True, kw_only=True)
class UserAdded(Event):
    """A person got an account, which opens nothing until roles and a way to sign in are given."""

    type: ClassVar[str] = "user.added"


@dataclass(frozen=True, kw_only=True)
class UserChanged(Event):
    """Name, mail address, language or time zone of a person changed; the fields are named."""

    type: ClassVar[str] = "user.changed"

    changed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RolesSet(Event):
    """A person holds exactly these roles in exactly these business units from now on; open sessions ended."""

    type: ClassVar[str] = "user.roles_set"

    roles: tuple[str, ...]
    business_units: tuple[UUID, ...]


@dataclass(frozen=True, kw_only=True)
class PasswordSet(Event):
    """A person has a new password; ``way`` says how: link, own (knowing the old one) or command_line."""

    type: ClassVar[str] = "user.password_set"

    way: str
