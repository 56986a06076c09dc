"""People as those who manage them see them: account, roles, business units, how they sign in, and whether they may.

Passwords, sessions and second factors are known under the product's own scope alone; so is this list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, func, literal, select, update

from purveyor.core.access import Role
from purveyor.core.accounts import Rights
from purveyor.core.errors import NotFound
from purveyor.core.ids import BusinessUnitId, UserId
from purveyor.store.db import Tx
from purveyor.store.tables.accounts import ACCOUNT_LINK, ACCOUNT_LOCK, PROVIDER_IDENTITY, SECOND_FACTOR
from purveyor.store.tables.parties import APP_USER, LOGIN_SESSION, USER_PASSWORD, USER_ROLE

CHANGEABLE: Final = ("display_name", "mail", "locale", "timezone", "active")


@dataclass(frozen=True, slots=True)
class Person:
    """A person's account. Times are real time; ``invited_until`` is when the newest unused link ends."""

    id: UserId
    login: str
    name: str
    mail: str | None
    person_key: str
    language: str
    time_zone: str
    active: bool
    roles: frozenset[Role]
    business_units: frozenset[BusinessUnitId]
    has_password: bool
    has_second_factor: bool
    has_identity: bool
    locked_until: datetime | None
    invited_until: datetime | None
    seen_at: datetime | None

    @property
    def rights(self) -> Rights:
        """What the account may do, as the rules about managing people need it."""
        return Rights(self.person_key, self.active, self.roles, frozenset[UUID](self.business_units))


def everybody(tx: Tx) -> list[Person]:
    """Return every person, by name."""
    return _load(tx, None)


def one(tx: Tx, user_id: UUID) -> Person:
    """Return one person; raise NotFound."""
    found = _load(tx, user_id)
    if not found:
        raise NotFound(user=user_id)
    return found[0]


def lock_all(tx: Tx) -> None:
    """Let no other transaction change rights until this one ends, so that two cannot take the last administrators at once."""
    tx.conn.execute(select(func.pg_advisory_xact_lock(func.hashtext(literal("purveyor people")))))


def change(tx: Tx, user_id: UUID, values: Mapping[str, Any]) -> None:
    """Write some columns of an account: name, mail address, language, time zone, or whether it is in force."""
    unknown = set(values) - set(CHANGEABLE)
    if unknown:
        raise ValueError(f"{sorted(unknown)} cannot be changed")
    tx.conn.execute(update(APP_USER).where(APP_USER.c.id == user_id).values(**values))


def _load(tx: Tx, user_id: UUID | None) -> list[Person]:
    roles: dict[UUID, set[Role]] = defaultdict(set)
    units: dict[UUID, set[BusinessUnitId]] = defaultdict(set)
    held = select(USER_ROLE)
    query = _accounts(tx)
    if user_id is not None:
        held, query = held.where(USER_ROLE.c.user_id == user_id), query.where(APP_USER.c.id == user_id)
    for row in tx.conn.execute(held):
        roles[row.user_id].add(Role(row.role))
        units[row.user_id].add(BusinessUnitId(row.business_unit_id))
    rows = tx.conn.execute(query.order_by(func.lower(APP_USER.c.display_name), APP_USER.c.id))
    return [_person(row, frozenset(roles[row.id]), frozenset(units[row.id])) for row in rows]


def _accounts(tx: Tx) -> Any:
    user, link, session = APP_USER.c, ACCOUNT_LINK.c, LOGIN_SESSION.c
    open_link = (link.user_id == user.id) & link.used_at.is_(None) & (link.expires_at > tx.real_now)
    has = {
        name: select(literal(1)).where(table.c.user_id == user.id).exists().label(name)
        for name, table in (
            ("has_password", USER_PASSWORD),
            ("has_second_factor", SECOND_FACTOR),
            ("has_identity", PROVIDER_IDENTITY),
        )
    }
    return select(
        APP_USER,
        *has.values(),
        select(ACCOUNT_LOCK.c.locked_until)
        .where(ACCOUNT_LOCK.c.user_id == user.id, ACCOUNT_LOCK.c.locked_until > tx.real_now)
        .scalar_subquery()
        .label("locked_until"),
        select(func.max(link.expires_at)).where(open_link).scalar_subquery().label("invited_until"),
        select(func.max(session.last_seen_at)).where(session.user_id == user.id).scalar_subquery().label("seen_at"),
    )


def _person(row: Row[Any], roles: frozenset[Role], units: frozenset[BusinessUnitId]) -> Person:
    return Person(
        id=UserId(row.id),
        login=row.login,
        name=row.display_name,
        mail=row.mail,
        person_key=row.person_key,
        language=row.locale,
        time_zone=row.timezone,
        active=row.active,
        roles=roles,
        business_units=units,
        has_password=row.has_password,
        has_second_factor=row.has_second_factor,
        has_identity=row.has_identity,
        locked_until=row.locked_until,
        invited_until=row.invited_until,
        seen_at=row.seen_at,
    )
