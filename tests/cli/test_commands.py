"""What a person at the command line sees."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from typer.testing import CliRunner, Result

from purveyor.cli.main import app
from purveyor.core.access import SYSTEM
from purveyor.core.ids import ErpInstance
from purveyor.store import events, xref
from purveyor.store.db import Database
from purveyor.store.embedded import EmbeddedServer
from purveyor.store.event_verify import seal
from purveyor.store.roles import OWNER, RUNTIME
from purveyor.store.xref import Code
from purveyor.worker.inbound import PULLED
from tests.app.erp_world import a_company
from tests.store.builders import counted

Superuser = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def installation(postgres: EmbeddedServer, database_name: str, tmp_path: Path) -> dict[str, str]:
    """The environment of an installation with an external database."""
    return {
        "DATABASE_URL": postgres.url(RUNTIME, database_name),
        "DATABASE_OWNER_URL": postgres.url(OWNER, database_name),
        "PURVEYOR_DATA_DIR": str(tmp_path),
    }


def purveyor(environment: dict[str, str], *arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env=environment)


def test_migrate_says_where_the_schema_stands(installation: dict[str, str]) -> None:
    result = purveyor(installation, "migrate")

    assert result.exit_code == 0
    assert "The schema is at revision" in result.stdout


def test_verify_log_tells_that_every_chain_is_whole_and_shows_the_newest_seal(
    installation: dict[str, str], database: Database
) -> None:
    with database.transaction(SYSTEM) as tx:
        events.append(tx, [counted(uuid4()), counted(uuid4())])
        root = seal(tx)

    result = purveyor(installation, "verify-log", "--expect-root", str(root))

    assert result.exit_code == 0
    assert "2 events in 2 streams, 1 seals." in result.stdout
    assert f"Every chain is whole. Newest seal: {root}." in result.stdout


def test_verify_log_names_the_first_broken_row(installation: dict[str, str], database: Database, superuser: Superuser) -> None:
    crate = uuid4()
    with database.transaction(SYSTEM) as tx:
        events.append(tx, [counted(crate), counted(crate)])
    superuser.execute("SET session_replication_role = replica")
    superuser.execute("UPDATE event SET source = 'elsewhere' WHERE position = 2")

    result = purveyor(installation, "verify-log")

    assert result.exit_code == 1
    assert f"Broken: crate:{crate}, position 2: the content was changed" in result.stdout


@pytest.mark.parametrize("root", ["00" * 32, "not a seal"])
def test_verify_log_notices_that_a_seal_somebody_wrote_down_is_gone(installation: dict[str, str], root: str) -> None:
    result = purveyor(installation, "verify-log", "--expect-root", root)

    assert result.exit_code == 1
    assert "is not in the log" in result.stdout


def test_a_refusal_is_one_sentence_and_exit_code_1() -> None:
    result = purveyor({"PURVEYOR_POOL_SIZE": "0"}, "worker")

    assert result.exit_code == 1
    assert "pool_size" in result.stderr
    assert "Traceback" not in result.stderr


def test_pull_names_every_feed_it_could_not_read_and_ends_with_1(installation: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret", "utf-8")
    (tmp_path / "connections.toml").write_text(
        f"""
        [erp.main]
        kind = "tryton"
        url = "http://127.0.0.1:1"
        database = "none"
        login = "reader"
        password_file = "{tmp_path / "password"}"
        business_unit = "DAYTON"
        """,
        "utf-8",
    )

    result = purveyor({**installation, "PURVEYOR_CONNECTIONS_FILE": str(tmp_path / "connections.toml")}, "pull")

    assert result.exit_code == 1
    assert result.stdout.count("could not be read") == len(PULLED)


def test_pull_lists_rows_of_files_that_wait_for_correction(installation: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / ".purveyor").touch()
    (tmp_path / "from_erp").mkdir()
    (tmp_path / "from_erp" / "suppliers.csv").write_text("code,name,currency\nBORN,Born,EUR\nHALM,Halm,\n", "utf-8")
    for part in ("orders.full", "sites"):
        headings = "id,supplier,currency,status,line_no,quantity\n" if part == "orders.full" else "code,legal_entity\n"
        (tmp_path / "from_erp" / f"{part}.csv").write_text(headings, "utf-8")
    (tmp_path / "connections.toml").write_text(
        f"""
        [erp.legacy]
        kind = "files"
        folder = "{tmp_path}"
        business_unit = "DAYTON"
        settle_seconds = 0
        """,
        "utf-8",
    )

    result = purveyor({**installation, "PURVEYOR_CONNECTIONS_FILE": str(tmp_path / "connections.toml")}, "pull")

    assert result.exit_code == 0, result.stdout
    assert "legacy: 1 x supplier\n" in result.stdout
    assert "legacy: suppliers.corrections.csv row 3: currency currency is empty" in result.stdout


def test_map_codes_takes_a_table_of_codes_or_names_the_row_it_cannot_take(
    installation: dict[str, str], database: Database, tmp_path: Path
) -> None:
    company = a_company(database)
    table = tmp_path / "codes.csv"
    table.write_text("entity;their_code;our_code\nsupplier;10077;KELLER\nitem;ART-1;PUMP-1\n", "utf-8")
    taken = purveyor(installation, "map-codes", "acquired", str(table))
    table.write_text("entity;their_code;our_code\nitem;ART-2;PUMP-99\n", "utf-8")
    refused = purveyor(installation, "map-codes", "acquired", str(table))
    (tmp_path / "codes.xlsx").write_text("no workbook", "utf-8")
    unreadable = purveyor(installation, "map-codes", "acquired", str(tmp_path / "codes.xlsx"))

    assert (taken.exit_code, taken.stdout) == (0, "2 codes of acquired are mapped.\n")
    with company.database.read(SYSTEM) as tx:
        assert len(xref.lookup(tx, ErpInstance("acquired"), [Code("supplier", "10077"), Code("item", "ART-1")])) == 2
    assert (refused.exit_code, unreadable.exit_code) == (1, 1)
    assert "ART-2 = PUMP-99" in refused.stderr
    assert "no workbook" in unreadable.stderr
