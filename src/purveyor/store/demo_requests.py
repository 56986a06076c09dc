"""What a visitor asks of the demo, as rows: pages write them, the demo's supervisor carries them out and says how it went.

Times are real times: the business clock is one of the things a visitor moves. Nothing here is used outside the demo.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from purveyor.core.access import Role
from purveyor.store.db import Tx
from purveyor.store.tables.demo import DEMO_REQUEST, DEMO_STATE
from purveyor.store.tables.parties import APP_USER, USER_PASSWORD, USER_ROLE

DONE: Final = "done"
"""The result of a request that was carried out; any other result is the sentence that says why it was not."""
LISTENING: Final = timedelta(seconds=10)
"""How long after its last sign of life the supervisor still counts as there."""


class DemoVerb(StrEnum):
    """What a visitor may ask for."""

    NEXT_MORNING = "next_morning"
    UNPLUG = "unplug"
    PLUG = "plug"
    RESET = "reset"


@dataclass(frozen=True, slots=True)
class DemoRequest:
    """One request; ``result`` stays None until it was carried out or failed."""

    id: UUID
    verb: DemoVerb
    requested_at: datetime
    done_at: datetime | None
    result: str | None


@dataclass(frozen=True, slots=True)
class DemoState:
    """How the demo's world stands: whether the ERP's cable is plugged, whether the story is being played (requests wait until
    it has ended), and whether the demo's program gave a sign of life lately."""

    plugged: bool = True
    playing: bool = False
    listening: bool = False


@dataclass(frozen=True, slots=True)
class SignIn:
    """A person a visitor may become."""

    login: str
    name: str
    roles: tuple[Role, ...]


def ask(tx: Tx, verb: DemoVerb) -> UUID:
    """Ask the supervisor for something; the same thing already asked for and not begun is asked for once."""
    same = select(DEMO_REQUEST.c.id).where(DEMO_REQUEST.c.verb == verb.value, DEMO_REQUEST.c.done_at.is_(None))
    known: UUID | None = tx.conn.scalar(same.limit(1))
    if known is not None:
        return known
    request_id = tx.new_id()
    tx.conn.execute(insert(DEMO_REQUEST).values(id=request_id, verb=verb.value, requested_at=tx.real_now))
    return request_id


def waiting(tx: Tx) -> list[DemoRequest]:
    """Return what was asked for and not carried out, the oldest first."""
    query = select(DEMO_REQUEST).where(DEMO_REQUEST.c.done_at.is_(None))
    rows = tx.conn.execute(query.order_by(DEMO_REQUEST.c.requested_at, DEMO_REQUEST.c.id))
    return [DemoRequest(row.id, DemoVerb(row.verb), row.requested_at, row.done_at, row.result) for row in rows]


def finish(tx: Tx, request_id: UUID, result: str = DONE) -> None:
    """Say that a request was carried out, or why it was not."""
    changes = {"done_at": tx.real_now, "result": result}
    tx.conn.execute(update(DEMO_REQUEST).where(DEMO_REQUEST.c.id == request_id).values(**changes))


def last_done(tx: Tx) -> DemoRequest | None:
    """Return the request that ended last, None when none did."""
    query = select(DEMO_REQUEST).where(DEMO_REQUEST.c.done_at.is_not(None))
    row = tx.conn.execute(query.order_by(DEMO_REQUEST.c.done_at.desc(), DEMO_REQUEST.c.id.desc()).limit(1)).first()
    return None if row is None else DemoRequest(row.id, DemoVerb(row.verb), row.requested_at, row.done_at, row.result)


def known(tx: Tx, request_id: UUID) -> bool:
    """Say whether a request is one of this database; after a reset none of the old ones is."""
    return tx.conn.scalar(select(DEMO_REQUEST.c.id).where(DEMO_REQUEST.c.id == request_id)) is not None


def tell_state(tx: Tx, *, plugged: bool, playing: bool = False) -> None:
    """Give a sign of life, and say whether the ERP's cable is plugged and whether the story is being played."""
    changes = {"plugged": plugged, "playing": playing, "seen_at": tx.real_now}
    statement = upsert(DEMO_STATE).values(id=1, **changes)
    tx.conn.execute(statement.on_conflict_do_update(index_elements=["id"], set_=changes))


def state(tx: Tx) -> DemoState:
    """Return how the world stands; before the first sign of life the story is about to be played."""
    row = tx.conn.execute(select(DEMO_STATE)).first()
    if row is None:
        return DemoState(playing=True, listening=True)
    return DemoState(row.plugged, row.playing, tx.real_now - row.seen_at <= LISTENING)


def sign_ins(tx: Tx) -> list[SignIn]:
    """Return the active people who have a password and a role, in the order they were set up; needs the system scope."""
    person, role = APP_USER.c, USER_ROLE.c
    joined = APP_USER.join(USER_PASSWORD, USER_PASSWORD.c.user_id == person.id).join(USER_ROLE, role.user_id == person.id)
    query = select(person.id, person.login, person.display_name, role.role).distinct().select_from(joined)
    rows = tx.conn.execute(query.where(person.active).order_by(person.id, role.role)).all()
    roles: dict[tuple[str, str], list[Role]] = {}
    for row in rows:
        roles.setdefault((row.login, row.display_name), []).append(Role(row.role))
    return [SignIn(login, name, tuple(held)) for (login, name), held in roles.items()]
