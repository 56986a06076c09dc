"""A small organisation in the database: a business unit, its people and their approval roles, and the shipped policies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import insert

from purveyor.app import policy
from purveyor.app.approve import assign_holder
from purveyor.app.policy import LoadPolicies
from purveyor.core.access import SYSTEM, Actor, ActorKind, Role
from purveyor.core.ids import BusinessUnitId, UserId
from purveyor.store import logins
from purveyor.store.db import Database, Tx, move_clock
from purveyor.store.tables.parties import BUSINESS_UNIT
from tests.order_builders import UNIT
from tests.policies import FOLDER

MONDAY_NINE = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)


@dataclass(frozen=True)
class People:
    """The people of one business unit."""

    martha: Actor
    paula: Actor
    derek: Actor
    carl: Actor
    owen: Actor
    rita: Actor


def policy_files() -> dict[str, str]:
    """The policy files the product ships, by name."""
    return {file.name: file.read_text("utf-8") for file in sorted(FOLDER.glob("*.toml"))}


def set_clock(database: Database, moment: datetime) -> None:
    """Let business time stand at a moment (it runs on from there)."""
    with database.transaction(SYSTEM) as tx:
        move_clock(tx, moment - tx.real_now)


def pass_hours(database: Database, hours: int) -> None:
    """Let business time run on by some hours."""
    with database.transaction(SYSTEM) as tx:
        now = tx.now
    set_clock(database, now + timedelta(hours=hours))


def an_organisation(database: Database) -> People:
    """Set the clock to Monday morning and make the unit, its policies and its people.

    Martha is line manager with Paula as backup, Carl category manager, Owen process owner; Derek can stand in, Rita buys.
    """
    set_clock(database, MONDAY_NINE)
    with database.transaction(SYSTEM) as tx:
        unit = {"id": UNIT, "code": "MAIN", "name": "Main unit", "currency": "USD", "country": "US"}
        tx.conn.execute(insert(BUSINESS_UNIT).values(**unit))
        policy.load(tx, LoadPolicies(policy_files(), author="ann", publisher="bob"))
        people = People(
            martha=_person(tx, "martha", Role.APPROVER),
            paula=_person(tx, "paula", Role.APPROVER),
            derek=_person(tx, "derek", Role.APPROVER),
            carl=_person(tx, "carl", Role.CATEGORY_MANAGER),
            owen=_person(tx, "owen", Role.APPROVER),
            rita=_person(tx, "rita", Role.BUYER),
        )
        assign_holder(tx, UNIT, "line_manager", user(people.martha))
        assign_holder(tx, UNIT, "line_manager", user(people.paula), rank=1)
        assign_holder(tx, UNIT, "category_manager", user(people.carl))
        assign_holder(tx, UNIT, "process_owner", user(people.owen))
    return people


def user(actor: Actor) -> UserId:
    """The user id of a person."""
    assert isinstance(actor.id, UUID)
    return UserId(actor.id)


def _person(tx: Tx, name: str, role: Role) -> Actor:
    user_id = logins.add_user(tx, name, name.title(), person_key=name)
    logins.set_roles(tx, user_id, [role], [BusinessUnitId(UNIT)])
    return Actor(ActorKind.USER, user_id, name, frozenset({role}), frozenset({UNIT}))
