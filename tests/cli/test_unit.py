"""Setting up a company at the command line: its units, and who decides in them."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner, Result

from purveyor.cli.main import app
from purveyor.core.access import SYSTEM, Role
from purveyor.store import approvers, masters
from purveyor.store.db import Database
from purveyor.store.embedded import EmbeddedServer
from purveyor.store.roles import RUNTIME
from tests.web.people import a_person


def purveyor(postgres: EmbeddedServer, name: str, folder: Path, *arguments: str) -> Result:
    environment = {"DATABASE_URL": postgres.url(RUNTIME, name), "PURVEYOR_DATA_DIR": str(folder)}
    return CliRunner().invoke(app, ["unit", *arguments], env=environment)


def test_a_unit_is_added_once_and_gets_approvers(
    postgres: EmbeddedServer, database_name: str, database: Database, tmp_path: Path
) -> None:
    add = ("add", "MAIN", "Our company", "--currency", "USD", "--country", "US", "--erp", "tryton")
    added, again = (purveyor(postgres, database_name, tmp_path, *add) for _ in range(2))
    with database.transaction(SYSTEM) as tx:
        [unit] = masters.business_units(tx).values()
        ann = a_person(tx, "ann", Role.APPROVER, unit=unit.id)
        a_person(tx, "bob", Role.BUYER, unit=unit.id)

    named = [
        purveyor(postgres, database_name, tmp_path, "approver", "MAIN", "line_manager", who) for who in ("ann", "bob", "eve")
    ]

    assert (added.exit_code, again.exit_code, unit.currency) == (0, 1, "USD")
    assert [result.exit_code for result in named] == [0, 1, 1]
    with database.read(SYSTEM) as tx:
        assert [holder.user_id for holder in approvers.holders(tx, unit.id, "line_manager")] == [ann]
