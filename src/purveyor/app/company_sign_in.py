"""Let people in who come from the company's own sign-in: known by their subject, invited, or of a domain that is let in.

Groups of the provider give roles by a table of the settings; where there is a table, it rules at each sign-in. Needs system
scope.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from purveyor.app import people
from purveyor.core.access import Role
from purveyor.core.errors import InvalidInput, PurveyorError
from purveyor.core.events.account import IdentityLinked, user_stream
from purveyor.core.ids import BusinessUnitId, UserId
from purveyor.store import events, logins, masters, provider_identities
from purveyor.store import people as accounts
from purveyor.store.db import Tx


class NotInvited(PurveyorError):
    """Your company knows you, but you have no access here yet; ask whoever manages people in Purveyor."""

    code = "not_invited"


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Who came: issuer and subject, the mail address the provider vouches for, the name, and whether the domain is let in."""

    issuer: str
    subject: str
    mail: str | None
    name: str | None
    trusted_domain: bool


@dataclass(frozen=True, slots=True)
class GroupRoles:
    """What one of the newcomer's groups means: roles in business units, by code."""

    roles: tuple[str, ...]
    business_units: tuple[str, ...]


def admit(tx: Tx, who: Newcomer, groups: Sequence[GroupRoles], *, ruled_by_groups: bool) -> UserId:
    """Return whose session may start; link a newcomer to his account, or make one.

    Raises NotInvited, and InvalidInput for a table that names unknown roles or business units.
    """
    roles, units = _rights(tx, groups)
    user_id = provider_identities.whose(tx, who.issuer, who.subject)
    if user_id is None:
        user_id = _first_time(tx, who, roles, units)
    person = accounts.one(tx, user_id)
    if not person.active:
        raise NotInvited
    if ruled_by_groups and (person.roles, person.business_units) != (roles, units):
        people.set_roles(tx, user_id, roles, units)
        person = accounts.one(tx, user_id)
    if not person.roles:
        raise NotInvited
    return user_id


def _rights(tx: Tx, groups: Sequence[GroupRoles]) -> tuple[frozenset[Role], frozenset[BusinessUnitId]]:
    known = {unit.code: unit.id for unit in masters.business_units(tx).values()}
    try:
        roles = frozenset(Role(role) for group in groups for role in group.roles)
        return roles, frozenset(known[code] for group in groups for code in group.business_units)
    except (KeyError, ValueError) as error:
        raise InvalidInput(field="group", reason=f"{error} is no role or business unit here") from error


def _first_time(tx: Tx, who: Newcomer, roles: Collection[Role], units: Collection[BusinessUnitId]) -> UserId:
    if who.mail is None:
        raise NotInvited
    user_id = provider_identities.unlinked_by_mail(tx, who.issuer, who.mail)
    if user_id is None:
        if not who.trusted_domain or not roles or logins.user_id_of(tx, who.mail) is not None:
            raise NotInvited
        user_id = people.add(tx, people.NewPerson(who.mail, who.name or who.mail, who.mail), roles, units)
    provider_identities.link(tx, who.issuer, who.subject, user_id)
    events.append(tx, [IdentityLinked(stream=user_stream(user_id), issuer=who.issuer)])
    return user_id
