"""People and programs for tests of the web: one call each, in a business unit of their own."""

from __future__ import annotations

from collections.abc import Iterable

import httpx
from sqlalchemy import insert

from purveyor.core.access import SYSTEM, Permission, Role
from purveyor.core.ids import BusinessUnitId, UserId
from purveyor.store import logins
from purveyor.store.db import Database, Tx
from purveyor.store.tables.parties import BUSINESS_UNIT

PASSWORD = "carton of twelve pumps"


def a_business_unit(tx: Tx, code: str = "DAY") -> BusinessUnitId:
    """Add a business unit and return its id."""
    unit = BusinessUnitId(tx.new_id())
    tx.conn.execute(insert(BUSINESS_UNIT).values(id=unit, code=code, name="Dayton", currency="USD", country="US"))
    return unit


def a_person(tx: Tx, login: str = "dana", *roles: Role, unit: BusinessUnitId | None = None) -> UserId:
    """Add a person who can sign in with PASSWORD."""
    user = logins.add_user(tx, login, login.title(), time_zone="America/New_York")
    logins.set_password(tx, user, PASSWORD)
    logins.set_roles(tx, user, roles or (Role.BUYER,), [unit or a_business_unit(tx)])
    return user


def a_program(database: Database, *grants: Permission, name: str = "ERP bridge") -> str:
    """Add an API client for one business unit and return its key."""
    with database.transaction(SYSTEM) as tx:
        client = logins.add_client(tx, name, units=[a_business_unit(tx, code=name)])
        return logins.issue_key(tx, client, grants)


def form_token(visitor: httpx.Client, path: str = "/sign-in") -> str:
    """Open a page and return the token of its form."""
    return visitor.get(path).text.partition('name="csrf_token" value="')[2].partition('"')[0]


def sign_in(visitor: httpx.Client, login: str = "dana", password: str = PASSWORD, after: str = "/livez") -> httpx.Response:
    """Sign in through the form."""
    token = form_token(visitor)
    return visitor.post("/sign-in", data={"login": login, "password": password, "next": after, "csrf_token": token})


def send_all(visitor: httpx.Client, method: str, path: str, bodies: Iterable[bytes]) -> list[httpx.Response]:
    """Send several JSON bodies to one address."""
    return [visitor.request(method, path, content=body, headers={"content-type": "application/json"}) for body in bodies]
