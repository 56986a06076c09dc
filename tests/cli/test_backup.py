"""A backup comes back whole and proved, into an empty database only, and an old one is noticed."""

from __future__ import annotations

import json
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from typer.testing import CliRunner, Result

from purveyor.cli.main import app
from purveyor.core.access import SYSTEM
from purveyor.store import events, jobs, vault
from purveyor.store.db import Database
from purveyor.store.embedded import SUPERUSER, EmbeddedServer
from purveyor.store.event_verify import seal
from purveyor.store.programs import NoDumpProgram, dump_programs
from purveyor.store.roles import OWNER, RUNTIME
from purveyor.store.vault import MasterKeys
from tests.store.builders import a_business_unit, counted

Installation = dict[str, str]


@pytest.fixture
def empty(postgres: EmbeddedServer) -> Iterator[str]:
    """An empty database of the same server: where a restore goes."""
    name = f"test_{uuid4().hex}"
    with psycopg.connect(postgres.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(name), sql.Identifier(OWNER)))
        yield name
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def an_installation(postgres: EmbeddedServer, name: str, folder: Path) -> Installation:
    return {
        "DATABASE_URL": postgres.url(RUNTIME, name),
        "DATABASE_OWNER_URL": postgres.url(OWNER, name),
        "PURVEYOR_DATA_DIR": str(folder),
        "PURVEYOR_SMTP_HOST": "",
    }


def purveyor(installation: Installation, *arguments: str) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments], env=installation)


def a_busy_day(database: Database) -> None:
    """Rows of all kinds: units, events on several streams, a waiting job, a locked secret, a seal in between."""
    with database.transaction(SYSTEM) as tx:
        a_business_unit(tx, f"U{uuid4().hex[:6]}")
        crate = uuid4()
        events.append(tx, [counted(crate, reason="counted twice"), counted(crate, 2), counted(uuid4())])
        jobs.enqueue(tx, "note", "order-1")
        vault.put(tx, MasterKeys({}).with_new_key(), f"erp.{crate}", "secret")
    with database.transaction(SYSTEM) as tx:
        seal(tx)


def rows(postgres: EmbeddedServer, name: str) -> dict[str, int]:
    """How many rows each table holds."""
    with psycopg.connect(postgres.url(SUPERUSER, name)) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1").fetchall()
        count = sql.SQL("SELECT count(*) FROM {}")
        found = {table: connection.execute(count.format(sql.Identifier(table))).fetchone() for (table,) in tables}
    return {table: int(number[0]) for table, number in found.items() if number}


def test_what_was_backed_up_comes_back_row_for_row_with_every_chain_whole(
    postgres: EmbeddedServer, database_name: str, database: Database, empty: str, tmp_path: Path
) -> None:
    a_busy_day(database)
    source = an_installation(postgres, database_name, tmp_path / "here")
    target = an_installation(postgres, empty, tmp_path / "there")
    file = tmp_path / "whole.backup"

    taken = purveyor(source, "backup", str(file))
    back = purveyor(target, "restore", str(file))

    assert (taken.exit_code, back.exit_code) == (0, 0), taken.output + back.output
    assert "3 events in 2 streams" in back.stdout
    assert "Every chain is whole" in back.stdout
    assert rows(postgres, empty) == rows(postgres, database_name)
    assert file.stat().st_mode & 0o077 == 0
    assert list(tmp_path.glob(".backup-*")) == []
    checked = CliRunner().invoke(app, ["doctor", "--json"], env=target)
    verdicts = {check["check"]: check["verdict"] for check in json.loads(checked.stdout)["checks"]}
    assert [verdicts[name] for name in ("login", "row security", "schema", "event log")] == ["ok"] * 4


# Attack test 59, and a bad day of the issue.


def test_a_restored_backup_that_is_older_than_the_log_in_use_is_told_until_somebody_accepts_it(
    postgres: EmbeddedServer, database_name: str, database: Database, empty: str, tmp_path: Path
) -> None:
    a_busy_day(database)
    source = an_installation(postgres, database_name, tmp_path / "machine")
    target = an_installation(postgres, empty, tmp_path / "machine")
    old = tmp_path / "old.backup"
    purveyor(source, "backup", str(old))
    a_busy_day(database)
    assert purveyor(source, "verify-log").exit_code == 0

    back = purveyor(target, "restore", str(old))

    assert back.exit_code == 0
    assert "This backup is older than the log that was in use: the log ends at seal 1" in back.stdout
    noticed = purveyor(target, "verify-log")
    assert (noticed.exit_code, "has seen seal 2" in noticed.stdout) == (1, True)
    assert "event log" in purveyor(target, "doctor").stdout.partition("fail event log")[1]
    assert purveyor(target, "verify-log", "--accept").exit_code == 0
    assert purveyor(target, "verify-log").exit_code == 0


def test_a_database_with_anything_in_it_is_left_alone(
    postgres: EmbeddedServer, database_name: str, database: Database, tmp_path: Path
) -> None:
    a_busy_day(database)
    source = an_installation(postgres, database_name, tmp_path)
    purveyor(source, "backup", str(tmp_path / "a.backup"))

    again = purveyor(source, "restore", str(tmp_path / "a.backup"))
    over = purveyor(source, "backup", str(tmp_path / "a.backup"))

    assert (again.exit_code, "empty database only" in again.stderr) == (1, True)
    assert (over.exit_code, "already" in over.stderr) == (1, True)


def test_a_backup_that_is_damaged_or_foreign_is_refused_and_the_database_stays_empty(
    postgres: EmbeddedServer, database_name: str, empty: str, tmp_path: Path
) -> None:
    file = tmp_path / "a.backup"
    target = an_installation(postgres, empty, tmp_path)
    purveyor(an_installation(postgres, database_name, tmp_path), "backup", str(file))
    cut, other, newer = tmp_path / "cut", tmp_path / "other", tmp_path / "newer"
    cut.write_bytes(file.read_bytes()[:20_000])
    other.write_text("not a backup", "utf-8")
    with tarfile.open(file) as archive:
        archive.extractall(tmp_path / "parts", filter="data")
    manifest = json.loads((tmp_path / "parts" / "manifest.json").read_text("utf-8"))
    altered = tmp_path / "altered"
    for target_file, facts in ((newer, {**manifest, "revision": "9999"}), (altered, {**manifest, "sha256": "00"})):
        (tmp_path / "parts" / "manifest.json").write_text(json.dumps(facts), "utf-8")
        with tarfile.open(target_file, "w") as archive:
            for name in ("manifest.json", "database.dump"):
                archive.add(tmp_path / "parts" / name, arcname=name)

    refused = [purveyor(target, "restore", str(one)) for one in (cut, other, newer, altered, tmp_path / "none")]

    assert [result.exit_code for result in refused] == [1] * 5
    assert "revision 9999" in refused[2].stderr
    assert "damaged" in refused[3].stderr
    assert rows(postgres, empty) == {}


def test_without_programs_that_fit_the_server_the_way_out_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoDumpProgram, match="postgres_bin"):
        dump_programs(99, None)
    with pytest.raises(NoDumpProgram):
        dump_programs(15, tmp_path)


@pytest.mark.skipif(not Path("/usr/lib/postgresql/15/bin/pg_dump").exists(), reason="PostgreSQL 15 is not installed")
def test_programs_of_the_servers_own_version_are_preferred() -> None:
    assert str(dump_programs(15)) == "/usr/lib/postgresql/15/bin"
    assert shutil.which("pg_dump", path=str(dump_programs(18))) is not None
