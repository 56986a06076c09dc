"""Database roles: who owns the tables, who runs the product, what suppliers and the demo may touch.

owner (migrations only) / runtime (neither owner nor superuser, bound by row security) / portal (column grants for
suppliers) / advisory (what a model may do: put a suggestion on record, ask a person) / demo (may move the business clock).
Portal, advisory and demo cannot log in; the runtime role steps into them.
"""

from __future__ import annotations

from typing import Any, Final

import psycopg
from psycopg import sql

OWNER: Final = "purveyor_owner"
RUNTIME: Final = "purveyor_app"
PORTAL: Final = "purveyor_portal"
ADVISORY: Final = "purveyor_advisory"
DEMO: Final = "purveyor_demo"


def roles_missing(connection: psycopg.Connection[Any]) -> bool:
    """Say whether one of the roles that the product logs in as or steps into does not exist yet."""
    needed = [RUNTIME, PORTAL, ADVISORY, DEMO]
    known = connection.execute("SELECT count(*) FROM pg_roles WHERE rolname = ANY (%s)", [needed]).fetchone()
    return known != (len(needed),)


def ensure_roles(
    connection: psycopg.Connection[Any], *, owner_password: str | None = None, runtime_password: str | None = None
) -> None:
    """Create the roles that are missing and set the given passwords; needs a login that may create roles.

    The runtime role inherits nothing: it has the rights of portal, advisory and demo only while it has stepped into them.
    """
    stepped_into = ((name, "NOLOGIN") for name in (PORTAL, ADVISORY, DEMO))
    for name, options in ((OWNER, "LOGIN"), (RUNTIME, "LOGIN NOINHERIT"), *stepped_into):
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
        if known is None:
            connection.execute(sql.SQL("CREATE ROLE {} " + options).format(sql.Identifier(name)))
    for name, password in ((OWNER, owner_password), (RUNTIME, runtime_password)):
        if password is not None:
            connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(name), sql.Literal(password)))
    for name in (PORTAL, ADVISORY):
        connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(name), sql.Identifier(RUNTIME)))


def allow_clock_changes(connection: psycopg.Connection[Any], *, allowed: bool) -> None:
    """Let the runtime role move the business clock (demo, tests) or take that right away (every other installation)."""
    verb = "GRANT {} TO {}" if allowed else "REVOKE {} FROM {}"
    connection.execute(sql.SQL(verb).format(sql.Identifier(DEMO), sql.Identifier(RUNTIME)))
