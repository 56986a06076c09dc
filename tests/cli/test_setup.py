"""A company is set up from one file: what differs is shown, written once, and told in the log."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from purveyor.app import calendars
from purveyor.cli.main import app
from purveyor.core.access import SYSTEM, Role
from purveyor.core.calendar import business_minutes
from purveyor.core.events.base import Ref
from purveyor.core.ids import SupplierId
from purveyor.store import approvers, events, logins, masters, people
from purveyor.store.db import Database
from purveyor.store.embedded import EmbeddedServer
from purveyor.store.roles import RUNTIME
from tests.app.supplier_world import a_world
from tests.order_builders import SUPPLIER, UNIT

COMPANY = """
[[business_unit]]
code = "MAIN"
name = "Main unit"
currency = "USD"
country = "US"
legal_entity = [{ erp = "tryton", name = "Our company" }]
hours = { time_zone = "America/New_York", opening = 08:00:00, closing = 12:00:00, weekdays = ["mon"] }

[[person]]
login = "nora"
name = "Nora Quist"
mail = "nora@example.com"
language = "en"
roles = ["approver"]
business_units = ["MAIN"]

[[person]]
login = "Rita"
name = "Rita Renamed"
roles = ["buyer", "it"]
business_units = ["MAIN"]

[[approval_role]]
business_unit = "MAIN"
role = "cfo"
people = ["nora", "martha"]

[[supplier]]
code = "KELLER"
channels = ["email"]
email = "new@keller.example"
transit_days = 3
time_zone = "America/Chicago"

[[supplier]]
code = "UNKNOWN"

[[site]]
code = "DAYTON"
time_zone = "America/New_York"
hours = { opening = 06:00:00 }
"""


@dataclass(frozen=True)
class Installation:
    """An installation with the main unit and the pump supplier, and a description beside it."""

    environment: dict[str, str]
    file: Path
    database: Database

    def run(self, *arguments: str, answer: str = "") -> Result:
        return CliRunner().invoke(app, ["setup", str(self.file), *arguments], env=self.environment, input=answer)

    def told(self, stream: Ref) -> list[str]:
        with self.database.read(SYSTEM) as tx:
            return [event.type for event in events.read_stream(tx, stream)]


@pytest.fixture
def company(postgres: EmbeddedServer, database_name: str, database: Database, tmp_path: Path) -> Installation:
    a_world(database)
    (tmp_path / "company.toml").write_text(COMPANY, "utf-8")
    return Installation({"DATABASE_URL": postgres.url(RUNTIME, database_name)}, tmp_path / "company.toml", database)


def test_a_check_shows_what_would_change_and_changes_nothing(company: Installation) -> None:
    shown = company.run("--check")

    assert shown.exit_code == 1
    assert "+ person nora" in shown.output
    assert "~ person Rita" in shown.output
    assert "roles: buyer -> buyer, it" in shown.output
    assert "mon 08:00-12:00 America/New_York" in shown.output
    assert "? supplier UNKNOWN: no ERP has told of it yet" in shown.output
    with company.database.read(SYSTEM) as tx:
        assert logins.user_id_of(tx, "nora") is None


def test_what_is_described_holds_after_a_yes_and_a_second_time_nothing_is_written(company: Installation) -> None:
    declined = company.run(answer="n\n")
    written = company.run(answer="y\n")
    again = company.run("--check")

    assert (declined.exit_code, written.exit_code, again.exit_code) == (1, 0, 0), written.output + again.output
    assert "Everything else is as described." in again.output
    with company.database.read(SYSTEM) as tx:
        nora = next(person for person in people.everybody(tx) if person.login == "nora")
        roles = {(role.role, role.holders) for role in approvers.approval_roles(tx)}
        keller = masters.supplier(tx, SupplierId(SUPPLIER))
        calendar = calendars.of_unit(tx, UNIT)
        assert (nora.roles, nora.has_password, nora.mail) == (frozenset({Role.APPROVER}), False, "nora@example.com")
        assert any(role == "cfo" and holders[0] == nora.id and len(holders) == 2 for role, holders in roles)
        assert (keller.email, keller.transit_days, keller.time_zone) == ("new@keller.example", 3, "America/Chicago")
        assert (calendar.zone, calendar.weekdays) == ("America/New_York", frozenset({0}))
        assert business_minutes(calendar, tx.now, tx.now) == 0


def test_every_change_is_in_the_log_without_names_and_addresses(company: Installation) -> None:
    assert company.run("--yes").exit_code == 0

    with company.database.read(SYSTEM) as tx:
        nora = logins.user_id_of(tx, "nora")
        assert nora is not None
        told = events.read_about(tx, Ref("business_unit", UNIT))
    kinds = {event.type for event in told}
    assert company.told(Ref("user", nora)) == ["user.added", "user.roles_set"]
    assert company.told(Ref("supplier", SUPPLIER)) == ["supplier.configured"]
    assert {"business_unit.configured", "working_hours.set", "approval_role.set", "site.configured"} <= kinds
    assert "example" not in str([event.payload for event in told])
    assert {event.source for event in told if event.type == "user.roles_set"} == {"command line"}


def test_a_role_taken_from_a_description_is_taken_from_its_holder(company: Installation) -> None:
    assert company.run("--yes").exit_code == 0
    company.file.write_text(COMPANY.replace('people = ["nora", "martha"]', 'people = ["martha"]'), "utf-8")

    assert company.run("--yes").exit_code == 0

    with company.database.read(SYSTEM) as tx:
        (cfo,) = [role for role in approvers.approval_roles(tx) if role.role == "cfo"]
    assert len(cfo.holders) == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (COMPANY.replace('"USD"', '"dollar"'), "file.business_unit[1].currency"),
        (COMPANY.replace('people = ["nora", "martha"]', 'people = ["ghost"]'), "ghost is neither known nor described"),
        (COMPANY.replace('people = ["nora", "martha"]', 'people = ["rita"]'), "Your role does not allow this"),
        ("[[person", "company.toml"),
    ],
)
def test_a_wrong_description_is_refused_and_nothing_is_written(company: Installation, wrong: str, said: str) -> None:
    company.file.write_text(wrong, "utf-8")

    refused = company.run("--yes")

    assert refused.exit_code == 1
    assert said in refused.output
    with company.database.read(SYSTEM) as tx:
        assert logins.user_id_of(tx, "nora") is None


def test_the_last_person_who_manages_people_keeps_that_right(company: Installation) -> None:
    assert company.run("--yes").exit_code == 0
    company.file.write_text(COMPANY.replace('["buyer", "it"]', '["buyer"]'), "utf-8")

    assert "last person who can manage people" in company.run("--yes").output
