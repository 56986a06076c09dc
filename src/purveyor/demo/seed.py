"""Set up the demo distributor in an empty database: policies, people, suppliers' profiles, API keys.

Items, suppliers, stock and demand are not set up here: they are read from the ERP like everywhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import UUID

from purveyor.app import approve, delegate, masters, policy
from purveyor.core.access import SYSTEM, Actor, ActorKind, Permission
from purveyor.core.ids import BusinessUnitId, ErpInstance, UserId
from purveyor.core.parties import BusinessUnit
from purveyor.demo.people import DOMAIN, PASSWORD, PEOPLE, person
from purveyor.demo.suppliers import PROFILES
from purveyor.store import logins
from purveyor.store import masters as stored
from purveyor.store.db import Database, Tx, move_clock

COMPANY: Final = "Miami Valley Pump & Supply"
ERP: Final = ErpInstance("tryton")
UNIT: Final = BusinessUnitId(UUID("0192f0c1-0000-7000-8000-00000000d001"))
MONDAY_MORNING: Final = datetime(2026, 3, 9, 13, 0, tzinfo=UTC)
"""The story begins on Monday 9 March 2026 at nine in Dayton."""
ZONES: Final = {"DAY": "America/New_York", "TUL": "America/Chicago", "RNO": "America/Los_Angeles"}
SUPPLIER_GRANTS: Final = (
    Permission.ORDER_READ,
    Permission.ACKNOWLEDGMENT_WRITE,
    Permission.SHIP_NOTICE_WRITE,
    Permission.INVOICE_WRITE,
)


def set_clock(database: Database, moment: datetime) -> None:
    """Let business time stand at a moment now and go on from there."""
    with database.transaction(SYSTEM, source="demo") as tx:
        move_clock(tx, moment - tx.real_now)


def seed_company(database: Database, policies: Path) -> None:
    """Load the policies and set up the business unit and its people, before anything is read from the ERP."""
    files = {path.name: path.read_text("utf-8") for path in sorted(policies.glob("*.toml"))}
    with database.transaction(SYSTEM, source="demo") as tx:
        policy.load(tx, policy.LoadPolicies(files, author="elena", publisher="victor"))
        masters.save_unit(tx, BusinessUnit(UNIT, "MVPS", COMPANY, "USD", "US"), ERP, COMPANY)
        users = {one.login: _add_person(tx, one.login) for one in PEOPLE}
        for one in PEOPLE:
            if one.approves is not None:
                approve.assign_holder(tx, UNIT, one.approves, users[one.login], rank=one.rank)
    _hand_over(database, users)


def _add_person(tx: Tx, login: str) -> UserId:
    one = person(login)
    user_id = logins.add_user(tx, login, one.name, mail=f"{login}@{DOMAIN}", person_key=login, time_zone="America/New_York")
    logins.set_password(tx, user_id, PASSWORD)
    logins.set_roles(tx, user_id, one.roles, [UNIT])
    return user_id


def _hand_over(database: Database, users: Mapping[str, UserId]) -> None:
    """Tom is away for a week; Priya decides for him."""
    tom = Actor(ActorKind.USER, users["tom"], "tom", person("tom").roles, frozenset({UNIT}))
    with database.transaction(tom, source="web") as tx:
        command = delegate.Delegate(
            delegate=users["priya"], starts_at=tx.now, ends_at=tx.now + timedelta(days=7), reason="away until 16 March"
        )
        delegate.delegate(tx, command)


def seed_partners(database: Database) -> dict[str, str]:
    """Complete sites and suppliers after the first reading of the ERP; return the API keys made, by client name."""
    with database.transaction(SYSTEM, source="demo") as tx:
        sites = [replace(site, time_zone=ZONES[site.code]) for site in stored.sites(tx).values() if site.code in ZONES]
        stored.save_sites(tx, sites)
        suppliers = {supplier.code: supplier for supplier in stored.suppliers(tx).values()}
        keys = {}
        for profile in PROFILES:
            supplier = replace(
                suppliers[profile.code],
                channels=profile.channels,
                email=profile.email,
                time_zone=profile.time_zone,
                freight_term="prepaid",
                fob_point="destination",
                transit_days=profile.transit_days,
            )
            masters.configure_supplier(tx, supplier)
            client = logins.add_client(tx, f"{supplier.name} (API)", supplier_id=supplier.id)
            keys[profile.code] = logins.issue_key(tx, client, SUPPLIER_GRANTS)
        warehouse = logins.add_client(tx, "Warehouse system", units=list(stored.business_units(tx)))
        keys["wms"] = logins.issue_key(tx, warehouse, (Permission.RECEIPT_WRITE, Permission.ORDER_READ))
        finance = logins.add_client(tx, "Invoice capture", units=list(stored.business_units(tx)))
        keys["finance"] = logins.issue_key(tx, finance, (Permission.INVOICE_WRITE, Permission.ORDER_READ))
        auditor = logins.add_client(tx, "Story reader", units=list(stored.business_units(tx)))
        keys["reader"] = logins.issue_key(tx, auditor, tuple(one for one in Permission if one.value.endswith(":read")))
    return keys


def set_api_addresses(database: Database, addresses: Mapping[str, str]) -> None:
    """Tell Purveyor where the suppliers' servers listen at this start."""
    with database.transaction(SYSTEM, source="demo") as tx:
        suppliers = stored.suppliers(tx).values()
        stored.save_profiles(tx, [replace(one, api_url=addresses[one.code]) for one in suppliers if one.code in addresses])
