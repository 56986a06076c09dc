"""What an installation is told about its company: units, sites, people, approval roles, suppliers; and what would change.

A description says what should be so, the present state what is; the differences are what a set-up would write. What a
description leaves out stays as it is, so that reading the same description twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, time
from typing import Final, TypeAlias

from purveyor.core.access import Role

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
"""Names of the days in descriptions; their place is their number, Monday = 0."""


@dataclass(frozen=True, slots=True)
class Hours:
    """When a party works: hours local to ``time_zone``, the country whose public holidays count, and own closed days by name."""

    time_zone: str
    weekdays: frozenset[int] = frozenset(range(5))
    opening: time = time(9)
    closing: time = time(17)
    country: str | None = None
    subdivision: str | None = None
    closed_days: frozenset[tuple[date, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class UnitPlan:
    """A business unit; ``legal_entities`` are pairs of ERP instance and the entity's name there."""

    code: str
    name: str
    currency: str
    country: str
    legal_entities: frozenset[tuple[str, str]] | None = None
    hours: Hours | None = None

    @property
    def key(self) -> str:
        """What the unit is known by."""
        return self.code


@dataclass(frozen=True, slots=True)
class SitePlan:
    """What an ERP does not tell about a site."""

    code: str
    time_zone: str | None = None
    country: str | None = None
    subdivision: str | None = None
    hours: Hours | None = None

    @property
    def key(self) -> str:
        """What the site is known by."""
        return self.code


@dataclass(frozen=True, slots=True)
class PersonPlan:
    """A person who signs in: each of the roles in each of the business units."""

    login: str
    name: str
    roles: frozenset[Role]
    business_units: frozenset[str]
    mail: str | None = None
    time_zone: str | None = None
    language: str | None = None

    @property
    def key(self) -> str:
        """What the person is known by."""
        return self.login


@dataclass(frozen=True, slots=True)
class ApprovalRolePlan:
    """Who holds an approval role in a business unit, the first asked first; an empty category means all of them."""

    business_unit: str
    role: str
    people: tuple[str, ...]
    category: str = ""

    @property
    def key(self) -> str:
        """What the role is known by."""
        return f"{self.business_unit}/{self.role}" + (f"/{self.category}" if self.category else "")


@dataclass(frozen=True, slots=True)
class SupplierPlan:
    """How a supplier that an ERP told us of is spoken to, and which delivery terms hold."""

    code: str
    channels: tuple[str, ...] | None = None
    email: str | None = None
    language: str | None = None
    time_zone: str | None = None
    country: str | None = None
    transit_days: int | None = None
    freight_term: str | None = None
    fob_point: str | None = None
    incoterm: str | None = None
    hours: Hours | None = None

    @property
    def key(self) -> str:
        """What the supplier is known by."""
        return self.code


Plan: TypeAlias = UnitPlan | SitePlan | PersonPlan | ApprovalRolePlan | SupplierPlan


@dataclass(frozen=True, slots=True)
class Company:
    """A description of a company, or its present state in the same words."""

    units: tuple[UnitPlan, ...] = ()
    sites: tuple[SitePlan, ...] = ()
    people: tuple[PersonPlan, ...] = ()
    approval_roles: tuple[ApprovalRolePlan, ...] = ()
    suppliers: tuple[SupplierPlan, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """One record that a set-up would write: as it is wanted, as it is now (None when it is new), and the fields that differ."""

    wanted: Plan
    present: Plan | None
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Differences:
    """What a set-up would write, in an order in which it can be written; ``waiting`` are records an ERP has to tell of first."""

    changes: tuple[Change, ...]
    waiting: tuple[Plan, ...] = field(default=())


def differences(wanted: Company, present: Company) -> Differences:
    """Return what has to be written so that the present state is as wanted; sites and suppliers come from ERPs only."""
    changes: list[Change] = []
    waiting: list[Plan] = []
    parts: tuple[tuple[Sequence[Plan], Sequence[Plan], bool], ...] = (
        (wanted.units, present.units, False),
        (wanted.people, present.people, False),
        (wanted.approval_roles, present.approval_roles, False),
        (wanted.sites, present.sites, True),
        (wanted.suppliers, present.suppliers, True),
    )
    for plans, existing, from_erp in parts:
        known = {_folded(each): each for each in existing}
        for plan in plans:
            now = known.get(_folded(plan))
            if now is None and from_erp:
                waiting.append(plan)
            elif changed := _changed(plan, now):
                changes.append(Change(plan, now, changed))
    return Differences(tuple(changes), tuple(waiting))


def _folded(plan: Plan) -> Hashable:
    """Login names are one whatever their case; codes are not."""
    return plan.key.lower() if isinstance(plan, PersonPlan) else plan.key


def _changed(wanted: Plan, now: Plan | None) -> tuple[str, ...]:
    """Name the fields that are said and differ; of a new record all that are said."""
    said = [each.name for each in fields(wanted) if getattr(wanted, each.name) is not None]
    if now is None:
        return tuple(said)
    keys = ("code", "login", "business_unit", "role", "category")
    return tuple(name for name in said if name not in keys and not _holds(getattr(wanted, name), getattr(now, name), name))


def _holds(wanted: object, now: object, name: str) -> bool:
    """A unit may have more legal entities than the description names."""
    if name == "legal_entities" and isinstance(wanted, frozenset) and isinstance(now, frozenset):
        return wanted <= now
    return wanted == now


def missing_names(wanted: Company, units: Iterable[str], logins: Iterable[str]) -> Mapping[str, str]:
    """Return the names a description uses and nobody knows: where each is used -> the name."""
    known_units = {*units, *(unit.code for unit in wanted.units)}
    known_people = {login.lower() for login in (*logins, *(person.login for person in wanted.people))}
    missing = {f"person {p.login}": unit for p in wanted.people for unit in sorted(p.business_units) if unit not in known_units}
    for role in wanted.approval_roles:
        if role.business_unit not in known_units:
            missing[f"approval_role {role.key}"] = role.business_unit
        missing |= {f"approval_role {role.key}": one for one in role.people if one.lower() not in known_people}
    return missing
