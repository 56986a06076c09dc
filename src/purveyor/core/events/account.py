"""What happens to the accounts of people: added, given roles, invited, let in, locked, ended.

The stream is the person's; the actor is who did it. Names, mail addresses and secrets never stand here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
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


@dataclass(frozen=True, kw_only=True)
class UserInvited(Event):
    """A person gets a mail with a link to set a password; ``purpose`` is invitation or reset, the link ends at ``until``."""

    type: ClassVar[str] = "user.invited"

    purpose: str
    until: datetime


@dataclass(frozen=True, kw_only=True)
class AccessEnded(Event):
    """A person may not sign in any more; sessions and links ended, open approvals went on to the next."""

    type: ClassVar[str] = "user.access_ended"

    approvals_passed_on: int


@dataclass(frozen=True, kw_only=True)
class AccessRestored(Event):
    """A person whose access had ended may sign in again, with the roles of before."""

    type: ClassVar[str] = "user.access_restored"


@dataclass(frozen=True, kw_only=True)
class UserLocked(Event):
    """Too many wrong passwords or codes in a row: the account rests until then."""

    type: ClassVar[str] = "user.locked"

    until: datetime


@dataclass(frozen=True, kw_only=True)
class UserUnlocked(Event):
    """Somebody who manages people let a locked account in again."""

    type: ClassVar[str] = "user.unlocked"


@dataclass(frozen=True, kw_only=True)
class SessionsEnded(Event):
    """A person ended his sessions in other browsers."""

    type: ClassVar[str] = "user.sessions_ended"

    sessions: int


@dataclass(frozen=True, kw_only=True)
class SecondFactorSet(Event):
    """A person set up a second factor; an older one and its recovery codes ended."""

    type: ClassVar[str] = "second_factor.set"


@dataclass(frozen=True, kw_only=True)
class SecondFactorRemoved(Event):
    """Somebody who manages people took a second factor away, because it was lost."""

    type: ClassVar[str] = "second_factor.removed"


@dataclass(frozen=True, kw_only=True)
class RecoveryCodeUsed(Event):
    """A recovery code stood in for the second factor; ``left`` are unused."""

    type: ClassVar[str] = "second_factor.recovered"

    left: int


@dataclass(frozen=True, kw_only=True)
class IdentityLinked(Event):
    """A person came from the company's own sign-in for the first time and is known by it from now on."""

    type: ClassVar[str] = "user.identity_linked"

    issuer: str
