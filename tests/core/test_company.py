"""What a description of a company says, what it may not say, and what would change."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date, time
from pathlib import Path
from typing import Any

import pytest

from purveyor.core.access import Role
from purveyor.core.company import Company, Hours, PersonPlan, SitePlan, UnitPlan, differences, missing_names
from purveyor.core.company_file import read_company
from purveyor.core.errors import InvalidInput

HOWTO = Path(__file__).resolve().parents[2] / "docs" / "howto" / "set-up-a-company.md"


def described() -> dict[str, Any]:
    """The example of the docs."""
    return tomllib.loads(HOWTO.read_text("utf-8").split("```toml\n")[1].split("```")[0])


def test_the_example_of_the_docs_describes_a_company() -> None:
    company = read_company(described())

    (unit,) = company.units
    assert (unit.code, unit.currency, unit.legal_entities) == (
        "MAIN",
        "EUR",
        frozenset({("tryton", "Rhine Valley Pumps GmbH")}),
    )
    assert unit.hours is not None
    assert (unit.hours.opening, unit.hours.closed_days) == (
        time(7, 30),
        frozenset({(date(2026, 12, 24), "Inventory")}),
    )
    assert [person.login for person in company.people] == ["dana", "tom", "leo"]
    assert company.people[0].roles == {Role.BUYER}
    assert company.approval_roles[0].people == ("tom",)
    assert (company.suppliers[0].channels, company.suppliers[0].language) == (("api", "email"), "en")
    assert company.sites[0].time_zone == "Europe/Berlin"


def test_a_unit_that_names_a_zone_only_has_office_hours_there() -> None:
    unit = {"code": "EAST", "name": "East", "currency": "USD", "country": "US", "time_zone": "America/New_York"}

    (read,) = read_company({"business_unit": [unit]}).units

    assert read.hours == Hours("America/New_York")


def test_hours_without_a_zone_of_their_own_are_those_of_their_place() -> None:
    site = {"code": "TUL", "time_zone": "America/Chicago", "hours": {"closing": time(18)}}
    supplier = {"code": "KELLER", "hours": {}}

    company = read_company({"site": [site], "supplier": [supplier]})

    assert company.sites[0].hours == Hours("America/Chicago", closing=time(18))
    assert company.suppliers[0].hours == Hours("UTC")


WRONG: list[tuple[str, Any, str]] = [
    ("business_unit.currency", "euro", "does not fit"),
    ("business_unit.currency", None, "is missing"),
    ("business_unit.name", "", "must be a text"),
    ("business_unit.name", 7, "must be a text"),
    ("business_unit.colour", "red", "nothing has this name here"),
    ("business_unit.legal_entity", [{"erp": "tryton"}], "is missing"),
    ("business_unit.hours", 8, "must be a table"),
    ("business_unit.hours.time_zone", "Europe/Atlantis", "is no time zone"),
    ("business_unit.hours.opening", "07:30", "must be a time"),
    ("business_unit.hours.closing", time(7), "must be later than opening"),
    ("business_unit.hours.weekdays", ["monday"], "'monday' is none of mon"),
    ("business_unit.hours.closed_day", [{"day": "2026-12-24", "name": "x"}], "must be a day"),
    ("business_unit.hours.closed_day", {"day": date(2026, 12, 24)}, "must be a list of tables"),
    ("person.roles", ["supplier"], "'supplier' is none of buyer"),
    ("person.roles", ["buyer", "buyer"], "names one twice"),
    ("person.roles", [], "must be a list"),
    ("person.roles", None, "is missing"),
    ("person.mail", "dana", "does not fit"),
    ("person.time_zone", "/etc", "is no time zone"),
    ("supplier.channels", ["fax"], "'fax' is none of api"),
    ("supplier.email", None, "is missing, and mail is one of the channels"),
    ("supplier.transit_days", "two", "whole number of days"),
    ("supplier.transit_days", 400, "whole number of days"),
]


@pytest.mark.parametrize(("place", "value", "reason"), WRONG)
def test_what_does_not_fit_is_named_by_its_place(place: str, value: Any, reason: str) -> None:
    given = described()
    table, *between, name = place.split(".")
    target = given[table][0]
    for step in between:
        target = target[step]
    target.pop(name, None)
    if value is not None:
        target[name] = value

    with pytest.raises(InvalidInput) as refused:
        read_company(given)

    assert reason in str(refused.value.fields["reason"])
    assert str(refused.value.fields["field"]).endswith(name) or name in ("legal_entity", "closed_day")


def test_a_record_described_twice_and_an_unknown_table_are_refused() -> None:
    given = described()

    with pytest.raises(InvalidInput, match="described twice"):
        read_company({**given, "site": given["site"] * 2})
    with pytest.raises(InvalidInput, match="nothing has this name here"):
        read_company({**given, "warehouse": []})


def test_a_company_that_is_as_described_differs_in_nothing() -> None:
    company = read_company(described())

    assert differences(company, company).changes == ()


def test_only_what_is_said_and_differs_would_change() -> None:
    wanted = read_company(described())
    dana = replace(wanted.people[0], roles=frozenset({Role.AUDITOR}), mail="old@example.com", login="Dana")
    more = frozenset({("tryton", "Rhine Valley Pumps GmbH"), ("legacy", "RVP")})
    known = replace(
        wanted,
        units=(replace(wanted.units[0], legal_entities=more),),
        people=(dana, *wanted.people[1:]),
        sites=(SitePlan("DAY", "UTC", "DE", "NW"),),
    )

    found = differences(wanted, known)

    assert [(change.wanted.key, change.fields) for change in found.changes] == [
        ("dana", ("roles", "mail")),
        ("DAY", ("time_zone",)),
    ]


def test_new_people_are_written_whole_and_unknown_suppliers_wait_for_the_erp() -> None:
    wanted = read_company(described())

    found = differences(wanted, Company())

    assert [change.wanted.key for change in found.changes] == ["MAIN", "dana", "tom", "leo", "MAIN/line_manager"]
    assert found.changes[1].fields == ("login", "name", "roles", "business_units", "mail", "time_zone")
    assert [plan.key for plan in found.waiting] == ["DAY", "KEYSTONE"]


def test_names_that_nobody_knows_are_found_before_anything_is_written() -> None:
    role = read_company(described()).approval_roles[0]
    wanted = Company(
        units=(UnitPlan("EAST", "East", "USD", "US"),),
        people=(PersonPlan("tom", "Tom", frozenset({Role.APPROVER}), frozenset({"WEST"})),),
        approval_roles=(role, replace(role, business_unit="EAST", people=("tom", "Ann", "ghost"), category="pumps")),
    )

    assert missing_names(wanted, [], ["ann"]) == {
        "person tom": "WEST",
        "approval_role MAIN/line_manager": "MAIN",
        "approval_role EAST/line_manager/pumps": "ghost",
    }
