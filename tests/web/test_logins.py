"""How long somebody stays signed in, and what is kept of secrets."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from purveyor.core.access import SYSTEM, Actor, ActorKind, Permission, Role
from purveyor.core.ids import SupplierId
from purveyor.store import logins
from purveyor.store.db import Database, Tx
from purveyor.store.tables.parties import API_KEY, LOGIN_SESSION
from tests.web.people import PASSWORD, a_person


def made_older(tx: Tx, column: str, by: timedelta) -> None:
    """Pretend that a moment of every session lies further back."""
    tx.conn.execute(update(LOGIN_SESSION).values({column: LOGIN_SESSION.c[column] - by}))


@pytest.mark.parametrize(
    ("column", "by", "signed_in"),
    [
        ("last_seen_at", timedelta(minutes=29), True),
        ("last_seen_at", timedelta(minutes=31), False),
        ("expires_at", timedelta(hours=11), True),
        ("expires_at", timedelta(hours=12, minutes=1), False),
    ],
)
def test_a_session_ends_after_half_an_hour_of_silence_and_after_twelve_hours(
    database: Database, column: str, by: timedelta, signed_in: bool
) -> None:
    with database.transaction(SYSTEM) as tx:
        token = logins.start_session(tx, a_person(tx, "dana", Role.APPROVER))
        made_older(tx, column, by)

    with database.transaction(SYSTEM) as tx:
        found = logins.resolve_session(tx, token)

    assert (found is not None) is signed_in


def test_a_person_acts_with_roles_units_and_one_key_for_all_accounts(database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        user = a_person(tx, "dana", Role.APPROVER, Role.BUYER)
        found = logins.resolve_session(tx, logins.start_session(tx, user))

    assert found is not None
    assert (found.actor.kind, found.actor.id, found.actor.person_key) == (ActorKind.USER, user, str(user))
    assert found.actor.roles == {Role.APPROVER, Role.BUYER}
    assert len(found.actor.business_units) == 1
    assert (found.name, found.time_zone) == ("Dana", "America/New_York")


def test_a_new_password_ends_the_sessions_of_the_old_one(database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        user = a_person(tx)
        token = logins.start_session(tx, user)
        logins.set_password(tx, user, "another secret")

        assert logins.resolve_session(tx, token) is None
        assert not logins.password_fits(logins.account(tx, "dana"), PASSWORD)
        assert logins.password_fits(logins.account(tx, "Dana"), "another secret")


def test_sessions_that_are_over_can_be_forgotten(database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        user = a_person(tx)
        ended, open_one = (logins.start_session(tx, user) for _ in range(2))
        logins.end_session(tx, ended)

        assert logins.forget_sessions(tx, tx.real_now + timedelta(seconds=1)) == 1
        assert logins.resolve_session(tx, open_one) is not None


def test_neither_tokens_nor_keys_can_be_read_from_the_database(database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        key = logins.issue_key(tx, logins.add_client(tx, "bridge"), [Permission.ORDER_READ])
        row = tx.conn.execute(select(API_KEY)).one()

        assert key not in str(row)
        assert key.startswith(row.prefix)


def test_a_suppliers_key_acts_for_that_supplier_and_an_expired_one_for_nobody(database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        supplier = SupplierId(tx.new_id())
        client = logins.add_client(tx, "Keystone", supplier_id=supplier)
        key = logins.issue_key(tx, client, [Permission.ACKNOWLEDGMENT_WRITE])
        expired = logins.issue_key(tx, client, [Permission.ORDER_READ], expires_at=tx.real_now - timedelta(seconds=1))

        assert logins.resolve_key(tx, key) == Actor(
            ActorKind.API_CLIENT, id=client, supplier_id=supplier, grants=frozenset({Permission.ACKNOWLEDGMENT_WRITE})
        )
        assert logins.resolve_key(tx, expired) is None


def test_outside_the_product_no_session_can_be_seen(database: Database) -> None:
    with database.transaction(SYSTEM) as tx:
        user = a_person(tx)
        logins.start_session(tx, user)

    with database.read(Actor(ActorKind.USER, id=user)) as tx:
        assert tx.conn.execute(select(func.count()).select_from(LOGIN_SESSION)).scalar_one() == 0
