"""Row security: which rows a scope may see, written once and used by the tables, the migrations and their tests.

A transaction declares its scope in transaction-local settings; without them every protected table is empty. Policies are
forced, so they bind the owner too. Wide conditions read each setting once per statement.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from purveyor.store.roles import ADVISORY, DEMO, PORTAL, RUNTIME

ScopedBy = Literal["unit", "supplier", "both", "parent", "internal", "system", "open"]

_SCOPE: Final = "(SELECT current_setting('purveyor.scope', true))"
_UNITS: Final = "((SELECT coalesce(nullif(current_setting('purveyor.unit_ids', true), ''), '{}'))::uuid[])"
_SUPPLIER: Final = "((SELECT nullif(current_setting('purveyor.supplier_id', true), ''))::uuid)"
_SYSTEM: Final = f"{_SCOPE} = 'system'"
_INTERNAL: Final = f"{_SCOPE} IN ('system', 'units')"


@dataclass(frozen=True, kw_only=True)
class Security:
    """How one table is protected.

    ``scoped_by``: unit (own business units; a supplier sees nothing), supplier (own rows for a supplier, all rows for
    internal users), both (own units for internal users, own rows for a supplier), parent (whoever sees the parent row),
    internal (any internal user), system (the product only), open (nobody's data, for example the clock).
    ``unit_optional`` also shows rows without business unit to internal users. ``runtime`` lists the table rights of the
    runtime role, ``advisory`` those of a model, ``portal_select`` and ``portal_insert`` the columns suppliers may read and write.
    """

    scoped_by: ScopedBy
    unit_column: str = "business_unit_id"
    supplier_column: str = "supplier_id"
    unit_optional: bool = False
    parent: str | None = None
    parent_column: str | None = None
    runtime: tuple[str, ...] = ("SELECT", "INSERT", "UPDATE", "DELETE")
    portal_select: tuple[str, ...] = ()
    portal_insert: tuple[str, ...] = ()
    demo: tuple[str, ...] = ()
    advisory: tuple[str, ...] = ()

    def condition(self, table: str) -> str | None:
        """Return the SQL condition of the policy, or None for an open table."""
        in_units = f"{self.unit_column} = ANY ({_UNITS})"
        if self.unit_optional:
            in_units = f"({in_units} OR {self.unit_column} IS NULL)"
        units = f"{_SCOPE} = 'units' AND {in_units}"
        own = f"{_SCOPE} = 'supplier' AND {self.supplier_column} = {_SUPPLIER}"
        match self.scoped_by:
            case "unit":
                return f"{_SYSTEM} OR ({units})"
            case "supplier":
                return f"{_INTERNAL} OR ({own})"
            case "both":
                return f"{_SYSTEM} OR ({units}) OR ({own})"
            case "parent":
                parent = " ".join(("SELECT 1 FROM", str(self.parent), "AS parent WHERE parent.id ="))
                return f"{_SYSTEM} OR EXISTS ({parent} {table}.{self.parent_column})"
            case "internal":
                return _INTERNAL
            case "system":
                return _SYSTEM
            case "open":
                return None


def protection(table: str, security: Security) -> list[str]:
    """Return the statements that protect a table: forced row security with one policy, and the grants."""
    statements = []
    condition = security.condition(table)
    if condition is not None:
        statements += [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY {table}_scope ON {table} USING ({condition}) WITH CHECK ({condition})",
        ]
    if security.runtime:
        statements.append(f"GRANT {', '.join(security.runtime)} ON {table} TO {RUNTIME}")
    if security.advisory:
        statements.append(f"GRANT {', '.join(security.advisory)} ON {table} TO {ADVISORY}")
    if security.demo:
        statements.append(f"GRANT {', '.join(security.demo)} ON {table} TO {DEMO}")
    for right, columns in (("SELECT", security.portal_select), ("INSERT", security.portal_insert)):
        if columns:
            statements.append(f"GRANT {right} ({', '.join(columns)}) ON {table} TO {PORTAL}")
    return statements
