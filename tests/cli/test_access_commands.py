"""Programs and people are let in from the command line."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner, Result

from purveyor.cli.main import app
from purveyor.core.access import SYSTEM, Permission, Role
from purveyor.store import logins
from purveyor.store.db import Database
from purveyor.store.embedded import EmbeddedServer
from purveyor.store.roles import OWNER, RUNTIME
from tests.app.supplier_world import a_world
from tests.order_builders import SUPPLIER, UNIT

PASSWORD = "carton of twelve pumps"


@pytest.fixture
def installation(postgres: EmbeddedServer, database_name: str, database: Database) -> dict[str, str]:
    """The environment of an installation that knows the main unit and the pump supplier."""
    a_world(database)
    return {
        "DATABASE_URL": postgres.url(RUNTIME, database_name),
        "DATABASE_OWNER_URL": postgres.url(OWNER, database_name),
    }


def purveyor(environment: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env=environment)


def test_a_supplier_gets_a_key_of_its_own(installation: dict[str, str], database: Database) -> None:
    made = purveyor(
        installation,
        "key",
        "create",
        "Keller",
        "--supplier",
        "KELLER",
        "--scope",
        "order:read",
        "--scope",
        "acknowledgment:write",
    )

    assert made.exit_code == 0, made.output
    with database.read(SYSTEM) as tx:
        actor = logins.resolve_key(tx, made.stdout.strip())
    assert actor is not None
    assert actor.supplier_id == SUPPLIER
    assert actor.grants == {Permission.ORDER_READ, Permission.ACKNOWLEDGMENT_WRITE}


def test_a_second_key_of_a_program_is_valid_beside_the_first_until_that_is_revoked(
    installation: dict[str, str], database: Database
) -> None:
    scope = ("--scope", "receipt:write")
    first = purveyor(installation, "key", "create", "WMS", "--unit", "MAIN", *scope).stdout.strip()
    second = purveyor(installation, "key", "create", "WMS", *scope, "--days", "90").stdout.strip()

    listed = purveyor(installation, "key", "list").stdout
    revoked = purveyor(installation, "key", "revoke", "WMS", "--prefix", first[:10])

    assert (first[:10] in listed, second[:10] in listed, first in listed, "until" in listed) == (True, True, False, True)
    assert revoked.exit_code == 0
    with database.read(SYSTEM) as tx:
        actors = [logins.resolve_key(tx, key) for key in (first, second)]
    assert actors[0] is None
    assert actors[1] is not None
    assert actors[1].business_units == {UNIT}
    assert "revoked" in purveyor(installation, "key", "list").stdout


def test_all_keys_of_a_program_are_revoked_at_once(installation: dict[str, str], database: Database) -> None:
    key = purveyor(installation, "key", "create", "WMS", "--unit", "MAIN", "--scope", "receipt:write").stdout.strip()

    assert purveyor(installation, "key", "revoke", "WMS").exit_code == 0

    with database.read(SYSTEM) as tx:
        assert logins.resolve_key(tx, key) is None


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("key", "create", "X", "--scope", "order:read"), "one supplier or for business units"),
        (("key", "create", "X", "--scope", "order:read", "--supplier", "NOBODY"), "supplier=NOBODY"),
        (("key", "create", "X", "--scope", "order:read", "--unit", "NOWHERE"), "business_unit=NOWHERE"),
        (("key", "revoke", "X"), "program=X"),
        (("user", "roles", "x", "--role", "buyer", "--unit", "MAIN"), "login=x"),
        (("user", "password", "x", "--password", PASSWORD), "login=x"),
        (("user", "password", "rita", "--password", "short"), "at least 12 characters"),
        (("user", "add", "rita", "Rita", "--role", "buyer", "--unit", "MAIN", "--password", PASSWORD), "rita is taken"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(installation: dict[str, str], arguments: tuple[str, ...], word: str) -> None:
    result = purveyor(installation, *arguments)

    assert result.exit_code == 1
    assert word in result.stderr


def test_a_key_nobody_has_cannot_be_revoked(installation: dict[str, str]) -> None:
    purveyor(installation, "key", "create", "WMS", "--unit", "MAIN", "--scope", "receipt:write")

    assert purveyor(installation, "key", "revoke", "WMS", "--prefix", "pv_unknown").exit_code == 1


def test_a_person_is_added_signs_in_and_changes_roles_and_password(installation: dict[str, str], database: Database) -> None:
    person = ("user", "add", "dana", "Dana", "--role", "buyer", "--unit", "MAIN", "--mail", "dana@example.com")
    added = purveyor(installation, *person, "--password", PASSWORD)
    moved = purveyor(installation, "user", "roles", "Dana", "--role", "auditor", "--unit", "MAIN")
    changed = purveyor(installation, "user", "password", "dana", "--password", PASSWORD + "!")

    assert (added.exit_code, moved.exit_code, changed.exit_code) == (0, 0, 0), added.output
    with database.transaction(SYSTEM) as tx:
        account = logins.account(tx, "dana")
        assert account is not None
        assert logins.password_fits(account, PASSWORD + "!")
        found = logins.resolve_session(tx, logins.start_session(tx, account.user_id))
    assert found is not None
    assert found.actor.roles == {Role.AUDITOR}
