"""Set up a company from its description: look what would change, and write exactly that, each change with its event.

Sites and suppliers are never made here: an ERP tells of them, a description completes them. Writing needs system scope.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

from purveyor.app import approve, masters, people
from purveyor.app.masters import LEGAL_ENTITY
from purveyor.app.quarantine import take_up
from purveyor.core.access import Permission
from purveyor.core.company import (
    ApprovalRolePlan,
    Change,
    Company,
    Differences,
    Hours,
    PersonPlan,
    SitePlan,
    SupplierPlan,
    UnitPlan,
    differences,
    missing_names,
)
from purveyor.core.errors import InvalidInput
from purveyor.core.events.base import Event, Ref
from purveyor.core.events.company import BusinessUnitConfigured, SiteConfigured, SupplierConfigured, WorkingHoursSet
from purveyor.core.ids import BusinessUnitId, ErpInstance, SiteId, SupplierId, UserId
from purveyor.core.parties import BusinessUnit
from purveyor.store import approvers, events, logins, working_hours, xref
from purveyor.store import masters as stored
from purveyor.store import people as accounts
from purveyor.store.db import Tx
from purveyor.store.working_hours import Owner
from purveyor.store.xref import Code

_STREAM: Final[dict[Owner, str]] = {"unit": events.UNIT_REF, "site": "site", "supplier": "supplier"}
_COLUMN: Final = {"name": "display_name", "mail": "mail", "time_zone": "timezone", "language": "locale"}


def compare(tx: Tx, wanted: Company) -> Differences:
    """Return what a set-up would write. Raises NotAuthorised, and InvalidInput for a unit or a person nobody knows."""
    tx.actor.require(Permission.COMPANY_CONFIGURE)
    present = _present(tx)
    missing = missing_names(wanted, (unit.code for unit in present.units), (person.login for person in present.people))
    for place, name in missing.items():
        raise InvalidInput(field=place, reason=f"{name} is neither known nor described")
    return differences(wanted, present)


def set_up(tx: Tx, wanted: Company) -> Differences:
    """Write what differs and return it; doing it twice writes nothing the second time.

    Raises what ``compare`` and the functions for people raise; then nothing is written at all.
    """
    found = compare(tx, wanted)
    for change in found.changes:
        match change.wanted:
            case UnitPlan():
                _set_unit(tx, change, change.wanted)
            case PersonPlan():
                _set_person(tx, change, change.wanted)
            case ApprovalRolePlan():
                _set_approval_role(tx, change.wanted)
            case SitePlan():
                _set_site(tx, change, change.wanted)
            case SupplierPlan():
                _set_supplier(tx, change, change.wanted)
    return found


def _present(tx: Tx) -> Company:
    units = stored.business_units(tx)
    codes = {unit.id: unit.code for unit in units.values()}
    everybody = accounts.everybody(tx)
    login = {person.id: person.login for person in everybody}
    known_as = xref.known_as(tx, LEGAL_ENTITY)
    hours = {owner: working_hours.all_own(tx, owner) for owner in _STREAM}
    return Company(
        units=tuple(
            UnitPlan(one.code, one.name, one.currency, one.country, known_as.get(one.id, frozenset()), hours["unit"].get(one.id))
            for one in units.values()
        ),
        sites=tuple(
            SitePlan(one.code, one.time_zone, one.country, one.subdivision, hours["site"].get(one.id))
            for one in stored.sites(tx).values()
        ),
        people=tuple(
            PersonPlan(
                login=one.login,
                name=one.name,
                roles=one.roles,
                business_units=frozenset(codes[unit] for unit in one.business_units),
                mail=one.mail,
                time_zone=one.time_zone,
                language=one.language,
            )
            for one in everybody
        ),
        approval_roles=tuple(
            ApprovalRolePlan(codes[one.business_unit_id], one.role, tuple(login[who] for who in one.holders), one.category or "")
            for one in approvers.approval_roles(tx)
        ),
        suppliers=tuple(_supplier_plan(one, hours["supplier"].get(one.id)) for one in stored.suppliers(tx).values()),
    )


def _supplier_plan(one: Any, hours: Hours | None) -> SupplierPlan:
    return SupplierPlan(
        code=one.code,
        channels=one.channels,
        email=one.email,
        language=one.language,
        time_zone=one.time_zone,
        country=one.country,
        transit_days=one.transit_days,
        freight_term=one.freight_term,
        fob_point=one.fob_point,
        incoterm=one.incoterm,
        hours=hours,
    )


def _set_unit(tx: Tx, change: Change, plan: UnitPlan) -> None:
    known = stored.ids_by_code(tx, LEGAL_ENTITY, [plan.code])
    unit_id = BusinessUnitId(known.get(plan.code) or tx.new_id())
    stored.save_business_units(tx, [BusinessUnit(unit_id, plan.code, plan.name, plan.currency, plan.country)])
    _set_hours(tx, "unit", unit_id, change, plan.hours)
    told = BusinessUnitConfigured(
        stream=Ref(events.UNIT_REF, unit_id),
        refs=(Ref(events.UNIT_REF, unit_id),),
        code=plan.code,
        currency=plan.currency,
        country=plan.country,
        changed=change.fields,
    )
    events.append(tx, [told])
    for erp, name in sorted(plan.legal_entities or ()):
        code = Code(LEGAL_ENTITY, name)
        xref.remember(tx, ErpInstance(erp), {code: unit_id})
        take_up(tx, ErpInstance(erp), [code])


def _set_person(tx: Tx, change: Change, plan: PersonPlan) -> None:
    known = stored.ids_by_code(tx, LEGAL_ENTITY, list(plan.business_units))
    units = [BusinessUnitId(known[code]) for code in sorted(plan.business_units)]
    user_id = logins.user_id_of(tx, plan.login)
    if user_id is None:
        new = people.NewPerson(plan.login, plan.name, plan.mail, plan.time_zone or "UTC", plan.language or "en")
        people.add(tx, new, plan.roles, units)
        return
    values = {column: getattr(plan, name) for name, column in _COLUMN.items() if name in change.fields}
    if values:
        people.change(tx, user_id, values)
    if {"roles", "business_units"} & set(change.fields):
        people.set_roles(tx, user_id, plan.roles, units)


def _set_approval_role(tx: Tx, plan: ApprovalRolePlan) -> None:
    unit_id = BusinessUnitId(stored.ids_by_code(tx, LEGAL_ENTITY, [plan.business_unit])[plan.business_unit])
    holders = [logins.user_id_of(tx, login) for login in plan.people]
    assert None not in holders, "names were looked up before"
    approve.set_holders(tx, unit_id, plan.role, [UserId(who) for who in holders if who is not None], plan.category or None)


def _set_site(tx: Tx, change: Change, plan: SitePlan) -> None:
    site_id = SiteId(stored.ids_by_code(tx, "site", [plan.code])[plan.code])
    site = replace(stored.sites(tx, [site_id])[site_id], **_said(change, plan, "time_zone", "country", "subdivision"))
    stored.save_sites(tx, [site])
    _set_hours(tx, "site", site_id, change, plan.hours)
    told = SiteConfigured(
        stream=Ref("site", site_id),
        refs=(Ref(events.UNIT_REF, site.business_unit_id),),
        code=site.code,
        time_zone=site.time_zone,
        country=site.country,
        changed=change.fields,
    )
    events.append(tx, [told])


def _set_supplier(tx: Tx, change: Change, plan: SupplierPlan) -> None:
    supplier_id = SupplierId(stored.ids_by_code(tx, "supplier", [plan.code])[plan.code])
    ours = [name for name in change.fields if name != "hours"]
    supplier = replace(stored.supplier(tx, supplier_id), **_said(change, plan, *ours))
    masters.configure_supplier(tx, supplier)
    _set_hours(tx, "supplier", supplier_id, change, plan.hours)
    told = SupplierConfigured(
        stream=Ref("supplier", supplier_id),
        code=supplier.code,
        channels=supplier.channels,
        time_zone=supplier.time_zone,
        language=supplier.language,
        changed=change.fields,
    )
    events.append(tx, [told])


def _said(change: Change, plan: SitePlan | SupplierPlan, *names: str) -> Mapping[str, Any]:
    return {name: getattr(plan, name) for name in names if name in change.fields}


def _set_hours(tx: Tx, owner: Owner, party_id: UUID, change: Change, hours: Hours | None) -> None:
    if hours is None or "hours" not in change.fields:
        return
    working_hours.set_own(tx, owner, party_id, hours)
    told: list[Event] = [
        WorkingHoursSet(
            stream=Ref(_STREAM[owner], party_id),
            time_zone=hours.time_zone,
            weekdays=tuple(sorted(hours.weekdays)),
            opening=hours.opening.isoformat(),
            closing=hours.closing.isoformat(),
            country=hours.country,
            subdivision=hours.subdivision,
            closed_days=tuple(sorted(day for day, _ in hours.closed_days)),
        )
    ]
    events.append(tx, told)
