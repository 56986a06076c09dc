"""What the database says about itself: version, logins, protection of the tables, and whether an installation is set up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sqlalchemy import text

from purveyor.store.db import Tx
from purveyor.store.roles import DEMO, PORTAL

_SERVER: Final = text(
    """
    SELECT current_setting('server_version') AS version, CAST(current_setting('server_version_num') AS int) / 10000 AS major,
           current_user AS login, r.rolsuper OR r.rolbypassrls AS unbound, c.ahead_by <> interval '0' AS clock_moved,
           (SELECT bool_or(pg_has_role(current_user, p.oid, 'MEMBER')) FROM pg_roles p WHERE p.rolname = :portal) AS has_portal,
           (SELECT bool_or(pg_has_role(current_user, p.oid, 'MEMBER')) FROM pg_roles p WHERE p.rolname = :demo) AS has_demo
      FROM pg_roles r, clock_offset c WHERE r.rolname = current_user
    """
)

_UNPROTECTED: Final = text(
    """
    SELECT c.relname FROM pg_class c
     WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
       AND EXISTS (SELECT 1 FROM pg_attribute a WHERE a.attrelid = c.oid AND NOT a.attisdropped
                      AND a.attname IN ('business_unit_id', 'supplier_id'))
       AND NOT (c.relrowsecurity AND c.relforcerowsecurity
                AND EXISTS (SELECT 1 FROM pg_policy p WHERE p.polrelid = c.oid))
     ORDER BY 1
    """
)

_SET_UP: Final = text(
    """
    SELECT (SELECT count(*) FROM business_unit) AS units,
           (SELECT count(*) FROM app_user WHERE active) AS people,
           (SELECT count(*) FROM policy_publication WHERE effective_from <= :now) AS policies,
           ARRAY(SELECT u.code FROM business_unit u WHERE NOT EXISTS (
                     SELECT 1 FROM approval_holder h JOIN app_user p ON p.id = h.user_id
                      WHERE h.business_unit_id = u.id AND p.active) ORDER BY 1) AS without_approvers
    """
)


@dataclass(frozen=True, slots=True)
class Server:
    """The database server and the login in use. ``unbound``: row security does not bind it; ``has_demo``: may move the clock."""

    version: str
    major: int
    login: str
    unbound: bool
    clock_moved: bool
    has_portal: bool
    has_demo: bool


@dataclass(frozen=True, slots=True)
class SetUp:
    """What an installation needs before the first order: units, people, policies; units in which nobody may approve."""

    units: int
    people: int
    policies: int
    without_approvers: tuple[str, ...]


def server(tx: Tx) -> Server:
    """Return what the server says about itself and about our login."""
    row = tx.conn.execute(_SERVER, {"portal": PORTAL, "demo": DEMO}).one()
    return Server(row.version, row.major, row.login, row.unbound, row.clock_moved, bool(row.has_portal), bool(row.has_demo))


def unprotected_tables(tx: Tx) -> list[str]:
    """Return the tables with rows of a business unit or supplier that forced row security does not protect: none, or a fault."""
    return list(tx.conn.scalars(_UNPROTECTED))


def set_up(tx: Tx) -> SetUp:
    """Return how far the installation is set up."""
    row = tx.conn.execute(_SET_UP, {"now": tx.now}).one()
    return SetUp(row.units, row.people, row.policies, tuple(row.without_approvers))
