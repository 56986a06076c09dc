"""Accounts, passwords, login sessions, API keys: who somebody is, looked up by digest.

Secrets are random tokens kept as SHA-256 digests, passwords as Argon2 hashes. Permissions are read anew on every request,
so that a role taken away is gone at once. All times here are real time, whatever the business clock says.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any, Final
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from purveyor.core.access import Actor, ActorKind, Permission, Role
from purveyor.core.errors import NotFound
from purveyor.core.ids import BusinessUnitId, ClientId, SupplierId, UserId
from purveyor.store.db import Tx
from purveyor.store.tables.parties import API_CLIENT, API_KEY, APP_USER, LOGIN_SESSION, USER_PASSWORD, USER_ROLE

IDLE: Final = timedelta(minutes=30)
LONGEST_SESSION: Final = timedelta(hours=12)
TOKEN_BYTES: Final = 32
KEY_PREFIX: Final = "pv_"
SHOWN_CHARACTERS: Final = 10
"""How much of an API key may be shown, so that people can tell their keys apart."""

_RESOLVE: Final = text("SELECT purveyor_resolve_sign_in(:kind, :digest, :idle)")
_HASHER: Final = PasswordHasher()


@dataclass(frozen=True, slots=True)
class Account:
    """What signing in needs to know about a person."""

    user_id: UserId
    password_hash: str


def login_of(tx: Tx, user_id: UUID) -> str:
    """Return the name a person signs in with; raise NotFound."""
    found: str | None = tx.conn.scalar(select(APP_USER.c.login).where(APP_USER.c.id == user_id))
    if found is None:
        raise NotFound(user=user_id)
    return found


@dataclass(frozen=True, slots=True)
class SignedInUser:
    """A person with a session in force."""

    actor: Actor
    name: str
    locale: str
    time_zone: str
    stepped_up_at: datetime | None


def account(tx: Tx, login: str) -> Account | None:
    """Return the active account with this login name that may sign in with a password, None when there is none."""
    joined = APP_USER.join(USER_PASSWORD, USER_PASSWORD.c.user_id == APP_USER.c.id)
    found = tx.conn.execute(
        select(APP_USER.c.id, USER_PASSWORD.c.password_hash)
        .select_from(joined)
        .where(func.lower(APP_USER.c.login) == login.lower(), APP_USER.c.active)
    ).first()
    return Account(UserId(found.id), found.password_hash) if found else None


def password_fits(known: Account | None, password: str) -> bool:
    """Say whether the password is the account's; takes as long when there is no account."""
    try:
        _HASHER.verify(known.password_hash if known else _nobodys_hash(), password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return known is not None


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash(secrets.token_urlsafe(TOKEN_BYTES))


def add_user(
    tx: Tx, login: str, name: str, *, mail: str | None = None, person_key: str | None = None, time_zone: str = "UTC"
) -> UserId:
    """Add a person who has no role and no password yet; ``person_key`` is shared by all accounts of one human being."""
    user_id = tx.new_id()
    values = {"id": user_id, "login": login, "display_name": name, "mail": mail, "person_key": person_key or str(user_id)}
    settings = {"locale": "en", "timezone": time_zone, "active": True, "created_at": tx.real_now}
    tx.conn.execute(insert(APP_USER).values(**values, **settings))
    return UserId(user_id)


def set_password(tx: Tx, user_id: UserId, password: str) -> None:
    """Give a person a password; every session that is open under the old one ends."""
    values = {"password_hash": _HASHER.hash(password), "changed_at": tx.real_now}
    statement = upsert(USER_PASSWORD).values(user_id=user_id, **values)
    tx.conn.execute(statement.on_conflict_do_update(index_elements=["user_id"], set_=values))
    end_sessions_of(tx, user_id)


def set_roles(tx: Tx, user_id: UserId, roles: Collection[Role], units: Collection[BusinessUnitId]) -> None:
    """Give a person exactly these roles in exactly these business units; open sessions end."""
    tx.conn.execute(delete(USER_ROLE).where(USER_ROLE.c.user_id == user_id))
    rows = [{"user_id": user_id, "role": role.value, "business_unit_id": unit} for role in roles for unit in units]
    if rows:
        tx.conn.execute(insert(USER_ROLE), rows)
    end_sessions_of(tx, user_id)


def start_session(tx: Tx, user_id: UUID, *, half: bool = False, proved: bool = False) -> str:
    """Start a session and return its token, which is kept nowhere but in the person's browser.

    ``half``: the second factor is still to come; such a session signs nobody in. ``proved``: it was given just now.
    """
    token = secrets.token_urlsafe(TOKEN_BYTES)
    tx.conn.execute(
        insert(LOGIN_SESSION).values(
            id=tx.new_id(),
            user_id=user_id,
            token_hash=_digest(token),
            created_at=tx.real_now,
            last_seen_at=tx.real_now,
            expires_at=tx.real_now + LONGEST_SESSION,
            stepped_up_at=tx.real_now if proved else None,
            half=half,
        )
    )
    return token


def resolve_session(tx: Tx, token: str) -> SignedInUser | None:
    """Return who holds a session token, None when it is unknown, idle for 30 minutes, 12 hours old or ended."""
    found = _resolve(tx, "login_session", token)
    if found is None:
        return None
    person = tx.conn.execute(select(APP_USER).where(APP_USER.c.id == UUID(found["user_id"]))).one()
    actor = Actor(
        ActorKind.USER,
        id=person.id,
        person_key=found["person_key"],
        roles=frozenset(Role(role) for role in found["roles"]),
        business_units=_ids(found["business_units"]),
    )
    stepped_up = found["stepped_up_at"]
    at = datetime.fromisoformat(stepped_up) if stepped_up else None
    return SignedInUser(actor, person.display_name, person.locale, person.timezone, at)


def resolve_half_session(tx: Tx, token: str) -> UserId | None:
    """Return whose password was right and whose second factor is still to come, None for every other token."""
    found = _resolve(tx, "half_session", token)
    return None if found is None else UserId(UUID(found["user_id"]))


def end_session(tx: Tx, token: str) -> None:
    """End the session with this token, if there is one."""
    _end(tx, LOGIN_SESSION.c.token_hash == _digest(token))


def end_sessions_of(tx: Tx, user_id: UUID) -> None:
    """End every session of a person."""
    _end(tx, LOGIN_SESSION.c.user_id == user_id)


@dataclass(frozen=True, slots=True)
class SessionMark:
    """What may be shown of a session; ``this`` is the one that asks."""

    started_at: datetime
    seen_at: datetime
    this: bool


def sessions_of(tx: Tx, user_id: UUID, token: str) -> list[SessionMark]:
    """Return the sessions of a person that are in force, the newest first; ``token`` is of the one that asks."""
    session = LOGIN_SESSION.c
    own = _in_force(tx, user_id)
    rows = tx.conn.execute(select(LOGIN_SESSION).where(own).order_by(session.created_at.desc()))
    return [SessionMark(row.created_at, row.last_seen_at, bytes(row.token_hash) == _digest(token)) for row in rows]


def end_other_sessions(tx: Tx, user_id: UUID, token: str) -> int:
    """End every session of a person but the one with this token; return how many those were."""
    others = _in_force(tx, user_id) & (LOGIN_SESSION.c.token_hash != _digest(token))
    return tx.conn.execute(update(LOGIN_SESSION).where(others).values(ended_at=tx.real_now)).rowcount


def _in_force(tx: Tx, user_id: UUID) -> ColumnElement[bool]:
    session = LOGIN_SESSION.c
    fresh = and_(session.expires_at > tx.real_now, session.last_seen_at > tx.real_now - IDLE)
    return and_(session.user_id == user_id, session.ended_at.is_(None), session.half.is_(False), fresh)


def forget_sessions(tx: Tx, before: datetime) -> int:
    """Delete the sessions that ended or expired before a moment (real time); return how many."""
    over = or_(LOGIN_SESSION.c.ended_at < before, LOGIN_SESSION.c.expires_at < before)
    return tx.conn.execute(delete(LOGIN_SESSION).where(over)).rowcount


def add_client(tx: Tx, name: str, *, units: Iterable[BusinessUnitId] = (), supplier_id: SupplierId | None = None) -> ClientId:
    """Add a program that may get API keys: for business units, or for one supplier."""
    client_id = tx.new_id()
    values = {"business_units": list(units), "supplier_id": supplier_id, "active": True, "created_at": tx.real_now}
    tx.conn.execute(insert(API_CLIENT).values(id=client_id, name=name, **values))
    return ClientId(client_id)


def issue_key(tx: Tx, client_id: ClientId, grants: Collection[Permission], *, expires_at: datetime | None = None) -> str:
    """Make an API key for a client and return it; only its digest stays here, so it can be shown this once."""
    key = KEY_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)
    tx.conn.execute(
        insert(API_KEY).values(
            id=tx.new_id(),
            client_id=client_id,
            prefix=key[:SHOWN_CHARACTERS],
            key_hash=_digest(key),
            grants=sorted(grant.value for grant in grants),
            created_at=tx.real_now,
            expires_at=expires_at,
        )
    )
    return key


def revoke_keys(tx: Tx, client_id: ClientId) -> None:
    """Revoke every key of a client at once."""
    mine = (API_KEY.c.client_id == client_id) & API_KEY.c.revoked_at.is_(None)
    tx.conn.execute(update(API_KEY).where(mine).values(revoked_at=tx.real_now))


def revoke_key(tx: Tx, client_id: ClientId, prefix: str) -> int:
    """Revoke the keys of a client that begin so, as they are shown; return how many that were."""
    mine = (API_KEY.c.client_id == client_id) & API_KEY.c.revoked_at.is_(None) & (API_KEY.c.prefix == prefix)
    return tx.conn.execute(update(API_KEY).where(mine).values(revoked_at=tx.real_now)).rowcount


@dataclass(frozen=True, slots=True)
class Client:
    """A program that may hold API keys: for business units, or for one supplier."""

    id: ClientId
    name: str
    supplier_id: SupplierId | None
    business_units: tuple[BusinessUnitId, ...]


@dataclass(frozen=True, slots=True)
class KeyMark:
    """What may be shown of an API key."""

    prefix: str
    grants: tuple[Permission, ...]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None


def clients(tx: Tx) -> list[Client]:
    """Return every program, by name."""
    return [
        Client(
            ClientId(row.id),
            row.name,
            None if row.supplier_id is None else SupplierId(row.supplier_id),
            tuple(BusinessUnitId(unit) for unit in row.business_units),
        )
        for row in tx.conn.execute(select(API_CLIENT).order_by(API_CLIENT.c.name))
    ]


def keys_of(tx: Tx, client_id: ClientId) -> list[KeyMark]:
    """Return what may be shown of a client's keys, the oldest first."""
    rows = tx.conn.execute(select(API_KEY).where(API_KEY.c.client_id == client_id).order_by(API_KEY.c.id))
    return [
        KeyMark(row.prefix, tuple(Permission(grant) for grant in row.grants), row.created_at, row.expires_at, row.revoked_at)
        for row in rows
    ]


def user_id_of(tx: Tx, login: str) -> UserId | None:
    """Return the person with this login name, None when there is none."""
    found = tx.conn.scalar(select(APP_USER.c.id).where(func.lower(APP_USER.c.login) == login.lower()))
    return None if found is None else UserId(found)


def resolve_key(tx: Tx, key: str) -> Actor | None:
    """Return the client that holds an API key, None when the key is unknown, revoked or expired."""
    found = _resolve(tx, "api_key", key)
    if found is None:
        return None
    return Actor(
        ActorKind.API_CLIENT,
        id=UUID(found["client_id"]),
        business_units=_ids(found["business_units"]),
        supplier_id=UUID(found["supplier_id"]) if found["supplier_id"] else None,
        grants=frozenset(Permission(grant) for grant in found["grants"]),
    )


def _resolve(tx: Tx, kind: str, token: str) -> Mapping[str, Any] | None:
    values = {"kind": kind, "digest": _digest(token), "idle": IDLE}
    found: Mapping[str, Any] | None = tx.conn.execute(_RESOLVE, values).scalar_one()
    return found


def _end(tx: Tx, which: Any) -> None:
    tx.conn.execute(update(LOGIN_SESSION).where(which, LOGIN_SESSION.c.ended_at.is_(None)).values(ended_at=tx.real_now))


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _ids(values: Iterable[str]) -> frozenset[UUID]:
    return frozenset(UUID(value) for value in values)
