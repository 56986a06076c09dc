"""The doctor finds what is not well and says what to do about it."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from typer.testing import CliRunner

from purveyor.cli.main import app
from purveyor.core.access import SYSTEM, Role
from purveyor.demo.partners.mailbox import Mailbox
from purveyor.demo.partners.warehouse import Warehouse
from purveyor.store import approvers, feeds, jobs
from purveyor.store.db import Database
from purveyor.store.embedded import EmbeddedServer
from purveyor.store.roles import RUNTIME
from tests.web.people import a_business_unit, a_person

Superuser = psycopg.Connection[tuple[object, ...]]
Checks = dict[str, dict[str, str]]


@pytest.fixture
def installation(postgres: EmbeddedServer, database_name: str, tmp_path: Path) -> dict[str, str]:
    """The environment of an installation with an external database and no mail."""
    return {"DATABASE_URL": postgres.url(RUNTIME, database_name), "PURVEYOR_DATA_DIR": str(tmp_path), "PURVEYOR_SMTP_HOST": ""}


def examined(environment: dict[str, str]) -> tuple[int, Checks]:
    result = CliRunner().invoke(app, ["doctor", "--json"], env=environment)
    return result.exit_code, {check["check"]: check for check in json.loads(result.stdout)["checks"]}


def verdicts(checks: Checks, *names: str) -> list[str]:
    return [checks[name]["verdict"] for name in names]


def test_a_fresh_installation_is_told_what_it_still_needs(installation: dict[str, str]) -> None:
    code, checks = examined(installation)

    assert code == 1
    assert verdicts(checks, "server", "login", "row security", "schema", "queue", "clock", "disk") == ["ok"] * 7
    assert verdicts(checks, "policies", "business units", "people") == ["fail"] * 3
    assert checks["policies"]["advice"].startswith("Run `purveyor policy load`")
    assert verdicts(checks, "workers", "ERPs") == ["warn", "warn"]


def test_what_stands_still_is_named(installation: dict[str, str], database: Database, superuser: Superuser) -> None:
    with database.transaction(SYSTEM) as tx:
        unit = a_business_unit(tx, "MAIN")
        a_business_unit(tx, "EAST")
        approvers.set_holder(tx, unit, "line_manager", a_person(tx, "ann", Role.APPROVER, unit=unit))
        for kind in ("waits", "stalls", "fails"):
            jobs.enqueue(tx, kind, kind)
        feeds.failed(tx, "tryton", "order", "away")
    superuser.execute("UPDATE procrastinate_events SET at = at - interval '1 hour'")
    superuser.execute("UPDATE procrastinate_jobs SET status = 'doing' WHERE task_name = 'stalls'")
    superuser.execute("UPDATE procrastinate_jobs SET status = 'failed' WHERE task_name = 'fails'")

    _, checks = examined(installation)

    assert checks["queue"]["found"] == "1 jobs wait, the oldest 60 min; 1 run"
    assert verdicts(checks, "queue", "workers", "stalled jobs", "failed jobs", "feeds") == [
        "fail",
        "fail",
        "warn",
        "warn",
        "warn",
    ]
    assert checks["approvers"]["found"] == "none in EAST"


def test_a_table_that_lost_its_protection_and_a_movable_clock_are_faults(
    installation: dict[str, str], superuser: Superuser
) -> None:
    superuser.execute("ALTER TABLE message DISABLE ROW LEVEL SECURITY")
    superuser.execute("UPDATE clock_offset SET ahead_by = '1 day'")

    _, checks = examined(installation)

    assert checks["row security"]["found"] == "missing on message"
    assert checks["business clock"]["verdict"] == "fail"


def test_a_database_that_is_away_is_one_line_and_the_rest_is_examined_all_the_same(tmp_path: Path) -> None:
    code, checks = examined(
        {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "PURVEYOR_DATA_DIR": str(tmp_path), "PURVEYOR_SMTP_HOST": ""}
    )

    assert code == 1
    assert verdicts(checks, "database", "disk", "ERPs") == ["fail", "ok", "warn"]


def test_each_outside_system_is_asked_whether_it_answers(installation: dict[str, str], tmp_path: Path) -> None:
    warehouse, mailbox = Warehouse(token="right"), Mailbox()
    for name, secret in (("erp", "secret-erp"), ("wms", "wrong")):
        (tmp_path / name).write_text(secret, "utf-8")
    (tmp_path / "wms").chmod(0o600)
    (tmp_path / "connections.toml").write_text(
        f'[erp.main]\nkind = "tryton"\nurl = "http://127.0.0.1:1"\ndatabase = "none"\nlogin = "reader"\n'
        f'password_file = "{tmp_path / "erp"}"\nbusiness_unit = "MAIN"\n'
        f'[wms]\nurl = "{warehouse.server.url}"\ntoken_file = "{tmp_path / "wms"}"\n',
        "utf-8",
    )
    environment = {
        **installation,
        "PURVEYOR_CONNECTIONS_FILE": str(tmp_path / "connections.toml"),
        "PURVEYOR_SMTP_HOST": "127.0.0.1",
        "PURVEYOR_SMTP_PORT": str(mailbox.port),
    }

    with warehouse.server:
        _, checks = examined(environment)
    mailbox.stop()

    assert verdicts(checks, "erp:main", "wms", "supplier:email") == ["fail", "fail", "ok"]
    assert checks["wms"]["found"] == "refuses our token (401)"
    assert verdicts(checks, "key file erp", "key file wms") == ["warn", "ok"]
    assert checks["key file erp"]["advice"] == f"chmod 600 {tmp_path / 'erp'}"


def test_a_secret_file_that_is_missing_is_named(installation: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "connections.toml").write_text('[wms]\nurl = "http://127.0.0.1:1"\ntoken_file = "/nowhere/token"\n', "utf-8")

    _, checks = examined({**installation, "PURVEYOR_CONNECTIONS_FILE": str(tmp_path / "connections.toml")})

    assert verdicts(checks, "key file token", "connections") == ["fail", "fail"]
    assert "/nowhere/token" in checks["connections"]["found"]


def test_people_get_lines_with_an_arrow_to_what_they_can_do(installation: dict[str, str]) -> None:
    result = CliRunner().invoke(app, ["doctor"], env=installation)

    assert result.exit_code == 1
    assert "fail policies" in result.stdout
    assert "-> Run `purveyor policy load`" in result.stdout
