"""Who may change whose account: never one's own rights, never beyond one's own business units, never the last who could.

Source: governance.md 3.1, segregation of duties by person and not by account.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from purveyor.core.access import PERMISSIONS, Actor, ActorKind, Permission, Role
from purveyor.core.errors import InvalidInput, NotAuthorised, PurveyorError

ADMINISTRATORS: Final = frozenset(role for role, held in PERMISSIONS.items() if Permission.USER_MANAGE in held)
"""The roles that may manage people."""
SHORTEST_PASSWORD: Final = 12
LONGEST_PASSWORD: Final = 200


class OwnRights(PurveyorError):
    """Nobody changes his own rights or lets himself in again; ask another person who manages people."""

    code = "own_rights"


class LastAdministrator(PurveyorError):
    """This is the last person who can manage people; let somebody else manage them first."""

    code = "last_administrator"


@dataclass(frozen=True, slots=True)
class Rights:
    """What an account may do now: whose it is, whether it is in force, its roles and business units."""

    person_key: str
    active: bool = True
    roles: frozenset[Role] = frozenset()
    business_units: frozenset[UUID] = frozenset()

    @property
    def administers(self) -> bool:
        """Say whether this account can manage people."""
        return self.active and bool(self.roles & ADMINISTRATORS) and bool(self.business_units)


def check_may_manage(actor: Actor, *accounts: Rights) -> None:
    """Raise NotAuthorised or OwnRights unless an actor may change these accounts; both before and after count.

    The product itself (command line, set-up) may change every account.
    """
    actor.require(Permission.USER_MANAGE)
    if actor.kind is ActorKind.SYSTEM:
        return
    for account in accounts:
        if account.person_key == actor.person_key:
            raise OwnRights
        beyond = account.business_units - actor.business_units
        if beyond:
            raise NotAuthorised(permission=Permission.USER_MANAGE.value, business_unit=min(beyond))


def check_roles(roles: Collection[Role], units: Collection[UUID]) -> None:
    """Raise InvalidInput for roles without a business unit, units without a role, and the role that only suppliers hold."""
    if Role.SUPPLIER in roles:
        raise InvalidInput(field="roles", reason="suppliers are no members of staff; they answer through links and keys")
    if bool(roles) != bool(units):
        raise InvalidInput(field="roles" if units else "business_units", reason="roles hold in business units: name both")


def check_one_is_left(account: Rights, after: Rights, others: Collection[Rights]) -> None:
    """Raise LastAdministrator when a change takes the last account that can manage people."""
    if account.administers and not after.administers and not any(other.administers for other in others):
        raise LastAdministrator


def check_password(password: str) -> None:
    """Raise InvalidInput for a password that is too short, absurdly long, or one character over and over."""
    if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
        raise InvalidInput(field="password", reason=f"needs at least {SHORTEST_PASSWORD} characters")
    if len(set(password)) < SHORTEST_PASSWORD // 3:
        raise InvalidInput(field="password", reason="repeats itself")
