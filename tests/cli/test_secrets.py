"""Storing passwords of outside systems, using them, and changing the master key, at the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from purveyor.cli.main import app
from purveyor.core.access import SYSTEM
from purveyor.settings import InvalidSettings, Settings
from purveyor.store import vault
from purveyor.store.db import Database
from purveyor.store.embedded import EmbeddedServer
from purveyor.store.roles import RUNTIME
from purveyor.worker.connections import load_connections
from purveyor.worker.stored_secrets import reader

Installation = dict[str, str]


@pytest.fixture
def installation(postgres: EmbeddedServer, database_name: str, tmp_path: Path) -> Installation:
    """An installation whose connections file refers to stored secrets."""
    (tmp_path / "connections.toml").write_text(
        '[erp.main]\nkind = "tryton"\nurl = "http://127.0.0.1:1"\ndatabase = "none"\nlogin = "reader"\n'
        'password_secret = "erp.main"\nbusiness_unit = "MAIN"\n[supplier_secrets]\nstored = true\n',
        "utf-8",
    )
    return {
        "DATABASE_URL": postgres.url(RUNTIME, database_name),
        "PURVEYOR_DATA_DIR": str(tmp_path),
        "PURVEYOR_MASTER_KEY_FILE": str(tmp_path / "master.key"),
        "PURVEYOR_CONNECTIONS_FILE": str(tmp_path / "connections.toml"),
        "PURVEYOR_SMTP_HOST": "",
    }


def purveyor(installation: Installation, *arguments: str, value: str = "") -> Result:
    return CliRunner().invoke(app, list(arguments), env=installation, input=value)


def settings_of(installation: Installation) -> Settings:
    return Settings(
        connections_file=Path(installation["PURVEYOR_CONNECTIONS_FILE"]),
        master_key_file=Path(installation["PURVEYOR_MASTER_KEY_FILE"]),
        smtp_host="",
    )


def test_a_secret_is_stored_listed_used_and_removed_and_never_shown(installation: Installation, database: Database) -> None:
    done = [
        purveyor(installation, "key-file", "create"),
        purveyor(installation, "secret", "set", "erp.main", value="pass-for-erp\n"),
        purveyor(installation, "secret", "set", "supplier.KELLER", value="whsec"),
        purveyor(installation, "secret", "list"),
    ]

    settings = settings_of(installation)
    connections = load_connections(settings, reader(database, settings))
    assert [result.exit_code for result in done] == [0, 0, 0, 0]
    assert (connections.secret_of("KELLER"), connections.secret_of("BRANDT")) == ("whsec", None)
    assert list(connections.erps) == ["main"]
    assert "pass-for-erp" not in "".join(result.output for result in done)
    assert "erp.main" in done[-1].stdout
    assert purveyor(installation, "secret", "remove", "erp.main").exit_code == 0
    assert purveyor(installation, "secret", "remove", "erp.main").exit_code == 1
    with pytest.raises(InvalidSettings, match=r"secret set erp\.main"):
        load_connections(settings, reader(database, settings))


def test_the_master_key_changes_and_everything_still_opens(installation: Installation, database: Database) -> None:
    purveyor(installation, "key-file", "create")
    purveyor(installation, "secret", "set", "erp.main", value="one")
    file = Path(installation["PURVEYOR_MASTER_KEY_FILE"])
    old = vault.read_key_file(file)

    again = purveyor(installation, "key-file", "create")
    kept = purveyor(installation, "key-file", "rotate")
    dropped = purveyor(installation, "key-file", "rotate", "--forget-old")

    new = vault.read_key_file(file)
    assert (again.exit_code, kept.exit_code, dropped.exit_code) == (1, 0, 0)
    assert "1 secrets are locked" in dropped.stdout
    assert (len(new.keys), old.current in new.keys) == (1, False)
    with database.read(SYSTEM) as tx:
        assert vault.get(tx, new, "erp.main") == "one"


def test_with_a_wrong_key_file_no_worker_starts_and_the_key_is_named(installation: Installation) -> None:
    purveyor(installation, "key-file", "create")
    purveyor(installation, "secret", "set", "erp.main", value="one")
    file = Path(installation["PURVEYOR_MASTER_KEY_FILE"])
    right = vault.read_key_file(file).current
    file.unlink()
    purveyor(installation, "key-file", "create")

    refused = [purveyor(installation, *command.split()) for command in ("worker", "pull", "key-file rotate", "doctor")]

    assert [result.exit_code for result in refused] == [1, 1, 1, 1]
    assert [right in result.output for result in refused] == [True, True, True, True]
    assert len(vault.read_key_file(file).keys) == 1, "the rotation that failed left the file as it was"


@pytest.mark.parametrize(
    ("connections", "said"),
    [
        ('[wms]\nurl = "http://x"\ntoken_value = "plain"\n', "secrets never stand in the file"),
        ('[wms]\nurl = "http://x"\ntoken_secret = "wms"\n', "no secret wms is stored"),
    ],
)
def test_a_secret_in_the_file_itself_or_one_that_is_not_stored_is_refused(
    installation: Installation, connections: str, said: str
) -> None:
    Path(installation["PURVEYOR_CONNECTIONS_FILE"]).write_text(connections, "utf-8")
    purveyor(installation, "key-file", "create")

    result = purveyor(installation, "pull")

    assert result.exit_code == 1
    assert said in result.stderr
